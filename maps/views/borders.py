"""The pages on which administrators choose a community and redraw the borders of its grids."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from grid.borders import has_grids
from grid.policies import administered_areas
from grid.views.borders import me
from grid.views.console import administrators_only, page_of
from maps import borderwords
from maps.foliumpage import empty_map, take_apart
from maps.queries import places
from maps.queries.communities import communities


@require_safe
@administrators_only
def borders_list(request: HttpRequest) -> HttpResponse:
    """The communities whose borders one may redraw. ``?q=`` name or code."""
    text = request.GET.get("q", "").strip()
    page = page_of(request, communities(administered_areas(request.user), me(request), text))
    return render(request, "maps/borders/list.html", {"page": page, "text": text})


@require_safe
@administrators_only
def borders_editor(request: HttpRequest, code: str) -> HttpResponse:
    """The editor of one community; 404 for an area that is retired, of others, or holds no grids.

    The page is empty of borders: its script reads them from ``data/`` below it, see grid/views/borders.py.
    """
    mine = administered_areas(request.user)
    community = mine.filter(code=code).select_related("level").first()
    if community is None or not has_grids(community):
        raise Http404(_("There is no such community among your areas."))
    # A community nobody has drawn yet is looked for where the others are.
    around = places.bounds(mine.within([community.path])) or places.bounds(mine)
    context = {
        "community": community,
        "chart": take_apart(empty_map(name="borders", bounds=around)),
        "config": borderwords.config(community, me(request)),
    }
    return render(request, "maps/borders/editor.html", context)
