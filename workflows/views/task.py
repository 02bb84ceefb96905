"""One task: everything needed to decide it on one page, and the moves, one action each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from viewflow.workflow.models import Task

from grid.errors import NotAllowed, Refused
from grid.models import User
from workflows.actions.tasks import claim_task, decide_task, return_task, transfer_task, unclaim_task
from workflows.engine.describe import Field, describe, step_of
from workflows.filled import filled
from workflows.flow_picture import picture_of_case
from workflows.models import State
from workflows.policies import OPEN_TASK, acted_last, acting_for, may_act, pools_of, sight
from workflows.timeline import timeline

from . import choices, together
from .access import member_required
from .contact import contact_of
from .fields import people, sent, sheet_field
from .oversight import oversight, task_moves
from .parse import whole_number


@dataclass(frozen=True)
class Phrase:
    """A sentence that saves typing with a thumb, and the few words on its button."""

    label: str
    text: str


def quick_phrases(*, on_site: bool) -> list[Phrase]:
    """For whoever handles a case ``on_site``, or for those who decide about it at a desk."""
    if on_site:
        return [
            Phrase(_("Fixed"), _("Went there, fixed on the spot.")),
            Phrase(_("Explained by phone"), _("Called the resident and explained.")),
            Phrase(_("With the company"), _("Handed to the responsible company, I follow up.")),
        ]
    return [
        Phrase(_("As described"), _("Checked: it is as described.")),
        Phrase(_("Agreed"), _("Agreed.")),
        Phrase(_("Needs more information"), _("Needs more information from the resident.")),
    ]


def task_of(user: User, pk: int) -> Task:
    """A task of a case this person works on or watches, or could have claimed, with what its page shows."""
    task = get_object_or_404(
        Task.objects.select_related(
            "owner",
            "process__request__area__level",
            "process__request__category",
            "process__request__condition",
            "process__request__reporter",
        ),
        pk=pk,
        process__request__isnull=False,
    )
    allowed = (
        may_act(user, task)
        or task.owner_id in acting_for(user)
        or sight(user, task.process.request).internal
        # Who passed it on may take it back.
        or acted_last(user, task)
        # A colleague was quicker: the page says who.
        or task.owner_permission in pools_of(user)
    )
    if not allowed:
        raise Http404
    return task


def _fields(request: HttpRequest, task: Task, fields: list[Field]) -> list[dict[str, Any]]:
    """The step's form fields, with what can be chosen and what was typed before an action said no."""
    case = task.process.request
    before = {"area": case.area_id, "category": case.category_id}
    return [
        sheet_field(
            field,
            typed=request.POST,
            before=before.get(field.type) if field.value is None else field.value,
            case=case,
            viewer=request.user,
        )
        for field in fields
    ]


def _is_mine(user: User, task: Task) -> bool:
    """Whether the task is open and this person's to decide or to claim."""
    return task.status in OPEN_TASK and may_act(user, task)


def _standing(user: User, task: Task) -> dict[str, Any]:
    """Whose the task is now, and who settled it if it is over."""
    is_open = task.status in OPEN_TASK
    mine = _is_mine(user, task)
    return {
        "task": task,
        "case": task.process.request,
        "is_open": is_open,
        "mine": mine,
        "for_whom": task.owner if mine and task.owner_id and task.owner_id != user.pk else None,
        "settled": None if is_open else task.opinions.select_related("actor", "on_behalf_of").last(),
    }


def _page(request: HttpRequest, task: Task, *, refused: str = "", status: int = 200) -> HttpResponse:
    case, user, sheet = task.process.request, request.user, describe(task)
    seen = sight(user, case)
    standing = _standing(user, task)
    mine = standing["mine"]
    on_site = sheet.state == State.HANDLING
    context = standing | together.shown(request, task, sheet, mine=mine)
    context |= {
        "sheet": sheet,
        "sight": seen,
        "readable": mine or seen.words,
        "contact": contact_of(case, user, seen),
        "photos": list(case.attachments.all()) if seen.photos else [],
        "entries": timeline(case, user),
        "picture": picture_of_case(case, user) if seen.internal else None,
        "fields": _fields(request, task, sheet.fields) if mine else [],
        # While the task is theirs, it is this step that says what they read.
        "filled": filled(case, user, seen, task.flow_task.block if mine else None),
        "people": choices.colleagues(case, but=task.owner_id) if mine and "transfer" in sheet.moves else [],
        "phrases": quick_phrases(on_site=on_site),
        "photos_likely": on_site or any(outcome.needs_photo for outcome in sheet.outcomes),
        "opinion_needed": any(outcome.needs_opinion for outcome in sheet.outcomes),
        "photo_needed": any(outcome.needs_photo for outcome in sheet.outcomes),
        # What was typed before an action said no.
        "typed": request.POST,
        "chosen_person": whole_number(request.POST.get("to", "")),
        "refused": refused,
    }
    if seen.internal:
        context |= oversight(case, user) | task_moves(case, user)
        context["back"] = reverse("desk_task", args=[task.pk])
    return render(request, "desk/task.html", context, status=status)


@member_required
@require_GET
def desk_task(request: HttpRequest, pk: int) -> HttpResponse:
    """What is asked, where, by when, what happened so far, and what can be done."""
    task = task_of(request.user, pk)
    if step_of(task).form == "rating":
        # The three questions are the portal's, also for a member whose own request it was.
        return redirect("request_detail", number=task.process.request.number)
    return _page(request, task)


