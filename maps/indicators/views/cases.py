"""The cases behind a number; and whether a case counts at all."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from grid.errors import Refused
from grid.models import Area
from grid.policies import is_member
from grid.queries import full_names
from workflows.actions.exclusions import exclude_case, include_case
from workflows.models import Exclusion
from workflows.policies import may_exclude, visible_requests

from .. import tables
from ..definitions import INDICATORS, Indicator
from ..models import CaseFacts
from ..reading import Question, behind, total
from ..rights import may_see_figures
from .asking import AskForm

PER_PAGE = 30
COUNTED, REST, WHOLE = "counted", "rest", "whole"


@require_safe
@login_required
def figure_cases(request: HttpRequest) -> HttpResponse:
    """The cases an indicator counts, the others, or all of them. Numbers, grids and times; nobody's words."""
    own = "own" in request.GET
    if not (is_member(request.user) if own else may_see_figures(request.user)):
        raise Http404
    form = AskForm(request.GET, request.user, own=own)
    indicator = INDICATORS.get(request.GET.get("indicator", ""))
    if indicator is None or not form.is_valid():
        raise Http404
    question, part = form.question(), _part(request.GET.get("part", ""), indicator)
    found = behind(question, indicator.name, rest=part == REST, whole=part == WHOLE)
    page = Paginator(_listed(found), PER_PAGE).get_page(request.GET.get("page"))
    figure = total(question)[indicator.name]
    context = {
        "indicator": indicator,
        "figure": figure,
        "value": tables.written(indicator, figure),
        "n": tables.out_of(indicator, figure),
        "period": question.period,
        "as_of": question.as_of,
        "question": question,
        "part": part,
        "parts": _parts(indicator, figure.count or 0, figure.of or 0),
        "page": page,
        "rows": _rows(page.object_list, question),
        "link": form.link(),
        "own": own,
        "back": f"{reverse('figures_mine' if own else 'figures')}?{form.link()}",
    }
    return render(request, "figures/cases.html", context)


def _part(asked: str, indicator: Indicator) -> str:
    if indicator.kind in ("mark",):
        return WHOLE
    return asked if asked in (REST, WHOLE) and indicator.of else COUNTED


def _parts(indicator: Indicator, count: int, of: int) -> list[tuple[str, str, int]]:
    """The lists of an indicator: code, name, how many."""
    if indicator.kind != "share":
        return []
    return [
        (COUNTED, _("counted"), count),
        (REST, _("not counted"), of - count),
        (WHOLE, _("counted or not"), of),
    ]


def _listed(found: Any) -> Any:
    return found.select_related("request", "category", "member").order_by("due_at", "request_id")


def _rows(page: Any, question: Question) -> list[dict[str, Any]]:
    facts: list[CaseFacts] = list(page)
    areas = Area.objects.filter(path__in={one.area_path for one in facts})
    names = full_names(list(areas.only("path", "depth", "name", "name_en")))
    reasons = {
        row.request_id: row.reason
        for row in Exclusion.objects.filter(request__in=[one.request_id for one in facts], ended_at=None)
    }
    return [
        {
            "facts": one,
            "number": one.request.number,
            "place": names.get(one.area_path, ""),
            "late": one.due_at is not None
            and not one.excused
            and (one.closed_at or question.as_of or one.known_from) > one.due_at,
            "reason": reasons.get(one.request_id, ""),
        }
        for one in facts
    ]


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def figure_exclude(request: HttpRequest, number: str) -> HttpResponse:
    """Whether a case counts, why not, and for a superior the way to change it."""
    case = get_object_or_404(visible_requests(request.user).select_related("area", "category"), number=number)
    allowed = may_exclude(request.user, case)
    if not allowed and not Exclusion.objects.filter(request=case).exists():
        raise Http404
    refused, reason = "", request.POST.get("reason", "")
    running = Exclusion.objects.filter(request=case, ended_at=None).first()
    back = _back(request)
    if request.method == "POST":
        act = include_case if "include" in request.POST else exclude_case
        try:
            act(request_id=case.pk, actor=request.user, reason=reason)
        except Refused as refusal:
            refused = str(refusal)
        else:
            said = {True: _("The case counts again."), False: _("The case does not count any more.")}
            messages.success(request, said[act is include_case])
            return redirect(back or reverse("figure_exclude", args=[number]))
    history = Exclusion.objects.filter(request=case).select_related("by", "ended_by")
    context = {
        "case": case, "running": running, "history": history, "may_change": allowed,
        "refused": refused, "reason": reason, "back": back,
    }  # fmt: skip
    return render(request, "figures/exclude.html", context, status=409 if refused else 200)


def _back(request: HttpRequest) -> str:
    """The list somebody came from, an address of our own."""
    back = request.POST.get("back") or request.GET.get("back", "")
    return back if url_has_allowed_host_and_scheme(back, allowed_hosts=None) and back.startswith("/") else ""
