"""Cases and borders, for those who watch over them: what the new borders mean, and numbers by either."""

from dataclasses import dataclass

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from grid import locator
from grid.duty import on_duty
from grid.models import Area
from grid.queries import children, full_names
from workflows import clocks, queries
from workflows.actions.borders import review_cases
from workflows.models import Request
from workflows.policies import reviewed_areas, reviews

from .access import watcher_required

PER_PAGE = 20
GRID_MEMBER = "grid_member"


@dataclass(frozen=True)
class Moved:
    """One case of the list. ``there`` is empty where no grid is any more."""

    case: Request
    light: str
    here: str
    there: str
    has_it: list[str]
    on_duty_there: list[str]


@watcher_required
@require_safe
def moved_cases(request: HttpRequest) -> HttpResponse:
    """Open cases that lie elsewhere by the new borders, and about which nobody has decided yet."""
    page = Paginator(queries.to_review(request.user), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "console/moved.html", {"page": page, "rows": _rows(page)})


def _rows(page: Page) -> list[Moved]:
    cases = list(page.object_list)
    names = full_names({area for case in cases for area in (case.area, case.area_today) if area})
    holders, now = queries.holders_of(cases), timezone.now()
    return [
        Moved(
            case,
            clocks.light(now, case.yellow_at, case.due_at, case.closed_at),
            names[case.area.path] if case.area else "",
            names[case.area_today.path] if case.area_today else "",
            holders[case.pk].names,
            _on_duty(case.area_today, holders[case.pk].role or GRID_MEMBER),
        )
        for case in cases
    ]


def _on_duty(area: Area | None, role: str) -> list[str]:
    return [duty.name for duty in on_duty(area, role)] if area else []


@watcher_required
@require_POST
def moved_cases_decide(request: HttpRequest) -> HttpResponse:
    """``keep`` or ``pass_on`` with a case's number, or ``every`` with either word for all that are listed."""
    everything = queries.to_review(request.user)
    if every := request.POST.get("every", ""):
        passing_on, chosen = every == "pass_on", everything
    else:
        passing_on = "pass_on" in request.POST
        number = request.POST.get("pass_on") or request.POST.get("keep", "")
        chosen = reviews(request.user).filter(number=number)
    ids = list(chosen.order_by("pk").values_list("pk", flat=True))
    done = review_cases(request_ids=ids, passing_on=passing_on, actor=request.user)
    if done.decided:
        messages.success(request, _passed_on(done.decided) if passing_on else _kept(done.decided))
    for sentence in done.refused[:3]:
        messages.error(request, sentence)
    if len(done.refused) > 3:
        messages.error(request, _("%(n)d more could not be decided.") % {"n": len(done.refused) - 3})
    return redirect("moved_cases")


def _passed_on(number: int) -> str:
    return ngettext("%(n)d case was passed on.", "%(n)d cases were passed on.", number) % {"n": number}


def _kept(number: int) -> str:
    return ngettext(
        "%(n)d case stays with whoever has it.", "%(n)d cases stay with whoever has them.", number
    ) % {"n": number}


@watcher_required
@require_safe
def cases_by_area(request: HttpRequest) -> HttpResponse:
    """``?under=CODE``: one area's parts; ``?borders=today``: by today's borders, not by who had the case."""
    mine = reviewed_areas(request.user)
    under = mine.filter(code=request.GET["under"]).first() if request.GET.get("under") else None
    today = request.GET.get("borders") == "today"
    areas = list(children(under, mine) if under else queries.outermost(mine))
    counted = queries.counts_by_area(reviews(request.user), [area.path for area in areas], today=today)
    context = {
        "today": today,
        "under": under,
        "chain": [area for area in locator.chain(under)[:-1] if mine.filter(pk=area.pk)] if under else [],
        "rows": [(area, counted[area.path]) for area in areas],
        "moved": queries.to_review(request.user).count(),
    }
    return render(request, "console/cases_by_area.html", context)
