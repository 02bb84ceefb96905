"""Why a condition held or did not: each of its comparisons with the value that decided it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workflows import conditions


@dataclass(frozen=True)
class Reason:
    """One comparison, the value its field had, and what came of it. Said in words by ``condition_words``."""

    comparison: conditions.Compare | conditions.OneOf | conditions.Truth
    value: conditions.Scalar
    holds: bool


def reasons(condition: conditions.Condition, values: Mapping[str, Any]) -> Iterator[Reason]:
    """The comparisons of a condition, in the order they are written."""
    for leaf in conditions.leaves(condition):
        yield Reason(leaf, conditions.value_of(leaf.left, values), conditions.holds(leaf, values))
