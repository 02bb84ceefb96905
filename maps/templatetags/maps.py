"""``{% load maps %}``: a map to choose a place on, for forms of any app."""

from __future__ import annotations

from django import template
from django.template.context import RequestContext
from django.urls import reverse

from grid.policies import public_areas
from maps import words
from maps.foliumpage import FoliumPage, empty_map, take_apart
from maps.queries import places

register = template.Library()


@register.inclusion_tag("maps/_picker.html", takes_context=True)
def map_picker(
    context: RequestContext,
    lon: str = "id_lon",
    lat: str = "id_lat",
    name: str = "picker",
    view: list[float] | None = None,
    chosen: str = "",
) -> dict:
    """``{% map_picker lon="id_lon" lat="id_lat" %}``: a pin to drag, writing into the inputs with these ids.

    Coordinates are WGS-84 degrees with six places. ``view`` is [west, south, east, north], degrees, to
    look at first (else everything), ``chosen`` the code of the area to mark. See docs/reference/maps.md.
    """
    return {
        "chart": take_apart(empty_map(name=name, bounds=places.bounds(public_areas()))),
        "request": context["request"],
        "lon_input": lon,
        "lat_input": lat,
        "outlines_url": reverse("map_outlines"),
        "view": ",".join(map(str, view)) if view else "",
        "chosen": chosen or "",
        "approval": words.approval_number(),
    }


@register.inclusion_tag("maps/_plain.html", takes_context=True)
def plain_map(context: RequestContext, label: str, name: str = "plain") -> dict:
    """``{% plain_map label=label name="report" %}``: an empty map for a page whose own module fills it.

    ``label`` says what it shows; the module takes it over with ``mapIn`` of maps/leafletmap.js.
    """
    return {
        "chart": take_apart(empty_map(name=name, bounds=places.bounds(public_areas()))),
        "request": context["request"],
        "label": label,
    }


@register.simple_tag
def map_approval() -> str:
    """审图号 of the base map; empty when none is configured or nothing needs one."""
    return words.approval_number()


@register.simple_tag
def duty_chart(collection: dict) -> FoliumPage:
    """An empty map that shows this GeoJSON collection's ``bbox`` (WGS-84 degrees); duties.js fills it."""
    west, south, east, north = collection["bbox"]
    return take_apart(empty_map(name="duties", bounds=[[south, west], [north, east]]))
