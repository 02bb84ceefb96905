"""The wall: a big screen that nobody touches, for supervisors, and for screens without anybody signed in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from maps import words
from maps.foliumpage import empty_map, take_apart
from maps.foresight import standing_out
from maps.indicators.actions.follow import catch_up
from maps.indicators.definitions import THREE_RATES
from maps.indicators.periods import Period
from maps.indicators.reading import Question, total
from maps.packed import answer
from maps.policies import watched_areas, watched_events, watched_paths, watched_requests
from maps.queries import cases, feed, places
from maps.queries import wall as figures
from maps.queries.briefs import briefs

from .access import says_what_is_wrong, wall_data, wall_required
from .data import picture_of
from .standing_out import grids_of

#: Days over which the three rates are counted: a day has too few ratings to say anything.
RATE_DAYS = 30
#: Rates of what was known longer ago would be those of another time.
MOST_BEHIND = timedelta(minutes=15)
#: What stands out comes round one by one: more than these nobody would see again soon.
MOST_FINDINGS = 8
#: Areas named in the head.
MOST_NAMED = 3


@require_safe
@wall_required
def wall(request: HttpRequest, viewer: Any) -> HttpResponse:
    """The page: empty numbers, which the script fills and keeps up to date."""
    areas = watched_areas(viewer)
    bounds = places.bounds(areas)
    names = [area["name"] for area in places.choices(areas, None)]
    context = {
        "chart": take_apart(empty_map(name="wall", bounds=bounds, wall=True)),
        "config": words.wall_config() | {"bounds": bounds},
        "lights": words.lights(),
        "town": pgettext("between names of grids", ", ").join(names[:MOST_NAMED]),
        "rates": words.three_rates(),
        "days": RATE_DAYS,
    }
    return render(request, "maps/wall.html", context)


@require_safe
@wall_data
@says_what_is_wrong
def wall_cases(request: HttpRequest, viewer: Any) -> HttpResponse:
    """``?bbox&zoom&cluster``: the open cases in a viewport, see ``map_cases``."""
    return picture_of(request, viewer, cases.Filters())


@require_safe
@wall_data
def wall_news(request: HttpRequest, viewer: Any) -> HttpResponse:
    """The latest events, the numbers of the local day, and the cases that have waited longest."""
    requests, now = watched_requests(viewer), timezone.now()
    return answer(
        request,
        {
            "now": now.isoformat(),
            "day": timezone.localdate(now).isoformat(),
            "events": feed.latest(watched_events(viewer)),
            "waiting": briefs(feed.longest_waiting(requests)),
            **figures.numbers(requests, watched_paths(viewer), now),
        },
    )


@require_safe
@wall_data
def wall_outlook(request: HttpRequest, viewer: Any) -> HttpResponse:
    """What changes slowly: the three rates with their numbers and period, what stands out, the categories."""
    today = timezone.localdate()
    period = Period.days(today - timedelta(days=RATE_DAYS - 1), today)
    # What is counted follows the log; after an import it may be behind for a while.
    followed = catch_up()
    found = total(Question(viewer, period, as_of=followed))
    out = standing_out(viewer, most=MOST_FINDINGS)
    items = [
        {"id": one.id, "kind": one.kind, "title": one.kind_label, "sentence": one.sentence}
        for one in out.items
    ]
    return answer(
        request,
        {
            "rates": {
                name: {"value": found[name].value, "count": found[name].count, "of": found[name].of}
                for name in THREE_RATES
            },
            "is_whole": timezone.now() - followed < MOST_BEHIND,
            "period": str(period),
            "day": date_format(out.day, "MONTH_DAY_FORMAT") if out.day else "",
            "findings": items,
            "grids": grids_of(viewer, out.items),
            "categories": words.categories(),
        },
    )
