"""Steps for several people: their seats, what has been said in them, and whether that settles the step.

Everybody who takes part has a seat: a task of the step's one node (``b_<block>``), under a token of its own
between the fork that hands the seats out (``b_<block>__fork``) and the join that settles the step
(``b_<block>__join``). ``data`` of the fork's task keeps what no seat knows: ``queue``, those whose turn is
still to come; ``given``, how many seats there have been; ``passed``, who counts as agreed without one;
``resume``, where to jump back to once it is settled.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Any, TypedDict

from django.db.models import QuerySet
from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS
from viewflow.workflow.token import Token

from realtime.prepared import update

from . import people
from .move import OPEN, Move, move_of
from .schema import Approval, Outcome, node_name


class Waiting(TypedDict):
    """Somebody whose turn is still to come: the administrators, if it is nobody's. ``added_by`` is who added
    them as a signer, or None."""

    user: int | None
    added_by: int | None


@dataclass(frozen=True)
class Tally:
    """How a step for several people stands: numbers of seats, and of agreements that are needed."""

    agreed: int
    refused: int
    #: Not decided yet: open, or waiting for their turn.
    open: int
    needed: int
    #: Outcome code of the first decision, "" before it.
    first: str = ""

    @property
    def seats(self) -> int:
        return self.agreed + self.refused + self.open

    @property
    def decided(self) -> int:
        return self.agreed + self.refused


def fork_id(token: Token) -> int:
    """The task of the fork that gave out the seat with this token (``<base>/<fork's id>_<number>``)."""
    return int(token.token.rsplit("/", 1)[1].split("_")[0])


def prefix_of(fork: Task) -> str:
    """What the tokens of a fork's seats begin with."""
    return f"{fork.token.token}/{fork.pk}_"


def fork_of(seat: Task) -> Task:
    """The task of the fork that gave out this seat. One query."""
    fork: Task = Task.objects.get(pk=fork_id(seat.token))
    fork.process = seat.process
    return fork


def seats_of(fork: Task, block: Approval) -> QuerySet[Task]:
    """The seats a fork gave out, without those that were taken away or lapsed."""
    node = fork.process.flow_class.instance.node(node_name(block.id))
    given = Task.objects.filter(
        process_id=fork.process_id, flow_task=node, token__startswith=prefix_of(fork)
    ).order_by("pk")
    return given.exclude(status__in=(STATUS.CANCELED, STATUS.REVIVED))


def join_of(fork: Task, block: Approval) -> Task | None:
    """The join where somebody's decision waits for the others'; None as long as nobody has decided."""
    node = fork.process.flow_class.instance.node(node_name(block.id, "join"))
    waiting = Task.objects.filter(process_id=fork.process_id, flow_task=node, status=STATUS.STARTED)
    join: Task | None = waiting.filter(token=fork.token).first()
    if join is not None:
        join.process = fork.process
    return join


def queue_of(fork: Task) -> list[Waiting]:
    waiting: list[Waiting] = fork.data.get("queue", [])
    return waiting


def people_in(fork: Task, block: Approval) -> set[int]:
    """Everybody who has a seat of this fork, or gets one in their turn."""
    seated = set(seats_of(fork, block).exclude(owner=None).values_list("owner_id", flat=True))
    lent = seats_of(fork, block).filter(status__in=OPEN).values_list("data", flat=True)
    seated |= {data["lent"]["by"] for data in lent if "lent" in data}
    return seated | {waiting["user"] for waiting in queue_of(fork) if waiting["user"]}


# --- counting ------------------------------------------------------------------------------------------
def count(fork: Task, block: Approval) -> Tally:
    """What the seats say now. One query."""
    rows = seats_of(fork, block).values_list("status", "data")
    said = [str(data.get("outcome", "")) for status, data in rows if status == STATUS.DONE]
    passed = len(fork.data.get("passed", ()))
    agreed = sum(agrees(block, code) for code in said) + passed
    refused = len(said) + passed - agreed
    still_open = len(rows) - len(said) + len(queue_of(fork))
    first = said[0] if said else (agreement(block).code if passed else "")
    return Tally(agreed, refused, still_open, needed(block, len(said) + passed + still_open), first)


def agrees(block: Approval, code: str) -> bool:
    outcome = block.outcome(code)
    return outcome is not None and outcome.agrees


def needed(block: Approval, seats: int) -> int:
    """How many agreements settle the step as agreed; of fewer people than a vote asks for, all of them."""
    if block.mode == "any":
        return min(seats, 1)
    if block.mode != "vote" or block.vote is None:
        return seats
    if block.vote.count is not None:
        return min(block.vote.count, seats)
    assert block.vote.percent is not None
    return ceil(block.vote.percent * seats / 100)


def verdict(block: Approval, tally: Tally) -> Outcome | None:
    """The outcome a step for several people is settled with; None while it is not."""
    match block.mode:
        case "any":
            return block.outcome(tally.first)
        case "vote":
            if tally.seats and tally.agreed >= tally.needed:
                return agreement(block)
            return refusal(block) if tally.refused > tally.seats - tally.needed else None
    if tally.refused and (block.refusal == "settles" or not tally.open):
        return refusal(block)
    return agreement(block) if tally.seats and not tally.open else None


def agreement(block: Approval) -> Outcome:
    """The outcome of a step that was agreed to: its first that agrees."""
    return next((outcome for outcome in block.outcomes if outcome.agrees), block.outcomes[0])


def refusal(block: Approval) -> Outcome:
    """The outcome of a step that was refused: its first that does not agree."""
    return next((outcome for outcome in block.outcomes if not outcome.agrees), block.outcomes[-1])


def removable(task: Task) -> list[int]:
    """Users who were added to this open step as signers and have not signed yet, in their order."""
    block = task.flow_task.block
    if not block.for_several:
        return list(task.data.get("after", ()))
    fork = fork_of(task)
    added = [seat for seat in seats_of(fork, block) if "added_by" in seat.data]
    waiting = [one["user"] for one in queue_of(fork) if one["added_by"] is not None]
    still_open = [seat.owner_id for seat in added if seat.status in OPEN and seat.pk != task.pk]
    return [user_id for user_id in [*still_open, *waiting] if user_id is not None]


# --- giving seats out ----------------------------------------------------------------------------------
def add(giver: Any, fork: Task, node: Any, user_id: int | None, added_by: int | None = None) -> Any:
    """One more seat, open now: the activation of its task. ``giver`` is what it comes after. Saves the fork
    only if it has been saved before."""
    number = fork.data.get("given", 0) + 1
    fork.data = {**fork.data, "given": number}
    data: dict[str, Any] = {"seat": number, "assign_to": user_id}
    if added_by is not None:
        data["added_by"] = added_by
    return node._create(giver, Token(f"{prefix_of(fork)}{number}"), data=data)


def next_turn(giver: Any, fork: Task, node: Any) -> Iterator[Any]:
    """Open the seat of whoever's turn is next, if anybody waits; of somebody else, if they have left."""
    queue = queue_of(fork)
    if queue:
        fork.data = {**fork.data, "queue": queue[1:]}
        user_id = queue[0]["user"]
        if user_id is not None and people.active(user_id) is None:
            user_id = substitute(fork, node.block, move_of(giver))
        yield add(giver, fork, node, user_id, queue[0]["added_by"])


def substitute(fork: Task, block: Approval, move: Move) -> int | None:
    """Somebody the block names who has no seat yet; None leaves the seat to the administrators."""
    seated = people_in(fork, block)
    return next((user for user in people.everybody(block.who, move) if user not in seated), None)


def save(fork: Task) -> None:
    update(fork, ["data"])


def open_seats(fork: Task, block: Approval, move: Move) -> list[Task]:
    """Seats nobody has decided yet, with the process they are of."""
    found = list(seats_of(fork, block).filter(status__in=OPEN).select_related("owner"))
    for seat in found:
        seat.process = move.process
    return found
