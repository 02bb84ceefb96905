"""How surprising a count is: tail probabilities, and their correction for many tests. Pure arithmetic.

A count now is compared with counts before by the *conditional* test: given the total of both, how it splits
does not depend on the unknown rate. If cases come one by one (Poisson) the split is binomial. Real weeks vary
more than that; with a negative binomial of size ``k`` a week the split is exactly beta-binomial, and
``k = inf`` is the binomial again.
"""

from __future__ import annotations

import numpy as np
from scipy.special import betaln, gammaln

#: Sizes beyond this behave like Poisson to six digits.
POISSON_SIZE = 1e6
#: Tests worked out at once.
AT_ONCE = 1_000


def benjamini_hochberg(p: np.ndarray) -> np.ndarray:
    """Adjusted p-values (Benjamini & Hochberg 1995), in their order: up to the share accepted, flag."""
    p = np.asarray(p, dtype=float)
    number = p.size
    if not number:
        return p.copy()
    order = np.argsort(p, kind="stable")
    stepped = p[order] * number / np.arange(1, number + 1)
    adjusted = np.empty(number)
    adjusted[order] = np.minimum.accumulate(stepped[::-1])[::-1]
    return np.minimum(adjusted, 1.0)


def split_tails(
    now: np.ndarray, before: np.ndarray, span_now: float, span_before: float, size: float | np.ndarray
) -> np.ndarray:
    """P(as many as ``now`` or more | now + before), for counts over ``span_now`` and ``span_before`` weeks.

    ``size``: the negative binomial's size per week (large: Poisson). All arrays of one length.
    """
    now, before = np.asarray(now, dtype=int), np.asarray(before, dtype=int)
    sizes = np.broadcast_to(np.asarray(size, dtype=float), now.shape)
    total, found = now + before, np.ones(now.shape)
    # Those with like totals together, so that a table of their terms has no more columns than needed.
    some = np.flatnonzero(now > 0)
    some = some[np.argsort(total[some], kind="stable")]
    for start in range(0, len(some), AT_ONCE):
        part = some[start : start + AT_ONCE]
        found[part] = _tails(now[part], total[part], span_now, span_before, sizes[part])
    return np.minimum(found, 1.0)


def _tails(
    now: np.ndarray, total: np.ndarray, span_now: float, span_before: float, size: np.ndarray
) -> np.ndarray:
    """Sums of the terms from ``now`` to ``total``."""
    columns = np.arange(int(now.min()), int(total.max()) + 1)
    inside = (columns >= now[:, None]) & (columns <= total[:, None])
    many = np.broadcast_to(total[:, None], inside.shape)[inside]
    few = np.broadcast_to(columns, inside.shape)[inside]
    wide = np.broadcast_to(size[:, None], inside.shape)[inside]
    terms = np.zeros(inside.shape)
    terms[inside] = _split_pmf(few, many, span_now, span_before, wide)
    return np.asarray(terms.sum(axis=1))


def least_tails(total: np.ndarray, span_now: float, span_before: float, size: np.ndarray) -> np.ndarray:
    """The smallest value :func:`split_tails` can take for this total: all of it now.

    Where even that is not small, no count could have been flagged; such tests are no tests.
    """
    size = np.minimum(np.broadcast_to(np.asarray(size, dtype=float), np.shape(total)), POISSON_SIZE)
    a, b = size * span_now, size * span_before
    wide = np.exp(betaln(total + a, b) - betaln(a, b))
    return np.where(size >= POISSON_SIZE, (span_now / (span_now + span_before)) ** np.asarray(total), wide)


def _split_pmf(
    now: np.ndarray, total: np.ndarray, span_now: float, span_before: float, size: np.ndarray
) -> np.ndarray:
    choose = gammaln(total + 1) - gammaln(now + 1) - gammaln(total - now + 1)
    share = span_now / (span_now + span_before)
    plain = now * np.log(share) + (total - now) * np.log1p(-share)
    capped = np.minimum(size, POISSON_SIZE)
    a, b = capped * span_now, capped * span_before
    wide = betaln(now + a, total - now + b) - betaln(a, b)
    return np.asarray(np.exp(choose + np.where(size >= POISSON_SIZE, plain, wide)))


def pooled_size(weeks: np.ndarray) -> float:
    """The negative binomial's size, pooled over many series: ``weeks`` is (series, weeks) of counts.

    By moments: the variance within each series beyond its mean, against the mean squared. ``inf`` when the
    weeks vary no more than Poisson; never below 0.2, which would make every burst unremarkable.
    """
    if weeks.size == 0 or weeks.shape[1] < 2:
        return float("inf")
    mean = weeks.mean(axis=1)
    variance = weeks.var(axis=1, ddof=1)
    # E[mean²] is the true one plus the variance of the mean.
    square = np.maximum(mean**2 - variance / weeks.shape[1], 0).sum()
    beyond = (variance - mean).sum()
    if beyond <= 0 or square <= 0:
        return float("inf")
    return max(float(square / beyond), 0.2)
