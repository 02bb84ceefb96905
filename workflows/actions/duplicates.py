"""重复件: several requests about the same thing become one case; nobody's words are lost."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from viewflow.workflow.models import Process

from grid.errors import NotAllowed, Refused
from grid.models import User
from realtime.case_events import DuplicateAdded, RequestJoined, RequestMerged

from .. import policies, queries, similar
from ..engine import routes
from ..engine.move import Move
from ..locking import lock_case
from ..models import Joiner, Request, State
from .moves import tell
from .suspension import end_pause
from .whole_case import on_case


def join_request(*, request_id: int, actor: User) -> Joiner:
    """同问: a resident asks for the same as an open case and will hear what becomes of it.

    Only a case that was offered while filing (:mod:`workflows.similar`). Joining twice is joining once.
    """
    with on_case(request_id, actor) as move:
        case = move.request
        if not actor.is_active or not similar.open_to_join(case):
            raise NotAllowed(_("This request cannot be joined. File one of your own."))
        if policies.is_requester(actor, case):
            raise Refused(_("This is your own request. You hear of it anyway."))
        joiner, is_new = Joiner.objects.get_or_create(request=case, user=actor, defaults={"at": move.now})
        if is_new:
            # The log does not say who: whoever files about a neighbour's doing need not be known to others.
            move.actor = None
            move.note(RequestJoined, people=queries.people_asking(case), notify=queries.workers_on(case))
            move.concerns.add(actor.pk)
    return joiner


@transaction.atomic
def merge_case(*, request_id: int, into_id: int, actor: User) -> Request:
    """并案: an open case asks for the same as another open one, which goes on for both.

    Nothing is deleted: the duplicate keeps its words and its story and names the case it was joined with. Its
    open steps are void. Its requester, and everybody who had joined it, hear what becomes of the other.
    For whoever has the duplicate's step, or a superior. Raises :class:`Refused`.
    """
    if request_id == into_id:
        raise Refused(_("A case cannot be joined with itself."))
    # Always in the same order, so that two who join two cases crosswise do not wait for each other for ever.
    locked = {pk: lock_case(pk) for pk in sorted((request_id, into_id))}
    case, main = locked[request_id], locked[into_id]
    _require_mergeable(actor, case, main)
    move, other = _move(case, actor), _move(main, actor)
    move.change(merged_into=main)
    Request.objects.filter(merged_into=case).update(merged_into=main)
    _relink(case, main, move)
    workers = set(queries.workers_on(case))
    move.note(RequestMerged, into=main.number, notify=workers | set(queries.own_people(case)))
    end_pause(move)
    routes.stop(move, State.MERGED)
    other.note(DuplicateAdded, number=case.number, notify=queries.workers_on(main))
    for each in (move, other):
        tell(each)
    return case


def _require_mergeable(actor: User, case: Request, main: Request) -> None:
    if not policies.may_merge(actor, case) or not policies.may_view_request(actor, main):
        raise NotAllowed(_("Only whoever has the case, or a superior, can join it with another."))
    for each in (case, main):
        if not each.is_open or each.closed_at is not None:
            raise Refused(_("Case %(number)s has ended already.") % {"number": each.number})
    if case.process_id is None:
        raise Refused(_("This case was taken over from another system and runs on no workflow."))


def _relink(case: Request, main: Request, move: Move) -> None:
    """Whoever asked through the duplicate asks through the other one now."""
    asking: dict[int, Request | None] = dict.fromkeys(queries.own_people(case), case)
    known = Q(request=main) | Q(request=case)
    for joiner in Joiner.objects.filter(known).select_related("duplicate"):
        if joiner.request_id == case.pk:
            asking.setdefault(joiner.user_id, joiner.duplicate)
            joiner.delete()
    Joiner.objects.bulk_create(
        [
            Joiner(request=main, user_id=user_id, duplicate=duplicate, at=move.now)
            for user_id, duplicate in asking.items()
            if user_id not in queries.own_people(main)
        ],
        ignore_conflicts=True,
    )


def _move(case: Request, actor: User) -> Move:
    return Move(case, case.process or Process(), actor)
