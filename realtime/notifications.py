"""What people are told of events, in a sentence, in their language; and what they have read.

The sentences are plain text made from the event's payload alone. They never hold what a resident wrote: a
notification may be mailed and shown on a locked screen, so it says that there is something, not what.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from . import case_words
from .models import Event, Notification
from .saying import Payload
from .saying import case as _case
from .saying import due as _due
from .saying import name as _name
from .saying import title as _title
from .saying import when as _when


def sentence(event: Event) -> str:
    """The event in one plain sentence, in the active language. Escape it like any other text."""
    words = WORDS.get(event.kind)
    return words(event.payload) if words else gettext("Something has changed.")


def case_number(event: Event) -> str:
    """The number of the case an event is about; empty when it is about something else."""
    return _name((event.payload.get("case") or {}).get("number"))


def latest(user: Any) -> QuerySet[Notification]:
    """A person's notifications, newest first; nobody's but their own."""
    if isinstance(user, AnonymousUser):
        return Notification.objects.none()
    return Notification.objects.filter(user=user).select_related("event").order_by("-pk")


def unread_count(user: Any) -> int:
    return latest(user).filter(read_at=None).count()


def mark_read(*, user: Any, ids: Iterable[int] | None = None) -> int:
    """Mark a person's notifications read, all of them or those with these ids; how many were unread."""
    unread = latest(user).filter(read_at=None)
    if ids is not None:
        unread = unread.filter(pk__in=list(ids))
    return unread.order_by().update(read_at=timezone.now())


# --- The words ---------------------------------------------------------------------------------
def _filed(said: Payload) -> str:
    return gettext("We have received request %(number)s.") % _case(said)


def _registered(said: Payload) -> str:
    return gettext("Request %(number)s has been accepted.") % _case(said)


def _imported(said: Payload) -> str:
    return gettext("Request %(number)s was taken over from another system.") % _case(said)


def _task_created(said: Payload) -> str:
    if said.get("assignee"):
        return gettext("“%(title)s” of request %(number)s is waiting for %(who)s.") % (
            _case(said) | {"who": _name(said["assignee"])}
        )
    return gettext("“%(title)s” of request %(number)s can be claimed.") % _case(said)


def _task_claimed(said: Payload) -> str:
    return gettext("“%(title)s” of request %(number)s has been claimed.") % _case(said)


def _task_unclaimed(said: Payload) -> str:
    return gettext("“%(title)s” of request %(number)s can be claimed again.") % _case(said)


def _task_decided(said: Payload) -> str:
    outcome = _title(said, "outcome_title")
    return gettext("“%(title)s” of request %(number)s: %(outcome)s.") % (_case(said) | {"outcome": outcome})


def _task_settled(said: Payload) -> str:
    outcome = _title(said, "outcome_title")
    return gettext("“%(title)s” of request %(number)s is settled: %(outcome)s.") % (
        _case(said) | {"outcome": outcome}
    )


def _task_delegated(said: Payload) -> str:
    return gettext("%(who)s is asked to do “%(title)s” of request %(number)s and to give it back.") % (
        _case(said) | {"who": _name(said["to"])}
    )


def _task_answered(said: Payload) -> str:
    return gettext("There is an answer to “%(title)s” of request %(number)s.") % _case(said)


def _task_taken_back(said: Payload) -> str:
    return gettext("“%(title)s” of request %(number)s was taken back.") % _case(said)


def _signer_added(said: Payload) -> str:
    return gettext("%(who)s is asked to sign “%(title)s” of request %(number)s as well.") % (
        _case(said) | {"who": _name(said["to"])}
    )


def _signer_removed(said: Payload) -> str:
    return gettext("%(who)s need not sign “%(title)s” of request %(number)s any more.") % (
        _case(said) | {"who": _name(said["signer"])}
    )


def _help_asked(said: Payload) -> str:
    return gettext("%(who)s is asked to help with “%(title)s” of request %(number)s.") % (
        _case(said) | {"who": _name(said["to"])}
    )


def _task_transferred(said: Payload) -> str:
    return gettext("“%(title)s” of request %(number)s was passed on to %(who)s.") % (
        _case(said) | {"who": _name(said["to"])}
    )


def _task_returned(said: Payload) -> str:
    return gettext("Request %(number)s was sent back to “%(to)s”.") % (
        _case(said) | {"to": _title(said, "to_title")}
    )


def _task_timed_out(said: Payload) -> str:
    return gettext("The time for “%(title)s” of request %(number)s has run out.") % _case(said)


