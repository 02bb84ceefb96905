"""What conditions may ask about a case: names, kinds, and how each is found out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from grid.duty import on_duty
from workflows.conditions import Kind
from workflows.models import Attachment, Source, Urgency
from workflows.models import Request as CaseRow

if TYPE_CHECKING:
    from .move import Move


@dataclass(frozen=True)
class Fact:
    """``label`` is for the person who reads conditions, ``name`` what they may write in Chinese, whatever the
    language on screen; ``read`` is called only when a condition asks."""

    kind: Kind
    name: str
    label: Any
    read: Callable[[CaseRow], Any]


def _has_resident(case: CaseRow) -> bool:
    """A resident waits for the answer: what a member found by themselves has nobody to rate it."""
    return case.reporter_id is not None and case.source != Source.MEMBER


def _on_duty(case: CaseRow) -> bool:
    return case.area is not None and bool(on_duty(case.area, "grid_member"))


def _photos(case: CaseRow) -> int:
    # A case that is only supposed (``workflows.trial``) has no row that photos could belong to.
    return case.attachments.count() if case.pk else 0


def _photos_after(case: CaseRow) -> int:
    return case.attachments.filter(moment=Attachment.Moment.AFTER).count() if case.pk else 0


FACTS: Mapping[str, Fact] = {
    "category": Fact(
        "text", "类别", _("category code"), lambda case: case.category.code if case.category else None
    ),
    "urgent": Fact("bool", "紧急", _("urgent"), lambda case: case.urgency == Urgency.URGENT),
    "located": Fact("bool", "已确定所在区域", _("the area is known"), lambda case: case.area_id is not None),
    "ambiguous": Fact(
        "bool", "位于两个网格的边界", _("on the border of two areas"), lambda case: case.placed == "ambiguous"
    ),
    "placed": Fact("text", "定位方式", _("how the area was found"), lambda case: case.placed),
    "source": Fact("text", "来源", _("where it came from"), lambda case: case.source),
    "visibility": Fact("text", "公开范围", _("who may see it"), lambda case: case.visibility),
    "anonymous": Fact("bool", "匿名上报", _("reported without a name"), lambda case: case.anonymous),
    "reopened": Fact("number", "重办次数", _("times reopened"), lambda case: case.reopened_count),
    "has_resident": Fact("bool", "有居民等待答复", _("a resident waits for the answer"), _has_resident),
    "has_member": Fact("bool", "有网格员在岗", _("a grid member is on duty"), _on_duty),
    "photos": Fact("number", "照片数", _("number of photos"), _photos),
    "photos_after": Fact("number", "处理后照片数", _("number of photos of the work done"), _photos_after),
}

KINDS: Mapping[str, Kind] = {name: fact.kind for name, fact in FACTS.items()}


class Facts(Mapping[str, Any]):
    """The values conditions see: facts of the case, ``<block>.outcome`` and ``fields.<code>``."""

    def __init__(self, move: Move) -> None:
        self.move = move

    def __getitem__(self, name: str) -> Any:
        if name in FACTS:
            return FACTS[name].read(self.move.request)
        data = self.move.process.data
        return data.get("fields", {}) if name == "fields" else data.get("outcomes", {})[name]

    def __iter__(self) -> Iterator[str]:
        yield from FACTS

    def __len__(self) -> int:
        return len(FACTS)
