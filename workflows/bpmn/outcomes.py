"""Outcomes and deadlines of a step, from the flows and the events around it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from . import dialects
from .graph import GATEWAYS, Item, Way
from .report import Report
from .steps import BlockJson, Steps


class Outcomes:
    """Gives steps that are drawn their outcomes and deadlines; knows which steps a case may return to."""

    def __init__(self, steps: Steps, report: Report) -> None:
        self.steps = steps
        self.report = report
        #: Approval → its block, to be returned to.
        self.approvals: dict[Item, BlockJson] = {}

    def outcome_of(self, way: Way, number: int, codes: set[str]) -> BlockJson:
        name = (
            way.name
            or (way.condition.strip() if len(way.condition.strip()) < 30 else "")
            or (self.steps.name(way.target) if way.target.tag not in GATEWAYS else "")
        )
        name = " ".join(name.split())[:60].strip() or f"选择{number}"
        code = dialects.slugged(name) or f"choice_{number}"
        if code in codes:
            code = f"{code[:30].rstrip('_')}_{number}"
        codes.add(code)
        outcome = self.steps.outcome(code, name, style="danger")
        if way.condition.strip():
            self.report.add(
                "note",
                way,
                _("Its condition “%(text)s” is now a decision.") % {"text": way.condition.strip()[:200]},
            )
        if way.timed is not None:
            self.automatic(way, outcome)
        return outcome

    def automatic(self, way: Way, outcome: BlockJson) -> None:
        assert way.timed is not None
        found = dialects.wait(way.timed.element)
        outcome["by"] = "timer"
        if found is None:
            self.report.add(
                "unmapped", way.timed, _("How long it waits is not a duration of hours, days or weeks.")
            )
            return
        block = self.approvals[way.source]
        block.setdefault("deadlines", []).append(
            {"after": found.limit, "action": "outcome", "outcome": outcome["code"]}
        )
        self.report.add("mapped", way.timed, _("Drawn as a deadline that decides."), block=block["id"])

    def end_outcome(self, outcome: BlockJson, end: Item) -> None:
        if (block := self.steps.block(end)) is not None:
            # An outcome's end need not say what it is; it says so if it did when it was written.
            if not (end.ours and "type" in end.ours[1]):
                block.pop("type")
            outcome["ends"] = block

    def go_back(self, way: Way, outcomes: list[BlockJson]) -> bool:
        """Let outcomes return to the first step at or behind the flow's target."""
        target: Item | None = way.target
        passed = False
        for _step in range(50):
            if target is None or target in self.approvals:
                break
            passed = passed or target.tag not in GATEWAYS
            target = target.forward[0].target if len(target.forward) == 1 else None
        if target is None or target not in self.approvals:
            self.report.add("unmapped", way, _("It leads back to something that is no step of a person."))
            return False
        for outcome in outcomes:
            outcome["returns_to"] = self.approvals[target]["id"]
        note = _("What lies between is not done again.") if passed else ""
        self.report.add("mapped", way, note or _("Drawn as a return."), block=self.approvals[target]["id"])
        return True

    def boundaries(self, item: Item, block: BlockJson) -> None:
        """Deadlines and other events on the edge of a step."""
        if ours := self.steps.our_deadlines(item):
            block["deadlines"] = ours
        for timer in item.boundary:
            if timer.kind == "deadline":
                continue
            if timer.event != "timer":
                self.report.add("unmapped", timer, _("Only deadlines can stand on the edge of a step."))
            elif block["type"] != "approval":
                self.report.add("unmapped", timer, _("Only a step of a person can have a deadline."))
            elif timer.element.get("cancelActivity") == "false":
                if (found := dialects.wait(timer.element)) is None:
                    self.report.add(
                        "unmapped", timer, _("How long it waits is not a duration of hours, days or weeks.")
                    )
                    continue
                reminder = {"after": found.limit, "action": "remind"} | (
                    {"every": found.limit} if found.every else {}
                )
                block.setdefault("deadlines", []).append(reminder)
                note = _("Drawn as a reminder; what else follows it is left out.")
                self.report.add("mapped", timer, note, block=block["id"])
            elif not timer.outgoing:
                self.report.add("unmapped", timer, _("Nothing follows when this deadline passes."))
