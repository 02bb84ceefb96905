"""不计入考核: a superior takes a case out of the figures, with the reason, and puts it back."""

from __future__ import annotations

from django.utils.translation import gettext as _

from grid.errors import NotAllowed, Refused
from grid.models import User
from realtime.case_events import RequestExcluded, RequestIncluded

from .. import policies
from ..engine.move import Move
from ..models import Exclusion
from .whole_case import on_case, words


def exclude_case(*, request_id: int, actor: User, reason: str) -> Exclusion:
    """From now on the case counts in no rate and no points; whoever handled it is told.

    For superiors, not about cases they handled themselves. Raises :class:`Refused`.
    """
    reason = words(reason, missing=_("Say why the case was outside the power of whoever had it."))
    with on_case(request_id, actor) as move:
        _require(actor, move)
        if _running(move) is not None:
            raise Refused(_("This case does not count already. Reload the page."))
        excluded = Exclusion.objects.create(request=move.request, reason=reason, by=actor, at=move.now)
        move.note(RequestExcluded, reason=reason, notify=[move.request.handler_id])
    return excluded


def include_case(*, request_id: int, actor: User, reason: str) -> Exclusion:
    """The case counts again. Raises :class:`Refused`."""
    reason = words(reason, missing=_("Say why the case counts again."))
    with on_case(request_id, actor) as move:
        _require(actor, move)
        excluded = _running(move)
        if excluded is None:
            raise Refused(_("This case counts already. Reload the page."))
        excluded.ended_by, excluded.ended_at, excluded.end_reason = actor, move.now, reason
        excluded.save(update_fields=["ended_by", "ended_at", "end_reason"])
        move.note(RequestIncluded, reason=reason, notify=[move.request.handler_id])
    return excluded


def _require(actor: User, move: Move) -> None:
    if not policies.may_exclude(actor, move.request):
        raise NotAllowed(_("Only superiors decide this, and never about cases they handled themselves."))


def _running(move: Move) -> Exclusion | None:
    return Exclusion.objects.filter(request=move.request, ended_at=None).first()
