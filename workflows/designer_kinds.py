"""The kinds of blocks as the designer offers them, most used first, in words of the office."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


@dataclass(frozen=True)
class Kind:
    """``about`` says when to take it."""

    type: str
    icon: str
    name: Any
    about: Any


KINDS = (
    Kind("approval", "user-check", pgettext_lazy("block", "Step"), _("Somebody decides or does something")),
    Kind(
        "condition",
        "arrows-split-2",
        pgettext_lazy("block", "Condition"),
        _("One of several ways, by what is the case"),
    ),
    Kind(
        "parallel",
        "arrows-split",
        pgettext_lazy("block", "At the same time"),
        _("Several branches side by side"),
    ),
    Kind(
        "inclusive",
        "git-fork",
        pgettext_lazy("block", "Every case that holds"),
        _("One, several or all ways"),
    ),
    Kind("cc", "copy", pgettext_lazy("block", "Copy"), _("People read it, nobody has to act")),
    Kind("notify", "bell", pgettext_lazy("block", "Notice"), _("People get a message")),
    Kind("whistle", "speakerphone", pgettext_lazy("block", "Whistle"), _("Departments must report in")),
    Kind("timer", "hourglass", pgettext_lazy("block", "Wait"), _("Goes on after a time")),
    Kind(
        "subprocess",
        "sitemap",
        pgettext_lazy("block", "Sub-process"),
        _("Another workflow as a part of this one"),
    ),
    Kind("milestone", "flag", pgettext_lazy("block", "Mark"), _("Registered, handled, closed")),
    Kind(
        "webhook", "world", pgettext_lazy("block", "Tell another system"), _("A system of the town is told")
    ),
    Kind("end", "circle-check", pgettext_lazy("block", "End"), _("The case is over")),
)

#: Other pictures the script shows: its name for one → the icon.
ICONS = {
    "users": "user", "users-group": "users-group", "checks": "checks", "forms": "forms", "clock": "clock",
    "message": "message", "sitemap": "sitemap", "world": "world", "flag": "flag", "plus": "plus",
    "error": "alert-octagon", "warning": "alert-triangle", "sound": "circle-check", "up": "chevron-up",
    "down": "chevron-down", "trash": "trash", "x": "x", "code": "code",
}  # fmt: skip

#: What a step may allow beyond deciding.
MOVES = (
    ("transfer", _("Pass it on to somebody else for good (转办)")),
    ("delegate", _("Let somebody else prepare it and decide afterwards (委派)")),
    ("return", _("Send it back to an earlier step (退回)")),
    ("sign_before", _("Ask somebody to sign before (前加签)")),
    ("sign_after", _("Ask somebody to sign after (后加签)")),
    ("remove_signer", _("Take a signer out again (减签)")),
    ("co_handle", _("Call in somebody to help (协办)")),
)
