"""How the moves about a case as a whole are told in its story (:mod:`workflows.timeline`)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .models import Application, Supervision
from .policies import Sight
from .told import Told


class Story(Protocol):
    """What a teller may ask of the story it is part of."""

    seen: Sight

    def internal(self, text: str) -> str:
        """The text for those who work on the case, "" for others."""


def _withdrawn(story: Story, said: dict[str, Any]) -> Told:
    return Told(_("Withdrawn by whoever filed it"), "x", "idle", said["reason"])


def _force_closed(story: Story, said: dict[str, Any]) -> Told:
    return Told(_("Closed by order"), "square-check", "done", said["reason"])


def _merged(story: Story, said: dict[str, Any]) -> Told:
    words = _("Joined with request %(number)s, which asks for the same; the answer to it counts for both")
    return Told(words % {"number": said["into"]}, "arrows-join", "work")


def _duplicate(story: Story, said: dict[str, Any]) -> Told:
    words = _("Request %(number)s asks for the same and was joined with this one")
    return Told(words % {"number": said["number"]}, "arrows-join", "work")


def _joined(story: Story, said: dict[str, Any]) -> Told:
    words = ngettext("%(n)d person asks for this", "%(n)d people ask for this by now", said["people"])
    return Told(words % {"n": said["people"]}, "users-plus", "wait")


def _shared(story: Story, said: dict[str, Any]) -> Told:
    words = ngettext(
        "%(n)d person who asks for the same was told",
        "%(n)d people who ask for the same were told",
        said["people"],
    )
    return Told(words % {"n": said["people"]}, "speakerphone")


def _asked(story: Story, said: dict[str, Any]) -> Told:
    words = {
        "extension": _("Asked for more time"),
        "suspension": _("Asked to let the case stand still"),
        "appeal": _("Appealed against the lateness"),
    }[said["application"]]
    if said["until"]:
        words = _("%(words)s until %(day)s") % {"words": words, "day": _day(said["until"])}
    return Told(words, "hourglass", "wait", said["reason"])


def _forwarded(story: Story, said: dict[str, Any]) -> Told:
    words = _("%(what)s: agreed, the next level decides") % {"what": _application(said)}
    return Told(words, "check", "wait", said["opinion"])


def _granted(story: Story, said: dict[str, Any]) -> Told | None:
    if not story.seen.internal and said["application"] != "extension":
        return None  # A suspension is told as such; an appeal is no business of the resident's.
    words = _("%(what)s: granted") % {"what": _application(said)}
    if said["application"] == "extension" and said["case"]["due_at"]:
        words = _("%(words)s; now due %(when)s") % {"words": words, "when": _when(said["case"]["due_at"])}
    return Told(words, "check", "work", story.internal(said["opinion"]))


def _application_refused(story: Story, said: dict[str, Any]) -> Told:
    return Told(_("%(what)s: refused") % {"what": _application(said)}, "x", "again", said["opinion"])


def _suspended(story: Story, said: dict[str, Any]) -> Told:
    words = _("Stands still until %(day)s") % {"day": _day(said["until"])}
    return Told(words, "player-pause", "wait", said["reason"])


def _resumed(story: Story, said: dict[str, Any]) -> Told:
    words = _("Goes on, as planned") if said["planned"] else _("Goes on, earlier than planned")
    return Told(words, "player-play", "work", story.internal(said["reason"]))


def _written(story: Story, said: dict[str, Any]) -> Told:
    words = _("Message to %(names)s") % {"names": _(", ").join(said["to"])}
    return Told(words, "message-2", "wait", said["text"])


def _ordered(story: Story, said: dict[str, Any]) -> Told:
    words = _("Order (%(level)s)") % {"level": Supervision.Level(said["level"]).label}
    if said["reply_by"]:
        words = _("%(words)s, to be answered by %(when)s") % {
            "words": words,
            "when": _when(said["reply_by"]),
        }
    return Told(words, "speakerphone", "again", said["text"])


def _answered(story: Story, said: dict[str, Any]) -> Told:
    words = _("Answered the order") if said["in_time"] else _("Answered the order, late")
    return Told(words, "message-check", "work" if said["in_time"] else "late", said["text"])


def _order_overdue(story: Story, said: dict[str, Any]) -> Told:
    return Told(_("The answer to an order is overdue"), "alert-triangle", "late")


def _excluded(story: Story, said: dict[str, Any]) -> Told:
    return Told(_("Does not count in figures any more"), "calculator-off", "idle", said["reason"])


def _included(story: Story, said: dict[str, Any]) -> Told:
    return Told(_("Counts in figures again"), "calculator", "idle", said["reason"])


def _overdue(story: Story, said: dict[str, Any]) -> Told:
    words = ngettext("Overdue for %(n)d day", "Overdue for %(n)d days", said["days"])
    return Told(words % {"n": said["days"]}, "alert-triangle", "late")


def _deadline_moved(story: Story, said: dict[str, Any]) -> Told | None:
    if not said["case"]["due_at"]:
        return None
    words = _("The working calendar has changed: now due %(when)s") % {"when": _when(said["case"]["due_at"])}
    return Told(words, "calendar-due", "idle")


def _application(said: dict[str, Any]) -> str:
    return str(Application.Kind(said["application"]).label)


def _when(instant: str) -> str:
    return date_format(timezone.localtime(datetime.fromisoformat(instant)), "SHORT_DATETIME_FORMAT")


def _day(instant: str) -> str:
    return date_format(timezone.localtime(datetime.fromisoformat(instant)), "SHORT_DATE_FORMAT")


TELLERS: dict[str, Callable[[Any, dict[str, Any]], Told | None]] = {
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
}
