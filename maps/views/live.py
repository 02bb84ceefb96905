"""The supervisors' pages: the live map, and the drawer with one case."""

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
    areas = watched_areas(request.user)
    bounds = places.bounds(areas)
    context = {
        "chart": take_apart(empty_map(name="live", bounds=bounds)),
        "config": layerwords.live_config(words.live_config(), request.user, bounds),
        "figures": layers.titles(),
        "lights": words.lights(),
        "areas": places.choices(areas, None),
    }
    return render(request, "maps/live.html", context)


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
