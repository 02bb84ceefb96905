"""A definition walked with one case, without writing anything: who would get what, when, and where it goes.

The walker knows what follows what. Who gets a step, what a condition says and when a limit ends it asks of
the engine's own code, with a :class:`~workflows.engine.supposition.Supposition` in place of a move.

Duties are asked for the moment a step would come, and for now where that lies in the past: a past case is
tried on the people of today.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from django.utils import timezone
from viewflow.workflow.models import Process

from workflows import clocks, conditions
from workflows.calendar import working_calendar
from workflows.engine import people, routes, schema
from workflows.engine.facts import Facts
from workflows.engine.nodes.timers import limit_ends
from workflows.engine.supposition import Supposition
from workflows.engine.vocabulary import names_of

from .case import TrialCase
from .pace import Pace, Took
from .reasons import Reason, reasons
from .seats import Seat, everybody, seats_from, seats_of

#: A case that came to more blocks than this is going in circles.
MOST_VISITS = 150

OutcomeBy = Literal["", "chosen", "recorded", "first", "deadline"]


@dataclass(frozen=True)
class Firing:
    """A deadline of a step: when it ends, and whether the step is still open then. ``to``: who gets it."""

    deadline: schema.Deadline
    at: datetime
    fires: bool
    to: tuple[Seat, ...] = ()


@dataclass
class Visit:
    """The case at one block, once. ``until`` is None where it stays, for nobody acts.

    ``taken`` are the numbers of the branches taken at a condition; the default is number ``len(cases)``.
    """

    block: Any
    number: int
    at: datetime
    until: datetime | None = None
    seats: tuple[Seat, ...] = ()
    skipped: str = ""
    took: Took | None = None
    outcome: str = ""
    outcome_by: OutcomeBy = ""
    deadlines: tuple[Firing, ...] = ()
    reasons: tuple[tuple[Reason, ...], ...] = ()
    taken: tuple[int, ...] = ()
    void: bool = False

    @property
    def title(self) -> str:
        return getattr(self.block, "title", "")


@dataclass(frozen=True)
class Went:
    """How a block was left: onward, out of the sub-process it is in (``left``), to the end of the case, back
    to ``block``, or not at all."""

    how: Literal["on", "left", "ended", "back", "stays", "circles"]
    at: datetime
    block: str = ""


@dataclass
class Run:
    """What came of a case on a definition. ``closed_at`` is when its clock stopped, ``ended`` how it
    ended.
    """

    definition: schema.Definition
    case: TrialCase
    visits: list[Visit] = field(default_factory=list)
    closed_at: datetime | None = None
    went: Went | None = None

    @property
    def steps(self) -> list[Visit]:
        """The visits at which somebody decides."""
        return [
            visit for visit in self.visits
            if isinstance(visit.block, schema.Approval) and not visit.skipped and not visit.void
        ]  # fmt: skip

    @property
    def approvals(self) -> int:
        """How many times somebody has to decide, until the case is closed: each seat of a step counts."""
        return sum(
            max(1, len(visit.seats) if visit.block.for_several else 1)
            for visit in self.steps
            if visit.block.form != "rating"
        )

    @property
    def path(self) -> tuple[tuple[str, str], ...]:
        """Steps and their outcomes, in order: what makes one path another."""
        return tuple((visit.block.id, visit.outcome) for visit in self.steps)

    @property
    def hours(self) -> float | None:
        """Working hours from filing to closing; None for a case that does not get there."""
        if self.closed_at is None:
            return None
        return clocks.elapsed(self.case.filed_at, self.closed_at, clocks.WORK_HOURS, working_calendar())


def walk(
    definition: schema.Definition,
    case: TrialCase,
    *,
    pace: Pace,
    outcomes: Mapping[str, Sequence[str]] | None = None,
) -> Run:
    """Walk a definition (expanded, as the engine runs it) with a case.

    ``outcomes`` are chosen by block, in the order of visits; where none is, what was recorded of a past case,
    else the first outcome a person can choose that does not send the case back again.
    """
    return _Walker(definition, case, pace, outcomes or {}).run()


class _Walker:
    def __init__(
        self,
        definition: schema.Definition,
        case: TrialCase,
        pace: Pace,
        outcomes: Mapping[str, Sequence[str]],
    ) -> None:
        # Steps correct the case and name its handler: on a copy, for the case may be tried again.
        case = replace(case, request=copy.copy(case.request))
        self.result = Run(definition, case)
        self.case, self.pace, self.outcomes = case, pace, outcomes
        filed = {part.code for part in definition.fields}
        fields = {code: value for code, value in case.fields.items() if code in filed}
        process = Process(data={"fields": fields, "outcomes": {}})
        self.move = Supposition(case.request, process, None)
        self.today = timezone.now()
        self.names = names_of(definition)
        self.count: dict[str, int] = {}
        #: Sub-processes the case is in.
        self.inside = 0
        #: The step that comes next was returned to: whoever did it gets it again.
        self.back_to: str | None = None

    def run(self) -> Run:
        at = self.case.filed_at
        went = self.walk(self.result.definition.body, at)
        self.result.went = went
        if went.how in ("on", "ended") and self.result.closed_at is None:
            self.result.closed_at = went.at
        return self.result

    # --- blocks ----------------------------------------------------------------------------------
    def walk(self, block: Any, at: datetime, resume: str | None = None) -> Went:
        """From the beginning of a block, or from the step ``resume`` inside it, to where it is left."""
        if len(self.result.visits) >= MOST_VISITS:
            return Went("circles", at)
        self.move.now = max(at, self.today)
        match block:
            case None:
                return Went("on", at)
            case schema.Sequence(blocks=inner):
                return self.sequence(inner, at, resume)
            case schema.Approval():
                return self.approval(block, at)
            case schema.Condition():
                return self.condition(block, at, resume)
            case schema.Inclusive():
                return self.inclusive(block, at, resume)
            case schema.Parallel(branches=branches):
                return self.at_once(block, list(enumerate(branches)), at, resume)
            case schema.Timer():
                until = limit_ends(at, block.after, self.move.request)
                self.move.decided_by = ()
                self.visit(block, at, until=until)
                return Went("on", until)
            case schema.Copy() | schema.Notify():
                self.visit(block, at, until=at, seats=everybody(block.who, self.move))
                return Went("on", at)
            case schema.Milestone():
                self.milestone(block, at)
                return Went("on", at)
            case schema.SubProcess(body=body):
                return self.sub_process(block, body, at, resume)
            case schema.End():
                return self.end(block, at)
        self.visit(block, at, until=at)
        return Went("on", at)

    def visit(self, block: Any, at: datetime, **more: Any) -> Visit:
        number = self.count[block.id] = self.count.get(block.id, 0) + 1
        visit = Visit(block, number, at, **more)
        self.result.visits.append(visit)
        return visit

    def sequence(self, inner: Sequence[Any], at: datetime, resume: str | None) -> Went:
        first = _holding(inner, resume)
        went = Went("on", at)
        position, inside = first, resume
        while position < len(inner):
            went = self.walk(inner[position], went.at, inside)
            inside = None
            if went.how == "back" and (found := _where(inner, went.block)) is not None:
                self.back_to, position, inside = went.block, found, went.block
                continue
            if went.how != "on":
                return went
            position += 1
        return went

    def sub_process(self, block: schema.SubProcess, body: Any, at: datetime, resume: str | None) -> Went:
        visit = None if resume else self.visit(block, at)
        self.inside += 1
        went = self.walk(body, at, resume)
        self.inside -= 1
        if visit is not None and went.how != "stays":
            visit.until = went.at
        return Went("on", went.at) if went.how == "left" else went

    def end(self, block: schema.End, at: datetime) -> Went:
        self.visit(block, at, until=at)
        if self.inside and not block.terminate:
            return Went("left", at)
        self.close(at)
        return Went("ended", at)

    def condition(self, block: schema.Condition, at: datetime, resume: str | None) -> Went:
        bodies = [case.body for case in block.cases] + [block.otherwise]
        if resume is not None:
            return self.walk(bodies[_holding(bodies, resume)], at, resume)
        told: list[tuple[Reason, ...]] = []
        taken = len(block.cases)
        for number, case in enumerate(block.cases):
            parsed = self.parse(case.when)
            told.append(tuple(reasons(parsed, Facts(self.move))))
            if conditions.holds(parsed, Facts(self.move)):
                taken = number
                break
        self.visit(block, at, until=at, reasons=tuple(told), taken=(taken,))
        return self.walk(bodies[taken], at)

    def parse(self, when: str) -> conditions.Condition:
        return conditions.parse(when, self.names, longest=max(len(when), conditions.MAX_LENGTH))

    def inclusive(self, block: schema.Inclusive, at: datetime, resume: str | None) -> Went:
        bodies = [case.body for case in block.cases] + [block.otherwise]
        if resume is not None:
            return self.walk(bodies[_holding(bodies, resume)], at, resume)
        parsed = [self.parse(case.when) for case in block.cases]
        told = tuple(tuple(reasons(condition, Facts(self.move))) for condition in parsed)
        taken = tuple(
            number for number, condition in enumerate(parsed) if conditions.holds(condition, Facts(self.move))
        ) or (len(bodies) - 1,)
        self.visit(block, at, until=at, reasons=told, taken=taken)
        return self.together([(number, bodies[number]) for number in taken], at)

    def at_once(
        self, block: schema.Parallel, branches: list[tuple[int, Any]], at: datetime, resume: str | None
    ) -> Went:
        if resume is not None:
            bodies = [branch for _number, branch in branches]
            return self.walk(bodies[_holding(bodies, resume)], at, resume)
        self.visit(block, at, until=at, taken=tuple(number for number, _branch in branches))
        return self.together(branches, at)

    def together(self, branches: list[tuple[int, Any]], at: datetime) -> Went:
        """All branches from the same moment; one that ends the case or leaves the fork voids the others."""
        left: list[Went] = []
        spans: list[tuple[int, int]] = []
        for _number, branch in branches:
            begun = len(self.result.visits)
            went = self.walk(branch, at)
            left.append(went)
            spans.append((begun, len(self.result.visits)))
        leaving = [
            index for index, went in enumerate(left) if went.how in ("left", "ended", "back", "circles")
        ]
        if leaving:
            first = min(leaving, key=lambda index: left[index].at)
            self.void([span for index, span in enumerate(spans) if index != first], left[first].at)
            return left[first]
        latest = max(went.at for went in left)
        if any(went.how == "stays" for went in left):
            return Went("stays", latest)
        return Went("on", latest)

    def void(self, spans: Sequence[tuple[int, int]], at: datetime) -> None:
        """What other branches would have done after this moment does not happen."""
        gone: set[int] = set()
        for begun, ended in spans:
            for index in range(begun, ended):
                visit = self.result.visits[index]
                if visit.at > at:
                    gone.add(index)
                elif visit.until is None or visit.until > at:
                    visit.until, visit.void, visit.outcome = at, True, ""
        self.result.visits = [visit for index, visit in enumerate(self.result.visits) if index not in gone]

    def milestone(self, block: schema.Milestone, at: datetime) -> None:
        self.visit(block, at, until=at)
        if block.mark == "closed":
            self.close(at)

    def close(self, at: datetime) -> None:
        if self.result.closed_at is None or at < self.result.closed_at:
            self.result.closed_at = at

    # --- steps people take -----------------------------------------------------------------------
    def approval(self, block: schema.Approval, at: datetime) -> Went:
        returned = self.back_to == block.id
        again = self.move.doers.get(block.id) if returned else None
        self.back_to, self.move.again = None, routes.RETURN if returned else ""
        found = seats_of(block, self.move, again)
        visit = self.visit(block, at, seats=found.seats, skipped=found.skipped)
        if found.skipped:
            visit.until, visit.outcome = at, found.outcome
            self.remember(visit)
            # Nobody has decided anything just now.
            self.move.decided_by = ()
            return self.onward(visit, at)
        if block.handler and found.seats:
            self.case.request.handler_id = found.seats[0].user_id
        visit.took = took = self.pace.of(block.id, visit.number, self.case)
        # One after the other, each takes the time that was given; what was measured is the step as a whole.
        turns = len(found.seats) if block.mode == "in_turn" and took.how == "given" else 1
        acts = _later(at, took.hours * turns) if took.hours is not None else None
        decided = self.decided_by_deadline(block, at, acts)
        visit.until = decided[0] if decided else acts
        visit.deadlines = tuple(self.firings(block, at, visit.until))
        if visit.until is None:
            return Went("stays", at)
        visit.outcome, visit.outcome_by = (
            (str(decided[1].outcome), "deadline") if decided else self.choose(visit)
        )
        user_id = next((seat.user_id for seat in visit.seats if seat.user_id), None)
        self.move.decide(block.id, None if visit.outcome_by == "deadline" else user_id)
        self.fill(block, visit.outcome)
        self.remember(visit)
        return self.onward(visit, visit.until)

    def onward(self, visit: Visit, at: datetime) -> Went:
        outcome = visit.block.outcome(visit.outcome)
        if outcome is not None and outcome.returns_to:
            return Went("back", at, outcome.returns_to)
        if outcome is not None and outcome.ends:
            return self.walk(outcome.ends, at)
        return Went("on", at)

    def choose(self, visit: Visit) -> tuple[str, OutcomeBy]:
        """The outcome of a visit: as chosen, as recorded, else the first."""
        block: schema.Approval = visit.block
        chosen = self.outcomes.get(block.id, ())
        if visit.number <= len(chosen) and block.outcome(chosen[visit.number - 1]):
            return chosen[visit.number - 1], "chosen"
        recorded = self.case.decided.get(block.id, ())
        if visit.number <= len(recorded) and block.outcome(recorded[visit.number - 1].outcome):
            return recorded[visit.number - 1].outcome, "recorded"
        by_people = [outcome for outcome in block.outcomes if outcome.by == "person"]
        onward = next((outcome for outcome in by_people if not outcome.returns_to), None)
        return (onward or (by_people or list(block.outcomes))[0]).code, "first"

    def decided_by_deadline(
        self, block: schema.Approval, at: datetime, acts: datetime | None
    ) -> tuple[datetime, schema.Deadline] | None:
        """The first deadline that decides the step before anybody acts."""
        ends = [
            (limit_ends(at, deadline.after, self.move.request), deadline)
            for deadline in block.deadlines
            if deadline.action == "outcome"
        ]
        first = min(ends, key=lambda end: end[0], default=None)
        return first if first is not None and (acts is None or first[0] <= acts) else None

    def firings(self, block: schema.Approval, at: datetime, until: datetime | None) -> Iterator[Firing]:
        for deadline in block.deadlines:
            ends = limit_ends(at, deadline.after, self.move.request)
            fires = until is None or ends < until or (deadline.action == "outcome" and ends == until)
            self.move.now = max(ends, self.today)
            to = (
                seats_from(people.assign(deadline.to, self.move), self.move)
                if deadline.action == "escalate"
                else ()
            )
            yield Firing(deadline, ends, fires, to)
        self.move.now = max(at, self.today)

    def fill(self, block: schema.Approval, outcome: str) -> None:
        """The values a past case's step was given, and those supposed for a made-up one."""
        values = {**self.case.fields, **self.case.filled}
        for part in block.fields:
            if part.outcomes and outcome not in part.outcomes:
                continue
            if part.sets:
                self.correct(part.sets)
            elif part.code in values:
                self.move.process.data["fields"][part.code] = values[part.code]

    def correct(self, what: str) -> None:
        """The step corrects the case itself, to what it turned out to be."""
        told = self.case.corrected
        if not told:
            return
        names = {"area": ("area", "area_path", "placed"), "category": ("category", "condition")}
        for name in names.get(what, ("urgency",)):
            setattr(self.case.request, name, told[name])

    def remember(self, visit: Visit) -> None:
        self.move.process.data["outcomes"][visit.block.id] = {"outcome": visit.outcome}


def _later(at: datetime, hours: float) -> datetime:
    """So many working hours later; none is at once, whatever the hour."""
    if hours <= 0:
        return at
    return clocks.due(at, Decimal(str(round(hours, 4))), clocks.WORK_HOURS, working_calendar())


def _contains(block: Any, wanted: str) -> bool:
    return any(getattr(inner, "id", None) == wanted for inner in schema.blocks(block))


def _where(blocks: Sequence[Any], wanted: str) -> int | None:
    return next((index for index, block in enumerate(blocks) if _contains(block, wanted)), None)


def _holding(blocks: Sequence[Any], wanted: str | None) -> int:
    """The position of the block that holds the wanted step; the first when none is wanted."""
    return (_where(blocks, wanted) or 0) if wanted else 0
