"""Which cases each indicator is about, and which of them it counts: conditions on :class:`.models.CaseFacts`.

A cohort is the cases at whose time (deadline, filing, rating …) a period looks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Sum, Value, When

from workflows.models import State

from .models import CaseFacts

#: Not accepted, withdrawn, joined with another: nothing was owed about these.
VOID = (State.REJECTED, State.WITHDRAWN, State.MERGED)
ENDED = (State.CLOSED, State.FORCE_CLOSED, State.RATED)

COUNTING = ~Q(state__in=VOID) & Q(excluded=False)
_HANDLED = Q(handled_at__isnull=False)
_CLOSED = Q(closed_at__isnull=False)
_EXCUSED = Q(excused=True)


@dataclass(frozen=True, eq=False)
class Cohort:
    """``at``: the column whose instant lies in the period; ``base`` which of those cases belong to it."""

    at: str
    base: Q
    counts: Mapping[str, Q]


COHORTS = (
    Cohort("filed_at", Q(), {"filed": Q()}),
    Cohort("registered_at", COUNTING, {"registered": Q(), "registered_in_time": Q(registered_in_time=True)}),
    Cohort("dispatched_at", COUNTING, {"dispatched": Q(), "dispatched_right": Q(dispatched_right=True)}),
    Cohort(
        "due_at",
        ~Q(state__in=VOID),
        {
            "excluded": Q(excluded=True),
            "due": COUNTING,
            "handled": COUNTING & _HANDLED,
            "handled_in_time": COUNTING & _HANDLED & (Q(handled_at__lte=F("due_at")) | _EXCUSED),
            "closed": COUNTING & _CLOSED,
            "closed_in_time": COUNTING & _CLOSED & (Q(closed_at__lte=F("due_at")) | _EXCUSED),
            "reworked": COUNTING & Q(reworked=True),
            "overdue": COUNTING & ~_HANDLED & ~_CLOSED,
            "extended": COUNTING & Q(extended=True),
        },
    ),
    Cohort(
        "rated_at",
        COUNTING,
        {
            "rated": Q(),
            "responded": Q(responded=True),
            "solved": Q(solved=True),
            "satisfied": Q(satisfied=True),
            "confirmed": Q(confirmed=True),
        },
    ),
    Cohort("closed_at", COUNTING & Q(state__in=ENDED), {"done": Q()}),
)
#: What is counted → its cohort.
COHORT_OF = {name: cohort for cohort in COHORTS for name in cohort.counts} | {"points": COHORTS[4]}


def aggregates(cohort: Cohort, among: Q = Q()) -> dict[str, Any]:
    """Expressions that count a cohort ``among`` others, by what they count; with the ratings the points."""
    found: dict[str, Any] = {name: Count("pk", filter=among & q) for name, q in cohort.counts.items()}
    if cohort.at == "rated_at":
        found["points"] = Sum(_points(), filter=among, default=0)
    return found


def _points() -> Any:
    """Points of one confirmed case; ``LINLI_POINTS`` says for what."""
    given = settings.LINLI_POINTS
    worth: Any = Value(int(given.get("confirmed", 0)))
    for name in ("responded", "satisfied"):
        worth = worth + Case(
            When(**{name: True}, then=Value(int(given.get(name, 0)))),
            default=Value(0),
            output_field=IntegerField(),
        )
    return Case(When(confirmed=True, then=worth), default=Value(0), output_field=IntegerField())


def cases(facts: QuerySet[CaseFacts], name: str) -> QuerySet[CaseFacts]:
    """Those that are counted as ``name``; the points come from those confirmed."""
    cohort = COHORT_OF[name]
    return facts.filter(cohort.base & cohort.counts["confirmed" if name == "points" else name])