def _copy_sent(said: Payload) -> str:
    return gettext("For your information: request %(number)s.") % _case(said)


def _task_skipped(said: Payload) -> str:
    return gettext("“%(title)s” of request %(number)s was passed over.") % _case(said)


def _copy_read(said: Payload) -> str:
    return gettext("The copy of request %(number)s was read.") % _case(said)


def _notice_sent(said: Payload) -> str:
    # The clerk's own words are not cut short as names are.
    text = " ".join(said["text"].split())
    return gettext("Request %(number)s: %(text)s") % (_case(said) | {"text": text})


def _hook_called(said: Payload) -> str:
    return gettext("“%(hook)s” is told of request %(number)s.") % (
        _case(said) | {"hook": _name(said["hook"])}
    )


def _hook_failed(said: Payload) -> str:
    return gettext("“%(hook)s” could not be told of request %(number)s.") % (
        _case(said) | {"hook": _name(said["hook"])}
    )


def _deadline_approached(said: Payload) -> str:
    return gettext("Request %(number)s is due soon: %(when)s.") % (_case(said) | {"when": _due(said)})


def _deadline_breached(said: Payload) -> str:
    return gettext("Request %(number)s is overdue. It was due %(when)s.") % (
        _case(said) | {"when": _due(said)}
    )


def _closed(said: Payload) -> str:
    if said["state"] == "rejected":
        return gettext("Request %(number)s was not accepted. Open it to see why.") % _case(said)
    if said["state"] == "withdrawn":
        return gettext("Request %(number)s was withdrawn.") % _case(said)
    if said["state"] == "merged":
        return gettext("Request %(number)s goes on together with another one that asks for the same.") % (
            _case(said)
        )
    return gettext("Request %(number)s is finished. Please tell us how it went.") % _case(said)


def _rated(said: Payload) -> str:
    if said["solved"]:
        return gettext("Request %(number)s was rated: solved.") % _case(said)
    return gettext("Request %(number)s was rated: not solved.") % _case(said)


def _reopened(said: Payload) -> str:
    return gettext("Request %(number)s was reopened.") % _case(said)


def _urged(said: Payload) -> str:
    if said.get("by_office"):
        return gettext("A superior asks you to hurry: request %(number)s.") % _case(said)
    return gettext("The resident asks you to hurry: request %(number)s.") % _case(said)


def _kept(said: Payload) -> str:
    return gettext("Request %(number)s stays with whoever has it, though the borders have moved.") % _case(
        said
    )


def _passed_on(said: Payload) -> str:
    return gettext("The borders have moved: request %(number)s was passed on to %(grid)s.") % (
        _case(said) | {"grid": _title(said, "to_name")}
    )


def _migrated(said: Payload) -> str:
    return gettext("Request %(number)s goes on by another version of its workflow.") % _case(said)


def _area_created(said: Payload) -> str:
    return gettext("Area %(name)s was added.") % {"name": _name(said["name"])}


def _area_changed(said: Payload) -> str:
    return gettext("Area %(code)s was changed.") % {"code": _name(said["code"])}


def _area_retired(said: Payload) -> str:
    return gettext("Area %(code)s is no longer in force.") % {"code": _name(said["code"])}


def _areas_imported(said: Payload) -> str:
    return gettext("Areas were imported: %(added)d new, %(changed)d changed.") % {
        "added": said["added"],
        "changed": said["changed"],
    }


def _import_undone(said: Payload) -> str:
    return gettext("An import of areas was undone.")


def _areas_redrawn(said: Payload) -> str:
    return gettext("The borders of the grids in %(name)s were changed.") % {"name": _name(said["name"])}


def _duty_assigned(said: Payload) -> str:
    return gettext("%(member)s has a new duty.") % {"member": _name(said["member"])}


def _duty_ended(said: Payload) -> str:
    return gettext("A duty of %(member)s has ended.") % {"member": _name(said["member"])}


def _sharing_changed(said: Payload) -> str:
    return gettext("How work is shared in area %(area)s has changed.") % {"area": _name(said["area"])}


def _stand_in_appointed(said: Payload) -> str:
    return gettext("%(stand_in)s stands in for %(member)s from %(since)s to %(until)s.") % {
        "stand_in": _name(said["stand_in"]),
        "member": _name(said["member"]),
        "since": _when(said["since"]),
        "until": _when(said["until"]),
    }


def _stand_in_ended(said: Payload) -> str:
    return gettext("%(stand_in)s no longer stands in for %(member)s.") % {
        "stand_in": _name(said["stand_in"]),
        "member": _name(said["member"]),
    }


