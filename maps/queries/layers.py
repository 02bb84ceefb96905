"""What the layers of the live map show: figures of areas, who is on duty where, deadlines that come soon.

Everything is about the areas that :func:`maps.queries.outlines.outlines` draws in a viewport, as far as the
user watches them; shared for some seconds by all who watch the same.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from grid import locator, presence
from grid.models import Area, Responsibility, User
from grid.policies import covers, public_areas
from grid.queries import GRID_MEMBER
from maps.classes import breaks
from maps.indicators import by_area
from maps.indicators.definitions import INDICATORS
from maps.indicators.periods import Period
from maps.policies import watched_areas, watched_paths
from maps.queries import cases, counts, outlines, places
from maps.queries.briefs import briefs
from maps.viewport import Viewport
from workflows.models import Request, State

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

#: Whoever watches the same areas shares an answer for so many seconds.
KEEP_SECONDS = 15
#: Days that the rates look back, today included.
DAYS = 30
#: Names of members told in one answer; beyond them their number has to do.
MOST_NAMED = 400
#: Deadlines told in one answer.
MOST_DUE = 300
#: What the map can be coloured by → the indicator it is; "" for what is counted of now.
FIGURES = {
    "open": "",
    "overdue": "overdue",
    "on_time": "handled_in_time",
    "satisfied": "satisfied",
    "load": "",
}
TITLES = {
    "open": gettext_lazy("Open requests"),
    "load": gettext_lazy("Open requests per member on duty"),
}
MEANINGS = {
    "open": gettext_lazy("requests that have not ended, now"),
    "load": gettext_lazy("requests that have not ended, now, shared out among the members on duty"),
}


@dataclass(frozen=True)
class Coloured:
    """One figure of each area drawn: ``values`` is code → [value, n] (value None: no data).

    ``n`` is what a value goes by: cases for a rate, members for a load, None for a count. ``breaks`` are the
    upper ends of the classes. ``of``: all ``n`` together. ``unit``: "share", "count" or "ratio".
    """

    name: str
    title: str
    meaning: str
    unit: str
    period: str
    of: int
    breaks: list[float]
    values: dict[str, list[float | int | None]]


def titles() -> dict[str, str]:
    """Figure → its title, to choose from."""
    return {
        name: str(INDICATORS[indicator].title if indicator else TITLES[name])
        for name, indicator in FIGURES.items()
    }


def drawn(user: User | AnonymousUser, view: Viewport) -> dict[str, str]:
    """Materialised path → code of the areas drawn there that the user watches."""
    mine = watched_paths(user)
    here = outlines.drawn_paths(public_areas(), view)
    return {path: code for code, path in here if covers(mine, path)}


def coloured(user: User, view: Viewport, name: str) -> Coloured:
    """The figure ``name`` (of :data:`FIGURES`) for the areas drawn in a viewport. About ten queries."""
    areas = drawn(user, view)
    numbers = _shared(f"figures:{name}", user, areas, lambda: _NUMBERS[name](user, areas))
    indicator = INDICATORS.get(FIGURES[name])
    period = Period.days(timezone.localdate() - timedelta(days=DAYS - 1), timezone.localdate())
    return Coloured(
        name=name,
        title=titles()[name],
        meaning=str(indicator.meaning if indicator else MEANINGS[name]),
        unit="share" if indicator else "ratio" if name == "load" else "count",
        period=str(period) if indicator else _("now"),
        of=sum(of or 0 for _value, of in numbers.values()),
        breaks=breaks(value for value, _of in numbers.values()),
        values={areas[path]: [value, of] for path, (value, of) in numbers.items() if path in areas},
    )


Numbers = dict[str, tuple[float | None, int | None]]


def _open(_user: User, areas: dict[str, str]) -> Numbers:
    found = counts.by_path(list(areas))
    return {path: (float(found.get(path, (0, 0))[0]), None) for path in areas}


def _load(_user: User, areas: dict[str, str]) -> Numbers:
    """Open cases by members; no data where nobody is a member, however many cases there are."""
    found, members = counts.by_path(list(areas)), _members(list(areas))
    return {
        path: (
            round(found.get(path, (0, 0))[0] / members[path], 1) if members[path] else None,
            members[path],
        )
        for path in areas
    }


def _rate(name: str) -> Callable[[User, dict[str, str]], Numbers]:
    def rates(user: User, areas: dict[str, str]) -> Numbers:
        today = timezone.localdate()
        period = Period.days(today - timedelta(days=DAYS - 1), today)
        rows = list(watched_areas(user).filter(path__in=list(areas)).only("pk", "path", "code"))
        figures = by_area(user, period=period, areas=rows, within=_common(list(areas)))
        found: Numbers = {}
        for area in rows:
            one = figures[area.pk][name]
            found[area.path] = (None if one.value is None else round(one.value, 2), one.of)
        return found

    return rates


_NUMBERS: dict[str, Callable[[User, dict[str, str]], Numbers]] = {
    name: _rate(indicator) if indicator else {"open": _open, "load": _load}[name]
    for name, indicator in FIGURES.items()
}


def _members(paths: Sequence[str]) -> Counter[str]:
    """Path → how many people are grid members there or below. One query."""
    wanted = set(paths)
    posts = Responsibility.objects.in_force().filter(
        role=GRID_MEMBER, member__user__is_active=True, area__path__startswith=places.common_path(paths)
    )
    people: dict[str, set[int]] = defaultdict(set)
    for path, person in posts.values_list("area__path", "member__user_id"):
        for end in range(Area.steplen, len(path) + 1, Area.steplen):
            if path[:end] in wanted:
                people[path[:end]].add(person)
    return Counter({path: len(found) for path, found in people.items()})


def staffing(user: User, view: Viewport) -> dict[str, dict[str, Any]]:
    """Code → who serves an area drawn: ``grids`` in it, how many of them are ``staffed`` with a member of
    their own, in how many somebody has the desk open (``online``), and for a grid the ``names``.

    Never who has the desk open: see :mod:`grid.presence`.
    """
    areas = drawn(user, view)
    found = _shared("staffing", user, areas, lambda: _staffing(user, list(areas)))
    return {code: found[path] for path, code in areas.items() if path in found}


def _staffing(user: User, paths: list[str]) -> dict[str, dict[str, Any]]:
    roster, now, wanted = locator.current_roster(), timezone.now(), set(paths)
    online = set(presence.online(user).values_list("path", flat=True))
    grids = watched_areas(user).filter(level__is_grid=True, path__startswith=places.common_path(paths))
    told: dict[str, dict[str, Any]] = {}
    serving: dict[str, list[int]] = {}
    for path in grids.values_list("path", flat=True):
        people = [duty.user_id for duty in roster.holders(path, GRID_MEMBER, now)]
        for end in range(Area.steplen, len(path) + 1, Area.steplen):
            if path[:end] in wanted:
                one = told.setdefault(path[:end], {"grids": 0, "staffed": 0, "online": 0})
                one["grids"] += 1
                one["staffed"] += bool(people)
                one["online"] += path in online
        if path in wanted and people:
            serving[path] = people
    _name(told, dict(list(serving.items())[:MOST_NAMED]))
    return told


def _name(told: dict[str, dict[str, Any]], serving: dict[str, list[int]]) -> None:
    people = User.objects.in_bulk({person for found in serving.values() for person in found})
    for path, found in serving.items():
        told[path]["names"] = [str(people[person]) for person in found if person in people]


def due_soon(
    requests: QuerySet[Request], view: Viewport, within: timedelta
) -> tuple[list[dict[str, Any]], int]:
    """Open cases in a viewport whose deadline comes within so long, the nearest first, and their number.

    A case that stands still has no deadline that could come. Four queries.
    """
    now = timezone.now()
    found = cases.inside(requests, view).filter(due_at__gt=now, due_at__lte=now + within, closed_at=None)
    found = found.filter(state__in=cases.OPEN_STATES).exclude(state=State.SUSPENDED)
    rows = briefs(found.order_by("due_at", "pk")[:MOST_DUE])
    return rows, len(rows) if len(rows) < MOST_DUE else found.count()


def _common(paths: Sequence[str]) -> Area | None:
    path = places.common_path(paths)
    return Area.objects.filter(path=path).only("pk", "path").first() if path else None


def _shared(name: str, user: User, areas: dict[str, str], make: Callable[[], Any]) -> Any:
    """An answer that everybody who watches the same subtrees shares."""
    same = "\n".join([*watched_paths(user), "", *areas])
    key = f"layers:{name}:{blake2b(same.encode(), digest_size=12).hexdigest()}"
    found = cache.get(key)
    if found is None:
        found = make()
        cache.set(key, found, KEEP_SECONDS)
    return found
