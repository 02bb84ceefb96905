"""Counts of cases by grid, category and day, as arrays: what all the arithmetic here works on. Pure.

Sparse: only days on which something was filed have an entry. Days are numbered from ``first``; a series is
one grid and one category (or a grid and all categories together).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

import numpy as np

#: Stands for all categories together.
ALL = ""
WEEK = 7


@dataclass(frozen=True)
class Place:
    """A grid: its key, and the key of the area above it, towards which little data is drawn."""

    key: Hashable
    parent: Hashable
    name: str = ""


@dataclass(frozen=True)
class Counts:
    """Cases filed: entry ``e`` says that ``n[e]`` cases of series ``series[e]`` were filed on ``day[e]``.

    Series number = place × len(categories) + category. ``last`` is the last whole day, the day after it is
    the first that is forecast.
    """

    places: Sequence[Place]
    categories: Sequence[str]
    first: date
    last: date
    series: np.ndarray = field(repr=False)
    day: np.ndarray = field(repr=False)
    n: np.ndarray = field(repr=False)

    @property
    def days(self) -> int:
        """Whole days there are, ``first`` and ``last`` included."""
        return (self.last - self.first).days + 1

    def split(self, series: int) -> tuple[int, int]:
        """(number of the place, number of the category) of a series."""
        return divmod(int(series), len(self.categories))

    def window(self, days: int, ended: int = 0) -> np.ndarray:
        """(places, categories): cases of the ``days`` days that end ``ended`` days before ``last``."""
        end = self.days - ended
        inside = (self.day >= end - days) & (self.day < end)
        found = np.bincount(self.series[inside], self.n[inside], len(self.places) * len(self.categories))
        return found.astype(int).reshape(len(self.places), len(self.categories))

    def spans(self, length: int, number: int, ended: int = 0) -> np.ndarray:
        """(series, number): cases of consecutive spans of ``length`` days, the latest last, for every series.

        Spans that begin before ``first`` would count days nobody knows of: ask for no more than there are.
        """
        end = self.days - ended
        span = (self.day - (end - length * number)) // length
        inside = (span >= 0) & (self.day < end)
        found = np.zeros((len(self.places) * len(self.categories), number), dtype=np.int32)
        np.add.at(found, (self.series[inside], span[inside]), self.n[inside])
        return found

    @cached_property
    def busy(self) -> np.ndarray:
        """Numbers of the series that have any case."""
        return np.unique(self.series)

    @cached_property
    def groups(self) -> np.ndarray:
        """For each place the number of its parent, from 0."""
        numbers: dict[Hashable, int] = {}
        return np.array([numbers.setdefault(place.parent, len(numbers)) for place in self.places], dtype=int)

    def before(self, day: int) -> Counts:
        """The same as it was known when day number ``day`` began."""
        known = self.day < day
        return Counts(
            self.places,
            self.categories,
            self.first,
            self.first + timedelta(days=day - 1),
            self.series[known],
            self.day[known],
            self.n[known],
        )


def count(
    rows: Iterable[tuple[Hashable, str, date, int]],
    places: Sequence[Place],
    *,
    last: date,
    first: date | None = None,
    total: bool = True,
) -> Counts:
    """Counts of rows (key of the place, category, day, cases); unknown places and other days are left out.

    With ``total`` all categories together are one more, ``ALL``, first in the list. ``first``: the earliest
    day known of; by default that of the earliest row.
    """
    numbers = {place.key: number for number, place in enumerate(places)}
    known = [row for row in rows if row[0] in numbers and row[2] <= last and (not first or row[2] >= first)]
    names = sorted({category for _, category, _, _ in known} - {ALL})
    categories = [ALL, *names] if total else names
    rank = {name: place for place, name in enumerate(categories)}
    begun = first or min((row[2] for row in known), default=last)
    entries: dict[tuple[int, int], int] = {}
    for key, category, day, n in known:
        base, at = numbers[key] * len(categories), (day - begun).days
        for one in {category, ALL} if total else {category}:
            if one in rank:
                entry = (base + rank[one], at)
                entries[entry] = entries.get(entry, 0) + n
    table = np.array([(series, at, n) for (series, at), n in sorted(entries.items())], dtype=int).reshape(
        -1, 3
    )
    return Counts(places, categories, begun, last, table[:, 0], table[:, 1], table[:, 2])
