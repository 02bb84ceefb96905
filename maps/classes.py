"""Pure: the classes a map is coloured by. Breaks are natural ones, found by mapclassify."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

#: More colours than this nobody tells apart on a map.
MOST = 5
#: Of more different values than this so many are looked at, evenly: the work grows with their square.
MOST_VALUES = 150


def breaks(values: Iterable[float | None], most: int = MOST) -> list[float]:
    """The upper end of each class, ascending; the last one is the largest value. Empty without any value.

    Zero is a class of its own where it occurs: "nothing" is not "little". With few different values each is
    its own class. Otherwise Jenks' natural breaks (Fisher-Jenks: the best ones, and no chance in it), each
    value counted once: it is about levels, not about how many areas share one.
    """
    found = sorted({value for value in values if value is not None})
    zero = [value for value in found if value == 0.0]
    rest = [value for value in found if value != 0.0]
    room = most - len(zero)
    return zero + (rest if len(rest) <= room else _natural(rest, room))


def _natural(values: list[float], k: int) -> list[float]:
    # Two seconds and a hundred megabytes, for those who look at such a map only.
    import mapclassify
    import numpy as np

    # Without a compiler it says that it is slow; with so few values it is not.
    warnings.filterwarnings("ignore", message="Numba not installed")
    if len(values) > MOST_VALUES:
        values = [values[round(at)] for at in np.linspace(0, len(values) - 1, MOST_VALUES)]
    return [float(each) for each in mapclassify.FisherJenks(np.array(values, dtype=float), k=k).bins]
