"""Several tasks decided together: what they have in common, and what became of each."""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from viewflow.workflow.models import Task

from grid.errors import Refused
from grid.models import User
from workflows import queries
from workflows.actions.batch import MOST, decide_tasks
from workflows.engine.describe import Outcome, outcomes_of, step_of

from .access import member_required
from .parse import whole_number


def _chosen(user: User, values: Sequence[str]) -> list[Task]:
    """The tasks with these numbers that are the person's to decide; others are passed over."""
    numbers = [number for value in values[: MOST + 1] if (number := whole_number(value)) is not None]
    lists = (queries.inbox(user), queries.to_claim(user))
    own = {task.pk: task for tasks in lists for task in tasks.filter(pk__in=numbers)}
    return [own[number] for number in dict.fromkeys(numbers) if number in own]


def in_common(tasks: Sequence[Task]) -> list[Outcome]:
    """Outcomes every one of these tasks offers under the same code and name, and that ask for no photo.

    A step with a form of its own is decided on its own page.
    """
    shared: list[Outcome] | None = None
    for task in tasks:
        block = task.flow_task.block
        if block.form != "decision" or any(field.required for field in block.fields):
            return []
        offered = {(one.code, one.title): one for one in outcomes_of(task) if not one.needs_photo}
        if shared is None:
            shared = list(offered.values())
        shared = [
            Outcome(
                one.code, one.title, one.style, one.needs_opinion or same.needs_opinion, needs_photo=False
            )
            for one in shared
            if (same := offered.get((one.code, one.title)))
        ]
    return shared or []


@member_required
@require_GET
def desk_batch(request: HttpRequest) -> HttpResponse:
    """The chosen tasks, and the ways in which all of them can be decided."""
    return _page(request, _chosen(request.user, request.GET.getlist("task")))


def _page(request: HttpRequest, tasks: list[Task], *, refused: str = "", status: int = 200) -> HttpResponse:
    if not tasks:
        return redirect("desk")
    context = {
        "rows": [(task, task.process.request, step_of(task).title) for task in tasks],
        "outcomes": in_common(tasks),
        "refused": refused,
        "typed": request.POST,
    }
    return render(request, "desk/batch.html", context, status=status)


@member_required
@require_POST
def desk_batch_decide(request: HttpRequest) -> HttpResponse:
    """Decide them, one by one; the page says of each what became of it."""
    tasks = _chosen(request.user, request.POST.getlist("task"))
    chosen = next((one for one in in_common(tasks) if one.code == request.POST.get("outcome")), None)
    opinion = request.POST.get("opinion", "").strip()
    if tasks and chosen is None:
        return _page(request, tasks, refused=_("Choose how to decide these tasks."), status=409)
    if chosen is not None and chosen.needs_opinion and not opinion:
        refused = _("Write a few words about “%(outcome)s”.") % {"outcome": chosen.title}
        return _page(request, tasks, refused=refused, status=409)
    if chosen is None:
        return redirect("desk")
    try:
        results = decide_tasks(
            task_ids=[task.pk for task in tasks], actor=request.user, outcome=chosen.code, opinion=opinion
        )
    except Refused as error:
        return _page(request, tasks, refused=str(error), status=409)
    rows = [
        (result, task, task.process.request, step_of(task).title)
        for result, task in zip(results, tasks, strict=True)
    ]
    done = sum(not result.refused for result in results)
    return render(
        request,
        "desk/batch_done.html",
        {"rows": rows, "done": done, "refused": len(rows) - done, "chosen": chosen},
    )
