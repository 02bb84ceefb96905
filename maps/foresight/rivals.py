"""A forecast by a library, to see whether it is worth its weight: Poisson regression (scikit-learn).

It learns from a place's own last weeks, its category and the places beside it.

Not shipped: ``backtest_forecast --library`` sets it beside the others.
"""

from __future__ import annotations

import numpy as np

from .counting import WEEK, Counts
from .forecasting import WEEKS, Forecast, shrunk

#: Weeks each of which teaches the regression once.
TAUGHT = 12


def poisson_regression(counts: Counts) -> Forecast:
    """Taught on the weeks before each origin alone; days and interval are those of the shipped forecast."""
    from sklearn.linear_model import PoissonRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    plain = shrunk(counts)
    weeks = min(counts.days // WEEK, TAUGHT + WEEKS)
    if weeks <= WEEKS + 1:
        return plain
    past = counts.spans(WEEK, weeks).astype(float)
    busy = counts.busy
    model = make_pipeline(StandardScaler(), PoissonRegressor(alpha=1e-3, max_iter=500))
    features = [_features(counts, past[:, at - WEEKS : at])[busy] for at in range(WEEKS, weeks)]
    targets = [past[busy, at] for at in range(WEEKS, weeks)]
    model.fit(np.concatenate(features), np.concatenate(targets))
    week = np.zeros(len(past))
    week[busy] = model.predict(_features(counts, past[:, -WEEKS:])[busy])
    share = plain.mean / np.maximum(plain.week, 1e-12)[:, None]
    return Forecast(week[:, None] * share, plain.size)


def _features(counts: Counts, weeks: np.ndarray) -> np.ndarray:
    """(series, 6): logs of last week, of the means of four and eight weeks, of parent and category, and how
    last week of the category compares with its mean."""
    shape = (len(counts.places), len(counts.categories), weeks.shape[1])
    cube = weeks.reshape(shape)
    group = counts.groups
    number = np.bincount(group)[:, None]
    eight = cube.mean(axis=2)
    parent = (np.stack([np.bincount(group, column) for column in eight.T], 1) / number)[group]
    category = np.broadcast_to(eight.mean(axis=0), eight.shape)
    latest = np.broadcast_to(cube[:, :, -1].mean(axis=0), eight.shape)
    tame = [
        np.log(part + 0.1) for part in (cube[:, :, -1], cube[:, :, -4:].mean(axis=2), eight, parent, category)
    ]
    return np.stack([*tame, np.log((latest + 0.1) / (category + 0.1))], axis=2).reshape(-1, 6)
