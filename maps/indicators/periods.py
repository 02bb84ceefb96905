"""Pure: stretches of local days that figures are about, and the ones before them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from grid import days

DAY = timedelta(days=1)
#: No period is longer: a year and a day.
LONGEST = 366


class BadPeriod(ValueError):
    """A text that names no period."""


@dataclass(frozen=True)
class Period:
    """From the first to the last local day, both included."""

    first: date
    last: date
    kind: Literal["month", "week", "days"] = "days"

    @classmethod
    def month(cls, day: date) -> Period:
        """The calendar month a day lies in."""
        first = day.replace(day=1)
        return cls(first, (first + timedelta(days=31)).replace(day=1) - DAY, "month")

    @classmethod
    def week(cls, day: date) -> Period:
        """The week, Monday to Sunday, a day lies in."""
        first = day - timedelta(days=day.weekday())
        return cls(first, first + timedelta(days=6), "week")

    @classmethod
    def days(cls, first: date, last: date) -> Period:
        """Raises :class:`BadPeriod` when it ends before it begins, or is longer than a year."""
        if not timedelta() <= last - first < timedelta(days=LONGEST):
            raise BadPeriod(f"{first}..{last}")
        return cls(first, last, "days")

    @classmethod
    def parse(cls, code: str) -> Period:
        """``2026-10``, ``2026-W48`` or ``2026-10-01..2026-10-15``. Raises :class:`BadPeriod`."""
        try:
            if match := re.fullmatch(r"(\d{4})-(\d\d)", code):
                return cls.month(date(int(match[1]), int(match[2]), 1))
            if match := re.fullmatch(r"(\d{4})-W(\d\d)", code):
                return cls.week(date.fromisocalendar(int(match[1]), int(match[2]), 1))
            first, last = code.split("..")
            return cls.days(date.fromisoformat(first), date.fromisoformat(last))
        except (ValueError, OverflowError) as error:
            raise BadPeriod(code) from error

    @property
    def code(self) -> str:
        """What :meth:`parse` reads."""
        match self.kind:
            case "month":
                return f"{self.first:%Y-%m}"
            case "week":
                year, week, _day = self.first.isocalendar()
                return f"{year}-W{week:02}"
        return f"{self.first}..{self.last}"

    @property
    def start(self) -> datetime:
        """Its first instant."""
        return days.midnight(self.first)

    @property
    def end(self) -> datetime:
        """The first instant after it."""
        return days.after(self.last)

    @property
    def length(self) -> int:
        """In days."""
        return (self.last - self.first).days + 1

    def previous(self) -> Period:
        """The month, the week, or as many days before."""
        before = self.first - DAY
        match self.kind:
            case "month":
                return Period.month(before)
            case "week":
                return Period.week(before)
        return Period(before - (self.last - self.first), before, "days")

    def so_far(self, as_of: datetime) -> datetime:
        """Where it ends for somebody who knows what is known ``as_of``."""
        return min(self.end, as_of)

    def moment_before(self, as_of: datetime) -> datetime:
        """The instant that is to the period before what ``as_of`` is to this one: as far into it, or as long
        after it. Only so are the two figures alike."""
        before = self.previous()
        if as_of >= self.end:
            return before.end + (as_of - self.end)
        return min(before.end, before.start + (as_of - self.start))

    def __str__(self) -> str:
        if self.kind == "month":
            return date_format(self.first, "YEAR_MONTH_FORMAT")
        first, last = (
            date_format(self.first, "SHORT_DATE_FORMAT"),
            date_format(self.last, "SHORT_DATE_FORMAT"),
        )
        return (
            first if self.first == self.last else _("%(first)s to %(last)s") % {"first": first, "last": last}
        )
