"""A past period of the live map, for its time slider."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.views.decorators.http import require_safe

from maps.packed import answer
from maps.policies import watched_requests
from maps.queries.replay import replay as replayed
from maps.viewport import BadViewport, Viewport

from .access import says_what_is_wrong, watcher_data
from .data import read_filters

#: No longer period than this is played at once.
LONGEST = timedelta(days=92)


@require_safe
@watcher_data
@says_what_is_wrong
def replay(request: HttpRequest) -> HttpResponse:
    """``?from&to&bbox`` and ``category``, ``area`` of the map's filters.

    ``from`` and ``to``: ISO 8601 with offset, or local days, both included. ``bbox`` in WGS-84 degrees.

    What was open when the period began and every change in it, for a browser to play at any speed. 400 with a
    sentence for a period that makes no sense. Shapes: :class:`maps.queries.replay.Replay`.
    """
    view = Viewport.parse(request.GET.get("bbox", ""), request.GET.get("zoom", "14"))
    begins, ends = _instant(request, "from", 0), min(_instant(request, "to", 1), timezone.now())
    if not begins < ends:
        raise BadViewport("from must lie before to and before now")
    if ends - begins > LONGEST:
        raise BadViewport(f"at most {LONGEST.days} days are played at once")
    requests, filters = watched_requests(request.user), read_filters(request)
    if filters.categories:
        requests = requests.filter(category_id__in=filters.categories)
    if filters.path:
        requests = requests.filter(area_path__startswith=filters.path)
    found = replayed(requests, view, begins, ends)
    return answer(
        request,
        {
            "from": begins.isoformat(),
            "to": ends.isoformat(),
            "cases": found.cases,
            "changes": found.changes,
            "left_out": found.left_out,
        },
    )


def _instant(request: HttpRequest, name: str, days: int) -> datetime:
    """An instant, or the beginning of the local day that is ``days`` after the one named.

    Raises :class:`BadViewport`.
    """
    text = request.GET.get(name, "").replace(" ", "+")
    try:
        found = parse_datetime(text) if "T" in text else None
        day = None if found else parse_date(text)
    except ValueError:
        found = day = None
    if day:
        found = datetime.combine(day + timedelta(days=days), time.min, timezone.get_default_timezone())
    if found is None or timezone.is_naive(found):
        raise BadViewport(f"{name} must be a day or an instant with an offset: 2026-11-26T08:00:00+08:00")
    return found
