"""Counting: the figures of areas, categories, members and days. One statement each, whatever is asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import reduce
from operator import or_
from typing import Any

from django.conf import settings
from django.db.models import F, Max, Q, QuerySet, Value
from django.db.models.functions import Substr, TruncDate
from django.utils import timezone

from grid.models import Area
from workflows.models import Category

from . import rights
from .cohorts import COHORT_OF, COHORTS, Cohort, aggregates, cases
from .definitions import INDICATORS, Counts, Figures, add
from .models import CaseFacts
from .periods import Period

STEP = Area.steplen


@dataclass(frozen=True)
class Question:
    """What somebody wants to know: of which period, known when, about which cases.

    ``own``: the cases the user handled, instead of those they watch. ``member``: one member's.
    """

    user: Any
    period: Period
    area: Area | None = None
    category: Category | None = None
    member: int | None = None
    as_of: datetime | None = None
    own: bool = False

    def fixed(self) -> Question:
        """The same with the instant named: several answers then fit each other."""
        return self if self.as_of else replace(self, as_of=timezone.now())

    def before(self) -> Question:
        """About the period before, as much of it as was known as long after."""
        fixed = self.fixed()
        assert fixed.as_of is not None
        period = self.period
        return replace(fixed, period=period.previous(), as_of=period.moment_before(fixed.as_of))


def known(question: Question) -> QuerySet[CaseFacts]:
    """What was known then of the cases a question is about, as far as the user may see them."""
    at = question.as_of or timezone.now()
    visible = rights.own_facts(question.user) if question.own else rights.visible_facts(question.user)
    found = visible.filter(known_from__lte=at, known_until__gt=at)
    if question.area is not None:
        inside = Q(area_path__startswith=question.area.path)
        # What was never placed is the whole tree's.
        found = found.filter(inside | Q(area_path="") if question.area.depth == 1 else inside)
    if question.category is not None:
        below = Category.objects.filter(path__startswith=question.category.path)
        found = found.filter(category__in=below.values("pk"))
    if question.member is not None:
        found = found.filter(member=question.member)
    return found


def _span(cohort: Cohort, question: Question) -> Q:
    """Those of a cohort at whose time the period looks."""
    until = question.period.so_far(question.as_of or timezone.now())
    return Q(**{f"{cohort.at}__gte": question.period.start, f"{cohort.at}__lt": until})


def in_period(facts: QuerySet[CaseFacts], cohort: Cohort, question: Question) -> QuerySet[CaseFacts]:
    return facts.filter(cohort.base, _span(cohort, question))


def _count(question: Question, key: Any) -> dict[Any, dict[str, int]]:
    """Counts by an expression. One statement, which reads each case once."""
    spans = {cohort: _span(cohort, question) for cohort in COHORTS}
    some = reduce(or_, (span & cohort.base for cohort, span in spans.items()))
    counting = {
        name: expression
        for cohort, span in spans.items()
        for name, expression in aggregates(cohort, span & cohort.base).items()
    }
    rows = known(question).filter(some).order_by().annotate(key=key).values("key")
    rows = rows.annotate(**{f"n_{name}": one for name, one in counting.items()})
    found = rows.values_list("key", *(f"n_{name}" for name in counting))
    return {key: dict(zip(counting, numbers, strict=True)) for key, *numbers in found}


def _count_days(question: Question) -> dict[date, dict[str, int]]:
    """Counts by local day: each cohort by its own time. One statement."""
    facts = known(question)
    counting = [aggregates(cohort) for cohort in COHORTS]
    width = max(map(len, counting))
    parts = []
    for number, (cohort, counts) in enumerate(zip(COHORTS, counting, strict=True)):
        columns = [*counts.values(), *[Max(Value(0))] * (width - len(counts))]
        rows = in_period(facts, cohort, question).order_by().annotate(key=TruncDate(cohort.at)).values("key")
        rows = rows.annotate(part=Max(Value(number)), **{f"c{at}": one for at, one in enumerate(columns)})
        parts.append(rows.values_list("key", "part", *(f"c{at}" for at in range(width))))
    found: dict[date, dict[str, int]] = defaultdict(dict)
    for day, part, *numbers in parts[0].union(*parts[1:], all=True):
        add(found[day], dict(zip(counting[part], numbers, strict=False)))
    return found


def _made(counts: Counts) -> Figures:
    return Figures(counts, settings.LINLI_COMPOSITE_WEIGHTS)


def total(question: Question) -> Figures:
    """The figures of everything the question is about."""
    return _made(next(iter(_count(question, Value(0)).values()), {}))


def of_areas(question: Question, areas: Sequence[Area]) -> dict[int, Figures]:
    """Area id → figures of the area with everything below it, as the cases lay then."""
    wanted = {area.path: area.pk for area in areas}
    if not wanted:
        return {}
    longest = max(map(len, wanted))
    counted = _count(question, Substr("area_path", 1, longest))
    weights = settings.LINLI_COMPOSITE_WEIGHTS
    return {wanted[path]: Figures(counts, weights) for path, counts in _rolled_up(counted, wanted).items()}


def _rolled_up(counted: Mapping[Any, Counts], wanted: Iterable[str]) -> dict[str, dict[str, int]]:
    """Path → counts, each with everything below it; for the wanted paths only."""
    sums: dict[str, dict[str, int]] = {path: {} for path in wanted}
    for path, counts in counted.items():
        if not path:  # never placed: the whole tree's
            for root in sums:
                if len(root) == STEP:
                    add(sums[root], counts)
        for end in range(STEP, len(path or "") + 1, STEP):
            if path[:end] in sums:
                add(sums[path[:end]], counts)
    return sums


def of_categories(question: Question) -> list[tuple[Category | None, Figures]]:
    """The categories right below the one asked about (else the topmost), most requests first; None for cases
    without one, or that are of the category itself. Three statements."""
    counted = _count(question, F("category_id"))
    paths = dict(Category.objects.filter(pk__in=[key for key in counted if key]).values_list("pk", "path"))
    depth = len(question.category.path) if question.category else 0
    sums: dict[str, dict[str, int]] = defaultdict(dict)
    for key, counts in counted.items():
        path = paths.get(key, "")
        add(sums[path[: depth + STEP] if len(path) > depth else ""], counts)
    named = {category.path: category for category in Category.objects.filter(path__in=list(sums))}
    rows = [(named.get(path), _made(counts)) for path, counts in sums.items()]
    return sorted(rows, key=lambda row: (row[0] is None, -(row[1]["filed"].count or 0), str(row[0] or "")))


def of_members(question: Question) -> dict[int | None, Figures]:
    """User id → figures of the cases of which they were the handler; None for those nobody had."""
    counted = _count(question, F("member_id"))
    return {key: _made(counts) for key, counts in counted.items()}


def of_days(question: Question) -> dict[date, Figures]:
    """Local day → figures of that day; days without any case are left out."""
    counted = _count_days(question)
    return {day: _made(counts) for day, counts in sorted(counted.items())}


def behind(question: Question, name: str, *, rest: bool = False, whole: bool = False) -> QuerySet[CaseFacts]:
    """The cases behind a number: those an indicator counts; ``whole`` those out of which; ``rest`` those out
    of which that it does not count."""
    indicator = INDICATORS[name]
    counted, of = indicator.count or indicator.of, indicator.of or indicator.count
    facts = in_period(known(question), COHORT_OF[of], question)
    found = cases(facts, counted if not (rest or whole) else of)
    if rest:
        found = found.exclude(pk__in=cases(facts, counted).values("pk"))
    return found
