"""Acting from the live map: several cases chosen there, and the ordinary moves about each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from grid.errors import Refused
from grid.models import User
from grid.views.duties import day_of
from maps.policies import watched_requests
from maps.queries import chosen, places
from workflows.actions import case_batch
from workflows.models import Request, Supervision
from workflows.views.choices import colleagues
from workflows.views.parse import whole_number

from .access import says_what_is_wrong, watcher_data
from .data import read_filters

Results = list[case_batch.CaseResult]


@require_safe
@watcher_data
@says_what_is_wrong
def chosen_cases(request: HttpRequest) -> HttpResponse:
    """``?shape=lon,lat;lon,lat;…`` with the map's filters, or ``?number=…&number=…``: a fragment for the
    drawer with these cases and what can be done about them. 400 with a sentence for what is no shape."""
    mine = watched_requests(request.user)
    if text := request.GET.get("shape", ""):
        shape = chosen.shape_from(text)
        found = chosen.inside(mine, shape, read_filters(request), timezone.now(), case_batch.MOST)
    else:
        found = chosen.numbered(mine, request.GET.getlist("number"), case_batch.MOST)
    return render(request, "maps/_chosen.html", _context(found))


@require_safe
@watcher_data
def people_for_chosen(request: HttpRequest) -> HttpResponse:
    """``?number=…&q=``: people on duty near the chosen cases, by name, role or area. A fragment."""
    found = chosen.numbered(watched_requests(request.user), request.GET.getlist("number"), case_batch.MOST)
    people = _people(found.cases, request.GET.get("q", ""))
    return render(request, "desk/_people.html", {"people": people, "name": "to", "chosen": 0})


@require_POST
@watcher_data
def act_on_chosen(request: HttpRequest, act: str) -> HttpResponse:
    """Carry out one move about each chosen case; the fragment says of each what became of it."""
    if act not in _ACTS:
        raise Http404
    title, carry_out = _ACTS[act]
    found = chosen.numbered(watched_requests(request.user), request.POST.getlist("number"), case_batch.MOST)
    try:
        if found.total > case_batch.MOST:
            raise Refused(_("Choose at most %(most)d cases at once.") % {"most": case_batch.MOST})
        results = carry_out(request, [case.pk for case in found.cases])
    except Refused as error:
        return render(request, "desk/_refused.html", {"refused": str(error)})
    by_id = {case.pk: case for case in found.cases}
    done = sum(not result.refused for result in results)
    context = {
        "title": title(),
        "rows": [(result, by_id[result.request_id]) for result in results],
        "done": done,
        "refused": len(results) - done,
    }
    return render(request, "maps/_chosen_done.html", context)


def _urge(request: HttpRequest, ids: Sequence[int]) -> Results:
    return case_batch.urge_cases(request_ids=ids, actor=request.user, text=request.POST.get("text", ""))


def _order(request: HttpRequest, ids: Sequence[int]) -> Results:
    text = request.POST.get("text", "")
    if not text.strip():
        raise Refused(_("Write what is to be done."))
    return case_batch.supervise_cases(
        request_ids=ids,
        actor=request.user,
        level=whole_number(request.POST.get("level", "")) or 0,
        text=text,
        reply_by=day_of(request, "reply_by"),
    )


def _reassign(request: HttpRequest, ids: Sequence[int]) -> Results:
    to = User.objects.filter(pk=whole_number(request.POST.get("to", ""))).first()
    if to is None:
        raise Refused(_("Choose the person who is to take over."))
    reason = request.POST.get("reason", "")
    if not reason.strip():
        raise Refused(_("Say why: the next person has to know."))
    return case_batch.reassign_cases(request_ids=ids, actor=request.user, to=to, reason=reason)


def _message(request: HttpRequest, ids: Sequence[int]) -> Results:
    text = request.POST.get("text", "")
    if not text.strip():
        raise Refused(_("Write what the member is to know."))
    return case_batch.message_members(request_ids=ids, actor=request.user, text=text)


_ACTS: dict[str, tuple[Callable[[], str], Callable[[HttpRequest, Sequence[int]], Results]]] = {
    "urge": (lambda: _("Asked to hurry"), _urge),
    "order": (lambda: _("Order given"), _order),
    "reassign": (lambda: _("Handed over"), _reassign),
    "message": (lambda: _("Message sent"), _message),
}


def _context(found: chosen.Chosen) -> dict[str, Any]:
    return {
        "cases": found.cases,
        "total": found.total,
        "most": case_batch.MOST,
        "levels": Supervision.Level.choices,
        "people": _people(found.cases) if found.cases else [],
    }


def _people(cases: Sequence[Request], words: str = "") -> list[Any]:
    """Colleagues around the smallest area that all of the cases lie in."""
    return colleagues(Request(area_path=places.common_path([case.area_path for case in cases])), words=words)
