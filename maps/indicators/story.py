"""Pure: from what happened to a case to what was known of it when."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

from workflows.models import State

#: Somebody has it to handle.
HANDLING = frozenset({State.HANDLING, State.REWORK, State.REOPENED})
#: It lies before that.
BEFORE = frozenset({State.REPORTED, State.VERIFYING, State.REGISTERED, State.DISPATCHING})
#: It is done, as far as its handler is concerned, once these follow.
DONE = frozenset({State.CLOSED, State.RATED})


class Happened(NamedTuple):
    """One event of a case's chain. ``said`` is its payload."""

    at: datetime
    kind: str
    area_path: str
    said: dict[str, Any]
    by: int | None


@dataclass(frozen=True)
class Case:
    """What of a case never changes. ``hand_overs`` are instants at which steps passed on because somebody
    left; ``registered_at`` and ``handled_at`` are of the file of an imported one."""

    filed_at: datetime
    reporter: int | None
    filed_by: int | None
    hand_overs: Collection[datetime] = ()
    registered_at: datetime | None = None
    handled_at: datetime | None = None
    #: Counts for events that do not name the handler: they were written before events did.
    handler: int | None = None


@dataclass(frozen=True)
class Facts:
    """What was known of a case at one time: see :class:`.models.CaseFacts`. ``category`` is a code."""

    area_path: str = ""
    category: str = ""
    member: int | None = None
    state: str = State.REPORTED
    registered_at: datetime | None = None
    registered_in_time: bool = False
    dispatched_at: datetime | None = None
    dispatched_right: bool = False
    due_at: datetime | None = None
    handled_at: datetime | None = None
    closed_at: datetime | None = None
    extended: bool = False
    reworked: bool = False
    excused: bool = False
    rated_at: datetime | None = None
    responded: bool = False
    solved: bool = False
    satisfied: bool = False
    confirmed: bool = False
    excluded: bool = False


class Version(NamedTuple):
    """``until`` is None for what is known at present."""

    since: datetime
    until: datetime | None
    facts: Facts


#: Whether a case filed at one instant and registered at another was registered in time.
InTime = Callable[[datetime, datetime], bool]


def versions(case: Case, chain: Iterable[Happened], in_time: InTime) -> list[Version]:
    """What was known of a case, from its first event on. ``chain`` is in the order of its chain.

    What happens at one instant is one move: all of its events carry the case as it was after it.
    """
    known: list[tuple[datetime, Facts]] = []
    facts, last = Facts(), None
    for at, move in groupby(chain, key=lambda event: event.at):
        # Clocks of servers differ a little: what follows in the chain did not happen before.
        last = at if last is None else max(last, at)
        facts = _after(case, facts, last, list(move), in_time)
        if known and known[-1][0] == last:
            known.pop()
        if not known or known[-1][1] != facts:
            known.append((last, facts))
    ends = [since for since, _facts in known[1:]]
    return [Version(since, until, facts) for (since, facts), until in zip(known, [*ends, None], strict=True)]


def _after(case: Case, before: Facts, at: datetime, move: list[Happened], in_time: InTime) -> Facts:
    """What is known after one move."""
    kinds = {event.kind for event in move}
    brief, imported = move[-1].said["case"], "request.imported" in kinds
    closed_at = _instant(brief["closed_at"])
    state = brief["state"]
    if imported and closed_at is not None and closed_at > at:
        # The file tells the whole life at its beginning.
        closed_at, state = None, State.REPORTED
    facts = replace(
        before,
        area_path=move[-1].area_path,
        category=brief["category"],
        member=brief.get("handler", case.handler),
        state=state,
        due_at=_instant(brief["due_at"]),
        closed_at=closed_at,
    )
    if "request.reopened" in kinds:
        facts = _anew(facts)
    for event in move:
        facts = _MARKS[event.kind](facts, case, event, at) if event.kind in _MARKS else facts
    facts = _registered(facts, case, at, kinds, in_time, imported)
    facts = _dispatched(facts, case, at)
    facts = _judged(facts, before, case, move)
    return _handled(facts, before, case, at)


def _anew(facts: Facts) -> Facts:
    """Reopened: the limit runs anew, and what was said of the first run does not hold for the second."""
    return replace(
        facts, extended=False, reworked=False, excused=False, rated_at=None, responded=False,
        solved=False, satisfied=False, confirmed=False,
    )  # fmt: skip


def _registered(
    facts: Facts, case: Case, at: datetime, kinds: set[str], in_time: InTime, imported: bool
) -> Facts:
    if facts.registered_at is not None:
        return facts
    since = at if "request.registered" in kinds else case.registered_at if imported else None
    if since is None:
        return facts
    return replace(facts, registered_at=since, registered_in_time=in_time(case.filed_at, since))


def _dispatched(facts: Facts, case: Case, at: datetime) -> Facts:
    """It first became somebody's to handle. What members keep for themselves was not dispatched."""
    is_new = facts.dispatched_at is None and facts.state in HANDLING
    own = case.filed_by is not None and facts.member == case.filed_by
    return replace(facts, dispatched_at=at, dispatched_right=True) if is_new and not own else facts


def _judged(facts: Facts, before: Facts, case: Case, move: list[Happened]) -> Facts:
    """Passed to somebody else, or sent back, before it was first handled: it had gone to the wrong one."""
    first_time = before.state == State.HANDLING and before.dispatched_right
    wrong = any(_is_wrong(event, case) for event in move) if first_time else False
    return replace(facts, dispatched_right=False) if wrong else facts


def _is_wrong(event: Happened, case: Case) -> bool:
    if event.kind == "task.returned":
        return True
    passed = event.kind == "task.transferred" and bool(event.said.get("reason"))
    return passed and event.at not in case.hand_overs


def _handled(facts: Facts, before: Facts, case: Case, at: datetime) -> Facts:
    """When its handler was done with it; no longer, once it came back."""
    if facts.state == State.REWORK:
        facts = replace(facts, reworked=True)
    if facts.state in HANDLING or facts.state in BEFORE:
        return replace(facts, handled_at=None)
    checked = facts.state == State.CHECKING and before.state in HANDLING | {State.SUSPENDED}
    if facts.handled_at is None and (checked or facts.state in DONE):
        told = case.handled_at if facts.closed_at and case.handled_at else None
        return replace(facts, handled_at=told or at)
    return facts


def _granted(facts: Facts, case: Case, event: Happened, at: datetime) -> Facts:
    match event.said["application"]:
        case "extension":
            return replace(facts, extended=True)
        case "appeal":
            return replace(facts, excused=True)
    return facts


def _rated(facts: Facts, case: Case, event: Happened, at: datetime) -> Facts:
    said = event.said
    by_resident = case.reporter is not None and case.reporter != facts.member
    return replace(
        facts,
        rated_at=at,
        responded=said["in_time"],
        solved=said["solved"],
        satisfied=said["satisfied"],
        confirmed=by_resident and said["solved"],
    )


def _excluded(facts: Facts, case: Case, event: Happened, at: datetime) -> Facts:
    return replace(facts, excluded=event.kind == "request.excluded")


_MARKS: dict[str, Callable[[Facts, Case, Happened, datetime], Facts]] = {
    "application.granted": _granted,
    "request.rated": _rated,
    "request.excluded": _excluded,
    "request.included": _excluded,
}


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
