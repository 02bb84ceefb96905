"""The public map: outlines, names, who is on duty, numbers. No request's place, words or names, ever."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from grid.duty import who_serves
from grid.models import Area
from grid.policies import public_areas
from maps import words
from maps.foliumpage import empty_map, take_apart
from maps.packed import answer, send
from maps.queries import counts, outlines, places
from maps.viewport import Viewport

from .access import says_what_is_wrong


@require_safe
def public_map(request: HttpRequest) -> HttpResponse:
    """Grids, who is on duty, how much is open: for everyone. ``?area=<code>`` opens one."""
    areas = public_areas()
    chosen = areas.filter(code=request.GET.get("area", "")).first()
    around = places.bounds(areas.filter(pk=chosen.pk) if chosen else areas)
    chart = take_apart(empty_map(name="public", bounds=around, full_screen=True))
    return render(
        request,
        "maps/public.html",
        {
            "chart": chart,
            "config": words.public_config(),
            "areas": places.choices(areas, None),
            **(panel(chosen) if chosen else {}),
        },
    )


@require_safe
def area_panel(request: HttpRequest, code: str) -> HttpResponse:
    """One area: who serves it, and its numbers. A fragment for the public map's panel."""
    area = get_object_or_404(public_areas().select_related("level"), code=code)
    return render(request, "maps/_area.html", panel(area))


def panel(area: Area) -> dict:
    """What the panel of one area shows."""
    tally = counts.tallies([(area.code, area.path)])[area.code]
    return {
        "area": area,
        "bbox": None if area.west is None else [area.west, area.south, area.east, area.north],
        "above": [str(parent) for parent in Area.objects.get_ancestors(area)],
        "people": who_serves(area),
        "tally": tally,
        "since": counts.month_start(),
    }


@require_safe
@says_what_is_wrong
def area_outlines(request: HttpRequest) -> HttpResponse:
    """``?bbox=w,s,e,n&zoom=z``: outlines and names of areas, as GeoJSON."""
    view = Viewport.parse(request.GET.get("bbox", ""), request.GET.get("zoom", ""))
    return send(request, outlines.outlines(public_areas(), view, name="public"))


@require_safe
@says_what_is_wrong
def area_tallies(request: HttpRequest) -> HttpResponse:
    """``?bbox=w,s,e,n&zoom=z``: open and closed-this-month of the areas that the map draws there.

    ``borders=today`` counts every case where it would fall today, instead of where it is handled.
    """
    view = Viewport.parse(request.GET.get("bbox", ""), request.GET.get("zoom", ""))
    today = request.GET.get("borders") == "today"
    return answer(request, counts.tallies(outlines.drawn_paths(public_areas(), view), today=today))


@require_safe
def area_choices(request: HttpRequest) -> HttpResponse:
    """``?parent=<code>``: the areas below it, to choose from a list; without it, the topmost."""
    areas, code = public_areas(), request.GET.get("parent", "")
    parent = areas.filter(code=code).first() if code else None
    if code and parent is None:
        raise Http404(_("There is no such area."))
    return answer(request, {"areas": places.choices(areas, parent)})


@require_safe
def area_names(request: HttpRequest) -> HttpResponse:
    """``?code=…&code=…``: names of areas, which are public."""
    return answer(request, {"names": places.names(public_areas(), request.GET.getlist("code"))})
