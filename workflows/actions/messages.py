"""留言: a superior writes to whoever is on duty for a case's grid."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from grid.duty import on_duty, stand_ins_of
from grid.errors import NotAllowed, Refused
from grid.models import User
from grid.queries import GRID_MEMBER
from realtime.case_events import MessageSent
from realtime.models import Event

from .. import policies, queries
from ..models import Request
from .whole_case import on_case, require_open, words

#: One person writes at most so many messages in this time, and so many of them about one case.
WITHIN = timedelta(hours=1)
MOST, MOST_A_CASE = 100, 3


def message_member(*, request_id: int, actor: User, text: str) -> Request:
    """Write to the members on duty for the case's grid, and their stand-ins; on record, for the staff only.

    The nearest area up from the grid with a member answers. Whose own case it is gets none of it. Raises
    :class:`Refused` when nobody is on duty, or somebody has written very often.
    """
    text = words(text, missing=_("Write what the member is to know."))
    with on_case(request_id, actor) as move:
        case = move.request
        if not policies.may_command(actor, case):
            raise NotAllowed(
                _("Only the shift leader, supervisors and administrators write to members from here.")
            )
        require_open(case)
        serving = on_duty(case.area, GRID_MEMBER, fresh=True) if case.area else []
        people = {duty.user_id for duty in serving} - set(queries.own_people(case))
        if not people:
            raise Refused(_("Nobody is on duty for this grid. Give an order, or reassign the case."))
        _not_too_often(actor, case, move.now)
        names = [str(user) for user in User.objects.filter(pk__in=people).order_by("pk")]
        told = (people | stand_ins_of(people)) - set(queries.own_people(case))
        move.note(MessageSent, sender=str(actor), text=text, to=names, notify=sorted(told))
    return case


def _not_too_often(actor: User, case: Request, now: datetime) -> None:
    sent = Event.objects.filter(kind=MessageSent.kind, actor=actor, at__gt=now - WITHIN)
    if sent.filter(subject_type="request", subject_id=case.pk).count() >= MOST_A_CASE:
        often = _("You have written %(n)d times about this request within an hour.")
        raise Refused(often % {"n": MOST_A_CASE})
    if sent.count() >= MOST:
        often = _("You have written %(n)d messages within an hour. Go on a little later.")
        raise Refused(often % {"n": MOST})
