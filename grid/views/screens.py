"""Screens on a wall: the console's page about them, and the address at which a screen begins."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from ui.forms import NodeField

from ..actions.screens import DAYS, allow_screen, open_screen, withdraw_screen
from ..errors import Refused
from ..models import Area
from ..policies import visible_screens
from ..screens import SESSION_KEY
from .console import administrators_only
from .exports import areas_that_hold_grids


class ScreenForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Where the screen hangs"),
        max_length=60,
        help_text=gettext_lazy("For example “command centre, left”."),
    )
    area = NodeField(
        label=gettext_lazy("What it shows"),
        queryset=Area.objects.none(),
        to_field_name="code",
        empty_label=gettext_lazy("Choose an area"),
    )
    days = forms.TypedChoiceField(
        label=gettext_lazy("For how long"),
        coerce=int,
        choices=lambda: [(days, ngettext("%(n)d day", "%(n)d days", days) % {"n": days}) for days in DAYS],
        initial=DAYS[1],
    )

    def __init__(self, *args: Any, areas: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields["area"]
        choice.queryset = areas.defer("geometry")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def console_screens(request: HttpRequest) -> HttpResponse:
    """The screens there are, and a new one, whose address is on this one page and never again."""
    areas = areas_that_hold_grids(request)
    form = ScreenForm(request.POST or None, areas=areas)
    address = ""
    if request.method == "POST" and form.is_valid():
        try:
            _screen, key = allow_screen(**form.cleaned_data, actor=request.user)
            # Behind the #: so it is sent to nobody, and stands in no log.
            address = request.build_absolute_uri(reverse("wall_open")) + "#" + key
            form = ScreenForm(areas=areas)
        except Refused as error:
            form.add_error(None, str(error))
    screens = visible_screens(request.user).select_related("area", "by").defer("area__geometry")
    context = {"screens": screens, "form": form, "address": address}
    return render(request, "grid/screens.html", context, status=400 if form.errors else 200)


@require_POST
@administrators_only
def screen_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a screen back."""
    try:
        withdraw_screen(screen_id=pk, actor=request.user)
        messages.success(request, _("The screen was taken back. It goes dark within seconds."))
    except Refused as error:
        messages.error(request, str(error))
    return redirect("console_screens")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def wall_open(request: HttpRequest) -> HttpResponse:
    """Where a screen begins: a script hands in the key that stands behind the #, and the wall opens.

    Whoever was signed in in this browser is signed out: a screen's session is nobody's.
    """
    if request.method != "POST":
        return render(request, "grid/screen_open.html")
    screen = open_screen(key=request.POST.get("key", ""))
    if screen is None:
        return render(request, "grid/screen_open.html", {"refused": True}, status=403)
    request.session.flush()
    request.session[SESSION_KEY] = screen.digest
    request.session.set_expiry(screen.until)
    return redirect("wall")
