"""What differs between two versions of a workflow, in words, block by block. Pure.

“会签”：同意比例：60 % → 75 %. Blocks are the same when their ids are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any, Literal

from django.utils.translation import gettext as _

from ..block_names import called
from ..engine import schema
from .places import Spot, moved, spots
from .properties import Property, Words, of_block, of_definition

__all__ = ["Change", "differences"]


@dataclass(frozen=True)
class Change:
    """What is other at one block ("" for the workflow as a whole), in sentences."""

    block: str
    title: str
    kind: Literal["added", "removed", "moved", "changed"]
    sentences: list[str]

    def __str__(self) -> str:
        return f"{self.title}: " + "; ".join(self.sentences) if self.title else "; ".join(self.sentences)


def differences(
    before: schema.Definition, after: schema.Definition, roles: Mapping[str, str]
) -> list[Change]:
    """All changes in the order the later version is drawn, what is gone last. [] for equal ones.

    ``roles`` gives the name of each duty role by code.
    """
    return list(_Comparison(before, after, roles).changes())


class _Comparison:
    def __init__(self, before: schema.Definition, after: schema.Definition, roles: Mapping[str, str]) -> None:
        self.before, self.after, self.roles = before, after, roles
        self.old, self.new = Words.of(before, roles), Words.of(after, roles)
        # Whatever only has another name now is called by that one, or every mention of it would have changed.
        self.old = replace(self.old, titles={**self.old.titles, **self.new.titles})
        self.was, self.now = spots(before.body), spots(after.body)

    def changes(self) -> Iterator[Change]:
        whole = _sentences(of_definition(self.before, self.old), of_definition(self.after, self.new))
        if whole:
            yield Change("", "", "changed", whole)
        away = moved(self.was, self.now)
        for block_id, spot in self.now.items():
            if block_id not in self.was:
                yield self._added(spot)
            else:
                yield from self._changed(self.was[block_id], spot, block_id in away)
        for block_id, spot in self.was.items():
            if block_id not in self.now:
                title = called(spot.block)
                yield Change(block_id, title, "removed", [_("taken away")])

    def _added(self, spot: Spot) -> Change:
        said = [_("added, %(where)s") % {"where": self._where(spot)}]
        block = spot.block
        if isinstance(block, schema.Condition | schema.Inclusive):
            said += [_("if %(condition)s") % {"condition": self.new.when(case.when)} for case in block.cases]
        told = [one for one in of_block(block, self.new) if one.key[0] not in ("name", "name_en")]
        return Change(block.id, called(block), "added", said + [_stated(one) for one in told])

    def _changed(self, was: Spot, now: Spot, is_moved: bool) -> Iterator[Change]:
        said = []
        if is_moved:
            said.append(_("moved, now %(where)s") % {"where": self._where(now)})
        if type(was.block) is not type(now.block):
            said.append(_("is another kind of block now"))
        said += _sentences(of_block(was.block, self.old), of_block(now.block, self.new))
        said += self._cases(was.block, now.block)
        said += self._inside(was.block, now.block)
        if said:
            kind: Any = "moved" if is_moved and len(said) == 1 else "changed"
            yield Change(now.block.id, called(now.block), kind, said)

    def _where(self, spot: Spot) -> str:
        if spot.after and spot.after in self.now:
            return _("after “%(step)s”") % {"step": called(self.now[spot.after].block)}
        if spot.inside and spot.inside in self.now:
            return _("first in “%(step)s”") % {"step": called(self.now[spot.inside].block)}
        return _("at the beginning")

    def _cases(self, was: Any, now: Any) -> list[str]:
        """Which questions are asked now."""
        asks = (schema.Condition, schema.Inclusive)
        if not isinstance(was, asks) or not isinstance(now, asks):
            return []
        old = [self.old.when(case.when) for case in was.cases]
        new = [self.new.when(case.when) for case in now.cases]
        said = []
        for what, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if what == "equal":
                continue
            both = min(i2 - i1, j2 - j1)
            said += [
                _arrow(_("Case %(number)s") % {"number": j1 + n + 1}, old[i1 + n], new[j1 + n])
                for n in range(both)
            ]
            said += [_("New case: %(condition)s") % {"condition": text} for text in new[j1 + both : j2]]
            said += [_("No more case: %(condition)s") % {"condition": text} for text in old[i1 + both : i2]]
        return said

    def _inside(self, was: Any, now: Any) -> list[str]:
        """What has changed inside a sub-process that was frozen anew."""
        if not isinstance(was, schema.SubProcess) or not isinstance(now, schema.SubProcess):
            return []
        if was.definition != now.definition or was.body == now.body or not was.body or not now.body:
            return []
        old = self.before.model_copy(update={"body": was.body})
        new = self.after.model_copy(update={"body": now.body})
        return [
            _("inside, “%(step)s”: %(change)s") % {"step": change.title, "change": sentence}
            for change in differences(old, new, self.roles)
            if change.block
            for sentence in change.sentences
        ]


def _sentences(before: Iterable[Property], after: Iterable[Property]) -> list[str]:
    old = {one.key: one for one in before}
    new = {one.key: one for one in after}
    said = []
    for key, one in new.items():
        if key not in old:
            said.append(_("new: %(what)s") % {"what": _stated(one)})
        elif old[key].value != one.value:
            said.append(_arrow(one.label, old[key].value, one.value))
        elif old[key].label != one.label:
            said.append(_arrow(_("Name"), old[key].label, one.label))
    said += [_("no more: %(what)s") % {"what": _stated(one)} for key, one in old.items() if key not in new]
    return said


def _stated(one: Property) -> str:
    return _("%(label)s: %(value)s") % {"label": one.label, "value": one.value} if one.value else one.label


def _arrow(label: str, before: str, after: str) -> str:
    return _("%(label)s: %(before)s → %(after)s") % {"label": label, "before": before, "after": after}
