"""Sentences about moves of a whole case and the calendar. The rules are those of :mod:`.notifications`."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext

from .saying import Payload
from .saying import case as _case
from .saying import due as _due
from .saying import name as _name
from .saying import when as _when


def _withdrawn(said: Payload) -> str:
    return gettext("Request %(number)s was withdrawn by whoever filed it. There is nothing left to do.") % (
        _case(said)
    )


def _force_closed(said: Payload) -> str:
    return gettext("Request %(number)s was closed by order.") % _case(said)


def _merged(said: Payload) -> str:
    return gettext("Request %(number)s was joined with %(into)s, which asks for the same.") % (
        _case(said) | {"into": _name(said["into"])}
    )


def _duplicate(said: Payload) -> str:
    return gettext("Request %(other)s asks for the same and was joined with %(number)s.") % (
        _case(said) | {"other": _name(said["number"])}
    )


def _joined(said: Payload) -> str:
    return gettext("One more person asks for the same as request %(number)s.") % _case(said)


def _shared(said: Payload) -> str:
    return gettext("Request %(number)s, for which you asked too, has ended. Open it to see how.") % (
        _case(said)
    )


def _asked(said: Payload) -> str:
    sentence = {
        "extension": gettext("Request %(number)s: more time is asked for. Please decide."),
        "suspension": gettext("Request %(number)s: it is asked to let it stand still. Please decide."),
        "appeal": gettext("Request %(number)s: an appeal against its lateness. Please decide."),
    }[said["application"]]
    return sentence % _case(said)


def _forwarded(said: Payload) -> str:
    return gettext("Request %(number)s: the first level has agreed to an application. Please decide.") % (
        _case(said)
    )


def _granted(said: Payload) -> str:
    sentence = {
        "extension": gettext("Request %(number)s: more time was granted, until %(when)s."),
        "suspension": gettext("Request %(number)s: it may stand still."),
        "appeal": gettext("Request %(number)s: the appeal was granted."),
    }[said["application"]]
    return sentence % (_case(said) | {"when": _due(said)})


def _application_refused(said: Payload) -> str:
    sentence = {
        "extension": gettext("Request %(number)s: more time was refused."),
        "suspension": gettext("Request %(number)s: it may not stand still."),
        "appeal": gettext("Request %(number)s: the appeal was refused."),
    }[said["application"]]
    return sentence % _case(said)


def _suspended(said: Payload) -> str:
    return gettext("Request %(number)s stands still until %(when)s. Open it to see why.") % (
        _case(said) | {"when": _when(said["until"])}
    )


def _resumed(said: Payload) -> str:
    return gettext("Request %(number)s goes on.") % _case(said)


def _ordered(said: Payload) -> str:
    if said["reply_by"]:
        return gettext("There is an order about request %(number)s. Answer it by %(when)s.") % (
            _case(said) | {"when": _when(said["reply_by"])}
        )
    return gettext("There is an order about request %(number)s.") % _case(said)


def _answered(said: Payload) -> str:
    return gettext("Your order about request %(number)s was answered.") % _case(said)


def _order_overdue(said: Payload) -> str:
    return gettext("The answer to an order about request %(number)s is overdue.") % _case(said)


def _written(said: Payload) -> str:
    return gettext("%(who)s writes to you about request %(number)s. Open it to read the message.") % (
        _case(said) | {"who": _name(said["sender"])}
    )


def _excluded(said: Payload) -> str:
    return gettext("Request %(number)s does not count in figures any more. Open it to see why.") % _case(said)


def _included(said: Payload) -> str:
    return gettext("Request %(number)s counts in figures again.") % _case(said)


def _overdue(said: Payload) -> str:
    many = gettext("Request %(number)s has been overdue for %(days)d days.")
    one = gettext("Request %(number)s has been overdue for a day.")
    number = _name(said["case"]["number"])
    return (one if said["days"] == 1 else many) % {"number": number, "days": said["days"]}


def _deadline_moved(said: Payload) -> str:
    return gettext("The working calendar has changed: request %(number)s is due %(when)s.") % (
        _case(said) | {"when": _due(said)}
    )


def _calendar_changed(said: Payload) -> str:
    return gettext("The working calendar was changed.")


#: Event name → sentence.
WORDS: dict[str, Callable[[Payload], str]] = {
    "request.withdrawn": _withdrawn,
    "request.force_closed": _force_closed,
    "request.merged": _merged,
    "duplicate.added": _duplicate,
    "request.joined": _joined,
    "outcome.shared": _shared,
    "application.filed": _asked,
    "application.forwarded": _forwarded,
    "application.granted": _granted,
    "application.refused": _application_refused,
    "request.suspended": _suspended,
    "request.resumed": _resumed,
    "order.given": _ordered,
    "order.answered": _answered,
    "order.overdue": _order_overdue,
    "message.sent": _written,
    "request.excluded": _excluded,
    "request.included": _included,
    "deadline.overdue": _overdue,
    "deadline.moved": _deadline_moved,
    "calendar.changed": _calendar_changed,
}
