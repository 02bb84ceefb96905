"""Deadlines announce themselves: at 80 % of the limit, when it has passed, then daily. Once each."""

from __future__ import annotations

import logging

from django.utils import timezone

from realtime.case_events import DeadlineOverdue
from realtime.events import CasePayload, DeadlineApproached, DeadlineBreached

from .. import clocks, limits, queries
from ..engine.move import Move
from ..limits import AGAIN, RED, YELLOW
from ..models import Request
from ..models.request import ENDED_STATES, State
from .whole_case import sweeping

logger = logging.getLogger(__name__)


def tell_deadlines() -> int:
    """Announce what is to be announced since the last sweep; the number of announcements.

    To those who have the case now and to their leader; for red the requester's and the supervisors' screens
    change as well. What one sweep did not come to, the next one finds; days without a sweep are told once.

    Safe to run in many processes at once: each case is announced in its own transaction under its lock, and
    one that somebody is just moving is left to the next sweep. One failure never stops the sweep.
    """
    told = 0
    for request_id in _to_tell():
        try:
            told += _tell(request_id)
        except Exception:
            logger.exception("deadline of request %s could not be announced", request_id)
    return told


def _to_tell() -> list[int]:
    running = Request.objects.filter(closed_at=None, process__isnull=False, tell_at__lte=timezone.now())
    running = running.exclude(state__in=[*ENDED_STATES, State.SUSPENDED])
    return list(running.order_by("due_at").values_list("pk", flat=True))


def _tell(request_id: int) -> int:
    """Announce one case, if under its lock there still is something to announce."""
    with sweeping(request_id) as move:
        if move is None:
            return 0
        case = move.request
        if case.closed_at is not None or case.state == State.SUSPENDED or case.due_at is None:
            return 0
        return _announce(move)


def _announce(move: Move) -> int:
    case = move.request
    assert case.due_at is not None
    light = clocks.light(move.now, case.yellow_at, case.due_at)
    days = max(0, (move.now - case.due_at) // AGAIN)
    before, days_before = case.light_told, case.days_late_told
    if light not in (YELLOW, RED) or (light == before and (light == YELLOW or days <= days_before)):
        return 0
    move.change(light_told=light, days_late_told=days)
    move.change(tell_at=limits.next_telling(case))
    told = {*queries.workers_on(case), *queries.leaders_of(case)}
    if before == RED:
        move.note(DeadlineOverdue, days=days, notify=told)
    else:
        kind: type[CasePayload] = DeadlineBreached if light == RED else DeadlineApproached
        move.note(kind, notify=told)
    return 1
