"""Borders move, cases stay: what becomes of cases when the grids under them change.

Every case knows the area it fell into (``area``) and the one it would fall into today (``area_today``). The
second follows every edit, in the edit's own transaction. An open case stays with whoever has it; where the
two differ it is listed until somebody decides that it stays, or passes it on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from math import cos, radians
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from viewflow.workflow.models import Process, Task

from grid import locator
from grid.errors import NotAllowed, Refused
from grid.locate import METRES_PER_DEGREE
from grid.models import Area, AreaEdit, AreaVersion, User
from realtime.events import RequestKept, RequestPassedOn

from .. import policies, queries
from ..engine import routes
from ..engine.move import OPEN, Move
from ..engine.nodes import ApprovalStep
from ..locking import lock_case
from ..models import BordersFollowed, Request
from .moves import tell

#: More boxes than this are taken as the one around them all.
_BOXES = 100
#: Cases looked at in one go, and changed in one statement.
_BATCH, _IDS = 5000, 500
Placed = Request.Placed


class _Row(NamedTuple):
    pk: int
    lon: float | None
    lat: float | None
    placed: str
    area_id: int | None
    area_path: str
    area_today_id: int | None
    path_today: str


class _Today(NamedTuple):
    """Where a case belongs by the borders of today."""

    area_id: int | None
    path: str


def follow_edit(edit: AreaEdit) -> None:
    """Find anew where the cases belong that an edit of areas may concern. Inside its transaction."""
    _place_again(AreaVersion.objects.filter(Q(edit=edit) | Q(ended_by=edit)))


@transaction.atomic
def follow_time() -> int:
    """Do the same for areas that began or ended as planned since the last time; the number of cases moved.

    Such things happen at midnight, so on all but the first call of a day there is nothing to do.
    """
    now = timezone.now()
    last = BordersFollowed.objects.select_for_update().first()
    if last is None:
        BordersFollowed.objects.create(until=now)
        return 0
    if timezone.localdate(last.until) >= timezone.localdate(now):
        return 0
    passed = Q(since__gt=last.until, since__lte=now) | Q(until__gt=last.until, until__lte=now)
    moved = _place_again(AreaVersion.objects.filter(passed))
    last.until = now
    last.save(update_fields=["until"])
    return moved


def keep_case(*, request_id: int, actor: User) -> Request:
    """The case stays with whoever has it, though it lies elsewhere by the new borders."""
    with _reviewing(request_id, actor) as move:
        case = move.request
        move.change(border_review=False)
        grid = case.area_today
        move.note(
            RequestKept,
            to_code=grid.code if grid else "",
            to_name=grid.name if grid else "",
            to_name_en=grid.name_en if grid else "",
        )
    return case


def pass_on_case(*, request_id: int, actor: User) -> Request:
    """The case goes to the grid it lies in now: its open steps to whoever is on duty there, later ones too.

    A step somebody has who is on duty there as well stays with them. Raises :class:`Refused` when there is no
    grid at that place any more.
    """
    with _reviewing(request_id, actor) as move:
        case, old, new = move.request, move.request.area, move.request.area_today
        if new is None:
            raise Refused(
                _("Request %(number)s lies in no grid any more. It can only stay.") % {"number": case.number}
            )
        concerned = set(queries.workers_on(case))
        move.change(area=new, area_path=new.path, border_review=False)
        given = [assignment for step in _open_steps(move) if (assignment := routes.assign_again(step))]
        told = {user_id for assignment in given for user_id in assignment.told}
        move.note(
            RequestPassedOn,
            from_code=old.code if old else "",
            from_name=old.name if old else "",
            from_name_en=old.name_en if old else "",
            to_code=new.code,
            to_name=new.name,
            to_name_en=new.name_en,
            to=[routes.shown_name(assignment, move) for assignment in given if not assignment.is_pool],
            notify=told | (concerned if given else set()),
        )
    return case


class Reviewed(NamedTuple):
    """``decided`` cases, and what was said of those that could not be."""

    decided: int
    refused: list[str]


def review_cases(*, request_ids: Iterable[int], passing_on: bool, actor: User) -> Reviewed:
    """Decide about several cases, each in a transaction of its own; one refusal does not keep the others."""
    decided, refused = 0, []
    for request_id in request_ids:
        try:
            if passing_on:
                pass_on_case(request_id=request_id, actor=actor)
            else:
                keep_case(request_id=request_id, actor=actor)
            decided += 1
        except Refused as refusal:
            refused.append(str(refusal))
    return Reviewed(decided, refused)


@contextmanager
def _reviewing(request_id: int, actor: User) -> Iterator[Move]:
    """One decision about one case, under its lock: check the right to it, let it be made, tell it."""
    with transaction.atomic():
        case = lock_case(request_id)
        if not policies.reviews(actor).filter(pk=case.pk).exists():
            raise NotAllowed(_("You may not decide about this case."))
        if not case.border_review or not case.is_open:
            raise Refused(
                _("Somebody has decided about request %(number)s already.") % {"number": case.number}
            )
        # A case taken over from another system has no workflow: there are no steps to pass on.
        move = Move(case, case.process or Process(), actor)
        yield move
        tell(move)


def _open_steps(move: Move) -> Iterator[ApprovalStep]:
    open_tasks = Task.objects.filter(process_id=move.process.pk, status__in=OPEN, flow_task_type="HUMAN")
    for task in open_tasks.order_by("pk"):
        task.process = move.process
        yield ApprovalStep(task)


# -- where cases belong today ------------------------------------------------------------------------------
def _place_again(changed: QuerySet[AreaVersion]) -> int:
    """Find anew where the cases belong that these versions of areas may concern; how many moved."""
    concerned = Q(area__in=changed.order_by().values("area"))
    grids = changed.filter(area__level__is_grid=True).exclude(west=None).order_by()
    boxes: list[Any] = list(grids.values_list("west", "south", "east", "north"))
    if boxes:
        concerned |= _inside(boxes)
    cases = Request.objects.filter(concerned)
    if not cases.exists():
        return 0
    return sum(_place_batch(batch) for batch in _batches(cases))


def _inside(boxes: Sequence[tuple[float, float, float, float]]) -> Q:
    """Points in these boxes, or near enough to be taken as lying in the grid inside."""
    if len(boxes) > _BOXES:
        wests, souths, easts, norths = zip(*boxes, strict=True)
        boxes = [(min(wests), min(souths), max(easts), max(norths))]
    reach = settings.LINLI_SNAP_METRES / METRES_PER_DEGREE
    inside = Q()
    for west, south, east, north in boxes:
        wide = reach / max(cos(radians(max(abs(south), abs(north)))), 1e-6)
        inside |= Q(
            lon__gte=west - wide, lon__lte=east + wide, lat__gte=south - reach, lat__lte=north + reach
        )
    return inside


def _batches(cases: QuerySet[Request]) -> Iterator[list[_Row]]:
    columns = cases.order_by("pk").values_list(*_Row._fields)
    last = 0
    while rows := [_Row(*row) for row in columns.filter(pk__gt=last)[:_BATCH]]:
        yield rows
        last = rows[-1].pk


def _place_batch(rows: Sequence[_Row]) -> int:
    """Write where these cases belong today, if that has changed; how many that are. Closed ones as well."""
    changes: dict[tuple[_Today, bool], list[int]] = defaultdict(list)
    for row, today in zip(rows, _today(rows), strict=True):
        if today != (row.area_today_id, row.path_today):
            # A building that went to another grid is the same area at another place of the tree.
            elsewhere = today != (row.area_id, row.area_path)
            changes[today, elsewhere].append(row.pk)
    for (today, elsewhere), ids in changes.items():
        for start in range(0, len(ids), _IDS):
            Request.objects.filter(pk__in=ids[start : start + _IDS]).update(
                area_today=today.area_id, path_today=today.path, border_review=elsewhere
            )
    return sum(len(ids) for ids in changes.values())


def _today(rows: Sequence[_Row]) -> list[_Today]:
    """Where each belongs: by its point; by what somebody chose for it, where somebody did; or by both."""
    points = [row for row in rows if row.lon is not None and row.lat is not None]
    found = locator.current_locator(fresh=True).locate_many(
        [row.lon for row in points if row.lon is not None], [row.lat for row in points if row.lat is not None]
    )
    located = {row.pk: _Today(place.area_id, place.path) for row, place in zip(points, found, strict=True)}
    kept = _successors({row.area_id for row in rows if row.area_id is not None})
    nowhere = _Today(None, "")

    def of(row: _Row) -> _Today:
        by_point, by_choice = located.get(row.pk, nowhere), kept.get(row.area_id or 0, nowhere)
        if row.placed == Placed.CHOSEN:
            return by_choice  # whoever chose it knew better than the point
        if by_point.area_id is None and row.placed == Placed.UNPLACED:
            return by_choice
        return by_point

    return [of(row) for row in rows]


def _successors(areas: set[int]) -> dict[int, _Today]:
    """Area id → itself while it is in force, else the one that took it in, if one did."""
    today = timezone.localdate()
    known: dict[int, Area] = {}
    wanted = set(areas)
    while wanted:
        found = Area.objects.only("path", "valid_from", "valid_to", "merged_into").in_bulk(sorted(wanted))
        known |= found
        wanted = {area.merged_into_id for area in found.values() if area.merged_into_id} - set(known)
    return {area_id: _in_force_after(area_id, known, today) for area_id in areas}


def _in_force_after(area_id: int, known: dict[int, Area], today: date) -> _Today:
    area, seen = known.get(area_id), set()
    while area is not None and area.valid_to is not None and area.valid_to <= today:
        seen.add(area.pk)
        after = area.merged_into_id
        area = known.get(after) if after and after not in seen else None
    return _Today(area.pk, area.path) if area else _Today(None, "")
