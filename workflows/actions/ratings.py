"""What the resident says of it once it is closed: three answers, or "not solved, please again"."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from grid.errors import NotAllowed, Refused
from grid.models import User
from realtime.events import RequestRated
from realtime.log import Audience, Subject, emit

from .. import policies, queries
from ..brief import case_brief
from ..locking import lock_case
from ..models import Rating, Request
from ..texts import clean_text
from .cases import reopen_case
from .tasks import decide_task

COMMENT_MAX = 1_000


@transaction.atomic
def rate_request(
    *, request_id: int, actor: User, in_time: bool, solved: bool, satisfied: bool, comment: str = ""
) -> Rating:
    """Answered in time? Solved? Satisfied? Only the requester, only once the case is closed.

    Ends the workflow's wait for the rating, if it still waits. Rating again is possible: the latest answers
    count, the earlier ones stay in the log. The answers are about the member who handled the case.
    Raises :class:`Refused`.
    """
    comment = _comment(comment)
    request = lock_case(request_id)
    if not policies.is_requester(actor, request):
        raise NotAllowed(_("Only the person who filed this request can rate it."))
    if not policies.may_rate(actor, request):
        raise Refused(_("This request is not closed yet. You can rate it once it is."))
    rating = Rating.objects.create(
        request=request,
        in_time=in_time,
        solved=solved,
        satisfied=satisfied,
        comment=comment,
        member_id=request.handler_id,
        at=timezone.now(),
    )
    waiting = queries.open_rating(request)
    if waiting is not None:
        task, outcome = waiting
        decide_task(task_id=task.pk, actor=actor, outcome=outcome)
        request.refresh_from_db(fields=["state", "closed_at"])
    handler = [request.handler_id] if request.handler_id is not None else []
    emit(
        RequestRated(
            case=case_brief(request), in_time=in_time, solved=solved, satisfied=satisfied, comment=comment
        ),
        subject=Subject("request", request.pk),
        actor=policies.acting_name(request, actor),
        audience=Audience(request.area_path, [*queries.own_people(request), *handler]),
        notify=handler,
        at=rating.at,
    )
    return rating


def reopen_request(*, request_id: int, actor: User, reason: str) -> Request:
    """重办: not solved; back to whoever handled it, within ``LINLI_REOPEN_DAYS`` of the closing.

    The same limit runs anew from now. Raises :class:`Refused` with what to do instead.
    """
    request = Request.objects.get(pk=request_id)
    if not policies.is_requester(actor, request):
        raise NotAllowed(_("Only the person who filed this request can reopen it."))
    if request.is_open:
        raise Refused(_("This request is being worked on. You can urge it instead."))
    if not policies.may_reopen(actor, request):
        raise Refused(_("This request was closed too long ago to be reopened. File a new one."))
    return reopen_case(request_id=request_id, actor=actor, reason=reason)


def _comment(comment: str) -> str:
    comment = clean_text(comment, required=False).strip()
    if len(comment) > COMMENT_MAX:
        raise Refused(
            _("The comment is too long: at most %(limit)d characters fit.") % {"limit": COMMENT_MAX}
        )
    return comment
