"""同问: what others have filed near by and lately, offered while filing, and joining it instead."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from grid.datums import to_wgs84
from grid.errors import Refused
from workflows import similar
from workflows.actions.duplicates import join_request
from workflows.models import Request
from workflows.models.request import ENDED_STATES

from .forms import FilingForm


@require_GET
def request_similar(request: HttpRequest) -> HttpResponse:
    """Fragment: cases like the one being filed (``category``, ``lon``, ``lat``, ``datum``).

    For those who have signed in only: what neighbours file is not for everybody who asks.
    """
    found: list[Request] = []
    if request.user.is_authenticated:
        form = FilingForm(request.GET)
        form.is_valid()
        point = form.cleaned_data
        lon, lat, datum = point.get("lon"), point.get("lat"), point.get("datum")
        if lon is not None and lat is not None and datum is not None:
            found = similar.to_join(point.get("category"), *to_wgs84(lon, lat, datum))
    return render(request, "portal/_similar.html", {"found": found})


@login_required
@require_POST
def request_join(request: HttpRequest, number: str) -> HttpResponse:
    """Join a case that was offered, and go to where it can be followed."""
    # Whoever was offered it may not see it yet: the action says whether it can be joined.
    case = get_object_or_404(Request.objects.exclude(state__in=ENDED_STATES), number=number)
    target = reverse("request_detail", args=[number])
    try:
        join_request(request_id=case.pk, actor=request.user)
    except Refused as error:
        if request.htmx:
            return render(request, "desk/_refused.html", {"refused": str(error)})
        messages.error(request, str(error))
        return redirect("request_new")
    messages.success(request, _("You have joined this request. You are told when it has been dealt with."))
    return HttpResponse(headers={"HX-Redirect": target}) if request.htmx else redirect(target)
