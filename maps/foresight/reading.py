"""What was worked out last, as one user may see it. Loads no library that the work itself needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from grid.models import Area
from maps.models import Finding, FindingKind, Foresight
from maps.policies import watched_findings, watched_outlooks, watched_paths
from maps.queries import places

from . import sentences

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from grid.models import User

#: Findings looked at for one answer, the most certain ones.
MOST_FINDINGS = 5_000
LOOKS = {
    FindingKind.HOT_SPOT: "flame",
    FindingKind.SUDDEN: "urgent",
    FindingKind.RISING: "trending-up",
    FindingKind.SILENT: "zzz",
}


@dataclass(frozen=True)
class Item:
    """Something that stands out: one grid, or grids that hang together.

    ``paths`` and ``codes`` are its grids'; ``since`` and ``until`` the first and the last day looked at.
    ``category`` is a code, "" for all together. ``usual`` and ``n`` are those of the sentence.
    """

    id: int
    kind: str
    sentence: str
    where: str
    what: str
    category: str
    days: int
    since: date
    until: date
    n: int
    usual: float
    p: float
    paths: tuple[str, ...] = field(repr=False)
    codes: tuple[str, ...]

    @property
    def kind_label(self) -> str:
        """In the active language."""
        return str(FindingKind(self.kind).label)

    @property
    def icon(self) -> str:
        """Name of the icon that goes with the kind: no meaning by colour alone."""
        return LOOKS[FindingKind(self.kind)]


@dataclass(frozen=True)
class StandingOut:
    """``day``: the last day that was looked at; None while nothing has been worked out. ``total`` counts all
    items, ``items`` holds the first. ``stale``: a later day is over. ``notes``: ``Foresight.notes``."""

    day: date | None
    finished_at: datetime | None
    stale: bool
    items: list[Item]
    total: int
    notes: dict[str, Any]


@dataclass(frozen=True)
class Expected:
    """One grid's next week: ``mean`` cases, four weeks of five between ``least`` and ``most``."""

    where: str
    code: str
    path: str
    mean: float
    least: int
    most: int
    last_week: int
    days: list[float]


def latest() -> Foresight | None:
    """The latest that is there to be read, or is being done again."""
    return Foresight.objects.exclude(finished_at=None).order_by("-day").first()


def read_standing_out(
    user: User | AnonymousUser, *, kind: str, category: str, days: int, most: int
) -> StandingOut:
    """See ``maps.foresight.standing_out``."""
    found = latest()
    if found is None:
        return StandingOut(None, None, False, [], 0, {})
    rows = watched_findings(user).filter(foresight=found)
    if kind:
        rows = rows.filter(kind=kind)
    if category:
        rows = rows.filter(category__code=category)
    if days:
        rows = rows.filter(days=days)
    items = _items(rows, found, watched_paths(user))
    stale = found.day < timezone.localdate() - timedelta(days=1)
    return StandingOut(found.day, found.finished_at, stale, items[:most], len(items), found.notes)


def read_item(user: User | AnonymousUser, finding: int) -> Item | None:
    """See ``maps.foresight.item_of``."""
    mine = watched_findings(user)
    one = mine.filter(pk=finding).select_related("foresight").first()
    if one is None:
        return None
    like = mine.filter(
        foresight=one.foresight, kind=one.kind, category_id=one.category_id, days=one.days
    )  # fmt: skip
    items = _items(like, one.foresight, watched_paths(user))
    return next((item for item in items if one.area_path in item.paths), None)


def read_next_week(user: User | AnonymousUser, *, category: str, most: int) -> tuple[list[Expected], int]:
    """See ``maps.foresight.next_week``."""
    found = latest()
    if found is None:
        return [], 0
    rows = watched_outlooks(user).filter(foresight=found)
    rows = rows.filter(category__code=category) if category else rows.filter(category=None)
    shown = list(rows.select_related("area").order_by("-mean", "area_path")[:most])
    above = places.names_above(row.area_path for row in shown)
    expected = [
        Expected(
            places.full_name(above.get(row.area_path, ""), str(row.area)),
            row.area.code,
            row.area_path,
            row.mean,
            row.least,
            row.most,
            row.last_week,
            row.days,
        )
        for row in shown
    ]
    return expected, len(shown) if len(shown) < most else rows.count()


