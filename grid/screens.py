"""Who looks at a wall on which nobody is signed in: whoever stands before a screen.

A :class:`Viewer` stands where policies take a user. Only the wall's own addresses make one, out of what the
session says (:func:`viewer_of`); to every other address the same session is nobody's, so a screen's browser
can ask for nothing but the wall.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils import timezone

from .models import Area, Screen

#: Where a session keeps the digest of its screen's key.
SESSION_KEY = "screen"


@dataclass(frozen=True)
class Viewer:
    """Watches one subtree like its supervisor would; holds no role, owns nothing, may write nothing."""

    path: str
    name: str
    digest: str
    pk: ClassVar[None] = None
    is_authenticated: ClassVar[bool] = False
    is_anonymous: ClassVar[bool] = True
    is_active: ClassVar[bool] = True
    is_superuser: ClassVar[bool] = False


def valid(digests: Collection[str]) -> dict[str, Viewer]:
    """Digest → viewer, of the screens that may show something now. One query."""
    screens = Screen.objects.filter(digest__in=digests, until__gt=timezone.now())
    in_force = screens.filter(area__in=Area.objects.in_force().values("pk"))
    return {
        screen.digest: Viewer(screen.area.path, str(screen.area), screen.digest)
        for screen in in_force.select_related("area").defer("area__geometry")
    }


def viewer_of(session: Any) -> Viewer | None:
    """The viewer before the screen whose session it is; None for everybody else's and for withdrawn ones."""
    digest = session.get(SESSION_KEY)
    return valid([digest]).get(digest) if digest else None
