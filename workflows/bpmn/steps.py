"""One element of a BPMN file → one block, as JSON of our schema, and a line of the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from pydantic import ValidationError

from workflows.conditions import BadCondition, Names, fields, parse, written
from workflows.engine import schema

from . import dialects
from .dialects import NOBODY, Slugs
from .drawing import iso
from .export import printable
from .graph import Item, Way
from .report import Report

BlockJson = dict[str, Any]

_APPROVALS = {"userTask", "manualTask", "task"}
_LEAVES: dict[str, Any] = {
    "approval": schema.Approval, "cc": schema.Copy, "notify": schema.Notify, "webhook": schema.Webhook,
    "timer": schema.Timer, "milestone": schema.Milestone, "whistle": schema.Whistle,
    "subprocess": schema.SubProcess, "end": schema.End,
}  # fmt: skip
#: Names of elements that have none.
_CALLED = {"endEvent": "结束", "sendTask": "通知", "serviceTask": "系统处理", "callActivity": "子流程"}


class Steps:
    """Makes blocks; remembers the form fields seen so far, which conditions may ask about."""

    def __init__(self, report: Report, roles: Mapping[str, str], names: Names) -> None:
        self.report = report
        self.roles = roles
        self.slugs = Slugs()
        self.known = dict(names.fields) | {name: name for name in names.kinds}

    def ask(self, form: list[BlockJson]) -> None:
        """Conditions behind this point may ask for these fields."""
        codes = [field.get("code") for field in form if isinstance(field, dict)]
        self.known |= {code: f"fields.{code}" for code in codes if isinstance(code, str)}

    def name(self, item: Item) -> str:
        return " ".join((item.name or _CALLED.get(item.tag, "") or item.id).split())[:60].strip() or "?"

    # --- what came from us -------------------------------------------------------------------------
    def ours(self, item: Item) -> BlockJson | None:
        """The block our extension describes, with the name the file shows; None if it is none of ours or
        somebody damaged it."""
        kind, said = item.ours or ("", {})
        if kind not in _LEAVES:
            return None
        block = {"type": kind, **said}
        if kind != "milestone" and printable(str(said.get("name", ""))).strip() != item.name:
            block["name"] = item.name[:60] or self.name(item)
        if kind == "timer":
            self._changed_limit(block, "after", item)
        try:
            parsed = _LEAVES[kind].model_validate(block)
        except (ValidationError, RecursionError):
            self.report.add("note", item, _("What Linli had noted about it is damaged and was left out."))
            return None
        if parsed.id in self.slugs.used:
            block["id"] = self.slugs.take(parsed.id)
        self.slugs.used.add(block["id"])
        self.report.add("mapped", item, block=block["id"])
        return block

    def _changed_limit(self, said: BlockJson, key: str, item: Item) -> None:
        """Another tool may have changed the duration: then it counts, on the clock that fits it."""
        try:
            limit = schema.Limit.model_validate(said.get(key))
        except ValidationError:
            return
        definition = item.element.first("timerEventDefinition")
        shown = definition.first("timeDuration") if definition else None
        new = dialects.wait(item.element)
        if shown is not None and new is not None and shown.text.strip() != iso(limit):
            said[key] = new.limit

    def our_deadlines(self, item: Item) -> list[BlockJson]:
        found = []
        for timer in item.boundary:
            if timer.kind == "deadline" and timer.ours:
                said = dict(timer.ours[1])
                self._changed_limit(said, "after", timer)
                self.report.add("mapped", timer)
                found.append(said)
        return found

    # --- what others drew --------------------------------------------------------------------------
    def block(self, item: Item) -> BlockJson | None:
        """The block for an element that is a step by itself; None if there is none, with the reason."""
        if (block := self.ours(item)) is not None:
            return block
        if item.tag in _APPROVALS:
            return self.approval(item)
        block_id = self.slugs.take(item.id if not item.name.isascii() else item.name, item.id)
        named = {"id": block_id, "name": self.name(item)}
        match item.tag:
            case "endEvent":
                self.report.add("mapped", item, self._end_note(item), block=block_id)
                return {"type": "end", **named}
            case "sendTask":
                self.report.add("mapped", item, _("Drawn as a copy; choose who gets it."), block=block_id)
                return {"type": "cc", **named, "who": self.who(item)}
            case "serviceTask":
                hook = (dialects.slugged(item.id) or "system")[:40]
                self.report.add("mapped", item, _("Drawn as a message to another system."), block=block_id)
                return {"type": "webhook", **named, "hook": hook}
            case "callActivity":
                called = dialects.slugged(item.element.get("calledElement")) or block_id
                self.report.add("mapped", item, _("Drawn as a sub-process."), block=block_id)
                return {"type": "subprocess", **named, "definition": called}
            case "intermediateCatchEvent" if item.event == "timer":
                return self._timer(item, named)
            case "intermediateThrowEvent" if item.event == "message":
                self.report.add("mapped", item, _("Drawn as a copy; choose who gets it."), block=block_id)
                return {"type": "cc", **named, "who": self.who(item)}
        self.slugs.used.discard(block_id)
        if item.tag == "intermediateThrowEvent" and not item.event:
            self.report.add("note", item, _("A mark on the way that changes nothing; left out."))
        else:
            self.report.add("unmapped", item, self.reason(item))
        return None

    @staticmethod
    def _end_note(item: Item) -> str:
        return "" if item.event in ("", "terminate") else _("What else this end does is left out.")

    def _timer(self, item: Item, named: dict[str, str]) -> BlockJson | None:
        found = dialects.wait(item.element)
        if found is None:
            self.report.add(
                "unmapped", item, _("How long it waits is not a duration of hours, days or weeks.")
            )
            return None
        self.report.add("mapped", item, block=named["id"])
        return {"type": "timer", **named, "after": found.limit}

    @staticmethod
    def reason(item: Item) -> str:
        match item.tag:
            case "scriptTask":
                return _("A workflow runs no scripts.")
            case "businessRuleTask":
                return _("A workflow calls no rule engine; use a condition.")
            case "receiveTask" | "intermediateCatchEvent":
                return _("A workflow waits for people and for time, not for messages or signals.")
            case "adHocSubProcess":
                return _("Steps without an order cannot be drawn.")
            case "subProcess" | "transaction":
                return _("A sub-process that an event starts, or that has no steps, cannot be drawn.")
        return _("There is nothing like it in a workflow.")

    # --- approvals ---------------------------------------------------------------------------------
    def approval(self, item: Item) -> BlockJson:
        """A step of another tool, with one outcome; what follows in the graph may give it others."""
        block_id = self.slugs.take(item.name if item.name.isascii() else item.id, item.id)
        block: BlockJson = {
            "type": "approval",
            "id": block_id,
            "name": self.name(item),
            "who": self.who(item),
        }
        several = item.element.first("multiInstanceLoopCharacteristics")
        if several is not None:
            block["mode"] = "in_turn" if several.get("isSequential") == "true" else "all"
            condition = several.first("completionCondition")
            if condition is not None and condition.text.strip():
                self.report.add(
                    "note",
                    item,
                    _("Settled when: “%(text)s”. Say it as a vote.") % {"text": condition.text.strip()[:200]},
                )
        if item.element.first("standardLoopCharacteristics"):
            self.report.add(
                "note", item, _("That it repeats is left out; a decision may send the case back.")
            )
        block["outcomes"] = [self.outcome("done", "完成", agrees=several is not None)]
        if asked := dialects.form_fields(item.element):
            block["fields"] = asked
            self.ask(asked)
        self.report.add("mapped", item, block=block_id)
        return block

    @staticmethod
    def outcome(code: str, name: str, *, agrees: bool = False, style: str = "primary") -> BlockJson:
        outcome: BlockJson = {"code": code, "name": name, "style": style}
        return outcome | {"agrees": True} if agrees else outcome

    def who(self, item: Item) -> list[BlockJson]:
        found, said = dialects.whom(item.element, item.lane, self.roles)
        if not found:
            self.report.add("note", item, _("The file does not say who does it; choose somebody."))
            return [{"role": NOBODY}]
        self.report.add("note", item, _("Goes to: %(who)s. Please check.") % {"who": ", ".join(said)[:200]})
        return found

    # --- conditions --------------------------------------------------------------------------------
    def when(self, way: Way, *, must_be_known: bool = False) -> str | None:
        """The condition of a flow in our language; None if it has none that we can read."""
        text = way.condition.strip()
        if not text:
            return None
        for wish in (text, dialects.our_words(text)):
            try:
                condition = parse(wish)
            except BadCondition:
                continue
            if not must_be_known or all(name in self.known for name in fields(condition)):
                return wish if wish == text else written(condition)
        return None
