"""All grids of an area and all roles at once."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from .. import staffing
from ..policies import administered_areas
from .console import administrators_only, page_of
from .duties import place_of


@require_safe
@administrators_only
def duties_matrix(request: HttpRequest, code: str) -> HttpResponse:
    """Grids × roles: a cell names who holds the role there, or who from above answers for it."""
    place = place_of(request, code)
    inside = administered_areas(request.user).filter(path__startswith=place.area.path, level__is_grid=True)
    page = page_of(request, inside.select_related("level").order_by("path"))
    matrix = staffing.matrix(list(page.object_list), within=place.area)
    context = {"area": place.area, "crumbs": place.crumbs, "page": page, "matrix": matrix}
    return render(request, "grid/matrix.html", context)
