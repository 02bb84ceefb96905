"""The portal's start page: what Linli is, my grid and who serves it, what I asked for."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from grid.actions.people import register_resident
from grid.models import Area, Resident
from grid.policies import public_areas
from workflows.models.request import ENDED_STATES
from workflows.queries import my_requests

from . import place as places
from .rows import with_icons

#: Visitors without an account: the session remembers the grid they looked up.
HOME = "home_area"
SHOWN = 3


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    area = home_area(request)
    mine = with_icons(my_requests(request.user)).exclude(state__in=ENDED_STATES)
    return render(
        request,
        "portal/home.html",
        {
            "place": places.of_area(area) if area else None,
            "open_requests": mine[:SHOWN],
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
def my_grid(request: HttpRequest) -> HttpResponse:
    """Choose the grid one lives in: by the device's position, or from the address lists."""
    data = request.POST if request.method == "POST" else request.GET
    place = places.find(data.getlist("area"), lon=_degrees(data.get("lon")), lat=_degrees(data.get("lat")))
    if not data and (area := home_area(request)):
        place = places.of_area(area)
    if request.method == "POST" and "step" not in data and place.grid:
        if request.user.is_authenticated:
            register_resident(user=request.user, area=place.area)
        else:
            request.session[HOME] = (place.area or place.grid).code
        return redirect("home")
    return render(request, "portal/my_grid.html", {"place": place})


def home_area(request: HttpRequest) -> Area | None:
    """Where the visitor lives, as far as they said."""
    if request.user.is_authenticated:
        resident = Resident.objects.select_related("area__level").filter(user=request.user).first()
        return resident.area if resident else None
    code = request.session.get(HOME)
    return public_areas().filter(code=code).select_related("level").first() if code else None


def _degrees(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
