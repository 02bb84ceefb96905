"""How well forecasts would have done, made again at the start of past weeks from what was known. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from .counting import WEEK, Counts
from .forecasting import HELD, LEAST_WEEKS, Forecast, Model

#: Weeks that are forecast, at most, counted back from the last whole day.
ORIGINS = 20


@dataclass(frozen=True)
class Score:
    """Errors of a model over all series and weeks forecast; cases a week unless it says otherwise.

    ``mase``: the absolute error in units of that of "as last week" on the weeks known at the start of each
    forecast (1.0 is as bad as that). ``bias``: mean of forecast minus truth. ``deviance``: mean Poisson
    deviance, the measure that a mean cannot win by guessing nothing. ``held``: share of weeks inside the
    interval meant to hold ``HELD``. ``day_mae``: absolute error of single days.
    """

    name: str
    mae: float
    rmse: float
    mase: float
    bias: float
    deviance: float
    held: float
    day_mae: float


@dataclass(frozen=True)
class Backtest:
    """All scores, and what they are over."""

    scores: list[Score]
    series: int
    weeks: int
    cases_a_week: float


def origins(counts: Counts, most: int = ORIGINS) -> list[int]:
    """Numbers of the days on which a forecast is made: whole weeks back from the end, the earliest first."""
    found = [counts.days - WEEK * back for back in range(1, most + 1)]
    return sorted(day for day in found if day >= WEEK * LEAST_WEEKS)


def backtest(counts: Counts, models: Mapping[str, Model], most: int = ORIGINS) -> Backtest:
    """Score each model on every series that ever had a case. Raises ``ValueError`` with too short a past."""
    days = origins(counts, most)
    if not days or not len(counts.busy):
        raise ValueError(f"at least {LEAST_WEEKS + 1} weeks with cases are needed")
    truths = [_week_from(counts, day) for day in days]
    known = [counts.before(day) for day in days]
    scale = _scale(known)
    scores = [
        score(name, [model(past) for past in known], truths, counts.busy, scale)
        for name, model in models.items()
    ]
    cases = float(np.mean([truth[counts.busy].sum(axis=1).mean() for truth in truths]))
    return Backtest(scores, len(counts.busy), len(days), cases)


def score(
    name: str, forecasts: Iterable[Forecast], truths: list[np.ndarray], series: np.ndarray, scale: float
) -> Score:
    """Compare forecasts with what came; ``scale``: see :class:`Score`."""
    errors, day_errors, deviances, held = [], [], [], []
    for forecast, truth in zip(forecasts, truths, strict=True):
        came, meant = truth[series].sum(axis=1), forecast.week[series]
        errors.append(meant - came)
        day_errors.append(np.abs(forecast.mean[series] - truth[series]))
        deviances.append(_deviance(came, meant))
        least, most = forecast.interval(HELD)
        held.append((came >= least[series]) & (came <= most[series]))
    error = np.concatenate(errors)
    mae = float(np.abs(error).mean())
    return Score(
        name,
        mae,
        float(np.sqrt((error**2).mean())),
        mae / scale if scale else float("nan"),
        float(error.mean()),
        float(np.concatenate(deviances).mean()),
        float(np.concatenate(held).mean()),
        float(np.concatenate(day_errors).mean()),
    )


def _deviance(came: np.ndarray, meant: np.ndarray) -> np.ndarray:
    meant = np.maximum(meant, 1e-3)
    part = np.where(came > 0, came * np.log(np.maximum(came, 1e-12) / meant), 0.0)
    return np.asarray(2 * (part - (came - meant)))


def _week_from(counts: Counts, day: int) -> np.ndarray:
    """(series, 7): what came in the week that began with that day."""
    return counts.before(day + WEEK).spans(1, WEEK)


def _scale(known: list[Counts]) -> float:
    """Mean absolute difference of consecutive weeks in the past of the latest origin."""
    latest = known[-1]
    weeks = latest.spans(WEEK, latest.days // WEEK)[latest.busy].astype(float)
    return float(np.abs(np.diff(weeks, axis=1)).mean())
