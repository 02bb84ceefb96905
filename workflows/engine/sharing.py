"""Which of several people on duty gets a task, where an area does not leave it to whoever claims it first.

A person who is away with a stand-in keeps their turn, and the stand-in works on what comes: that is what
standing in means. There is no leave without one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db.models import Count, F
from viewflow.workflow.models import Task

from grid.duty import OnDuty
from grid.models import Area, Sharing, Turn
from realtime.prepared import update

from .move import OPEN

if TYPE_CHECKING:
    from .move import Move


def choose(duties: Sequence[OnDuty], move: Move) -> OnDuty | None:
    """The one of several on duty in one area whose task it is; None leaves it to a pool.

    Holds the row of this area and role until the transaction ends: the next case is dealt out after it. A
    move that is only supposed takes nobody's turn.
    """
    role, area_id = duties[0].role, duties[0].area_id
    path = Area.objects.values_list("path", flat=True).get(pk=area_id)
    how = rule(role, path)
    if how == Sharing.How.POOL:
        return None
    turn = _as_it_is(role, area_id) if move.is_supposed else _locked(role, area_id, path, move)
    load = open_tasks([duty.user_id for duty in duties]) if how == Sharing.How.FEWEST else {}
    before = {user_id: position for position, user_id in enumerate(turn.order, start=1)}
    # The roster's own order, the longest-serving first, decides among those who never got any.
    chosen = min(duties, key=lambda duty: (load.get(duty.user_id, 0), before.get(duty.user_id, 0)))
    if move.is_supposed:
        return chosen
    present = {duty.user_id for duty in duties}
    turn.order = [one for one in turn.order if one in present and one != chosen.user_id] + [chosen.user_id]
    update(turn, ["order"])
    return chosen


def rule(role: str, path: str) -> str:
    """How work is shared in a role at the area with this materialised path: the nearest one set answers."""
    rules = Sharing.objects.filter(role=role, area__path__in=_up(path)).order_by("-area__depth")
    return rules.values_list("how", flat=True).first() or Sharing.How.POOL.value


def open_tasks(user_ids: Sequence[int]) -> dict[int, int]:
    """User id → number of open tasks, without what they have to answer as the one who filed the case."""
    held = Task.objects.filter(owner_id__in=user_ids, status__in=OPEN, process__request__isnull=False)
    held = held.exclude(owner_id=F("process__request__reporter_id"))
    return dict(held.order_by().values_list("owner_id").annotate(Count("pk")))


def _locked(role: str, area_id: int, path: str, move: Move) -> Turn:
    """The row of this pool, locked.

    A case with parallel branches may be dealt out in several pools, all of them up the tree from its area:
    their rows are locked together, in one order, so that two such cases never wait for each other.
    """
    rows = Turn.objects.select_for_update()
    if not move.turns_locked:
        above = Area.objects.filter(path__in=_up(move.request.area_path or path))
        list(rows.filter(area__in=above.values("pk")).order_by("pk"))
        move.turns_locked = True
    Turn.objects.get_or_create(area_id=area_id, role_id=role)
    return rows.get(area_id=area_id, role_id=role)


def _as_it_is(role: str, area_id: int) -> Turn:
    """The row of this pool without its lock; an unsaved one when nothing was ever dealt out."""
    found = Turn.objects.filter(area_id=area_id, role_id=role).first()
    return found or Turn(area_id=area_id, role_id=role)


def _up(path: str) -> list[str]:
    return [path[:end] for end in range(Area.steplen, len(path) + 1, Area.steplen)]
