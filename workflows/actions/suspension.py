"""挂账: the clock stands still, and runs on by itself.

While a case stands still its steps wait: nobody decides them, and no timer fires. Its deadline and its timers
are set to where they will be after the planned end at once, so nothing has to be counted while it stands.
"""

from __future__ import annotations

import logging
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from grid.errors import NotAllowed, Refused
from grid.models import User
from realtime.case_events import RequestResumed, RequestSuspended

from .. import limits, policies, queries
from ..engine.move import Move
from ..engine.nodes.timers import reschedule
from ..models import Application, Request, State
from .whole_case import on_case, sweeping, words

logger = logging.getLogger(__name__)


def begin_pause(move: Move, application: Application) -> None:
    """The suspension was granted: the clock stands still from now. The application is saved by the caller."""
    assert application.until is not None
    application.began_at, application.state_before = move.now, move.request.state
    application.save(update_fields=["began_at", "state_before"])
    move.enter(State.SUSPENDED)
    retime(move)
    move.note(
        RequestSuspended,
        until=application.until,
        reason=application.reason,
        notify=[move.request.reporter_id],
    )


def end_pause(move: Move, at: datetime | None = None) -> Application | None:
    """End the suspension that runs, if one does, at an instant that is not after now."""
    running = queries.running_suspension(move.request)
    if running is not None:
        running.ended_at = at or move.now
        running.save(update_fields=["ended_at"])
        move.enter(running.state_before)
        retime(move)
    return running


def retime(move: Move) -> None:
    """Work out the case's deadline and its armed timers anew."""
    pauses = limits.pauses_of(move.request)
    limits.recompute(move.request, pauses)
    move.changed(*limits.TIME_FIELDS)
    reschedule(move.request, pauses)


def resume_case(*, request_id: int, actor: User, reason: str = "") -> Request:
    """The reason for the pause is gone early: whoever has the case, or a superior, lets it run on."""
    reason = words(reason)
    with on_case(request_id, actor) as move:
        case = move.request
        if not (policies.has_in_hand(actor, case) or policies.may_command(actor, case)):
            raise NotAllowed(_("Only whoever has the case, or a superior, can let it run on."))
        if end_pause(move) is None:
            raise Refused(_("This case does not stand still. Reload the page."))
        _tell_resumed(move, planned=False, reason=reason)
    return case


def resume_due() -> int:
    """Let every case run on whose pause is over; how many did.

    The pause ends at its planned instant, however late the sweep comes. Safe to run in many processes at
    once: each case is looked at again under its lock. One that fails stops nobody else's.
    """
    due = Application.objects.filter(began_at__isnull=False, ended_at=None, until__lte=timezone.now())
    resumed = 0
    for request_id in list(due.order_by("until").values_list("request_id", flat=True)):
        try:
            resumed += _resume(request_id)
        except Exception:
            logger.exception("case %s could not run on; it will be tried again", request_id)
    return resumed


def _resume(request_id: int) -> bool:
    with sweeping(request_id) as move:
        if move is None:
            return False
        running = queries.running_suspension(move.request)
        if running is None or running.until is None or running.until > move.now:
            return False
        end_pause(move, running.until)
        _tell_resumed(move, planned=True)
    return True


def _tell_resumed(move: Move, *, planned: bool, reason: str = "") -> None:
    told = {*queries.workers_on(move.request), *queries.own_people(move.request)}
    move.note(RequestResumed, planned=planned, reason=reason, notify=told)
