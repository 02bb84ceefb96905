"""The administrators' console: areas and members within their own subtree."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from .. import locator, queries
from ..duty import member_photo_url
from ..models import DutyRole, Level
from ..policies import administered_areas, may_administer, visible_members

PER_PAGE = 30
#: Grids without a member that the first page names.
GAPS_SHOWN = 8


def administrators_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Signed in and administrator of something, or the error page."""

    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not may_administer(request.user):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


@require_safe
@administrators_only
def home(request: HttpRequest) -> HttpResponse:
    mine = administered_areas(request.user)
    gaps = queries.without_member(mine).select_related("level")[:GAPS_SHOWN]
    context = {
        "overview": queries.overview(mine, visible_members(request.user)),
        "rows": queries.area_rows(list(gaps)),
    }
    return render(request, "grid/console.html", context)


@require_safe
@administrators_only
def areas(request: HttpRequest) -> HttpResponse:
    """``?q=`` name or code, ``?level=``, ``?gaps=1`` grids without a member, ``?under=CODE`` one subtree."""
    mine = administered_areas(request.user)
    under = mine.filter(code=request.GET["under"]).first() if request.GET.get("under") else None
    text, level = request.GET.get("q", "").strip(), request.GET.get("level", "")
    gaps = request.GET.get("gaps") == "1"
    found = mine.within([under.path]) if under else mine
    found = queries.search_areas(found, text=text, level=level, gaps=gaps).select_related("level")
    page = page_of(request, found)
    context = {
        "page": page,
        "rows": queries.area_rows(list(page.object_list)),
        "text": text,
        "level": level,
        "gaps": gaps,
        "under": under,
        "chain": locator.chain(under)[:-1] if under else [],
        "levels": Level.objects.all(),
        "is_filtered": bool(text or level or gaps or under),
        "missing": queries.without_member(mine).count(),
    }
    return render(request, "grid/areas.html", context)


@require_safe
@administrators_only
def members(request: HttpRequest) -> HttpResponse:
    """``?q=`` name, branch or area, ``?role=`` held now, ``?idle=1`` those without a post."""
    text, role = request.GET.get("q", "").strip(), request.GET.get("role", "")
    idle = request.GET.get("idle") == "1"
    found = queries.search_members(visible_members(request.user), text=text, role=role, idle=idle)
    page = page_of(request, found)
    context = {
        "page": page,
        "rows": [{"member": member, "photo": member_photo_url(member)} for member in page.object_list],
        "text": text,
        "role": role,
        "idle": idle,
        "roles": DutyRole.objects.all(),
        "is_filtered": bool(text or role or idle),
    }
    return render(request, "grid/members.html", context)


def page_of(request: HttpRequest, rows: QuerySet) -> Page:
    """The page asked for; the last one where a number is too high, the first one where it is none."""
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    page.object_list = list(page.object_list)
    return page
