"""Data for the layers and the search box of the live map. JSON, limited to what the watcher may see."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from maps.packed import answer
from maps.policies import watched_requests
from maps.queries import layers, search
from maps.viewport import BadViewport, Viewport, number

from .access import says_what_is_wrong, watcher_data
from .data import read_filters

#: Hours ahead that deadlines are looked for: the usual number, and the most.
SOON, FARTHEST = 24.0, 24.0 * 7


@require_safe
@watcher_data
@says_what_is_wrong
def area_figures(request: HttpRequest) -> HttpResponse:
    """``?bbox&zoom&name=overdue``: one figure of each area drawn there, and classes to colour them by.

    Shape: :class:`maps.queries.layers.Coloured`. 400 with a sentence for a figure there is none of.
    """
    view, name = _view(request), request.GET.get("name", "")
    if name not in layers.FIGURES:
        raise BadViewport(f"name must be one of {', '.join(layers.FIGURES)}")
    return answer(request, asdict(layers.coloured(request.user, view, name)))


@require_safe
@watcher_data
@says_what_is_wrong
def area_staffing(request: HttpRequest) -> HttpResponse:
    """``?bbox&zoom``: who is on duty in the areas drawn there, and which of their grids have nobody.

    Shape: :func:`maps.queries.layers.staffing`.
    """
    return answer(request, {"areas": layers.staffing(request.user, _view(request))})


@require_safe
@watcher_data
@says_what_is_wrong
def deadlines(request: HttpRequest) -> HttpResponse:
    """``?bbox&zoom&hours=24`` and ``category``, ``area`` of the map's filters: deadlines that come soon."""
    hours = number(request.GET.get("hours", ""), SOON)
    if not 0 < hours <= FARTHEST:
        raise BadViewport(f"hours must be more than 0 and at most {FARTHEST:g}")
    filters, requests = read_filters(request), watched_requests(request.user)
    if filters.categories:
        requests = requests.filter(category_id__in=filters.categories)
    if filters.path:
        requests = requests.filter(area_path__startswith=filters.path)
    rows, total = layers.due_soon(requests, _view(request), timedelta(hours=hours))
    response = answer(request, {"rows": rows, "total": total, "hours": hours})
    response["Linli-Now"] = timezone.now().isoformat()
    return response


@require_safe
@watcher_data
def found(request: HttpRequest) -> HttpResponse:
    """``?q=``: cases by number, areas, members, addresses. Shapes: :func:`maps.queries.search.search`."""
    return answer(request, {"found": search.search(request.user, request.GET.get("q", ""))})


def _view(request: HttpRequest) -> Viewport:
    return Viewport.parse(request.GET.get("bbox", ""), request.GET.get("zoom", ""))
