"""What stands out and what to expect: the supervisors' pages, and their data for the maps."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import shapely
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from maps.foliumpage import empty_map, take_apart
from maps.foresight import item_of, next_week, standing_out
from maps.foresight.reading import Item, latest
from maps.models import FindingKind
from maps.packed import answer
from maps.policies import watched_areas, watched_requests
from maps.queries import cases, places
from workflows.models import Category, Request, State

from .access import watcher_data, watcher_required

#: Items of one page and of the maps' data; rows of the table of next week and of the cases behind an item.
SHOWN, PER_PAGE = 60, 20
#: Weeks drawn beside an item.
WEEKS = 12
#: Outlines are simplified to so many degrees (about five metres).
TOLERANCE = 5e-5
PERIODS = (2, 7, 28)


@require_safe
@watcher_required
def standing_out_page(request: HttpRequest) -> HttpResponse:
    """The list with its sentences and a map; ``?kind&category&days`` choose."""
    chosen = _chosen(request)
    found = standing_out(request.user, **chosen, most=SHOWN)
    areas = watched_areas(request.user)
    context = {
        "found": found,
        "chosen": chosen,
        "is_chosen": any(chosen.values()),
        "kinds": FindingKind.choices,
        "periods": PERIODS,
        "categories": _categories(),
        "too_little": bool(found.notes) and found.notes["days"] < max(PERIODS) * 2,
        "silent_about": _silent_about(found.notes),
        "chart": take_apart(empty_map(name="findings", bounds=places.bounds(areas))),
        "config": {
            "urls": {"outlines": reverse("map_outlines"), "findings": reverse("map_standing_out")},
            "words": {},
            "categories": {},
            "states": {},
        },
    }
    return render(request, "maps/standing_out.html", context)


@require_safe
@watcher_required
def next_week_page(request: HttpRequest) -> HttpResponse:
    """What each grid has to expect in the next seven days, with how far such forecasts were off."""
    category = request.GET.get("category", "")
    expected, total = next_week(request.user, category=category, most=SHOWN)
    made = latest()
    context = {
        "rows": expected,
        "total": total,
        "made": made,
        "tried": made.notes.get("tried") if made else None,
        "since": made.day + timedelta(days=1) if made else None,
        "until": made.day + timedelta(days=7) if made else None,
        "categories": _categories(),
        "category": category,
        "longest": max((row.most for row in expected), default=0) or 1,
    }
    return render(request, "maps/next_week.html", context)


@require_safe
@watcher_required
def finding_page(request: HttpRequest, finding: int) -> HttpResponse:
    """The cases behind one item, and how many there were in the weeks before."""
    item = item_of(request.user, finding)
    if item is None:
        raise Http404(_("There is nothing of this kind in your district."))
    behind = cases_behind(request, item)
    page = Paginator(
        behind.select_related("category", "area").order_by("-filed_at", "-pk"), PER_PAGE
    ).get_page(request.GET.get("page"))
    context = {"item": item, "page": page, "weeks": _weeks(request, item)}
    return render(request, "maps/finding.html", context)


@require_safe
@watcher_data
def standing_out_data(request: HttpRequest) -> HttpResponse:
    """``?kind&category&days``: the items, and outlines of their grids as GeoJSON (WGS-84)."""
    found = standing_out(request.user, **_chosen(request), most=SHOWN)
    return answer(
        request,
        {
            "day": found.day and found.day.isoformat(),
            "finished_at": found.finished_at and found.finished_at.isoformat(),
            "stale": found.stale,
            "total": found.total,
            "items": [_told(item) for item in found.items],
            "grids": grids_of(request.user, found.items),
        },
    )


@require_safe
@watcher_data
def next_week_data(request: HttpRequest) -> HttpResponse:
    """``?category``: what grids have to expect, by code, the most first."""
    rows, total = next_week(request.user, category=request.GET.get("category", ""), most=2_000)
    made = latest()
    told = [
        {
            "code": row.code,
            "mean": row.mean,
            "least": row.least,
            "most": row.most,
            "last_week": row.last_week,
        }
        for row in rows
    ]
    return answer(request, {"day": made and made.day.isoformat(), "total": total, "grids": told})


def cases_behind(request: HttpRequest, item: Item) -> QuerySet[Request]:
    """The cases that were counted, of those this user watches."""
    return _filed(_cases_of(request, item), item.since, item.until)


def _cases_of(request: HttpRequest, item: Item) -> QuerySet[Request]:
    """Cases of an item's grids and category, of any time. They are counted by the borders of today."""
    inside = Q(pk__in=[])
    for path in item.paths:
        inside |= Q(path_today__startswith=path)
    found = watched_requests(request.user).filter(inside).exclude(state=State.MERGED)
    return found.filter(category_id__in=cases.category_subtree([item.category])) if item.category else found


