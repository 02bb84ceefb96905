"""The page on which a workflow is drawn, and what it asks the server. JSON in and out."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import patch_cache_control
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from grid.errors import NotAllowed, Refused
from grid.queries import search_members
from workflows import designer_words, helppage
from workflows.actions.drafts import Overtaken, save_draft
from workflows.compared import what_differs
from workflows.designer_kinds import ICONS, KINDS, MOVES
from workflows.drawing import read_json
from workflows.engine.lint import Finding, apply_fix
from workflows.installation import findings as lint
from workflows.models import WorkflowDefinition, WorkflowDraft
from workflows.policies import visible_drafts

from .access import administrator_required
from .drafts import me
from .parse import whole_number

#: People a search answers with.
MOST_PEOPLE = 12


@administrator_required
@require_safe
def workflow_draw(request: HttpRequest, key: str) -> HttpResponse:
    """The designer. Without a draft: back to the list, where one can be begun."""
    draft = visible_drafts(request.user).filter(key=key).select_related("saved_by", "based_on").first()
    if draft is None:
        if WorkflowDefinition.objects.filter(key=key).exists():
            return redirect("console_workflows")
        raise Http404(_("This draft is no longer there. Perhaps somebody has deleted it."))
    context = {
        "draft": draft,
        "config": designer_words.config(draft, me(request)),
        "kinds": KINDS,
        "icons": ICONS,
        "moves": MOVES,
    }
    response = render(request, "console/designer.html", context)
    patch_cache_control(response, private=True, no_store=True)
    return response


@administrator_required
@require_http_methods(["GET", "PUT"])
def workflow_draft(request: HttpRequest, key: str) -> HttpResponse:
    """The drawing with its revision. PUT: ``{revision, body}``; 409 with what somebody else saved since."""
    body: Any = None
    try:
        if request.method == "GET":
            return _answer(visible_drafts(request.user).select_related("saved_by").get(key=key))
        sent = read_json(request.body)
        body, revision = sent.get("body"), sent.get("revision")
        if not isinstance(body, dict) or not isinstance(revision, int):
            raise Refused(_("This cannot be read. Reload the page and do it again."))
        return _answer(save_draft(key=key, body=body, revision=revision, actor=me(request)), brief=True)
    except Overtaken as overtaken:
        differences = what_differs(body, overtaken.draft.body)
        return _answer(overtaken.draft, status=409, message=str(overtaken), differences=differences)
    except NotAllowed as refusal:
        return JsonResponse({"message": str(refusal)}, status=403)
    except Refused as refusal:
        return JsonResponse({"message": str(refusal)}, status=422)
    except WorkflowDraft.DoesNotExist:
        message = _(
            "Somebody has deleted this draft. Your work is kept on this device; export it to keep it."
        )
        return JsonResponse({"message": message}, status=404)


def _answer(draft: WorkflowDraft, *, status: int = 200, brief: bool = False, **more: Any) -> JsonResponse:
    answer = {
        "revision": draft.revision,
        "at": draft.saved_at.isoformat(),
        "by": str(draft.saved_by) if draft.saved_by else "",
        **more,
    }
    return JsonResponse(answer if brief else answer | {"body": draft.body}, status=status)


@administrator_required
@require_http_methods(["GET", "POST"])
def workflow_findings(request: HttpRequest, key: str) -> HttpResponse:
    """What the lint says about the drawing as it was saved last.

    POST ``?n=0&revision=7``: what finding ``n`` of that revision would make of it; saves nothing. 409 when it
    was saved since, 404 when the finding cannot mend itself.
    """
    draft = get_object_or_404(visible_drafts(request.user), key=key)
    findings = lint(draft.body)
    if request.method == "GET":
        return JsonResponse({"revision": draft.revision, "findings": [_finding(one) for one in findings]})
    n = whole_number(request.GET.get("n", ""))
    if whole_number(request.GET.get("revision", "")) != draft.revision:
        return JsonResponse({"revision": draft.revision}, status=409)
    fix = findings[n].fix if n is not None and n < len(findings) else None
    if fix is None:
        raise Http404
    return JsonResponse({"revision": draft.revision, "body": apply_fix(draft.body, fix)})


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "block": finding.block,
        "message": finding.message,
        "error": finding.is_error,
        "fix": finding.fix.words if finding.fix else "",
    }


@administrator_required
@require_safe
def workflow_people(request: HttpRequest) -> HttpResponse:
    """Members a step may name: ``?q=`` a part of the name or of the user name."""
    words = request.GET.get("q", "").strip()[:40]
    if not words:
        return JsonResponse({"people": []})
    found = search_members(designer_words.people(me(request)), text=words)[:MOST_PEOPLE]
    return JsonResponse({"people": [designer_words.person(member) for member in found]})


@administrator_required
@require_safe
def workflow_help(request: HttpRequest) -> HttpResponse:
    """How to draw a workflow: the page of the documentation, in the reader's language."""
    return render(request, "console/workflow_help.html", {"text": helppage.html(get_language() or "")})


@administrator_required
@require_safe
def workflow_help_picture(request: HttpRequest, name: str) -> HttpResponse:
    picture = helppage.picture(name)
    if picture is None:
        raise Http404
    response = HttpResponse(picture.read_bytes(), content_type="image/webp")
    patch_cache_control(response, private=True, max_age=3600)
    return response
