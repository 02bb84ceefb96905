"""Party branches: what they are built on and who belongs to them."""

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from ..actions.people import create_branch, update_branch
from ..errors import Refused
from ..models import Area, AreaQuerySet, Branch, Level
from ..policies import administered_areas, may_change_branch, visible_branches, visible_members
from .console import administrators_only, page_of
from .people_forms import BranchForm, NewBranchForm

#: Areas that the form offers. An administrator of more links a branch to communities, not to each grid.
MOST_AREAS = 400


def _areas(request: HttpRequest, branch: Branch | None = None) -> AreaQuerySet:
    """Areas a branch may be built on: the administrator's down to the grids, and those it is built on."""
    mine = administered_areas(request.user)
    above = mine.filter(level__order__lt=_grid_order())
    grids = mine.filter(level__is_grid=True)
    found = above | grids if grids.count() <= MOST_AREAS else above
    if branch is not None:
        found = found | mine.filter(branches=branch)
    return found.distinct().order_by("path")


def _grid_order() -> int:
    return Level.objects.filter(is_grid=True).values_list("order", flat=True).first() or 0


@require_safe
@administrators_only
def branch_list(request: HttpRequest) -> HttpResponse:
    """Branches of the administrator's areas, each with its areas and the number of its members."""
    counted = visible_branches(request.user).annotate(
        people=Count("members", filter=Q(members__user__is_active=True), distinct=True)
    )
    page = page_of(request, counted.prefetch_related("areas"))
    return render(request, "grid/branches.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def branch_new(request: HttpRequest) -> HttpResponse:
    """Add a branch, on areas of the administrator's own."""
    form = NewBranchForm(request.POST or None, areas=_areas(request), branches=visible_branches(request.user))
    if request.method == "POST" and form.is_valid():
        try:
            branch = create_branch(**form.cleaned_data, actor=request.user)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Saved."))
            return redirect("branch_detail", branch.pk)
    return render(request, "grid/branch.html", {"form": form}, status=409 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def branch_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One branch: its name, the areas it is built on, its members."""
    branch = get_object_or_404(visible_branches(request.user), pk=pk)
    mine, areas = may_change_branch(request.user, branch), _areas(request, branch)
    form = None
    if mine:
        form = BranchForm(
            request.POST or None,
            areas=areas,
            initial={"name": branch.name, "name_en": branch.name_en, "areas": list(branch.areas.all())},
        )
    if request.method == "POST" and form is not None and form.is_valid():
        try:
            update_branch(branch=branch, **form.cleaned_data, actor=request.user)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Saved."))
            return redirect("branch_detail", branch.pk)
    people = visible_members(request.user).filter(branch=branch, user__is_active=True).distinct()
    context = {
        "branch": branch,
        "form": form,
        "linked": Area.objects.filter(branches=branch).select_related("level"),
        "people": people.select_related("user").order_by("user__name"),
    }
    return render(request, "grid/branch.html", context, status=409 if form and form.errors else 200)
