"""The four clocks of a case, as pure arithmetic: when it is due, how much has run, which light it shows.

Rules (docs/explanation/domain.md §2):

* *urgent hours* run always;
* *working hours* run 8–12 and 14–18 on working days (the hours are the calendar's, by setting);
* *working days* run the whole day on working days and stand still on all others, so a matter reported on
  Friday at 10:00 with one working day is due on Monday at 10:00;
* *calendar days* run always, in days of 24 hours.

A limit may stand still for a while (挂账): ``pauses`` are pairs of instants between which nothing runs.

Every instant is an aware ``datetime``; results are in UTC. Working time is counted in whole seconds of local
wall-clock time. Light: green until 80 % of the limit, yellow until 100 %, red beyond.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from itertools import accumulate
from typing import Literal

Light = Literal["green", "yellow", "red", "none"]
Span = tuple[int, int]
#: From when to when a clock stands still.
Pause = tuple[datetime, datetime]

URGENT_HOURS, WORK_HOURS, WORK_DAYS, CALENDAR_DAYS = (
    "urgent_hours",
    "work_hours",
    "work_days",
    "calendar_days",
)
#: Seconds in one unit of a limit.
UNIT = {URGENT_HOURS: 3600, WORK_HOURS: 3600, WORK_DAYS: 86_400, CALENDAR_DAYS: 86_400}
#: The share of the limit after which the light turns yellow.
YELLOW_SHARE = Decimal("0.8")

DAY = 86_400
WHOLE_DAY: tuple[Span, ...] = ((0, DAY),)


class OutsideCalendar(ValueError):
    """An instant lies before the first or after the last day the calendar was built for."""


@dataclass(frozen=True, slots=True)
class _Pace:
    """A clock that runs during ``spans`` (seconds of the day) of each working day."""

    spans: tuple[Span, ...]
    starts: tuple[int, ...]
    # Seconds that have run before each span of the day, and in the whole day.
    before: tuple[int, ...]
    per_day: int

    @classmethod
    def over(cls, spans: Sequence[Span]) -> _Pace:
        lengths = [end - start for start, end in spans]
        total = [0, *accumulate(lengths)]
        return cls(tuple(spans), tuple(start for start, _ in spans), tuple(total[:-1]), total[-1])

    def ran_by(self, second: int) -> int:
        """Seconds that have run when the day is ``second`` seconds old."""
        ran = 0
        for (start, end), before in zip(self.spans, self.before, strict=True):
            if second <= start:
                break
            ran = before + min(second, end) - start
        return ran

    def second_at(self, ran: int) -> int:
        """The first second of the day by which ``ran`` seconds (0 < ran ≤ per_day) have run."""
        span = bisect_left(self.before, ran) - 1
        return self.starts[span] + ran - self.before[span]


@dataclass(frozen=True, slots=True)
class Season:
    """Other working hours on the days from ``first`` to ``last``: shorter ones in the summer, half a day."""

    first: date
    last: date
    hours: Sequence[Span]


class WorkCalendar:
    """Which days are worked, indexed so that every question costs the same however long the limit.

    ``is_working`` is asked once for each day from ``first`` to ``last`` when the calendar is built.
    ``hours`` are the working hours of a day as (start, end) in seconds since midnight, in order; on the days
    of a season, that season's (of two seasons the later one in the list).
    ``known_until`` is the last day for which official holidays were known; later days are weekends only.
    ``revision`` tells calendars apart: a later one has a larger number.
    """

    def __init__(
        self,
        *,
        first: date,
        last: date,
        is_working: Callable[[date], bool],
        zone: tzinfo,
        hours: Sequence[Span] = ((8 * 3600, 12 * 3600), (14 * 3600, 18 * 3600)),
        seasons: Sequence[Season] = (),
        known_until: date | None = None,
        revision: int = 0,
    ) -> None:
        self.zone = zone
        self.first, self.last = first, last
        self.known_until = known_until or last
        self.revision = revision
        self._base = first.toordinal()
        working = [is_working(date.fromordinal(n)) for n in range(self._base, last.toordinal() + 1)]
        self._working = working
        self._usual = {WORK_HOURS: _Pace.over(hours), WORK_DAYS: _Pace.over(WHOLE_DAY)}
        self._seasonal = self._paces(seasons)
        # _before[clock][i]: seconds that run before day i.
        self._before = {clock: self._totals(clock) for clock in (WORK_HOURS, WORK_DAYS)}

    def _paces(self, seasons: Sequence[Season]) -> dict[int, _Pace]:
        """Index of a day → how the clock of working hours runs on it, where it differs from the usual."""
        paces: dict[int, _Pace] = {}
        for season in seasons:
            begin = max(season.first.toordinal() - self._base, 0)
            end = min(season.last.toordinal() - self._base, len(self._working) - 1)
            paces |= dict.fromkeys(range(begin, end + 1), _Pace.over(season.hours))
        return paces

    def _totals(self, clock: str) -> list[int]:
        lengths = (
            self._pace(index, clock).per_day if worked else 0 for index, worked in enumerate(self._working)
        )
        return [0, *accumulate(lengths)]

    def _pace(self, index: int, clock: str) -> _Pace:
        usual = self._usual[clock]
        return self._seasonal.get(index, usual) if clock == WORK_HOURS else usual

    def is_working(self, day: date) -> bool:
        """Whether people work on that day. Raises :class:`OutsideCalendar`."""
        return self._working[self._index(day.toordinal())]

    def hours_on(self, day: date) -> tuple[Span, ...]:
        """The working hours of that day; none on a day off. Raises :class:`OutsideCalendar`."""
        index = self._index(day.toordinal())
        return self._pace(index, WORK_HOURS).spans if self._working[index] else ()

    def knows(self, day: date) -> bool:
        """Whether the official holidays of that day were known, or only its weekday."""
        return day <= self.known_until

    def ran(self, instant: datetime, clock: str) -> int:
        """Working seconds from the calendar's first day to an instant, on a working clock."""
        local = instant.astimezone(self.zone)
        index = self._index(local.toordinal())
        ran = self._before[clock][index]
        if self._working[index]:
            ran += self._pace(index, clock).ran_by(local.hour * 3600 + local.minute * 60 + local.second)
        return ran

    def instant(self, ran: int, clock: str) -> datetime:
        """The earliest instant by which that many working seconds have run; the inverse of :meth:`ran`."""
        before = self._before[clock]
        index = bisect_left(before, ran) - 1
        if not 0 <= index < len(self._working):
            raise OutsideCalendar(f"{ran} working seconds end outside the calendar")
        second = self._pace(index, clock).second_at(ran - before[index])
        midnight = datetime.fromordinal(self._base + index)
        return (midnight + timedelta(seconds=second)).replace(tzinfo=self.zone).astimezone(UTC)

    def _index(self, ordinal: int) -> int:
        index = ordinal - self._base
        if not 0 <= index < len(self._working):
            raise OutsideCalendar(f"{date.fromordinal(ordinal)} is outside {self.first}–{self.last}")
        return index


