"""Ends that no step of the workflow brings about: the requester withdraws, somebody in charge closes."""

from __future__ import annotations

from django.utils.translation import gettext as _

from grid.errors import NotAllowed, Refused
from grid.models import User
from realtime.case_events import RequestForceClosed, RequestWithdrawn

from .. import policies, queries
from ..engine import routes
from ..models import Request, State
from .suspension import end_pause
from .whole_case import on_case, require_open, words


def withdraw_request(*, request_id: int, actor: User, reason: str = "") -> Request:
    """撤回: the requester ends the case while nobody has worked on it. Every open step is void.

    Only the requester (docs/explanation/domain.md §6). Raises :class:`Refused` once somebody has.
    """
    reason = words(reason)
    with on_case(request_id, actor) as move:
        case = move.request
        if not policies.is_requester(actor, case):
            raise NotAllowed(_("Only the person who filed this request can withdraw it."))
        require_open(case)
        if not policies.may_withdraw(actor, case):
            raise Refused(_("Somebody has worked on this request already: it can no longer be withdrawn."))
        move.note(RequestWithdrawn, reason=reason, notify=queries.workers_on(case))
        end_pause(move)
        routes.stop(move, State.WITHDRAWN)
    return case


def force_close_case(*, request_id: int, actor: User, reason: str) -> Request:
    """强制结案: the shift leader or an administrator ends the case where it stands. Reason required.

    It counts as closed, late or not; the resident is told why, rates it, and may reopen it if somebody had
    handled it.
    """
    reason = words(reason, missing=_("Say why the case is closed: the resident reads it."))
    with on_case(request_id, actor) as move:
        case = move.request
        if not policies.may_force_close(actor, case):
            raise NotAllowed(_("Only the shift leader and administrators close a case by order."))
        require_open(case)
        if case.process_id is None:
            raise Refused(_("This case was taken over from another system and runs on no workflow."))
        move.note(RequestForceClosed, reason=reason, notify=queries.workers_on(case))
        end_pause(move)
        routes.stop(move, State.FORCE_CLOSED)
    return case
