"""Data for the watchers' maps: cases, what happened lately. JSON, limited to the watcher's subtrees."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from maps.packed import answer
from maps.policies import watched_areas, watched_events, watched_paths, watched_requests
from maps.queries import cases, feed
from maps.queries.briefs import briefs
from maps.viewport import CLUSTER_PIXELS, Viewport, number
from workflows.models import State

from .access import says_what_is_wrong, watcher_data


@require_safe
@watcher_data
@says_what_is_wrong
def case_picture(request: HttpRequest) -> HttpResponse:
    """``?bbox=w,s,e,n&zoom=z`` and filters: clusters or points, counts, and the list by urgency.

    ``cluster`` is the side of a cluster's cell in pixels: a wall wants fewer and larger ones. The server's
    time is in the header ``Linli-Now``.
    """
    return picture_of(request, request.user, read_filters(request))


def picture_of(request: HttpRequest, watcher: Any, filters: cases.Filters) -> HttpResponse:
    """What a watcher sees in the viewport asked for."""
    view = Viewport.parse(request.GET.get("bbox", ""), request.GET.get("zoom", ""))
    now = timezone.now()
    pixels = number(request.GET.get("cluster", ""), CLUSTER_PIXELS)
    seen = cases.picture(watched_paths(watcher), filters, view, now, pixels)
    response = answer(
        request,
        {
            "next_turn": seen.next_turn and seen.next_turn.isoformat(),
            "counts": vars(seen.counts),
            "clusters": seen.clusters,
            "points": seen.points,
            "rows": seen.rows,
            "off_map": vars(seen.off_map),
        },
    )
    # Not in the answer, which is the same as before as long as nothing happens; 304 brings it, too.
    response["Linli-Now"] = now.isoformat()
    return response


@require_safe
@watcher_data
def news(request: HttpRequest) -> HttpResponse:
    """The latest events, and the cases that have waited longest."""
    requests, now = watched_requests(request.user), timezone.now()
    return answer(
        request,
        {
            "now": now.isoformat(),
            "events": feed.latest(watched_events(request.user)),
            "waiting": briefs(feed.longest_waiting(requests)),
        },
    )


def read_filters(request: HttpRequest) -> cases.Filters:
    """``category``, ``state``, ``light`` (several times each), ``area`` (a code), ``borders=today``.

    404 for an unknown area.
    """
    chosen: QueryDict = request.GET
    codes = [code for code in chosen.getlist("category") if code]
    path = ""
    if code := chosen.get("area"):
        area = watched_areas(request.user).filter(code=code).only("path").first()
        if area is None:
            raise Http404(_("There is no such area in your district."))
        path = area.path
    return cases.Filters(
        # An unknown category matches nothing rather than everything.
        categories=cases.category_subtree(codes) or frozenset({0}) if codes else frozenset(),
        states=_states(chosen.getlist("state")),
        lights=frozenset(chosen.getlist("light")) & frozenset(cases.LIGHTS),
        path=path,
        today=chosen.get("borders") == "today",
    )


def _states(codes: list[str]) -> frozenset[str]:
    """States by code; ``ended`` and ``open`` stand for all of their kind."""
    found = {code for code in codes if code in State.values}
    if "ended" in codes:
        found |= set(cases.ENDED_STATES)
    if "open" in codes:
        found |= set(cases.OPEN_STATES)
    return frozenset(found)
