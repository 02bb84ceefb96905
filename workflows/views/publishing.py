"""Publishing in the console: what is wrong, what would change, who agrees, and the way back."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from grid.errors import NotAllowed, Refused
from grid.models import in_language
from workflows import versions
from workflows.actions.definitions import publish_version, roll_back
from workflows.actions.proposals import (
    approve_proposal,
    propose_roll_back,
    propose_version,
    refuse_proposal,
    require_second_person,
    withdraw_proposal,
)
from workflows.actions.publication import NOTE_MAX, digest, needs_second_person
from workflows.installation import findings
from workflows.models import WorkflowDefinition, WorkflowProposal, WorkflowVersion
from workflows.policies import may_publish, visible_proposals

from .access import administrator_required
from .parse import whole_number

PER_PAGE = 20


@administrator_required
@require_http_methods(["GET", "HEAD", "POST"])
def workflow_publish(request: HttpRequest, key: str) -> HttpResponse:
    """The drawing beside the version in force; a POST publishes or proposes what was looked at."""
    body = versions.body_to_publish(key)
    if body is None:
        raise Http404
    if request.method != "POST":
        return _publish_page(request, key, body)
    try:
        if request.POST.get("looked_at") != digest(body):
            raise Refused(_("The drawing has changed since you looked at it. Look at it again."))
        seen, note = whole_number(request.POST.get("seen", "")), request.POST.get("note", "")
        if needs_second_person():
            propose_version(body=body, actor=request.user, note=note, seen=seen)
            return _done(request, _("Proposed. The other administrators have been told."), key)
        version, is_new = publish_version(body=body, actor=request.user, note=note, seen=seen)
    except Refused as error:
        return _publish_page(request, key, body, refused=error)
    if not is_new:
        return _done(request, _("Nothing has changed: this is the version in force."), key)
    said = _("Version %(number)d is in force now. Cases under way stay on theirs.")
    return _done(request, said % {"number": version.number}, key)


def _publish_page(request: HttpRequest, key: str, body: Any, refused: Refused | None = None) -> HttpResponse:
    definition = WorkflowDefinition.objects.filter(key=key).first()
    current = definition.in_force() if definition else None
    found = findings(body)
    context = {
        "key": key,
        "name": in_language(str(body.get("name") or key), str(body.get("name_en") or "")),
        "current": current,
        "errors": [finding for finding in found if finding.is_error],
        "warnings": [finding for finding in found if not finding.is_error],
        "changes": versions.changes(current.body, body, versions.role_names()) if current else [],
        "running": sum(versions.running_on([current]).values()) if current else 0,
        "waiting": definition.proposals.filter(status=WorkflowProposal.Status.OPEN).first()
        if definition
        else None,
        "looked_at": digest(body),
        "seen": current.pk if current else 0,
        "may_publish": may_publish(request.user),
        "second_person": needs_second_person(),
        "note": request.POST.get("note", ""),
        "note_max": NOTE_MAX,
    }
    return _page(request, "console/publish.html", context, refused)


@administrator_required
@require_safe
def workflow_versions(request: HttpRequest, key: str) -> HttpResponse:
    """The history of a workflow: every version with what changed, the latest first."""
    return _versions_page(request, get_object_or_404(WorkflowDefinition, key=key))


def _versions_page(
    request: HttpRequest, definition: WorkflowDefinition, refused: Refused | None = None
) -> HttpResponse:
    page = Paginator(versions.published(definition), PER_PAGE).get_page(request.GET.get("page"))
    current = definition.in_force()
    context = {
        "definition": definition,
        "page": page,
        "rows": versions.rows(list(page.object_list)),
        "seen": current.pk if current else 0,
        "may_publish": may_publish(request.user),
        "second_person": needs_second_person(),
    }
    return _page(request, "console/versions.html", context, refused)


@administrator_required
@require_POST
def workflow_roll_back(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """Bring an earlier version back, or propose to, where a second person is needed."""
    definition = get_object_or_404(WorkflowDefinition, key=key)
    version = get_object_or_404(WorkflowVersion, definition=definition, number=number)
    what = {
        "version_id": version.pk,
        "actor": request.user,
        "note": request.POST.get("note", ""),
        "seen": whole_number(request.POST.get("seen", "")),
    }
    try:
        if needs_second_person():
            propose_roll_back(**what)
            return _done(request, _("Proposed. The other administrators have been told."), key)
        new = roll_back(**what)
    except Refused as error:
        return _versions_page(request, definition, error)
    said = _("Version %(old)d is back, as version %(new)d. Cases under way stay on theirs.")
    return _done(request, said % {"old": version.number, "new": new.number}, key)


@administrator_required
@require_http_methods(["GET", "HEAD", "POST"])
def workflow_proposal(request: HttpRequest, pk: int) -> HttpResponse:
    """A publication that waits for a second person; ``do`` is approve, refuse or withdraw."""
    proposals = visible_proposals(request.user).select_related(
        "definition", "based_on", "proposed_by", "decided_by", "version"
    )
    proposal = get_object_or_404(proposals, pk=pk)
    if request.method != "POST":
        return _proposal_page(request, proposal)
    acts: dict[str, tuple[Callable[[], object], str]] = {
        "approve": (
            lambda: approve_proposal(proposal_id=pk, actor=request.user),
            _("Approved: it is in force now. Cases under way stay on theirs."),
        ),
        "refuse": (
            lambda: refuse_proposal(
                proposal_id=pk, actor=request.user, reason=request.POST.get("reason", "")
            ),
            _("Refused. Whoever proposed it has been told."),
        ),
        "withdraw": (lambda: withdraw_proposal(proposal_id=pk, actor=request.user), _("Withdrawn.")),
    }
    act, said = acts.get(request.POST.get("do", ""), (None, ""))
    if act is None:
        raise Http404
    try:
        act()
    except Refused as error:
        return _proposal_page(request, proposals.get(pk=pk), error)
    return _done(request, said, proposal.definition.key)


def _proposal_page(
    request: HttpRequest, proposal: WorkflowProposal, refused: Refused | None = None
) -> HttpResponse:
    before = proposal.based_on.body if proposal.based_on else None
    context = {
        "proposal": proposal,
        "changes": versions.changes(before, proposal.body, versions.role_names()) if before else [],
        "is_open": proposal.status == WorkflowProposal.Status.OPEN,
        "mine": proposal.proposed_by_id == request.user.pk,
        "may_publish": may_publish(request.user),
        "reason": request.POST.get("reason", ""),
        "note_max": NOTE_MAX,
    }
    return _page(request, "console/proposal.html", context, refused)


@administrator_required
@require_POST
def workflow_rule(request: HttpRequest) -> HttpResponse:
    """Whether a second person is needed: ``second_person`` is yes or no."""
    on = request.POST.get("second_person") == "yes"
    try:
        require_second_person(on=on, actor=request.user)
    except NotAllowed as error:
        raise PermissionDenied(str(error)) from None
    except Refused as error:
        messages.error(request, str(error))
    else:
        said = _("From now on a second person approves.") if on else _("One person alone may publish now.")
        messages.success(request, said)
    return redirect("console_workflows")


def publishing_of(request: HttpRequest) -> dict[str, Any]:
    """What the list of workflows says of publishing: the rule, and what waits for a second person."""
    waiting = visible_proposals(request.user).filter(status=WorkflowProposal.Status.OPEN)
    return {
        "second_person": needs_second_person(),
        "waiting": waiting.select_related("definition", "proposed_by").order_by("pk"),
        "may_publish": may_publish(request.user),
    }


def _page(
    request: HttpRequest, template: str, context: dict[str, Any], refused: Refused | None
) -> HttpResponse:
    status = 200 if refused is None else 403 if isinstance(refused, NotAllowed) else 409
    return render(request, template, context | {"refused": refused}, status=status)


def _done(request: HttpRequest, said: str, key: str) -> HttpResponse:
    messages.success(request, said)
    return redirect("workflow_versions", key)
