"""What a person typed, made fit to keep: the words stay as they are."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

from grid.errors import Refused

#: Characters. Said in the form, checked here.
TEXT_MAX = 10_000

_SURROGATES = re.compile("[\\ud800-\\udfff]")


def clean_text(text: str, *, required: bool = True) -> str:
    """A person's words as typed, but for what no database or socket can carry (NUL, lone surrogates).

    Markup, template syntax and scripts are just text. Raises :class:`Refused` when empty or too long.
    """
    text = _SURROGATES.sub("\ufffd", text.replace("\0", ""))
    if required and not text.strip():
        raise Refused(_("Say in a few words what it is about."))
    if len(text) > TEXT_MAX:
        raise Refused(
            _("The text has %(length)d characters; at most %(limit)d fit. Shorten it and send it again.")
            % {"length": len(text), "limit": TEXT_MAX}
        )
    return text
