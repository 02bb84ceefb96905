"""催办: asking those who have a case to hurry."""

from __future__ import annotations

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from grid.errors import NotAllowed, Refused
from grid.models import User
from realtime.events import RequestUrged

from .. import policies, queries
from ..models import Request
from ..texts import clean_text
from .whole_case import on_case

URGE_TEXT_MAX = 500


def urge_request(*, request_id: int, actor: User, text: str = "") -> Request:
    """The requester, or a superior, asks those who have the case now to hurry; on record.

    Each side at most once in ``LINLI_URGE_HOURS``. Raises :class:`Refused` when the case has ended, stands
    still or was urged a short while ago.
    """
    with on_case(request_id, actor) as move:
        case = move.request
        mine = policies.is_requester(actor, case)
        if not mine and not policies.may_command(actor, case):
            raise NotAllowed(_("Only the person who filed this request can urge it."))
        if not case.is_open:
            raise Refused(_("This request is closed. If it is not solved, reopen it."))
        again = queries.urge_again(case, by_office=not mine)
        if again is not None:
            raise Refused(
                _("You have urged this request already. You can do so again after %(when)s.")
                % {"when": date_format(timezone.localtime(again), "SHORT_DATETIME_FORMAT")}
            )
        move.note(
            RequestUrged,
            text=clean_text(text, required=False)[:URGE_TEXT_MAX],
            by_office=not mine,
            notify=queries.workers_on(case),
        )
    return case
