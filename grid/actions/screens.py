"""Screens on a wall: allowed with a key of their own, taken back at any time."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from realtime.grid_events import ScreenAllowed, ScreenWithdrawn
from realtime.log import Audience, Subject, emit

from ..errors import NotAllowed, Refused
from ..models import Area, Screen, User
from ..policies import may_allow_screen, visible_screens
from .rights import require
from .tokens import digest_of

#: Days for which a screen may be allowed; then somebody has to say again that it is still wanted.
DAYS = (31, 92, 366)
#: So that a key found in a file or a log is known for what it is.
PREFIX = "linliwall_"


@transaction.atomic
def allow_screen(*, area: Area, name: str, days: int, actor: User) -> tuple[Screen, str]:
    """Let a screen show the wall of an area: it and its key, which is shown once and kept nowhere."""
    require(actor, may_allow_screen, area)
    name = " ".join(name.split())[:60]
    if not name:
        raise Refused(_("Give the screen a name, so that you know later where it hangs."))
    if days not in DAYS:
        raise Refused(_("Choose how long the screen may show the wall."))
    key = PREFIX + secrets.token_urlsafe(32)
    until = timezone.now() + timedelta(days=days)
    screen = Screen.objects.create(area=area, name=name, digest=digest_of(key), by=actor, until=until)
    said = ScreenAllowed(name=name, area=area.code, until=until)
    emit(said, subject=Subject("screen", screen.pk), actor=actor, audience=Audience(area.path))
    return screen, key


@transaction.atomic
def withdraw_screen(*, screen_id: int, actor: User) -> Screen:
    """It shows nothing any more, within seconds, wherever it hangs. Only screens of one's own areas."""
    mine = visible_screens(actor).select_for_update(of=("self",))
    screen = mine.select_related("area").filter(pk=screen_id).first()
    if screen is None:
        raise NotAllowed(_("This screen does not show an area of yours, or was taken back already."))
    said = ScreenWithdrawn(name=screen.name, area=screen.area.code)
    emit(said, subject=Subject("screen", screen.pk), actor=actor, audience=Audience(screen.area.path))
    screen.delete()
    return screen


@transaction.atomic
def open_screen(*, key: str) -> Screen | None:
    """The screen whose key it is, while it may show something. Notes when it was opened."""
    found = Screen.objects.select_for_update(of=("self",)).select_related("area")
    screen = found.filter(digest=digest_of(key), until__gt=timezone.now()).first()
    if screen is not None:
        screen.opened_at = timezone.now()
        screen.save(update_fields=["opened_at"])
    return screen
