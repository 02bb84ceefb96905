"""The members' desk: their lists, and filing for someone else or for what they found themselves."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from .access import member_required
from .inbox import LIGHTS, Filters, Inbox


@member_required
@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    """The lists of tasks to do, to claim and done."""
    inbox = Inbox(request.user, Filters.parse(request.GET))
    return render(request, "desk/desk.html", {"inbox": inbox, "lights": LIGHTS})


@member_required
@require_GET
def desk_inbox(request: HttpRequest) -> HttpResponse:
    """The lists alone, fetched again when a filter or a task changes."""
    filters = Filters.parse(request.GET)
    response = render(request, "desk/_inbox.html", {"inbox": Inbox(request.user, filters)})
    query = filters.query()
    response["HX-Replace-Url"] = reverse("desk") + (f"?{query}" if query else "")
    return response
