"""Where the present differs from the same place's own past: rising numbers, sudden ones, and silence. Pure.

A place is compared with itself only, over whole weeks or the same days of the week, by the conditional test
of :mod:`.significance`. How much more than Poisson a category's weeks vary is measured over all its places.
All tests of one kind are corrected together (FDR).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from .counting import WEEK, Counts
from .hotspots import ACCEPTED
from .significance import benjamini_hochberg, least_tails, pooled_size, split_tails

#: Weeks of the past that the present is compared with; with fewer than ``LEAST_WEEKS`` nothing is said.
PAST_WEEKS, LEAST_WEEKS = 8, 4
#: Fewer cases than this in the days looked at are nobody's trend.
LEAST_NOW = 3


class Kind(StrEnum):
    """What a finding is about. The first is of :mod:`.hotspots`."""

    HOT_SPOT = "hot_spot"
    RISING = "rising"
    SUDDEN = "sudden"
    SILENT = "silent"


@dataclass(frozen=True)
class Change:
    """One place and category that differs from its own past.

    ``now``: cases of the last ``days`` days; ``usual``: of as many days before, on the average; ``most``: the
    most there were in any of the ``weeks`` spans compared with; ``p`` is corrected.
    """

    kind: Kind
    place: int
    category: int
    days: int
    now: int
    usual: float
    most: int
    weeks: int
    p: float


def changes(counts: Counts) -> list[Change]:
    """Everything that departs from its own past, most certain first; empty with less than a month of it."""
    return sorted([*rising(counts), *sudden(counts), *silent(counts)], key=lambda change: change.p)


def rising(counts: Counts, days: int = WEEK) -> list[Change]:
    """More in the last week than in the weeks before it (the same days of the week, as it is whole weeks)."""
    weeks = past_weeks(counts, WEEK)
    if not weeks:
        return []
    return list(_more(counts, Kind.RISING, days, counts.spans(WEEK, weeks + 1)[counts.busy], weeks))


def sudden(counts: Counts, days: int = 2) -> list[Change]:
    """More in the last two days than on the same days of the week before."""
    weeks = past_weeks(counts, days)
    if not weeks:
        return []
    spans = np.stack([counts.window(days, ended=WEEK * back).ravel() for back in range(weeks, -1, -1)], 1)
    return list(_more(counts, Kind.SUDDEN, days, spans[counts.busy], weeks))


def silent(counts: Counts, days: int = 4 * WEEK) -> list[Change]:
    """Nothing, or next to nothing, in four weeks from where something used to come."""
    weeks = past_weeks(counts, days) // 4 * 4
    if weeks < LEAST_WEEKS:
        return []
    spans = counts.spans(WEEK, weeks + 4)[counts.busy]
    now, before = spans[:, weeks:].sum(axis=1), spans[:, :weeks].sum(axis=1)
    sizes = _sizes(counts, spans[:, :weeks])
    # The lower tail: as much or more of it lay before.
    p = split_tails(before, now, weeks, 4, sizes)
    testable = least_tails(now + before, weeks, 4, sizes) <= ACCEPTED
    usual = before / weeks * 4
    found = _kept(p, testable, (usual >= LEAST_NOW) & (now <= usual / 4))
    most = spans[:, :weeks].reshape(len(spans), -1, 4).sum(axis=2).max(axis=1, initial=0)
    return [_change(counts, Kind.SILENT, days, at, now, usual, most, weeks, q) for at, q in found]


def past_weeks(counts: Counts, days: int) -> int:
    """Weeks of the past to compare with, up to ``PAST_WEEKS``; 0 when there are too few."""
    weeks = min((counts.days - days) // WEEK, PAST_WEEKS)
    return weeks if weeks >= LEAST_WEEKS else 0


def _more(counts: Counts, kind: Kind, days: int, spans: np.ndarray, weeks: int) -> Iterator[Change]:
    """``spans``: (busy series, weeks + 1), the present last."""
    now, past = spans[:, -1], spans[:, :-1]
    before = past.sum(axis=1)
    sizes = _sizes(counts, past)
    candidate = now >= LEAST_NOW
    p = np.ones(len(now))
    p[candidate] = split_tails(now[candidate], before[candidate], 1, weeks, sizes[candidate])
    testable = np.zeros(len(now), dtype=bool)
    enough = now + before >= LEAST_NOW
    testable[enough] = least_tails((now + before)[enough], 1, weeks, sizes[enough]) <= ACCEPTED
    for at, q in _kept(p, testable, candidate):
        yield _change(counts, kind, days, at, now, before / weeks, past.max(axis=1), weeks, q)


def _sizes(counts: Counts, past: np.ndarray) -> np.ndarray:
    """For each busy series the size that belongs to its category's weeks."""
    categories = counts.busy % len(counts.categories)
    found = np.full(len(categories), np.inf)
    for category in np.unique(categories):
        of_it = categories == category
        found[of_it] = pooled_size(past[of_it])
    return found


def _kept(p: np.ndarray, testable: np.ndarray, wanted: np.ndarray) -> list[tuple[int, float]]:
    """(place in the array, corrected p) of what is flagged. What cannot be flagged at all is no test: that
    depends on the totals alone, which the tests are conditional on."""
    places = np.flatnonzero(testable)
    adjusted = benjamini_hochberg(p[places])
    return [
        (int(at), float(q)) for at, q in zip(places, adjusted, strict=True) if q <= ACCEPTED and wanted[at]
    ]


def _change(
    counts: Counts,
    kind: Kind,
    days: int,
    at: int,
    now: np.ndarray,
    usual: np.ndarray,
    most: np.ndarray,
    weeks: int,
    p: float,
) -> Change:
    place, category = counts.split(counts.busy[at])
    return Change(kind, place, category, days, int(now[at]), float(usual[at]), int(most[at]), weeks, p)