def _filed(requests: QuerySet[Request], since: date, until: date) -> QuerySet[Request]:
    """Filed on these local days, both included."""
    zone = timezone.get_default_timezone()
    begins = datetime.combine(since, time.min, zone)
    ends = datetime.combine(until + timedelta(days=1), time.min, zone)
    return requests.filter(filed_at__gte=begins, filed_at__lt=ends)


def _weeks(request: HttpRequest, item: Item) -> list[dict[str, Any]]:
    """The last weeks up to the item's last day: when each began, how many cases, its share of the most."""
    first = item.until - timedelta(days=7 * WEEKS - 1)
    filed = _filed(_cases_of(request, item), first, item.until).values_list("filed_at", flat=True)
    numbers = [0] * WEEKS
    for at in filed.iterator():
        numbers[(timezone.localdate(at) - first).days // 7] += 1
    most = max(numbers) or 1
    return [
        {
            "since": first + timedelta(days=7 * week),
            "n": n,
            "height": round(100 * n / most),
            "top": 100 - round(100 * n / most),
            "looked_at": first + timedelta(days=7 * week + 6) >= item.since,
        }
        for week, n in enumerate(numbers)
    ]


def _chosen(request: HttpRequest) -> dict[str, Any]:
    kind, days = request.GET.get("kind", ""), request.GET.get("days", "")
    return {
        "kind": kind if kind in FindingKind.values else "",
        "category": request.GET.get("category", "")[:30],
        "days": int(days) if days.isdecimal() and int(days) in PERIODS else 0,
    }


def _silent_about(notes: dict[str, Any]) -> list[tuple[str, str]]:
    """(days, names of the categories) of which there were too few to say where they gather."""
    names = {category.code: str(category) for category in _categories()}
    found = []
    for days, codes in notes.get("too_little", {}).items():
        if named := [names[code] for code in codes if code in names]:
            found.append((days, _(", ").join(named)))
    return found


def _categories() -> list[Category]:
    return list(Category.objects.filter(depth=1, is_active=True, dictionary="resident").order_by("path"))


def _told(item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "kind": item.kind,
        "kind_label": item.kind_label,
        "sentence": item.sentence,
        "url": reverse("map_finding", args=[item.id]),
        "category": item.category,
        "days": item.days,
        "since": item.since.isoformat(),
        "until": item.until.isoformat(),
        "n": item.n,
        "usual": round(item.usual, 2),
        "grids": list(item.codes),
    }


def grids_of(user: Any, items: list[Item]) -> dict[str, Any]:
    """A feature for each grid; ``items`` are the ids of what stands out there, the most certain first."""
    by_code: dict[str, list[Item]] = {}
    for item in items:
        for code in item.codes:
            by_code.setdefault(code, []).append(item)
    rows = watched_areas(user).filter(code__in=by_code).exclude(geometry=None)
    features = [
        {
            "type": "Feature",
            "id": area.code,
            "properties": {
                "code": area.code,
                "name": str(area),
                "kind": by_code[area.code][0].kind,
                "items": [item.id for item in by_code[area.code]],
            },
            "geometry": shapely.geometry.mapping(
                shapely.set_precision(area.geometry.simplify(TOLERANCE), 1e-6)
            ),
        }
        for area in rows
    ]
    return {"type": "FeatureCollection", "features": features}