def seconds(limit: Decimal | float, clock: str) -> int:
    """A limit (hours or days, by the clock) in whole seconds of that clock."""
    return round(limit * UNIT[clock])


def _stretches(start: datetime, pauses: Sequence[Pause]) -> Iterator[tuple[datetime, datetime | None]]:
    """The stretches in which a clock that began at ``start`` runs; the last one has no end."""
    for begin, end in sorted(pauses):
        if end <= start:
            continue
        if begin > start:
            yield start, begin
        start = end
    yield start, None


def _ran(start: datetime, end: datetime, clock: str, calendar: WorkCalendar) -> timedelta:
    if clock in (WORK_HOURS, WORK_DAYS):
        # Whole seconds count: a start within a second counts from the second's beginning.
        return timedelta(seconds=calendar.ran(end, clock) - calendar.ran(start, clock))
    return end - start


def _after(
    start: datetime, running: int, clock: str, calendar: WorkCalendar, pauses: Sequence[Pause]
) -> datetime:
    left = timedelta(seconds=running)
    for begin, end in _stretches(start, pauses):
        if clock in (WORK_HOURS, WORK_DAYS):
            at = calendar.instant(calendar.ran(begin, clock) + round(left.total_seconds()), clock)
        else:
            at = begin.astimezone(UTC) + left
        if end is None or at <= end:
            return at
        left -= _ran(begin, end, clock, calendar)
    raise AssertionError("the last stretch has no end")


def due(
    start: datetime,
    limit: Decimal | float,
    clock: str,
    calendar: WorkCalendar,
    pauses: Sequence[Pause] = (),
) -> datetime:
    """When a limit that began at ``start`` has run out: the earliest instant at which all of it has run.

    ``limit`` is in the clock's unit and must be positive. Raises :class:`OutsideCalendar`.
    """
    return _after(start, max(1, seconds(limit, clock)), clock, calendar, pauses)


def yellow(
    start: datetime,
    limit: Decimal | float,
    clock: str,
    calendar: WorkCalendar,
    pauses: Sequence[Pause] = (),
) -> datetime:
    """When 80 % of the limit has run, on the same clock."""
    return _after(start, max(1, round(seconds(limit, clock) * YELLOW_SHARE)), clock, calendar, pauses)


def elapsed(
    start: datetime, end: datetime, clock: str, calendar: WorkCalendar, pauses: Sequence[Pause] = ()
) -> float:
    """How much has run between two instants, in the clock's unit; negative when ``end`` comes first."""
    if end < start:
        return -elapsed(end, start, clock, calendar, pauses)
    ran = timedelta()
    for begin, stop in _stretches(start, pauses):
        if begin < end:
            ran += _ran(begin, end if stop is None else min(stop, end), clock, calendar)
    return ran.total_seconds() / UNIT[clock]


def light(
    now: datetime, yellow_at: datetime | None, due_at: datetime | None, ended_at: datetime | None = None
) -> Light:
    """The traffic light: while a case is open by ``now``; once ended, green if it was in time, else red."""
    if due_at is None:
        return "none"
    if ended_at is not None:
        return "green" if ended_at <= due_at else "red"
    if now > due_at:
        return "red"
    return "yellow" if yellow_at is not None and now >= yellow_at else "green"
