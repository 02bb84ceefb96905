"""The working calendar of this installation: official holidays and make-up days (调休), and local exceptions.

``chinesecalendar`` carries the State Council's yearly notices. It ends with the last notice published when
it was released; days after that count by weekday only, unless somebody names them: in the console, entry by
entry (:class:`workflows.models.CalendarEntry`), or for the whole installation in ``LINLI_HOLIDAYS`` and
``LINLI_MAKE_UP_DAYS``. The console's entries come first, then the settings, then the notices.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from chinese_calendar.constants import holidays, workdays
from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, register
from django.utils import timezone

from .clocks import Season, Span, WorkCalendar

FIRST, LAST = date(2000, 1, 1), date(2100, 12, 31)
#: The longest usual limit is 15 working days; warn when one begun today may reach beyond the notices.
HORIZON = timedelta(days=30)


@dataclass(frozen=True)
class Entry:
    """One local exception, as :class:`workflows.models.CalendarEntry` keeps it."""

    first: date
    last: date
    kind: str
    hours: str = ""


@dataclass(frozen=True)
class _Known:
    """The calendar this process worked with last: of which settings, of which revision, read when."""

    settings: tuple[Any, ...]
    read_at: float
    calendar: WorkCalendar


_lock = threading.Lock()
_known: _Known | None = None


def official_until() -> date:
    """The last day covered by a published notice: the end of that notice's year."""
    return date(max(holidays).year, 12, 31)


def working_calendar(at_least: int = 0) -> WorkCalendar:
    """The calendar in force; built (some 30 ms) when it has changed.

    A change in another process is seen within ``LINLI_STAMP_SECONDS``, and at once by whoever asks for a
    revision ``at_least`` as new: that of the case whose times they work out. A case whose times were worked
    out with an older revision is found by :func:`workflows.actions.calendar.follow_calendar`.
    """
    global _known
    known, wanted = _known, _settings()
    same = known is not None and known.settings == wanted
    if known is not None and same and known.calendar.revision >= at_least and _is_fresh(known):
        return known.calendar
    from .models import CalendarRevision

    number = CalendarRevision.objects.values_list("number", flat=True).first() or 0
    with _lock:
        if known is not None and same and known.calendar.revision == number:
            calendar = known.calendar
        else:
            calendar = _build(*wanted, entries=_entries(), revision=number)
        _known = _Known(wanted, time.monotonic(), calendar)
    return calendar


def _is_fresh(known: _Known) -> bool:
    return time.monotonic() - known.read_at <= settings.LINLI_STAMP_SECONDS


def calendar_by_settings() -> WorkCalendar:
    """The calendar without the console's entries; asks no database."""
    return _build(*_settings())


def forget() -> None:
    """Read the calendar anew when it is asked for next."""
    global _known
    _known = None


def _settings() -> tuple[Any, ...]:
    return (
        settings.TIME_ZONE,
        tuple(settings.LINLI_HOLIDAYS),
        tuple(settings.LINLI_MAKE_UP_DAYS),
        settings.LINLI_WORK_HOURS,
    )


def _entries() -> tuple[Entry, ...]:
    from .models import CalendarEntry

    rows = CalendarEntry.objects.order_by("pk").values_list("first", "last", "kind", "hours")
    return tuple(Entry(*row) for row in rows)


@lru_cache(maxsize=4)
def _build(
    zone: str,
    off: tuple[str, ...],
    on: tuple[str, ...],
    hours: str,
    *,
    entries: tuple[Entry, ...] = (),
    revision: int = 0,
) -> WorkCalendar:
    local = {date.fromisoformat(day): False for day in off}
    local |= {date.fromisoformat(day): True for day in on}
    for entry in entries:
        if entry.kind != "hours":
            local |= dict.fromkeys(days_of(entry.first, entry.last), entry.kind == "worked")

    def is_working(day: date) -> bool:
        if day in local:
            return local[day]
        if day in workdays or day in holidays:
            return day in workdays
        return day.weekday() < 5

    return WorkCalendar(
        first=FIRST,
        last=LAST,
        is_working=is_working,
        zone=ZoneInfo(zone),
        hours=parse_hours(hours),
        seasons=[
            Season(entry.first, entry.last, parse_hours(entry.hours))
            for entry in entries
            if entry.kind == "hours"
        ],
        known_until=_known_until([day for day, worked in local.items() if not worked]),
        revision=revision,
    )


def _known_until(days_off: Sequence[date]) -> date:
    """The end of the last year for which holidays are known, without a gap: by notice, or named here."""
    year = official_until().year
    named = {day.year for day in days_off}
    while year + 1 in named:
        year += 1
    return date(year, 12, 31)


def days_of(first: date, last: date) -> list[date]:
    """The days from one to another, both included."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def parse_hours(text: str) -> tuple[Span, ...]:
    """``"08:00-12:00,14:00-18:00"`` as spans in seconds since midnight. Raises ValueError."""
    spans = []
    for part in text.split(","):
        start, end = (_seconds(moment) for moment in part.strip().split("-"))
        spans.append((start, end))
    flat = [moment for span in spans for moment in span]
    if flat != sorted(set(flat)) or flat[-1] > 86_400:
        raise ValueError(f"working hours must follow each other within a day: {text!r}")
    return tuple(spans)


def _seconds(moment: str) -> int:
    hour, minute = moment.strip().split(":")
    return int(hour) * 3600 + int(minute) * 60


@register()
def check_calendar(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """The settings of the calendar can be read, and its official part does not end under running limits.

    Asks no database: there may be none yet. The console's page warns with the entries counted in.
    """
    try:
        calendar = calendar_by_settings()
    except ValueError as error:
        return [Error(f"The working calendar cannot be built: {error}", id="workflows.E001")]
    if calendar.knows(timezone.localdate() + HORIZON):
        return []
    return [
        Info(
            f"Public holidays are known until {calendar.known_until}; later days count by weekday only.",
            hint="Update the package chinesecalendar once the State Council has published the next year, "
            "or name its holidays in the console.",
            id="workflows.I001",
        )
    ]
