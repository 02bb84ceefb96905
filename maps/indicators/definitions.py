"""Pure: every indicator, what it counts and out of what, and how figures are made of counts.

The words for people are in docs/reference/indicators.md; a change here is a change there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

#: Number of cases, by what was counted.
Counts = Mapping[str, int]


@dataclass(frozen=True)
class Figure:
    """One indicator's value: a share (0 to 1), a mark (0 to 100) or a number; None where there is nothing to
    go by. ``count`` out of ``of`` cases."""

    value: float | None
    count: int | None = None
    of: int | None = None


class Figures(Mapping[str, Figure]):
    """Indicator's name → its figure; all of :data:`INDICATORS`. Worked out when it is asked for: a city has
    forty thousand grids, of which a map shows one figure each."""

    def __init__(self, counts: Counts, weights: Mapping[str, float]) -> None:
        self._counts, self._weights = counts, weights

    def __getitem__(self, name: str) -> Figure:
        indicator = INDICATORS[name]
        return (
            composite(self, self._weights) if indicator.kind == "mark" else _figure(indicator, self._counts)
        )

    def __iter__(self) -> Iterator[str]:
        return iter(INDICATORS)

    def __len__(self) -> int:
        return len(INDICATORS)


@dataclass(frozen=True)
class Indicator:
    """``count`` and ``of`` name what is counted (:mod:`.cohorts`); ``better`` says which way is good."""

    name: str
    kind: Literal["share", "number", "mark", "points"]
    title: str | Promise
    meaning: str | Promise
    count: str = ""
    of: str = ""
    better: Literal["more", "less", ""] = "more"


_ALL = (
    Indicator(
        "filed", "number", pgettext_lazy("figure", "Requests filed"),
        _("everything that came in, also what was not accepted, withdrawn, joined or excluded"),
        count="filed", better="",
    ),
    Indicator(
        "due", "number", pgettext_lazy("figure", "Due"),
        _("cases whose deadline, as it stands, lies in the period and has passed"), count="due", better="",
    ),
    Indicator(
        "done", "number", pgettext_lazy("figure", "Cases closed"), _("closed in the period, in time or not"),
        count="done", better="",
    ),
    Indicator(
        "handled", "share", pgettext_lazy("figure", "Handled"),
        _("of the cases due, those whose handler is done with them"),
        count="handled", of="due",
    ),
    Indicator(
        "handled_in_time", "share", pgettext_lazy("figure", "Handled in time"),
        _("of the cases due, those handled by the deadline, or late with an appeal granted"),
        count="handled_in_time", of="due",
    ),
    Indicator(
        "closed", "share", pgettext_lazy("figure", "Closed"),
        _("of the cases due, those that are closed"), count="closed", of="due"
    ),
    Indicator(
        "closed_in_time", "share", pgettext_lazy("figure", "Closed in time"),
        _("of the cases due, those closed by the deadline, or late with an appeal granted"),
        count="closed_in_time", of="due",
    ),
    Indicator(
        "registered_in_time", "share", pgettext_lazy("figure", "Registered in time"),
        _("of the cases registered in the period, those registered within the limit"),
        count="registered_in_time", of="registered",
    ),
    Indicator(
        "dispatched_right", "share", pgettext_lazy("figure", "Dispatched right the first time"),
        _("of the cases first dispatched in the period, those not passed on or sent back before they were"
          " handled"),
        count="dispatched_right", of="dispatched",
    ),
    Indicator(
        "reworked", "share", pgettext_lazy("figure", "Reworked"),
        _("of the cases due, those sent back to be redone at least once"),
        count="reworked", of="due", better="less",
    ),
    Indicator(
        "overdue", "share", pgettext_lazy("figure", "Overdue and waiting"),
        _("of the cases due, those that nobody has handled although the deadline has passed"),
        count="overdue", of="due", better="less",
    ),
    Indicator(
        "extended", "share", pgettext_lazy("figure", "Extended"),
        _("of the cases due, those that were granted more time"),
        count="extended", of="due", better="less",
    ),
    Indicator(
        "responded", "share", pgettext_lazy("figure", "Response"),
        _("of the cases rated in the period, those whose resident says: answered in time"),
        count="responded", of="rated",
    ),
    Indicator(
        "solved", "share", pgettext_lazy("figure", "Solved"),
        _("of the cases rated in the period, those whose resident says: solved"), count="solved", of="rated",
    ),
    Indicator(
        "satisfied", "share", pgettext_lazy("figure", "Satisfied"),
        _("of the cases rated in the period, those whose resident says: satisfied"),
        count="satisfied", of="rated",
    ),
    Indicator(
        "composite", "mark", pgettext_lazy("figure", "Composite mark"),
        _("the rates above by their weights, 100 at best"), of="due",
    ),
    Indicator(
        "points", "points", pgettext_lazy("figure", "Points of members"),
        _("only for service that a resident has confirmed as solved"), count="points", of="confirmed",
    ),
    Indicator(
        "excluded", "number", pgettext_lazy("figure", "Excluded"),
        _("cases due that do not count, each with its reason"), count="excluded", better="",
    ),
)  # fmt: skip

INDICATORS: dict[str, Indicator] = {indicator.name: indicator for indicator in _ALL}
#: 三率.
THREE_RATES = ("responded", "solved", "satisfied")
#: Those a map can be coloured by, and a page charts.
SHARES = tuple(name for name, indicator in INDICATORS.items() if indicator.kind == "share")
#: Of which a rate counts the other way round in the composite.
LESS = frozenset(name for name, indicator in INDICATORS.items() if indicator.better == "less")


def _figure(indicator: Indicator, counts: Counts) -> Figure:
    count = counts.get(indicator.count, 0)
    if not indicator.of:
        return Figure(float(count), count)
    of = counts.get(indicator.of, 0)
    if indicator.kind == "points":
        return Figure(float(count), count, of)
    return Figure(count / of if of else None, count, of)


def composite(found: Mapping[str, Figure], weights: Mapping[str, float]) -> Figure:
    """The mark from 0 to 100: rates by their weights, 1 − rate where less is better; None as soon as one of
    them has no case to go by. Weights need not add up to 100: they are shares of their sum."""
    of, total = found["due"].count, 0.0
    for name, weight in weights.items():
        value = found[name].value
        if value is None:
            return Figure(None, None, of)
        total += weight * (1 - value if name in LESS else value)
    whole = sum(weights.values())
    return Figure(100 * total / whole if whole else None, None, of)


def add(one: dict[str, int], other: Counts) -> None:
    """Add counts to counts."""
    for name, number in other.items():
        one[name] = one.get(name, 0) + number
