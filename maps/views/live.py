"""The supervisors' pages: the live map, the wall, and the drawer with one case."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from maps import layerwords, words
from maps.foliumpage import empty_map, take_apart
from maps.policies import watched_areas, watched_requests
from maps.queries import layers, places, story
from workflows.views import oversight

from .access import watcher_data, watcher_required


@require_safe
@watcher_required
def live_map(request: HttpRequest) -> HttpResponse:
    """The live map with its list, feed and filters."""
    return _page(request, "maps/live.html", wall=False)


@require_safe
@watcher_required
def wall(request: HttpRequest) -> HttpResponse:
    """The live map for a big screen that nobody touches."""
    return _page(request, "maps/wall.html", wall=True)


def _page(request: HttpRequest, template: str, *, wall: bool) -> HttpResponse:
    areas = watched_areas(request.user)
    bounds = places.bounds(areas)
    chart = empty_map(name="wall" if wall else "live", bounds=bounds, wall=wall)
    config = words.live_config(wall=wall)
    context = {
        "chart": take_apart(chart),
        "config": config if wall else layerwords.live_config(config, request.user, bounds),
        "figures": layers.titles(),
        "lights": words.lights(),
        "areas": places.choices(areas, None),
    }
    return render(request, template, context)


@require_safe
@watcher_data
def case_drawer(request: HttpRequest, number: str) -> HttpResponse:
    """One case in brief: what, where, how urgent, who has it, its story so far. A fragment."""
    case = get_object_or_404(
        watched_requests(request.user).select_related("category", "area", "condition"), number=number
    )
    told = story.told(case, request.user)
    if told["may_command"]:
        told |= oversight.case_moves(case, request.user)
    return render(request, "maps/_case.html", told)
