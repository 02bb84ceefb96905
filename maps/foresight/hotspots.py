"""Where cases lie together more than chance would have it: Getis-Ord Gi* on grids. Pure arithmetic.

The statistic is PySAL's (``esda.G_Local``, star, binary weights): the cases of a grid and its neighbours
together. Its p-value is that of the permutation test *carried to its end*: the exact distribution of the sum
over as many grids drawn at random, without replacement, from the very counts observed. Measured on sparse
counts (docs/explanation/hot-spots.md) the normal approximation flags several times the nominal share, and
999 permutations cannot give a p-value small enough to survive the correction for thousands of tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from scipy.special import comb, gammaln

from .neighbours import Neighbours
from .significance import benjamini_hochberg

#: The share of false ones among those flagged that is accepted (FDR).
ACCEPTED = 0.05
#: Fewer grids with a neighbour than this, or fewer cases, say nothing about where cases gather.
LEAST_GRIDS, LEAST_CASES = 20, 10
#: Counts (or rates) are scaled down to at most so many steps for the exact distribution.
MOST_STEPS = 400


class TooLittle(StrEnum):
    """Why nothing is said."""

    GRIDS = "grids"
    CASES = "cases"


@dataclass(frozen=True)
class HotSpots:
    """One value per grid. ``z``: Gi* in standard deviations; ``p``: one-sided; both NaN where not tested."""

    z: np.ndarray
    p: np.ndarray
    too_little: TooLittle | None = None

    @property
    def tested(self) -> np.ndarray:
        """Which grids were tested."""
        return ~np.isnan(self.p)


def hot_spots(values: np.ndarray, near: Neighbours) -> HotSpots:
    """Gi* and its exact one-sided p-value for each grid; ``values`` are counts ≥ 0 (or rates), one per grid.

    Grids without a neighbour (islands) are neither tested nor part of what the others are compared with.
    """
    values = np.asarray(values, dtype=float)
    nothing = np.full(values.shape, np.nan)
    tied = np.flatnonzero(near.degrees > 0)
    if tied.size < LEAST_GRIDS:
        return HotSpots(nothing, nothing, TooLittle.GRIDS)
    if values[tied].sum() < LEAST_CASES or np.ptp(values[tied]) == 0:
        return HotSpots(nothing, nothing, TooLittle.CASES)
    z, p = nothing.copy(), nothing.copy()
    z[tied] = gi_star(values[tied], near)
    p[tied] = exact_p(values[tied], near)
    return HotSpots(z, p)


def gi_star(values: np.ndarray, near: Neighbours) -> np.ndarray:
    """PySAL's Gi* in standard deviations, for the grids that have neighbours (``near.graph``)."""
    return np.asarray(_g_local(values, near, permutations=0).Zs)


def permuted_p(values: np.ndarray, near: Neighbours, permutations: int, seed: int) -> np.ndarray:
    """PySAL's own simulated p-values, for comparison only; never below 1 / (permutations + 1)."""
    found = _g_local(values, near, permutations=permutations, seed=seed)
    # esda gives the smaller tail whichever it is; ours is the upper one.
    return np.where(found.Zs > 0, found.p_sim, 1.0)


def _g_local(values: np.ndarray, near: Neighbours, **options: Any) -> Any:
    from esda import G_Local

    return G_Local(values, near.graph, transform="B", star=True, keep_simulations=False, n_jobs=1, **options)


def exact_p(values: np.ndarray, near: Neighbours) -> np.ndarray:
    """P(a random set of as many grids holds as much or more), for the grids that have neighbours.

    The set always includes the grid itself, so a set has one grid more than there are neighbours.
    """
    steps = stepped(values)
    sums = steps + near.matrix @ steps
    sizes = near.degrees[near.degrees > 0] + 1
    tails = upper_tails(steps, int(sizes.max()), int(sums.max()))
    return np.minimum(tails[sizes, sums], 1.0)


def stepped(values: np.ndarray) -> np.ndarray:
    """Whole numbers for the exact distribution: counts as they are, rates and huge counts in even steps.

    The test stays exact, since what is observed is taken in the same steps.
    """
    whole = np.rint(values)
    if np.array_equal(whole, values) and values.max() <= MOST_STEPS:
        return whole.astype(int)
    return np.rint(values / values.max() * MOST_STEPS).astype(int)


def upper_tails(steps: np.ndarray, most: int, top: int) -> np.ndarray:
    """``[m, s]``: P(m values drawn without replacement sum to ``s`` or more), for m ≤ most, s ≤ top.

    The number of ways to draw m values with sum s is a coefficient of ∏ (1 + x·z^v) over all values v;
    equal values are multiplied in at once. Weights of draws are scaled by ``r`` each to stay within doubles.
    """
    values, times = np.unique(steps, return_counts=True)
    number = steps.size
    r = most / number
    ways = np.zeros((most + 1, top + 1))
    ways[0, 0] = 1.0
    for value, many in zip(values.tolist(), times.tolist(), strict=True):
        before = ways.copy()
        for taken in range(1, min(many, most) + 1):
            weight = comb(many, taken) * r**taken
            _add(ways, before, taken, min(value * taken, top), weight)
    draws = np.arange(most + 1)
    all_ways = gammaln(number + 1) - gammaln(draws + 1) - gammaln(number - draws + 1) + draws * np.log(r)
    tails = ways[:, ::-1].cumsum(axis=1)[:, ::-1]
    return tails / np.exp(all_ways)[:, None]


def _add(ways: np.ndarray, before: np.ndarray, taken: int, shift: int, weight: float) -> None:
    """Add ``before``, moved by ``taken`` draws and ``shift`` in the sum; the last column is "or more"."""
    rows = ways.shape[0] - taken
    width = ways.shape[1]
    ways[taken:, shift:] += weight * before[:rows, : width - shift]
    if shift:
        ways[taken:, -1] += weight * before[:rows, width - shift :].sum(axis=1)


def flagged(p: np.ndarray, accepted: float = ACCEPTED) -> tuple[np.ndarray, np.ndarray]:
    """(adjusted p, flagged) of a whole family of tests of any shape; NaN is no test and never flagged."""
    adjusted = np.full(p.shape, np.nan)
    tested = ~np.isnan(p)
    adjusted[tested] = benjamini_hochberg(p[tested])
    return adjusted, tested & (np.nan_to_num(adjusted, nan=1.0) <= accepted)
