"""What waits for the viewer's word beside their tasks: applications to decide, orders to answer."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from workflows import queries

from .access import member_required

PER_PAGE = 30


@member_required
@require_GET
def desk_decisions(request: HttpRequest) -> HttpResponse:
    """Three lists: what to decide, what to answer, and whose answers are missing."""
    user = request.user
    watched = Paginator(queries.orders_watched(user), PER_PAGE)
    context = {
        "consents": list(queries.consents_waiting(user)[:PER_PAGE]),
        "to_answer": list(queries.orders_to_answer(user)[:PER_PAGE]),
        "page": watched.get_page(request.GET.get("page")),
    }
    return render(request, "desk/decisions.html", context)


@member_required
@require_GET
def desk_decisions_count(request: HttpRequest) -> HttpResponse:
    """How many applications and orders wait for this person's word: a fragment of its own, for the desk."""
    user = request.user
    waiting = queries.consents_waiting(user).count() + queries.orders_to_answer(user).count()
    return render(request, "desk/_decisions_count.html", {"waiting": waiting})