def _items(rows: QuerySet[Finding], found: Foresight, watched: list[str]) -> list[Item]:
    """Findings as items, hot spots that hang together as one; the most certain first. Three queries."""
    findings = list(rows.select_related("area", "category").order_by("p", "-n", "pk")[:MOST_FINDINGS])
    groups = list(_together(findings))
    above = _named(findings, watched)
    return [item for group in groups if (item := _item(group, found, above, watched)) is not None]


def _together(findings: Sequence[Finding]) -> Iterable[list[Finding]]:
    """Groups in the order of their first: hot spots of one category and period that hang together."""
    spots: dict[tuple[int | None, int], dict[str, Finding]] = defaultdict(dict)
    for one in findings:
        if one.kind == FindingKind.HOT_SPOT:
            spots[one.category_id, one.days][one.area_path] = one
    for one in findings:
        if one.kind != FindingKind.HOT_SPOT:
            yield [one]
            continue
        left = spots[one.category_id, one.days]
        if one.area_path in left:
            yield _grown(one, left)


def _grown(seed: Finding, left: dict[str, Finding]) -> list[Finding]:
    """All of ``left`` that hangs together with ``seed``, taken out of it; the most cases first."""
    group, waiting = [], [left.pop(seed.area_path)]
    while waiting:
        one = waiting.pop()
        group.append(one)
        waiting += [left.pop(path) for path in one.around["near"] if path in left]
    return sorted(group, key=lambda one: (-one.n, one.area_path))


def _named(findings: Sequence[Finding], watched: list[str]) -> dict[str, str]:
    """Path → name, of the areas right above the grids and of those the reader watches. One query."""
    step = Area.steplen
    wanted = {one.area_path[:-step] for one in findings} | {path for path in watched if path}
    wanted |= {one.area_path[:step] for one in findings}
    return {area.path: str(area) for area in Area.objects.filter(path__in=wanted).order_by()}


def _item(group: list[Finding], found: Foresight, above: dict[str, str], watched: list[str]) -> Item | None:
    """One item; None for a hot spot of which the reader sees only grids that have nothing to show."""
    lead, step = group[0], Area.steplen
    names, last = [], ""
    for one in group:
        parent = above.get(one.area_path[:-step], "")
        names.append(str(one.area) if parent == last else places.full_name(parent, str(one.area)))
        last = parent
    place = sentences.where(names)
    what = str(lead.category) if lead.category else _("requests of all kinds")
    n, usual = sum(one.n for one in group), lead.usual
    if lead.kind == FindingKind.HOT_SPOT:
        rest = _rest(group, n, above, watched)
        usual = rest.n / rest.grids if rest and rest.grids > 0 else 0.0
        if n / len(group) <= usual:
            return None
        sentence = sentences.hot_spot(place, len(group), what, lead.days, n, rest)
    else:
        sentence = sentences.change(
            lead.kind, place, what, lead.days, n, lead.usual, lead.most, lead.weeks
        )  # fmt: skip
    return Item(
        id=min(group, key=lambda one: (one.p, one.pk)).pk,
        kind=lead.kind,
        sentence=sentence,
        where=place,
        what=what,
        category=lead.category.code if lead.category else "",
        days=lead.days,
        since=found.day - timedelta(days=lead.days - 1),
        until=found.day,
        n=n,
        usual=usual,
        p=min(one.p for one in group),
        paths=tuple(one.area_path for one in group),
        codes=tuple(one.area.code for one in group),
    )


def _rest(group: list[Finding], n: int, above: dict[str, str], watched: list[str]) -> sentences.Rest | None:
    """The other grids of the widest area that the reader watches whole: nothing beyond it is told."""
    lead = group[0]
    root = next((path for path in watched if lead.area_path.startswith(path)), None)
    if root is None:
        return None
    area = root or lead.area_path[: Area.steplen]
    numbers = lead.around.get("above", {}).get(area)
    if numbers is None:
        return None
    inside = [one for one in group if one.area_path.startswith(area)]
    cases, grids = numbers
    return sentences.Rest(above.get(area, ""), cases - sum(one.n for one in inside), grids - len(inside))
