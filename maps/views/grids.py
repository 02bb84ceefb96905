"""The public page of one grid: its border, who serves it, its numbers, the way to file a request."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from grid import branches, duty, locator, succession
from grid.models import Area
from maps.queries import counts
from workflows import minimap


@require_safe
def grid_page(request: HttpRequest, code: str) -> HttpResponse:
    """A grid for its residents. A building leads to its grid, an area above grids to the map."""
    standing = succession.standing(code)
    if standing is None:
        raise Http404(_("There is no grid with this code. Look for yours on the grid map."))
    area, chain = standing.area, locator.chain(standing.area)
    grid = next((step for step in reversed(chain) if step.level.is_grid), None)
    if grid is None and not standing.retired:
        return redirect(f"{reverse('public_map')}?{urlencode({'area': area.code})}")
    if grid is not None and grid != area and not standing.retired:
        return redirect("grid_page", code=grid.code)
    context = {"grid": area, "above": chain[:-1], "portrait": minimap.of_area(area)}
    if standing.retired:
        return render(request, "maps/grid_retired.html", context | {"standing": standing})
    return render(request, "maps/grid.html", context | _served(area))


def _served(grid: Area) -> dict:
    return {
        "people": duty.who_serves(grid),
        "branches": branches.of_area(grid),
        "tally": counts.tallies([(grid.code, grid.path)])[grid.code],
        "since": counts.month_start(),
    }
