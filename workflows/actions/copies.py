"""抄送: marking copies of a case as read."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from grid.models import User
from realtime.events import CopyRead
from realtime.log import Audience, Subject, emit

from .. import queries
from ..brief import case_brief
from ..locking import lock_case
from ..models import CarbonCopy


@transaction.atomic
def read_copies(*, request_id: int, actor: User) -> int:
    """Mark the actor's copies of a case as read; how many were not yet. Said in the story, once."""
    request = lock_case(request_id)
    now = timezone.now()
    unread = CarbonCopy.objects.filter(request=request, user=actor, read_at=None).update(read_at=now)
    if unread:
        emit(
            CopyRead(case=case_brief(request)),
            subject=Subject("request", request.pk),
            actor=actor,
            audience=Audience(request.area_path, [*queries.own_people(request), actor.pk]),
            at=now,
        )
    return unread
