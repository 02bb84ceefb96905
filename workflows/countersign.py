"""How a step for several people stands, for those who look at a case: who has agreed, who is still open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from viewflow.workflow.models import Task

from grid.models import User

from .engine import seats
from .engine.move import OPEN
from .engine.schema import Approval
from .models import Request
from .policies import sight

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


@dataclass(frozen=True)
class Seat:
    """One who has a say: ``said`` is their outcome's name, empty while there is none.

    ``tone``: done (agreed), again (refused), work (open), or wait (their turn is still to come).
    """

    name: str
    said: str
    tone: str
    added: bool = False


@dataclass(frozen=True)
class Countersign:
    """``summary`` and ``rule`` in words: how many have agreed so far, and what settles it."""

    title: str
    block_id: str
    summary: str
    rule: str
    seats: list[Seat]


def countersigns(case: Request, viewer: User | AnonymousUser) -> list[Countersign]:
    """The open steps for several people of a case. Names only for those who may know them.

    One query, and three more for each such step.
    """
    seen = sight(viewer, case)
    if case.process_id is None or not seen.internal:
        return []
    hidden = case.reporter_id if case.anonymous and not seen.identity else None
    return [_countersign(fork, block, hidden) for fork, block in _open_forks(case)]


def _open_forks(case: Request) -> Iterator[tuple[Task, Approval]]:
    tasks = Task.objects.filter(process_id=case.process_id, status__in=OPEN, flow_task_type="HUMAN")
    found: dict[int, Approval] = {}
    for task in tasks.order_by("pk"):
        block = getattr(task.flow_task, "block", None)
        if block is not None and block.for_several and "seat" in task.data:
            found.setdefault(seats.fork_id(task.token), block)
    for fork_id, block in found.items():
        yield Task.objects.select_related("process").get(pk=fork_id), block


def _countersign(fork: Task, block: Approval, hidden: int | None) -> Countersign:
    tally = seats.count(fork, block)
    given = list(seats.seats_of(fork, block).select_related("owner"))
    queue = seats.queue_of(fork)
    passed = fork.data.get("passed", [])
    users = User.objects.in_bulk([*passed, *(one["user"] for one in queue if one["user"])])

    def name(user: User | None) -> str:
        if user is None:
            return _("whoever claims it")
        return _("the resident") if user.pk == hidden else str(user)

    rows = [Seat(name(users.get(user_id)), _("counts as agreed"), "done") for user_id in passed]
    rows += [_seat(task, block, name(task.owner)) for task in given]
    rows += [
        Seat(name(users.get(waiting["user"] or 0)), "", "wait", waiting["added_by"] is not None)
        for waiting in queue
    ]
    return Countersign(block.title, block.id, _summary(tally), _rule(block, tally), rows)


def _seat(task: Task, block: Approval, name: str) -> Seat:
    added = "added_by" in task.data
    if task.status in OPEN:
        return Seat(name, "", "work", added)
    outcome = block.outcome(str(task.data.get("outcome", "")))
    if outcome is None:
        return Seat(name, "", "work", added)
    return Seat(name, outcome.title, "done" if outcome.agrees else "again", added)


def _summary(tally: seats.Tally) -> str:
    words = _("%(agreed)d of %(seats)d agreed") % {"agreed": tally.agreed, "seats": tally.seats}
    if tally.refused:
        words += _(", %(refused)d refused") % {"refused": tally.refused}
    return words


def _rule(block: Approval, tally: seats.Tally) -> str:
    match block.mode:
        case "any":
            return _("Whoever decides first settles it.")
        case "vote" if block.vote is not None and block.vote.percent is not None:
            return _("%(percent)s %% needed, which is %(needed)d.") % {
                "percent": _plain(block.vote.percent),
                "needed": tally.needed,
            }
        case "vote":
            return _("%(needed)d needed.") % {"needed": tally.needed}
    if block.refusal == "waits":
        return _("Everybody must agree, and everybody is heard.")
    return _("Everybody must agree; one refusal settles it.")


def _plain(number: Decimal) -> str:
    return f"{number:f}".rstrip("0").rstrip(".") if "." in f"{number:f}" else f"{number:f}"
