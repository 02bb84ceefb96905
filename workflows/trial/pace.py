"""How long steps take, in working hours: as given, or as measured."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Literal, Protocol

from .case import Decision, TrialCase

How = Literal["given", "case", "step", "steps", "none", "nobody"]


@dataclass(frozen=True)
class Took:
    """How long a step is supposed to take. ``hours`` are working hours, None: nobody ever acts.

    ``how`` says where the number is from: ``given`` by whoever tries; measured on this very ``case``; the
    median of this ``step`` in ``n`` cases; the median of all ``steps`` of the workflow; ``none``: nothing was
    measured, and it counts as no time at all; ``nobody``: only deadlines move the case.
    """

    hours: float | None
    how: How
    n: int = 0


class Pace(Protocol):
    def of(self, block: str, visit: int, case: TrialCase) -> Took:
        """How long the case stays at a block when it comes there for the ``visit``-th time (from 1)."""


@dataclass(frozen=True)
class Given:
    """The same number of working hours for every step, but for those named in ``steps``."""

    hours: float
    steps: Mapping[str, float] = field(default_factory=dict)

    def of(self, block: str, visit: int, case: TrialCase) -> Took:
        return Took(self.steps.get(block, self.hours), "given")


@dataclass(frozen=True)
class Nobody:
    """Nobody acts: what happens is what deadlines do by themselves."""

    def of(self, block: str, visit: int, case: TrialCase) -> Took:
        return Took(None, "nobody")


@dataclass(frozen=True)
class Measured:
    """Medians of what was measured; with ``own`` what the case itself took at the step comes first."""

    steps: Mapping[str, tuple[float, int]]
    overall: tuple[float, int] | None
    own: bool = False

    def of(self, block: str, visit: int, case: TrialCase) -> Took:
        took: Sequence[Decision] = case.decided.get(block, ())
        if self.own and visit <= len(took):
            return Took(took[visit - 1].hours, "case", 1)
        if found := self.steps.get(block):
            return Took(found[0], "step", found[1])
        if self.overall is not None:
            return Took(self.overall[0], "steps", self.overall[1])
        return Took(0.0, "none")


def measured(
    cases: Iterable[TrialCase], *, own: bool = False, but: Collection[str] = frozenset()
) -> Measured:
    """The medians of what these past cases took, step by step and over all steps but those named in ``but``
    (how long residents take to rate says nothing about the office)."""
    hours: dict[str, list[float]] = {}
    for case in cases:
        for block, decided in case.decided.items():
            hours.setdefault(block, []).extend(decision.hours for decision in decided)
    everything = [value for block, values in hours.items() if block not in but for value in values]
    return Measured(
        steps={block: (median(values), len(values)) for block, values in hours.items() if values},
        overall=(median(everything), len(everything)) if everything else None,
        own=own,
    )