@member_required
@require_GET
def desk_standing(request: HttpRequest, pk: int) -> HttpResponse:
    """Whose the task is now: a fragment, so that an open page says at once that somebody was quicker."""
    return render(request, "desk/_standing.html", _standing(request.user, task_of(request.user, pk)))


@member_required
@require_GET
def desk_story(request: HttpRequest, pk: int) -> HttpResponse:
    """What happened so far: a fragment, so that an open page shows what others do meanwhile."""
    task = task_of(request.user, pk)
    case = task.process.request
    if not (_is_mine(request.user, task) or sight(request.user, case).words):
        # A colleague was quicker, and it is no longer this person's to read: nothing is put into the page.
        return HttpResponse(status=204)
    seen = sight(request.user, case)
    context = {
        "task": task,
        "case": case,
        "entries": timeline(case, request.user),
        "picture": picture_of_case(case, request.user) if seen.internal else None,
    }
    return render(request, "desk/_story.html", context)


@member_required
@require_GET
def desk_people(request: HttpRequest, pk: int) -> HttpResponse:
    """People by name or role: a fragment for handing over (``to``) or for a step's own field."""
    task = task_of(request.user, pk)
    field = request.GET.get("field", "")
    case, words = task.process.request, request.GET.get("q", "")
    known = next((known for known in describe(task).fields if known.code == field), None)
    if known is None:
        found = choices.colleagues(case, words=words, but=task.owner_id)
        return render(request, "desk/_people.html", {"people": found, "name": "to"})
    # Those ticked already stay in the list, whatever is looked for.
    chosen = [number for one in request.GET.getlist(field) if (number := whole_number(one))]
    context = {
        "people": people(known.role, case, request.user, chosen, words),
        "name": field,
        "chosen": chosen,
        "several": known.type == "people",
    }
    return render(request, "desk/_people.html", context)


@member_required
@require_GET
def desk_areas(request: HttpRequest, pk: int) -> HttpResponse:
    """Grids by name or code: a fragment for a step that says where the case belongs."""
    task = task_of(request.user, pk)
    found = choices.areas(request.user, task.process.request, words=request.GET.get("q", ""))
    return render(request, "desk/_areas.html", {"areas": found, "name": request.GET.get("field", "area")})


def carry_out(
    request: HttpRequest, pk: int, act: Callable[[], object], done: str, *, stay: bool = False
) -> HttpResponse:
    """Carry out one action; say that it is done, or show the page again with what was typed and why not."""
    try:
        act()
    except Refused as error:
        if request.htmx:
            # The form stays as it is, with the photos chosen in it; only the reason is put above it.
            response = render(request, "desk/_refused.html", {"refused": str(error)})
            response["HX-Retarget"], response["HX-Reswap"] = "#refused", "innerHTML"
            return response
        status = 403 if isinstance(error, NotAllowed) else 409
        return _page(request, task_of(request.user, pk), refused=str(error), status=status)
    messages.success(request, done)
    target = reverse("desk_task", args=[pk]) if stay else reverse("desk")
    return HttpResponse(headers={"HX-Redirect": target}) if request.htmx else redirect(target)


@member_required
@require_POST
def desk_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Decide a task: outcome, opinion, photos of the work done, the step's own fields."""
    fields = describe(task_of(request.user, pk)).fields

    def act() -> None:
        decide_task(
            task_id=pk,
            actor=request.user,
            outcome=request.POST.get("outcome", ""),
            opinion=request.POST.get("opinion", "").strip(),
            photos=request.FILES.getlist("photos"),
            data=sent(fields, request.POST),
        )

    return carry_out(request, pk, act, _("Done. The next step is on its way."))


@member_required
@require_POST
def desk_claim(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a task out of the pool."""
    task_of(request.user, pk)

    def act() -> None:
        claim_task(task_id=pk, actor=request.user)

    return carry_out(request, pk, act, _("The task is yours now."), stay=True)


@member_required
@require_POST
def desk_unclaim(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a task back into the pool."""
    task_of(request.user, pk)

    def act() -> None:
        unclaim_task(task_id=pk, actor=request.user)

    return carry_out(request, pk, act, _("The task is back in the pool."))


@member_required
@require_POST
def desk_transfer(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand a task to a colleague, who finishes it."""
    task_of(request.user, pk)

    def act() -> None:
        to = User.objects.filter(pk=whole_number(request.POST.get("to", ""))).first()
        if to is None:
            raise Refused(_("Choose the person who is to take over."))
        reason = request.POST.get("reason", "").strip()
        transfer_task(task_id=pk, actor=request.user, to=to, reason=reason)

    return carry_out(request, pk, act, _("The task was handed over."))


@member_required
@require_POST
def desk_return(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the case back to an earlier step, with a reason."""
    task_of(request.user, pk)

    def act() -> None:
        return_task(
            task_id=pk,
            actor=request.user,
            to_block=request.POST.get("to_block", ""),
            reason=request.POST.get("reason", "").strip(),
            resume="straight_back" if request.POST.get("resume") == "straight_back" else "onward",
        )

    return carry_out(request, pk, act, _("The case was sent back."))
