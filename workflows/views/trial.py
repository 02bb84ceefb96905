"""Trying a workflow on a case: choose one or make one up, and see what would happen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from pydantic import ValidationError

from grid.errors import Refused
from workflows import conditions
from workflows.calendar import working_calendar
from workflows.engine import schema
from workflows.engine.schema import Definition
from workflows.engine.vocabulary import form_fields, names_of
from workflows.flow_picture import Picture, picture_of_run
from workflows.installation import findings
from workflows.models import Request, WorkflowDefinition, WorkflowJob
from workflows.policies import visible_jobs
from workflows.trial.bodies import DRAFT, Body, bodies
from workflows.trial.case import TrialCase, as_filed, as_filed_all, made_up
from workflows.trial.cases import past_cases
from workflows.trial.pace import Given, Nobody, Pace, measured
from workflows.trial.walk import Run, walk

from . import trial_forms as asked
from .access import administrator_required

#: Past cases offered by number, and those whose durations are measured: the latest.
OFFERED, MEASURED = 20, 200


@dataclass(frozen=True)
class Result:
    """What a trial showed. ``days_off`` lie between filing and closing; ``known``: their holidays are
    published.
    """

    run: Run
    picture: Picture
    days_off: int
    known: bool

    @property
    def is_late(self) -> bool:
        due = self.run.case.request.due_at
        return due is not None and self.run.closed_at is not None and self.run.closed_at > due


@administrator_required
@require_safe
def workflow_try(request: HttpRequest, key: str) -> HttpResponse:
    """One workflow on one case. With htmx only what came of it is answered."""
    known = bodies(key) + _replayed(request, key)
    if not known:
        raise Http404
    definition = WorkflowDefinition.objects.filter(key=key).first()
    form = asked.form_of(request.GET, [(body.code, body.title) for body in known])
    context: dict[str, Any] = {"form": form, "key": key, "name": _name(known[0], definition)}
    context |= {"is_drawn": known[0].code == DRAFT, "is_new": definition is None}
    if form.is_valid():
        body = next(one for one in known if one.code == form.cleaned_data["what"])
        context |= _answer(request, form, body, definition)
    context["past"] = past_cases(request.user, definition).order_by("-pk")[:OFFERED] if definition else []
    template = "console/_try_result.html" if request.htmx else "console/workflow_try.html"
    return render(request, template, context)


def _name(body: Body, definition: WorkflowDefinition | None) -> str:
    return str(definition) if definition else str(body.body.get("name") or "")


def _replayed(request: HttpRequest, key: str) -> list[Body]:
    """The very drawing that a replay was made with, to look closer at one of its cases."""
    code = request.GET.get("what", "")
    if not code.startswith("job-"):
        return []
    jobs = visible_jobs(request.user).filter(kind=WorkflowJob.Kind.REPLAY, definition__key=key)
    job = next((job for job in jobs if f"job-{job.pk}" == code), None)
    return (
        [Body(code, _("as replayed: %(title)s") % {"title": job.wishes["title"]}, job.wishes["body"])]
        if job
        else []
    )


def _answer(
    request: HttpRequest, form: asked.TrialForm, body: Body, definition: WorkflowDefinition | None
) -> dict[str, Any]:
    """What came of it, or why nothing could."""
    errors = [one for one in findings(body.body) if one.is_error] if body.version is None else []
    if errors:
        return {"findings": errors}
    try:
        drawn = body.definition
    except (ValidationError, Refused):
        return {"refused": _("This drawing cannot run yet. Mend what the check finds, then try it.")}
    on_past = form.cleaned_data["case"] == asked.PAST
    place = asked.place_of(request.user, form.cleaned_data["place"])
    stub = Request(area=place.area, area_path=place.area.path if place.area else "")
    fields = asked.asked_fields(_wanted(drawn), request.GET, stub)
    context: dict[str, Any] = {"place": place, "fields": [] if on_past else fields, "on_past": on_past}
    try:
        case = _past(request, form, definition) if on_past else _made_up(request, form, place, fields)
    except Refused as refused:
        return context | {"refused": str(refused)}
    outcomes = asked.chosen_outcomes(request.GET)
    run = walk(drawn, case, pace=_pace(request, form, case, definition), outcomes=outcomes)
    chosen = [f"{block}:{codes[0]}" for block, codes in outcomes.items()]
    return context | {"result": _result(run), "chosen": chosen, "area": place.area}


def _wanted(drawn: Definition) -> list[schema.FormField]:
    """Fields of the filing form, and those of steps that decide where the case goes or to whom."""
    names, questions = names_of(drawn), set()
    for block in schema.blocks(drawn.body):
        for case in getattr(block, "cases", ()):
            questions |= conditions.fields(conditions.parse(case.when, names, longest=len(case.when)))
        questions |= {f"fields.{who.field}" for who in getattr(block, "who", ()) if who.field}
    filed = {part.code for part in drawn.fields}
    found = {
        part.code: part
        for part in form_fields(drawn)
        if part.code in filed or f"fields.{part.code}" in questions
    }
    return list(found.values())


def _past(request: HttpRequest, form: asked.TrialForm, definition: WorkflowDefinition | None) -> TrialCase:
    number = form.cleaned_data["number"].strip()
    if not number:
        raise Refused(_("Choose a past case, or make one up."))
    cases = past_cases(request.user, definition) if definition else Request.objects.none()
    case = cases.filter(number=number).first()
    if case is None:
        raise Refused(_("No case of this workflow in your areas has this number. Choose one from the list."))
    # The moment in the form is only meant when somebody has put one there for this case.
    filed = asked.moment_of(form) if request.GET.get("again") else None
    return as_filed(case, filed_at=filed)


def _made_up(
    request: HttpRequest, form: asked.TrialForm, place: asked.Place, fields: list[asked.Asked]
) -> TrialCase:
    if place.unknown or place.offered:
        raise Refused(_("Say which place is meant: several fit, or none does."))
    said = form.cleaned_data
    return made_up(
        reporter=request.user,
        filed_at=asked.moment_of(form) or timezone.now(),
        area=place.area,
        category=said["category"],
        urgent=said["urgent"],
        source=said["source"],
        fields=asked.values_of(fields),
    )


def _pace(
    request: HttpRequest, form: asked.TrialForm, case: TrialCase, definition: WorkflowDefinition | None
) -> Pace:
    match form.cleaned_data["pace"]:
        case asked.NOBODY:
            return Nobody()
        case asked.MEASURED:
            latest = past_cases(request.user, definition).order_by("-pk")[:MEASURED] if definition else []
            return measured([case, *as_filed_all(latest)], own=True)
    hours = form.cleaned_data["hours"]
    return Given(float(hours) if hours is not None else asked.DEFAULT_HOURS)


def _result(run: Run) -> Result:
    calendar = working_calendar()
    first = timezone.localtime(run.case.filed_at).date()
    last = timezone.localtime(run.closed_at or run.case.filed_at).date()
    days = [first.fromordinal(day) for day in range(first.toordinal(), last.toordinal() + 1)]
    off = sum(not calendar.is_working(day) for day in days)
    return Result(run, picture_of_run(run), off, calendar.knows(last))