def _member_added(said: Payload) -> str:
    return gettext("%(member)s now serves as a member.") % {"member": _name(said["member"])}


def _member_changed(said: Payload) -> str:
    return gettext("The details of %(member)s were changed.") % {"member": _name(said["member"])}


def _member_left(said: Payload) -> str:
    return gettext("%(member)s no longer serves as a member.") % {"member": _name(said["member"])}


def _token_issued(said: Payload) -> str:
    return gettext("A key for a program was made: %(name)s.") % {"name": _name(said["name"])}


def _token_revoked(said: Payload) -> str:
    return gettext("A key for a program was taken back: %(name)s.") % {"name": _name(said["name"])}


def _screen_allowed(said: Payload) -> str:
    return gettext("The screen “%(name)s” may show the wall.") % {"name": _name(said["name"])}


def _screen_withdrawn(said: Payload) -> str:
    return gettext("The screen “%(name)s” may not show the wall any more.") % {"name": _name(said["name"])}


def _workflow_published(said: Payload) -> str:
    return gettext("Workflow %(definition)s, version %(number)d, was published.") % {
        **_workflow(said),
        "number": said["number"],
    }


def _workflow_proposed(said: Payload) -> str:
    return gettext("A change of workflow %(definition)s waits for your approval.") % _workflow(said)


def _proposal_refused(said: Payload) -> str:
    return gettext("The change of workflow %(definition)s was not approved: %(reason)s") % {
        **_workflow(said),
        "reason": _name(said["reason"]),
    }


def _proposal_withdrawn(said: Payload) -> str:
    return gettext("The change of workflow %(definition)s was withdrawn.") % _workflow(said)


def _workflow_bound(said: Payload) -> str:
    return gettext("It was set for which requests workflow %(definition)s is.") % _workflow(said)


def _publishing_rule(said: Payload) -> str:
    if said["second_person"]:
        return gettext("From now on a second person has to approve before a workflow is published.")
    return gettext("From now on one person alone may publish workflows.")


def _workflow(said: Payload) -> dict[str, str]:
    return {"definition": _title(said, "name") or _name(said["definition"])}


#: Event name → sentence.
WORDS: dict[str, Callable[[Payload], str]] = {
    "request.filed": _filed,
    "request.registered": _registered,
    "request.imported": _imported,
    "task.created": _task_created,
    "task.claimed": _task_claimed,
    "task.unclaimed": _task_unclaimed,
    "task.decided": _task_decided,
    "task.settled": _task_settled,
    "task.delegated": _task_delegated,
    "task.answered": _task_answered,
    "task.taken_back": _task_taken_back,
    "signer.added": _signer_added,
    "signer.removed": _signer_removed,
    "help.asked": _help_asked,
    "task.transferred": _task_transferred,
    "task.returned": _task_returned,
    "task.timed_out": _task_timed_out,
    "copy.sent": _copy_sent,
    "task.skipped": _task_skipped,
    "copy.read": _copy_read,
    "notice.sent": _notice_sent,
    "hook.called": _hook_called,
    "hook.failed": _hook_failed,
    "deadline.approached": _deadline_approached,
    "deadline.breached": _deadline_breached,
    "request.closed": _closed,
    "request.rated": _rated,
    "request.reopened": _reopened,
    "request.urged": _urged,
    "request.kept": _kept,
    "request.passed_on": _passed_on,
    "request.migrated": _migrated,
    **case_words.WORDS,
    "area.created": _area_created,
    "area.changed": _area_changed,
    "area.retired": _area_retired,
    "areas.imported": _areas_imported,
    "areas.import_undone": _import_undone,
    "area.redrawn": _areas_redrawn,
    "responsibility.assigned": _duty_assigned,
    "responsibility.ended": _duty_ended,
    "sharing.changed": _sharing_changed,
    "stand_in.appointed": _stand_in_appointed,
    "stand_in.ended": _stand_in_ended,
    "member.added": _member_added,
    "member.changed": _member_changed,
    "member.left": _member_left,
    "token.issued": _token_issued,
    "token.revoked": _token_revoked,
    "screen.allowed": _screen_allowed,
    "screen.withdrawn": _screen_withdrawn,
    "workflow.published": _workflow_published,
    "workflow.proposed": _workflow_proposed,
    "workflow.proposal_refused": _proposal_refused,
    "workflow.proposal_withdrawn": _proposal_withdrawn,
    "workflow.bound": _workflow_bound,
    "workflow.unbound": _workflow_bound,
    "publishing_rule.changed": _publishing_rule,
}
