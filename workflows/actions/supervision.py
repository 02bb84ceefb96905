"""督办: a superior's recorded order about a case, and the answer to it."""

from __future__ import annotations

import logging
from datetime import date, datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from grid import days
from grid.errors import NotAllowed, Refused
from grid.models import User
from realtime.case_events import OrderAnswered, OrderGiven, OrderOverdue

from .. import policies, queries
from ..models import Supervision
from .whole_case import on_case, require_open, sweeping, words

logger = logging.getLogger(__name__)
#: An answer may be asked for at most this far ahead.
FARTHEST = timedelta(days=365)


def supervise_case(
    *, request_id: int, actor: User, level: int, text: str, reply_by: date | None = None
) -> Supervision:
    """Give an order to whoever has the case; with ``reply_by`` (a local day, to its end) they must answer it.

    Everybody who has the case and their leader is told. Raises :class:`Refused`.
    """
    text = words(text, missing=_("Write what is to be done."))
    if level not in Supervision.Level.values:
        raise Refused(_("Choose how important the order is."))
    until = _end_of(reply_by) if reply_by else None
    with on_case(request_id, actor) as move:
        case = move.request
        if not policies.may_command(actor, case):
            raise NotAllowed(_("Only the shift leader, supervisors and administrators give orders."))
        require_open(case)
        order = Supervision.objects.create(
            request=case, level=level, text=text, ordered_by=actor, at=move.now, reply_by=until
        )
        told = {*queries.workers_on(case), *queries.leaders_of(case)}
        move.note(OrderGiven, order=order.pk, level=level, text=text, reply_by=until, notify=told)
    return order


def answer_order(*, order_id: int, actor: User, text: str) -> Supervision:
    """Answer an order that asked for it: whoever has the case, or handled it last. Once."""
    text = words(text, missing=_("Write what has been done."))
    request_id = Supervision.objects.values_list("request_id", flat=True).get(pk=order_id)
    with on_case(request_id, actor) as move:
        order = Supervision.objects.select_related("replied_by").get(pk=order_id)
        if not policies.has_in_hand(actor, move.request):
            raise NotAllowed(_("Only whoever has the case answers an order about it."))
        if order.reply_by is None:
            raise Refused(_("This order asks for no answer."))
        if order.replied_at is not None:
            raise Refused(_("%(who)s has answered this order already.") % {"who": order.replied_by})
        order.reply, order.replied_by, order.replied_at = text, actor, move.now
        order.save(update_fields=["reply", "replied_by", "replied_at"])
        in_time = move.now <= order.reply_by
        move.note(OrderAnswered, order=order.pk, text=text, in_time=in_time, notify=[order.ordered_by_id])
    return order


def tell_unanswered() -> int:
    """Remind both sides, once, of each order whose day for an answer has passed; how many.

    Safe to run in many processes at once, and after a failure.
    """
    late = queries.unanswered_orders().filter(reply_by__lt=timezone.now(), reminded_at=None)
    told = 0
    for order_id, request_id in list(late.order_by("reply_by").values_list("pk", "request_id")):
        try:
            told += _tell(order_id, request_id)
        except Exception:
            logger.exception("order %s could not be called for; it will be tried again", order_id)
    return told


def _tell(order_id: int, request_id: int) -> bool:
    with sweeping(request_id) as move:
        if move is None:
            return False
        order = queries.unanswered_orders().filter(pk=order_id, reminded_at=None).first()
        if order is None:
            return False
        order.reminded_at = move.now
        order.save(update_fields=["reminded_at"])
        told = {*queries.workers_on(move.request), *queries.leaders_of(move.request), order.ordered_by_id}
        move.note(OrderOverdue, order=order.pk, notify=told)
    return True


def _end_of(day: date) -> datetime:
    today = timezone.localdate()
    if not today <= day <= today + FARTHEST:
        raise Refused(_("Choose a day for the answer, from today to a year from now."))
    return days.end_of(day)
