"""The working calendar: entries come and go, and the times of open cases follow."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from grid.errors import NotAllowed, Refused
from grid.models import User
from grid.policies import may_administer_everything
from realtime.case_events import CalendarChanged, DeadlineMoved
from realtime.log import Audience, Subject, emit

from .. import calendar
from ..models import CalendarEntry, CalendarRevision, Request
from .suspension import retime
from .whole_case import sweeping

logger = logging.getLogger(__name__)
Kind = CalendarEntry.Kind
#: Cases looked for at a time.
_BATCH = 500
#: Days one entry may cover; a longer one is a slip of the pen.
DAYS_MAX = 366
NAME_MAX = 60


@transaction.atomic
def add_entry(
    *, first: date, last: date, kind: str, actor: User, hours: str = "", name: str = ""
) -> CalendarEntry:
    """Add days off, working days, or other working hours, from one local day to another, both included.

    For whoever administers the whole town. Open cases follow with the next sweep (:func:`follow_calendar`).
    Raises :class:`Refused` when it makes no sense or contradicts another entry.
    """
    _require_right(actor)
    number = _lock_revision()
    hours = "".join(hours.split()) if kind == Kind.HOURS else ""
    _check(first, last, kind, hours)
    entry = CalendarEntry.objects.create(
        first=first, last=last, kind=kind, hours=hours, name=" ".join(name.split())[:NAME_MAX], set_by=actor
    )
    _changed(entry, number, actor, removed=False)
    return entry


@transaction.atomic
def remove_entry(*, entry_id: int, actor: User) -> None:
    """Take an entry back; the official calendar counts for its days again. Raises :class:`Refused`."""
    _require_right(actor)
    number = _lock_revision()
    entry = CalendarEntry.objects.filter(pk=entry_id).first()
    if entry is None:
        raise Refused(_("Somebody has removed this entry already."))
    _changed(entry, number, actor, removed=True)
    entry.delete()


def follow_calendar() -> int:
    """Work out anew the times of open cases that were worked out with an older calendar; how many moved.

    Case by case, each in its own transaction under its lock, with one event for each whose deadline moved.
    Safe to run in many processes at once and to be cut off anywhere: what is left to do is on the rows.
    """
    current = calendar.working_calendar().revision
    moved = 0
    for request_id in _behind(current):
        try:
            moved += _follow(request_id, current)
        except Exception:
            logger.exception("request %s could not follow the calendar; it will be tried again", request_id)
    return moved


def _behind(current: int) -> Iterator[int]:
    """Open cases of an older calendar, a batch at a time; one that cannot be moved is passed over once."""
    cases = Request.objects.filter(closed_at=None, process__isnull=False, calendar_revision__lt=current)
    last = 0
    while ids := list(cases.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:_BATCH]):
        yield from ids
        last = ids[-1]


def _follow(request_id: int, current: int) -> bool:
    with sweeping(request_id) as move:
        if move is None or move.request.closed_at is not None or move.request.calendar_revision >= current:
            return False
        before = move.request.due_at
        retime(move)
        if move.request.due_at == before:
            return False
        move.note(DeadlineMoved, due_before=before)
    return True


def _require_right(actor: User) -> None:
    if not may_administer_everything(actor):
        raise NotAllowed(_("Only the administrator of the whole town changes the working calendar."))


def _lock_revision() -> CalendarRevision:
    """Two who change the calendar take turns."""
    CalendarRevision.objects.get_or_create(pk=1, defaults={"number": 0})
    return CalendarRevision.objects.select_for_update().get(pk=1)


def _check(first: date, last: date, kind: str, hours: str) -> None:
    if kind not in Kind.values:
        raise Refused(_("Choose days off, working days, or other working hours."))
    if not calendar.FIRST <= first <= last <= calendar.LAST or (last - first).days >= DAYS_MAX:
        raise Refused(_("The last day must not be before the first, and at most a year after it."))
    if kind == Kind.HOURS:
        try:
            calendar.parse_hours(hours)
        except ValueError:
            raise Refused(
                _("Write the hours like this: 08:00-12:00,14:30-18:30, in order and without overlaps.")
            ) from None
    same = [Kind.HOURS] if kind == Kind.HOURS else [Kind.OFF, Kind.WORKED]
    other = CalendarEntry.objects.filter(kind__in=same, first__lte=last, last__gte=first).first()
    if other is not None:
        raise Refused(
            _("“%(name)s” already covers some of these days. Remove it first.")
            % {"name": other.name or other.get_kind_display()}
        )


def _changed(entry: CalendarEntry, revision: CalendarRevision, actor: User, *, removed: bool) -> None:
    # Milliseconds, so that a number seen in a transaction that was taken back is never given again.
    revision.number = max(revision.number + 1, time.time_ns() // 1_000_000)
    revision.save(update_fields=["number"])
    calendar.forget()
    transaction.on_commit(calendar.forget)
    emit(
        CalendarChanged(entry=entry.kind, first=entry.first, last=entry.last, removed=removed),
        subject=Subject("calendar", 1),
        actor=actor,
        audience=Audience(),
    )
