"""Noting who has the desk open. It is no news and nobody's history: it tells nobody and leaves no event."""

import time
from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from .. import locator
from ..models import Presence

#: Seconds for which a note holds, and after which it is renewed while the desk stays open.
HOLDS = 90.0
RENEWED = 40.0
#: User id → when this process last saw to their note, on the monotonic clock.
_noted: dict[int, float] = {}


def note_on_line(user_ids: Iterable[int]) -> int:
    """These users have the desk open; how many notes were written.

    Only for those who are on duty or stand in for somebody, and at most one write a person in ``RENEWED``
    seconds, from however many processes they are seen. May be called often: mostly it asks nothing.
    """
    now = time.monotonic()
    for user_id in [user_id for user_id, noted in _noted.items() if noted < now - RENEWED]:
        del _noted[user_id]
    due = [user_id for user_id in user_ids if user_id not in _noted]
    if not due:
        return 0
    written = _write([user_id for user_id in due if _serves(user_id)])
    # Only now: what could not be written is tried again with the next call.
    _noted.update(dict.fromkeys(due, now))
    return written


def _serves(user_id: int) -> bool:
    roster, at = locator.current_roster(), timezone.now()
    return bool(roster.roles_of(user_id, at) or roster.principals_of(user_id, at))


@transaction.atomic
def _write(user_ids: list[int]) -> int:
    at = timezone.now()
    Presence.objects.filter(until__lt=at).delete()
    fresh = at + timedelta(seconds=HOLDS - RENEWED)
    # Another process, to which an earlier page was connected, may have noted it a moment ago.
    known = set(
        Presence.objects.filter(user_id__in=user_ids, until__gt=fresh).values_list("user_id", flat=True)
    )
    until = at + timedelta(seconds=HOLDS)
    notes = [Presence(user_id=user_id, until=until) for user_id in sorted(set(user_ids) - known)]
    Presence.objects.bulk_create(
        notes, update_conflicts=True, unique_fields=["user"], update_fields=["until"], batch_size=500
    )
    return len(notes)
