"""Data made to try the tests on: towns of square grids, with or without clusters. Pure and seeded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from .counting import WEEK, Counts, Place
from .hotspots import ACCEPTED, exact_p, flagged, gi_star, permuted_p
from .neighbours import Neighbours
from .trends import PAST_WEEKS, Kind, changes

#: Ways to a p-value that are compared.
METHODS = ("normal", "permuted", "exact")
PERMUTATIONS = 999


def square_town(side: int) -> Neighbours:
    """``side`` × ``side`` square grids; neighbours share a border or a corner."""
    numbers = np.arange(side * side).reshape(side, side)
    pairs = []
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        here = numbers[: side - down, max(0, -right) : side - max(0, right)]
        there = numbers[down:, max(0, right) : side + min(0, right)]
        pairs += [np.stack([here.ravel(), there.ravel()], 1), np.stack([there.ravel(), here.ravel()], 1)]
    return Neighbours(side * side, np.concatenate(pairs))


def scattered(random: np.random.Generator, grids: int, mean: float, spread: float = 0.0) -> np.ndarray:
    """Counts without any cluster: Poisson, or with gamma rates (``spread``: their variance / mean²)."""
    rates = mean if not spread else random.gamma(1 / spread, mean * spread, grids)
    return random.poisson(rates, grids)


@dataclass(frozen=True)
class Planted:
    """Counts with clusters in them, and which grids belong to one."""

    counts: np.ndarray
    inside: np.ndarray


def planted(
    random: np.random.Generator, side: int, mean: float, strength: float, clusters: int, spread: float = 0.0
) -> Planted:
    """Scattered counts with square clusters of 3 × 3 grids in which ``strength`` times as much happens."""
    inside = np.zeros((side, side), dtype=bool)
    for _ in range(clusters):
        row, column = random.integers(0, side - 2, 2)
        inside[row : row + 3, column : column + 3] = True
    flat = inside.ravel()
    rates = np.full(side * side, mean) if not spread else random.gamma(1 / spread, mean * spread, side * side)
    return Planted(random.poisson(np.where(flat, strength * rates, rates)), flat)


def p_values(method: str, counts: np.ndarray, near: Neighbours, seed: int = 0) -> np.ndarray:
    """One-sided p-values of Gi* by one of ``METHODS``."""
    if method == "exact":
        return exact_p(counts.astype(float), near)
    if method == "permuted":
        return permuted_p(counts.astype(float), near, PERMUTATIONS, seed)
    from scipy.stats import norm

    return norm.sf(gi_star(counts.astype(float), near))


@dataclass(frozen=True)
class Calibration:
    """On data without clusters: shares of grids below each level, and of towns with anything flagged."""

    method: str
    mean: float
    spread: float
    below: dict[float, float]
    towns_flagged: float
    grids_flagged: float


def calibrate(method: str, *, mean: float, spread: float, side: int, towns: int, seed: int) -> Calibration:
    """Measure a method on towns without clusters."""
    random = np.random.default_rng(seed)
    near = square_town(side)
    found, any_flagged, share = [], [], []
    for town in range(towns):
        counts = scattered(random, side * side, mean, spread)
        if np.ptp(counts) == 0:
            continue
        p = p_values(method, counts, near, seed=seed + town)
        _, marks = flagged(p)
        found.append(p)
        any_flagged.append(marks.any())
        share.append(marks.mean())
    every = np.concatenate(found)
    below = {level: float((every <= level).mean()) for level in (0.05, 0.01, 0.001)}
    return Calibration(method, mean, spread, below, float(np.mean(any_flagged)), float(np.mean(share)))


@dataclass(frozen=True)
class Recall:
    """On data with planted clusters. Grids beside a cluster are counted apart: Gi* looks at neighbours."""

    mean: float
    strength: float
    recall: float
    clusters_found: float
    false_share: float
    beside_share: float


def recall(
    *, mean: float, strength: float, side: int, towns: int, clusters: int, seed: int, spread: float = 0.0
) -> Recall:
    """Measure how much of planted clusters the shipped method finds.

    ``recall``: share of the clusters' grids flagged; ``clusters_found``: share of towns' clusters touched;
    ``false_share``: share of the flagged that lie neither in a cluster nor beside one; ``beside_share``: of
    those flagged that lie beside one.
    """
    random = np.random.default_rng(seed)
    near = square_town(side)
    hit = inside_number = wrong = beside = marked = touched = 0
    for _ in range(towns):
        made = planted(random, side, mean, strength, clusters, spread)
        _, marks = flagged(exact_p(made.counts.astype(float), near), ACCEPTED)
        ring = (near.matrix @ made.inside.astype(int) > 0) & ~made.inside
        hit += int((marks & made.inside).sum())
        inside_number += int(made.inside.sum())
        beside += int((marks & ring).sum())
        wrong += int((marks & ~ring & ~made.inside).sum())
        marked += int(marks.sum())
        touched += bool((marks & made.inside).any())
    return Recall(
        mean,
        strength,
        hit / inside_number,
        touched / towns,
        wrong / max(marked, 1),
        beside / max(marked, 1),
    )


@dataclass(frozen=True)
class Departures:
    """``false``: shares of towns in which any grid is said to differ from its past though none does, by kind.

    ``found``: by strength, shares of the grids with so many times as much last week that are found.
    """

    mean: float
    size: float
    false: dict[Kind, float]
    found: dict[float, float]


def departures(*, mean: float, size: float, grids: int, towns: int, seed: int) -> Departures:
    """Measure the tests against a grid's own past: ``mean`` cases a week, negative binomial of ``size``."""
    random = np.random.default_rng(seed)
    wrong = {kind: 0 for kind in Kind if kind != Kind.HOT_SPOT}
    for _ in range(towns):
        said = {one.kind for one in changes(past_and_present(random, grids, mean, size))}
        for kind in said:
            wrong[kind] += 1
    found = {}
    for strength in (3.0, 5.0):
        hits = 0
        for _ in range(towns):
            counts = past_and_present(random, grids, mean, size, grids // 20, strength)
            flags = {one.place for one in changes(counts) if one.kind != Kind.SILENT}
            hits += sum(place < grids // 20 for place in flags)
        found[strength] = hits / (towns * (grids // 20))
    return Departures(mean, size, {kind: n / towns for kind, n in wrong.items()}, found)


def past_and_present(
    random: np.random.Generator,
    grids: int,
    mean: float,
    size: float,
    changed: int = 0,
    strength: float = 1.0,
) -> Counts:
    """Twelve weeks of counts by day; in the last the first ``changed`` grids have ``strength`` times as much.

    Grids differ (gamma, variance half the squared mean); a grid's weeks vary with ``size``; days are even.
    """
    weeks = PAST_WEEKS + 4
    own = random.gamma(2.0, mean / 2.0, grids)[:, None] * np.ones(weeks)
    own[:changed, -1] *= strength
    lively = own if np.isinf(size) else own * random.gamma(size, 1 / size, own.shape)
    days = random.poisson(np.repeat(lively / WEEK, WEEK, axis=1))
    series, day = np.nonzero(days)
    places = [Place(n, n // 10) for n in range(grids)]
    last = date(2026, 3, 1)
    first = last - timedelta(days=weeks * WEEK - 1)
    return Counts(places, [""], first, last, series, day, days[series, day])
