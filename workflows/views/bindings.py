"""Which workflow requests run on, by category, area and day: set, looked at, tried out."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from grid.errors import NotAllowed, Refused
from grid.models import Area
from grid.policies import administered_areas
from grid.queries import full_names
from grid.views.duties import parse_date_or_none
from workflows import bindings
from workflows.actions.bindings import bind_workflow, cancel_binding
from workflows.models import Category, WorkflowBinding, WorkflowDefinition, WorkflowVersion
from workflows.models.dictionary import Dictionary
from workflows.policies import may_bind, visible_bindings

from .access import administrator_required
from .parse import whole_number

PER_PAGE = 30
#: Areas offered at once.
MOST = 12


@dataclass(frozen=True)
class Line:
    """A binding in the list. ``ended``: a later one took its place; ``coming``: its day is yet to come."""

    binding: WorkflowBinding
    area: str
    coming: bool
    ended: bool
    may_cancel: bool


@dataclass(frozen=True)
class Answer:
    """What was asked on the page, and which workflow it would be."""

    category: Category | None
    area: str
    on: date
    workflow: WorkflowDefinition | None
    by: WorkflowBinding | None
    passed: list[WorkflowBinding]


@administrator_required
@require_http_methods(["GET", "HEAD", "POST"])
def workflow_bindings(request: HttpRequest) -> HttpResponse:
    """The list and the form; a POST with ``do=ask`` changes nothing and says which workflow it would be."""
    refused: Refused | None = None
    answer: Answer | None = None
    if request.method == "POST":
        try:
            if request.POST.get("do") == "ask":
                answer = _answer(request)
            else:
                messages.success(request, _said(_bind(request)))
                return redirect("workflow_bindings")
        except Refused as error:
            refused = error
    page = Paginator(_listed(request), PER_PAGE).get_page(request.GET.get("page"))
    categories = Category.objects.filter(dictionary=Dictionary.RESIDENT, is_active=True)
    typed = request.POST
    context = {
        "page": page,
        "lines": _lines(request, list(page.object_list)),
        "definitions": _choosable(),
        "categories": categories.order_by("path"),
        "areas": _areas(request, typed),
        "typed": typed,
        "chosen_area": whole_number(typed.get("area", "")),
        "today": timezone.localdate(),
        "everywhere": may_bind(request.user, None),
        "answer": answer,
        "refused": refused,
    }
    status = 200 if refused is None else 403 if isinstance(refused, NotAllowed) else 409
    return render(request, "console/bindings.html", context, status=status)


@administrator_required
@require_safe
def binding_areas(request: HttpRequest) -> HttpResponse:
    """Areas by name or code, with the one that is chosen: a fragment of the form."""
    context = {
        "areas": _areas(request, request.GET),
        "chosen_area": whole_number(request.GET.get("area", "")),
    }
    return render(request, "console/_binding_areas.html", context)


@administrator_required
@require_POST
def binding_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back what is not in force yet."""
    get_object_or_404(WorkflowBinding, pk=pk)
    try:
        cancel_binding(binding_id=pk, actor=request.user)
    except Refused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Taken back."))
    return redirect("workflow_bindings")


def _listed(request: HttpRequest) -> QuerySet[WorkflowBinding]:
    """From the whole town to the single grid; the latest first."""
    everything = visible_bindings(request.user).select_related("category", "area", "definition", "set_by")
    return everything.order_by(
        F("area__path").asc(nulls_first=True), F("category__path").asc(nulls_first=True), "-since"
    )


def _bind(request: HttpRequest) -> WorkflowBinding:
    category, area = _category(request.POST), _area(request, request.POST)
    key = request.POST.get("definition", "")
    definition = _choosable().filter(key=key).first()
    if definition is None and key != "-":
        raise Refused(_("Choose the workflow."))
    since = parse_date_or_none(request.POST.get("since", ""))
    if since is None:
        raise Refused(_("Say from which day on."))
    return bind_workflow(category=category, area=area, definition=definition, since=since, actor=request.user)


def _choosable() -> Any:
    """Workflows with a version in force."""
    return WorkflowDefinition.objects.filter(versions__status=WorkflowVersion.Status.PUBLISHED).order_by(
        "name", "pk"
    )


def _category(typed: Any) -> Category | None:
    code = typed.get("category", "")
    if not code:
        return None
    category = Category.objects.filter(code=code).first()
    if category is None:
        raise Refused(_("There is no such category any more. Choose another one."))
    return category


def _area(request: HttpRequest, typed: Any) -> Area | None:
    if not typed.get("area"):
        return None
    area = administered_areas(request.user).filter(pk=whole_number(typed["area"]) or 0).first()
    if area is None:
        raise Refused(_("Choose an area that is yours to administer."))
    return area


def _areas(request: HttpRequest, typed: Any) -> list[Area]:
    """What fits the words typed, else the outermost; the chosen one is always among them."""
    mine = administered_areas(request.user).select_related("level").order_by("path")
    words = typed.get("q", "").strip()[:60]
    found = mine.filter(name__icontains=words) | mine.filter(code__startswith=words) if words else mine
    areas = list(found[:MOST])
    chosen = whole_number(typed.get("area", ""))
    if chosen and chosen not in {area.pk for area in areas}:
        areas = [*mine.filter(pk=chosen), *areas]
    return areas


def _lines(request: HttpRequest, shown: list[WorkflowBinding]) -> list[Line]:
    everything = visible_bindings(request.user).select_related("category", "area")
    counting = {binding.pk for binding in bindings.in_force(everything)}
    names, today = full_names({binding.area for binding in shown if binding.area}), timezone.localdate()
    mine: set[int | None] = set(
        administered_areas(request.user)
        .filter(pk__in={binding.area_id for binding in shown if binding.area_id})
        .values_list("pk", flat=True)
    )
    if may_bind(request.user, None):
        mine.add(None)
    return [
        Line(
            binding,
            names[binding.area.path] if binding.area else "",
            coming := binding.since > today,
            not coming and binding.pk not in counting,
            coming and binding.area_id in mine,
        )
        for binding in shown
    ]


def _answer(request: HttpRequest) -> Answer:
    category, area = _category(request.POST), _area(request, request.POST)
    on = parse_date_or_none(request.POST.get("since", "")) or timezone.localdate()
    found = bindings.workflow_for(category, area, on)
    workflow = WorkflowDefinition.objects.filter(key=found.key).first()
    name = full_names({area})[area.path] if area else ""
    return Answer(category, name, on, workflow, found.by, found.passed)


def _said(binding: WorkflowBinding) -> str:
    if binding.definition is None:
        return _("Ended. What is set less exactly counts from %(day)s on.") % {"day": binding.since}
    return _("Set: from %(day)s on it is “%(workflow)s”. Cases under way stay on theirs.") % {
        "day": binding.since,
        "workflow": binding.definition,
    }
