"""延期, 挂账, 超时申诉: asked for by whoever has a case, decided by one person after another.

Who decides is found by duty role, level by level (``LINLI_APPROVERS``): whoever holds the role nearest to the
case, not who asked and nobody who has decided before; failing them the area above, in the end administrators.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext as _

from grid import days
from grid.duty import stand_ins_of
from grid.errors import NotAllowed, Refused
from grid.models import User
from realtime.case_events import (
    ApplicationFiled,
    ApplicationForwarded,
    ApplicationGranted,
    ApplicationRefused,
)

from .. import approvers, policies, queries
from ..engine.move import Move
from ..models import Application, Consent, Request
from .suspension import begin_pause, retime
from .whole_case import on_case, require_open, words

Kind, Status = Application.Kind, Application.Status
#: docs/explanation/domain.md §2.
EXTENSIONS_MAX, SUSPENSIONS_MAX, APPEALS_MAX = 2, 1, 1
SUSPENDED_AT_MOST = timedelta(days=365)


def ask_extension(*, request_id: int, actor: User, reason: str) -> Application:
    """延期: more time, asked before the deadline by whoever has the case. One more limit if granted.

    At most twice; a refusal does not count. Raises :class:`Refused`.
    """
    reason = words(reason, missing=_("Say why: those who decide have to know."))
    with on_case(request_id, actor) as move:
        case = move.request
        _require_handler(actor, case)
        if case.due_at is None:
            raise Refused(_("This case has no deadline, so it needs no more time."))
        if move.now > case.due_at:
            raise Refused(_("The deadline has passed. More time can be asked for only before it."))
        _require_left(case, Kind.EXTENSION, EXTENSIONS_MAX)
        return _file(move, actor, Kind.EXTENSION, reason)


def ask_suspension(*, request_id: int, actor: User, reason: str, until: date) -> Application:
    """挂账: let the clock stand still until the morning of a local day. At most once, at most 365 days."""
    reason = words(reason, missing=_("Say what the case waits for: the resident reads it."))
    resumes = days.midnight(until)
    with on_case(request_id, actor) as move:
        case = move.request
        _require_handler(actor, case)
        if not move.now < resumes <= move.now + SUSPENDED_AT_MOST:
            raise Refused(_("Choose the day on which it goes on, from tomorrow to 365 days from now."))
        _require_left(case, Kind.SUSPENSION, SUSPENSIONS_MAX)
        return _file(move, actor, Kind.SUSPENSION, reason, until=resumes)


def ask_appeal(*, request_id: int, actor: User, reason: str) -> Application:
    """超时申诉: once, after the closing, by whoever handled a case that was late.

    Granted, statistics do not count the lateness; when it was due and closed stays on record.
    """
    reason = words(reason, missing=_("Say why: those who decide have to know."))
    with on_case(request_id, actor) as move:
        case = move.request
        if case.handler_id not in policies.acting_for(actor):
            raise NotAllowed(_("Only whoever handled the case can appeal."))
        if not policies.was_late(case):
            raise Refused(_("Only a case that was closed late can be appealed against."))
        _require_left(case, Kind.APPEAL, APPEALS_MAX, even_refused=True)
        return _file(move, actor, Kind.APPEAL, reason)


def decide_application(*, application_id: int, actor: User, agrees: bool, opinion: str = "") -> Application:
    """Agree, and the next level decides or it is granted; or refuse, which settles it. Refusing needs words.

    Raises :class:`Refused` naming who was faster.
    """
    opinion = words(opinion, missing="" if agrees else _("Say why you refuse."))
    request_id = Application.objects.values_list("request_id", flat=True).get(pk=application_id)
    with on_case(request_id, actor) as move:
        application = Application.objects.get(pk=application_id)
        consent = _open_consent(application, actor)
        principal = _principal(consent, actor)
        consent.agrees, consent.text, consent.decided_at = agrees, opinion, move.now
        consent.decided_by, consent.on_behalf_of = actor, principal
        consent.save()
        said = {"application": application.kind, "opinion": opinion}
        said["on_behalf_of"] = str(principal) if principal else ""
        levels = settings.LINLI_APPROVERS[application.kind]
        if not agrees:
            _settle(move, application, Status.REFUSED)
            move.note(ApplicationRefused, notify=_asker(application), **said)
        elif consent.level < len(levels):
            told = _ask(move, application, consent.level + 1)
            move.note(ApplicationForwarded, level=consent.level + 1, notify=told, **said)
        else:
            move.note(ApplicationGranted, notify=_asker(application), **said)
            _grant(move, application)
    return application


# --- asking ------------------------------------------------------------------------------------------
def _require_handler(actor: User, case: Request) -> None:
    require_open(case)
    if not policies.holds_step(actor, case):
        raise NotAllowed(_("Only whoever has the case can ask for this."))
    if queries.running_suspension(case) is not None:
        raise Refused(_("This case stands still. Let it run on first."))


def _require_left(case: Request, kind: str, most: int, *, even_refused: bool = False) -> None:
    earlier = Application.objects.filter(request=case, kind=kind)
    if earlier.filter(status=Status.OPEN).exists():
        raise Refused(_("This has been asked for already and waits for a decision."))
    spent = earlier if even_refused else earlier.filter(status=Status.GRANTED)
    if spent.count() >= most:
        raise Refused(_once_more(kind))


def _once_more(kind: str) -> str:
    match kind:
        case Kind.EXTENSION:
            return _("More time was granted twice already. It cannot be asked for again.")
        case Kind.SUSPENSION:
            return _("This case has stood still once already. That is possible only once.")
    return _("There has been an appeal already. That is possible only once.")


def _file(move: Move, actor: User, kind: str, reason: str, until: datetime | None = None) -> Application:
    application = Application.objects.create(
        request=move.request,
        kind=kind,
        reason=reason,
        asked_by=actor,
        asked_at=move.now,
        until=until,
        due_before=move.request.due_at,
    )
    told = _ask(move, application, 1)
    move.note(ApplicationFiled, application=kind, reason=reason, until=until, notify=told)
    return application


def _ask(move: Move, application: Application, level: int) -> set[int]:
    """Ask the people of a level; who is to be told."""
    role = settings.LINLI_APPROVERS[application.kind][level - 1]
    settled = set(application.consents.values_list("decided_by", flat=True))
    found = approvers.find(move.request, role, excluding={application.asked_by_id, *settled})
    if found is None:
        raise Refused(_("Nobody is on duty who could decide about this. Tell the administrator."))
    Consent.objects.create(application=application, level=level, pool=found.pool, asked_at=move.now)
    return set(found.people) | stand_ins_of(found.people)


# --- deciding ----------------------------------------------------------------------------------------
def _open_consent(application: Application, actor: User) -> Consent:
    last = application.consents.select_related("decided_by").last()
    assert last is not None
    if application.status != Status.OPEN:
        if last.decided_by is None:
            raise Refused(_("The case has ended, so there is nothing left to decide."))
        raise Refused(_("%(who)s has decided about this already.") % {"who": last.decided_by})
    if not policies.may_decide(actor, last):
        raise NotAllowed(_("You may not decide about this."))
    return last


def _principal(consent: Consent, actor: User) -> User | None:
    """Whom a stand-in decides for; None for somebody who holds the role."""
    holders = approvers.holders(consent.pool)
    if actor.pk in {user.pk for user in holders}:
        return None
    principals = policies.acting_for(actor)
    return next((user for user in holders if user.pk in principals), None)


def _asker(application: Application) -> set[int]:
    return {application.asked_by_id} | stand_ins_of([application.asked_by_id])


def _settle(move: Move, application: Application, status: str) -> None:
    application.status, application.decided_at = status, move.now
    application.save(update_fields=["status", "decided_at"])


def _grant(move: Move, application: Application) -> None:
    case = move.request
    _settle(move, application, Status.GRANTED)
    match application.kind:
        case Kind.EXTENSION:
            move.change(extensions=case.extensions + 1)
            retime(move)
        case Kind.SUSPENSION:
            if application.until is None or application.until <= move.now:
                raise Refused(
                    _("The day on which it was to go on has passed. Refuse it; it can be asked anew.")
                )
            begin_pause(move, application)
        case Kind.APPEAL:
            move.change(lateness_excused=True)
    application.due_after = case.due_at
    application.save(update_fields=["due_after"])
