"""How much will come next week, by place and category, with its error. Pure arithmetic.

The shipped forecast is plain: a place's own cases over the last weeks, drawn towards the mean of the places
beside it (same area above) as far as its own past is too short to tell, spread over the days of the week as
the category's are. Rivals stand beside it so that ``backtest`` can say whether it is any better than doing
less; docs/explanation/forecast.md has the table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import nbinom, poisson

from .counting import WEEK, Counts
from .significance import POISSON_SIZE, pooled_size

#: Weeks of the past that a forecast looks at, and how many it needs.
WEEKS, LEAST_WEEKS = 8, 4
#: The share of weeks that the interval is meant to hold.
HELD = 0.8


@dataclass(frozen=True)
class Forecast:
    """(series, 7): ``mean`` cases on each of the next seven days; ``size`` (series,) of the week's total.

    The week's total is meant to be negative binomial with that size (inf: Poisson); all NaN: not known.
    """

    mean: np.ndarray
    size: np.ndarray

    @property
    def week(self) -> np.ndarray:
        """(series,): expected total of the week."""
        return np.asarray(self.mean.sum(axis=1))

    def interval(self, held: float = HELD) -> tuple[np.ndarray, np.ndarray]:
        """(least, most) whole cases of the week: the middle ``held`` of what is to be expected."""
        return self.quantile((1 - held) / 2), self.quantile((1 + held) / 2)

    def quantile(self, share: float) -> np.ndarray:
        """The smallest total that holds at least ``share`` of the distribution."""
        week = np.maximum(self.week, 1e-9)
        size = np.minimum(self.size, POISSON_SIZE)
        wide = nbinom.ppf(share, size, size / (size + week))
        return np.where(self.size >= POISSON_SIZE, poisson.ppf(share, week), wide)


Model = Callable[[Counts], Forecast]


def shrunk(counts: Counts) -> Forecast:
    """The shipped forecast: own mean of the last eight weeks, drawn towards the places beside it."""
    weeks = _weeks(counts)
    past = _by_week(counts, weeks)
    own, times = past.sum(axis=2), weeks
    target, trust = _parents(counts, own / times)
    # Gamma prior with mean `target`, worth `trust` weeks; Poisson weeks.
    rate = (own + trust * target) / (times + trust)
    size = _sizes(past)
    # The rate itself is uncertain: that widens the interval as if the size were smaller.
    size = 1 / (1 / size + 1 / np.maximum((times + trust) * rate, 1e-9))
    profile = _profile(counts, weeks)
    return Forecast(_days(rate, profile), _flat(size))


def last_week(counts: Counts) -> Forecast:
    """As many as last week, day by day."""
    return _plain(counts, 1)


def same_weekday(counts: Counts) -> Forecast:
    """The mean of the same day of the week over the last eight weeks; nothing is drawn anywhere."""
    return _plain(counts, _weeks(counts))


def whole_mean(counts: Counts) -> Forecast:
    """The mean of all the past."""
    return _plain(counts, max(counts.days // WEEK, 1))


def none_at_all(counts: Counts) -> Forecast:
    """Nothing will come. Where cases are rare this has the smallest absolute error, and is of no use."""
    series = len(counts.places) * len(counts.categories)
    return Forecast(np.zeros((series, WEEK)), np.full(series, np.inf))


#: By name, the shipped one first.
MODELS: dict[str, Model] = {
    "shrunk weekday mean (shipped)": shrunk,
    "same weekday, mean of 8 weeks": same_weekday,
    "as last week": last_week,
    "mean of all weeks": whole_mean,
    "nothing at all": none_at_all,
}


def _weeks(counts: Counts) -> int:
    return max(min(counts.days // WEEK, WEEKS), 1)


def _by_week(counts: Counts, weeks: int) -> np.ndarray:
    """(places, categories, weeks)."""
    return counts.spans(WEEK, weeks).reshape(len(counts.places), len(counts.categories), weeks)


def _plain(counts: Counts, weeks: int) -> Forecast:
    days = counts.spans(1, WEEK * weeks).reshape(-1, weeks, WEEK)
    mean = days.mean(axis=1)
    size = _sizes(days.sum(axis=2).reshape(len(counts.places), len(counts.categories), weeks))
    return Forecast(mean, _flat(size))


def _parents(counts: Counts, rates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(places, categories) each: mean rate of the places under one parent, and the weeks that is worth.

    Under one parent the rates differ by more than chance alone (what is left of their variance after Poisson
    noise). The more they differ, the less the mean says about one place.
    """
    group = counts.groups
    number = np.bincount(group)
    means = np.stack([np.bincount(group, column) for column in rates.T], 1) / number[:, None]
    squares = np.stack([np.bincount(group, column) for column in ((rates - means[group]) ** 2).T], 1)
    weeks = _weeks(counts)
    noise = (means / weeks).T * np.maximum(number - 1, 0)
    # Pooled over all parents of a category: a single parent has too few places to tell.
    between = np.maximum(
        (squares.sum(axis=0) - noise.sum(axis=1)) / np.maximum(len(group) - len(number), 1), 0
    )
    overall = np.maximum(rates.mean(axis=0), 1e-9)
    trust = np.where(between > 0, overall / np.maximum(between, 1e-12), 1e6)
    return means[group], np.broadcast_to(np.minimum(trust, 1e6), rates.shape)


def _sizes(past: np.ndarray) -> np.ndarray:
    """(places, categories): the category's size of a week, pooled over its places that have any case."""
    sizes = []
    for column in range(past.shape[1]):
        weeks = past[:, column]
        sizes.append(pooled_size(weeks[weeks.any(axis=1)]))
    return np.broadcast_to(np.array(sizes, dtype=float), past.shape[:2])


def _profile(counts: Counts, weeks: int) -> np.ndarray:
    """(categories, 7): how a week's cases of a category spread over the coming days; rows sum to 1.

    Drawn towards an even spread by one case a day, so that a rare category keeps no accidents.
    """
    since = counts.days - WEEK * weeks
    inside = counts.day >= since
    many = len(counts.categories)
    slot = counts.series[inside] % many * WEEK + (counts.day[inside] - since) % WEEK
    totals = np.bincount(slot, counts.n[inside], many * WEEK).reshape(many, WEEK) + 1.0
    return np.asarray(totals / totals.sum(axis=1, keepdims=True))


def _days(rate: np.ndarray, profile: np.ndarray) -> np.ndarray:
    return np.asarray((rate[:, :, None] * profile[None]).reshape(-1, WEEK))


def _flat(values: np.ndarray) -> np.ndarray:
    return np.asarray(values, dtype=float).reshape(-1)
