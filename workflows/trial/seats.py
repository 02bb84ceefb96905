"""Who would get a step: the engine's answer, by ids. Names are looked up where they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workflows.engine import people, routes, schema
from workflows.engine import seats as rules
from workflows.engine.supposition import Supposition


@dataclass(frozen=True)
class Seat:
    """One task: a person's (``user_id``), or that of a pool's people. ``role`` is the duty they have it for.

    ``fallback``: nobody was found whom the block names, so the administrators have it.
    """

    user_id: int | None = None
    role: str = ""
    pool: tuple[int, ...] = ()
    stand_ins: tuple[int, ...] = ()
    is_pool: bool = False
    is_resident: bool = False
    fallback: bool = False

    def people(self) -> tuple[int, ...]:
        """Everybody whose name is shown with it."""
        one = (self.user_id,) if self.user_id is not None and not self.is_resident else ()
        return (*one, *self.pool, *self.stand_ins)


@dataclass(frozen=True)
class Found:
    """The seats of a step, or why it is passed over, and as which outcome."""

    seats: tuple[Seat, ...] = ()
    skipped: str = ""
    outcome: str = ""


def seats_of(block: schema.Approval, move: Supposition, again: int | None) -> Found:
    """Who gets a step, by the block's own rules for nobody and for oneself; ``again``: whom it returns to."""
    if block.for_several:
        return _several(block, move)
    assignment = routes.assignment(block, move, again)
    if isinstance(assignment, people.Skipped):
        if passing := routes.passing(block):
            return Found(skipped=assignment.why, outcome=passing.code)
        assignment = people.assign(block.who, move)
    return Found(seats_from(assignment, move, named=_roles(block.who)))


def _several(block: schema.Approval, move: Supposition) -> Found:
    """As the fork of the step gives its seats out (``engine.nodes.several``)."""
    found = people.seats(block, move)
    if found.why and not move.again and (passing := routes.passing(block)):
        return Found(skipped=found.why, outcome=passing.code)
    if move.again or found.why:
        found = people.Seats(people.everybody(block.who, move))
    if found.passed:
        total = len(found.passed) + len(found.people)
        agreed, first = len(found.passed), rules.agreement(block).code
        tally = rules.Tally(agreed, 0, len(found.people), rules.needed(block, total), first)
        if settled := rules.verdict(block, tally):
            return Found(skipped=people.SELF, outcome=settled.code)
    if not found.people:
        return Found(seats_from(people.assign((), move), move))
    return Found(tuple(Seat(user_id) for user_id in found.people))


def seats_from(
    assignment: people.Assignment, move: Supposition, *, named: frozenset[str] = frozenset()
) -> tuple[Seat, ...]:
    """The one seat of an assignment. ``named``: the roles the block asks for."""
    told = tuple(sorted(assignment.told - {assignment.owner_id}))
    fallback = assignment.role == people.LAST_RESORT and people.LAST_RESORT not in named
    if assignment.is_pool:
        return (Seat(role=assignment.role, pool=told, is_pool=True, fallback=fallback),)
    return (
        Seat(
            assignment.owner_id,
            assignment.role,
            stand_ins=told,
            is_resident=not assignment.role and assignment.owner_id == move.request.reporter_id,
            fallback=fallback,
        ),
    )


def everybody(whom: Sequence[schema.Who], move: Supposition) -> tuple[Seat, ...]:
    """One seat for each person found."""
    return tuple(Seat(user_id) for user_id in people.everybody(whom, move))


def _roles(whom: Sequence[schema.Who]) -> frozenset[str]:
    return frozenset(who.role for who in whom if who.role)
