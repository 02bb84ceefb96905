"""The case a workflow is tried on: a past one as it was filed, or one that is made up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from grid.models import Area, User
from realtime.models import Event
from workflows import clocks, limits
from workflows.calendar import working_calendar
from workflows.engine.schema import block_of, node_name
from workflows.models import Category, FilingCondition, Request, Source, State, Urgency


@dataclass(frozen=True)
class Decision:
    """What people really decided at a step once, and the working hours it took them."""

    outcome: str
    hours: float


@dataclass(frozen=True)
class TrialCase:
    """A case to try, never saved. ``fields`` are those of the filing form.

    A past case also brings what became of it: ``decided`` by block, in order; ``filled``, the values its
    steps were given; and where and what it turned out to be (``corrected``: the request's own fields).
    """

    request: Request
    fields: Mapping[str, Any] = field(default_factory=dict)
    decided: Mapping[str, Sequence[Decision]] = field(default_factory=dict)
    filled: Mapping[str, Any] = field(default_factory=dict)
    corrected: Mapping[str, Any] = field(default_factory=dict)

    @property
    def filed_at(self) -> datetime:
        filed: datetime = self.request.filed_at
        return filed


def made_up(
    *,
    reporter: User | None,
    filed_at: datetime,
    area: Area | None = None,
    category: Category | None = None,
    condition: FilingCondition | None = None,
    urgent: bool = False,
    source: str = Source.PORTAL,
    fields: Mapping[str, Any] | None = None,
) -> TrialCase:
    """A case nobody filed. ``reporter`` stands for the resident: who tries it, as a rule."""
    request = Request(
        reporter=reporter,
        filed_by=reporter if source != Source.PORTAL else None,
        category=category,
        source=source,
        urgency=Urgency.URGENT if urgent else Urgency.NORMAL,
        area=area,
        area_path=area.path if area else "",
        placed=Request.Placed.CHOSEN if area else Request.Placed.UNPLACED,
        filed_at=filed_at,
    )
    limits.set_limit(request, condition or limits.default_condition(category))
    return TrialCase(request, fields=dict(fields or {}))


def as_filed(request: Request, *, filed_at: datetime | None = None) -> TrialCase:
    """A past case, filed once more; at the same moment unless ``filed_at`` says another."""
    return as_filed_all([request], filed_at=filed_at)[0]


def as_filed_all(requests: Iterable[Request], *, filed_at: datetime | None = None) -> list[TrialCase]:
    """Past cases, each filed once more. Four queries for all of them; requests with area, category,
    process.
    """
    cases = list(requests)
    filings = _filings(cases)
    history = _history(cases)
    areas = _areas(filings.values(), cases)
    categories = _categories(filings.values(), cases)
    return [
        _filed_again(
            case, filings.get(case.pk), history.get(case.process_id, {}), areas, categories, filed_at
        )
        for case in cases
    ]


def _filed_again(
    case: Request,
    said: Mapping[str, Any] | None,
    decided: Mapping[str, list[Decision]],
    areas: Mapping[str, Area],
    categories: Mapping[str, Category],
    filed_at: datetime | None,
) -> TrialCase:
    # The rows of people are not needed: only their ids are asked for.
    names = [part.attname for part in Request._meta.concrete_fields]
    copy = Request(**{name: getattr(case, name) for name in names})
    copy.category, copy.area, copy.condition = case.category, case.area, case.condition
    corrected = {
        "area": case.area, "area_path": case.area_path, "placed": case.placed,
        "category": case.category, "condition": case.condition, "urgency": case.urgency,
    }  # fmt: skip
    if said is not None:
        _as_it_was_said(copy, said, areas, categories)
    copy.state, copy.handler_id, copy.reopened_count = State.REPORTED, None, 0
    copy.registered_at = copy.handled_at = copy.closed_at = None
    copy.filed_at = filed_at or case.filed_at
    copy.condition = copy.condition or limits.default_condition(copy.category)
    copy.limit = copy.condition.limit if copy.condition else None
    copy.clock = copy.condition.clock if copy.condition else ""
    # A new life: neither extended nor suspended yet.
    limits.restart(copy, copy.filed_at)
    kept = case.process.data.get("fields", {}) if case.process else {}
    return TrialCase(copy, fields=kept, decided=decided, filled=kept, corrected=corrected)


def _as_it_was_said(
    copy: Request,
    said: Mapping[str, Any],
    areas: Mapping[str, Area],
    categories: Mapping[str, Category],
) -> None:
    """Undo what the steps corrected. How it was placed is only known of a case that had no place at all."""
    area = areas.get(said["grid"])
    if area is None:
        copy.area, copy.area_path, copy.placed = None, "", Request.Placed.UNPLACED
    elif area.pk != copy.area_id:
        copy.area, copy.area_path = area, area.path
    if said["category"] != (copy.category.code if copy.category else ""):
        copy.category, copy.condition = categories.get(said["category"]), None
    copy.urgency = Urgency.URGENT if said["urgent"] else Urgency.NORMAL


def _filings(cases: Sequence[Request]) -> dict[int, dict[str, Any]]:
    """Request id → the brief of the case in its event of filing."""
    events = Event.objects.filter(
        subject_type="request", subject_id__in=[case.pk for case in cases], kind="request.filed"
    )
    return {event.subject_id: event.payload["case"] for event in events.only("subject_id", "payload")}


def _areas(filings: Iterable[Mapping[str, Any]], cases: Sequence[Request]) -> dict[str, Area]:
    """Code → area; where areas followed each other under one code, the latest, unless a case has another."""
    wanted = {said["grid"] for said in filings if said["grid"]}
    found = {area.code: area for area in Area.objects.filter(code__in=wanted).order_by("pk")}
    return found | {case.area.code: case.area for case in cases if case.area}


def _categories(filings: Iterable[Mapping[str, Any]], cases: Sequence[Request]) -> dict[str, Category]:
    known = {case.category.code for case in cases if case.category}
    wanted = {said["category"] for said in filings if said["category"]} - known
    found = {case.category.code: case.category for case in cases if case.category}
    return found | {row.code: row for row in (Category.objects.filter(code__in=wanted) if wanted else ())}


def _history(cases: Sequence[Request]) -> dict[int, dict[str, list[Decision]]]:
    """Process id → block → what was decided there, in order; returns people made by hand are left out.

    A step for several people was decided when it was settled, not when one of them had their say.
    """
    calendar = working_calendar()
    found: dict[int, dict[str, list[Decision]]] = {}
    rows = Task.objects.filter(
        process__in=[case.process_id for case in cases if case.process_id],
        status=STATUS.DONE,
        flow_task_type__in=("HUMAN", "JOIN"),
    ).order_by("finished", "pk")
    for process_id, node, data, created, finished in rows.values_list(
        "process_id", "flow_task", "data", "created", "finished"
    ):
        outcome = (data or {}).get("outcome")
        if not outcome or node is None or finished is None or not _decides(node):
            continue
        hours = max(0.0, clocks.elapsed(created, finished, clocks.WORK_HOURS, calendar))
        block = block_of(node.name)
        found.setdefault(process_id, {}).setdefault(block, []).append(Decision(outcome, hours))
    return found


def _decides(node: Any) -> bool:
    """Whether a block is decided there: at its step, or where one for several people is settled; not by a
    single seat, nor by whoever only helps."""
    block = getattr(node, "block", None)
    part = "join" if getattr(block, "for_several", False) else ""
    return block is not None and bool(node.name == node_name(block.id, part))
