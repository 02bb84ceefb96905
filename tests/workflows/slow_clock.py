"""The four clocks told minute by minute: slow, and too simple to be wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

from workflows.clocks import CALENDAR_DAYS, URGENT_HOURS, WORK_DAYS, WORK_HOURS, Pause, Span, WorkCalendar

MINUTE = timedelta(minutes=1)


def runs(
    minute: datetime,
    clock: str,
    calendar: WorkCalendar,
    hours: Callable[[date], Sequence[Span]],
    pauses: Sequence[Pause],
) -> bool:
    """Whether a clock runs during the minute that begins then. ``hours`` of each day, in whole minutes."""
    if any(begin <= minute < end for begin, end in pauses):
        return False
    if clock in (URGENT_HOURS, CALENDAR_DAYS):
        return True
    local = minute.astimezone(calendar.zone)
    if not calendar.is_working(local.date()):
        return False
    second = local.hour * 3600 + local.minute * 60
    return clock == WORK_DAYS or any(start <= second < end for start, end in hours(local.date()))


def due(
    start: datetime,
    minutes: int,
    clock: str,
    calendar: WorkCalendar,
    hours: Callable[[date], Sequence[Span]],
    pauses: Sequence[Pause],
) -> datetime:
    """The end of the minute in which the last of so many running minutes runs."""
    assert clock in (URGENT_HOURS, WORK_HOURS, WORK_DAYS, CALENDAR_DAYS)
    at = start
    while minutes:
        minutes -= runs(at, clock, calendar, hours, pauses)
        at += MINUTE
    return at
