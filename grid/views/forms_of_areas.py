"""Forms about one area: its name and households, its end, and a part of it that has no border."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from ..actions.areas import create_area, retire_area, update_area
from ..errors import Refused
from ..models import Area
from .console import administrators_only
from .duties import Place, place_of
from .people_forms import AreaForm, NewAreaForm, RetireForm


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def area_edit(request: HttpRequest, code: str) -> HttpResponse:
    """Name, English name, households. Borders are changed on the map."""
    place = place_of(request, code)
    form = AreaForm(request.POST) if request.method == "POST" else AreaForm.of(place.area)
    if request.method == "POST" and form.is_valid():
        try:
            update_area(area=place.area, changes=form.cleaned_data, actor=request.user)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Saved."))
            return redirect(_list_with(place.area, place.path))
    return _form(request, form, place, "edit")


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def area_retire(request: HttpRequest, code: str) -> HttpResponse:
    """End an area from a day on. Refused while other areas in it are in force."""
    place = place_of(request, code)
    form = RetireForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            retire_area(area=place.area, on=form.cleaned_data["on"], actor=request.user)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("%(area)s ends on that day.") % {"area": place.area})
            return redirect(_list_with(place.path[-2] if len(place.path) > 1 else None, place.path))
    return _form(request, form, place, "retire")


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def area_add(request: HttpRequest, code: str) -> HttpResponse:
    """Add an area without a border to this one: a building, known by its address."""
    place = place_of(request, code)
    form = NewAreaForm(request.POST or None, parent=place.area)
    if request.method == "POST" and form.is_valid():
        try:
            added = create_area(**form.cleaned_data, parent=place.area, actor=request.user)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("%(area)s was added.") % {"area": added})
            return redirect(_list_with(place.area, place.path))
    return _form(request, form, place, "add")


def _form(request: HttpRequest, form: forms.Form, place: Place, doing: str) -> HttpResponse:
    context = {"form": form, "area": place.area, "crumbs": place.crumbs, "doing": doing}
    return render(request, "grid/area_form.html", context, status=409 if form.errors else 200)


def _list_with(area: Area | None, path: list[Area]) -> str:
    """The list of areas at this one; at the one around it, where this is a single row."""
    if area is not None and area.level.is_grid and len(path) > 1:
        area = next((one for one in reversed(path) if not one.level.is_grid and one.depth < area.depth), area)
    return reverse("console_areas") + (f"?under={area.code}" if area else "")
