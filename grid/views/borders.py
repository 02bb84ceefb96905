"""What the page on which borders are redrawn asks the server; docs/reference/borders.md. JSON in and out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from .. import border_data, borders
from ..actions.borders import MOST_OPERATIONS, Conflict, drop_draft, redraw, save_draft
from ..errors import NotAllowed, Refused
from ..models import Area, AreaDraft, User
from ..policies import may_administer
from .console import administrators_only

#: Bytes. A thousand operations with long lines are far less.
LARGEST_BODY = 2_000_000


@dataclass(frozen=True)
class Work:
    """What somebody did on the map: operations upon the state that the save ``base`` left behind."""

    base: int | None
    operations: list[Any]
    note: str = ""


def on_a_community(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Gives the view its community: 404 if none in force has this code, 403 if it is another one's."""

    @administrators_only
    @wraps(view)
    def guarded(request: HttpRequest, code: str) -> HttpResponse:
        community = Area.objects.in_force().filter(code=code).select_related("level").first()
        if community is None or not borders.has_grids(community):
            raise Http404
        if not may_administer(request.user, community):
            raise PermissionDenied
        try:
            return view(request, community)
        except NotAllowed as refusal:
            return JsonResponse({"message": str(refusal)}, status=403)
        except Refused as refusal:
            return JsonResponse({"message": str(refusal), "problems": []}, status=422)

    return guarded


@require_safe
@on_a_community
def borders_data(request: HttpRequest, community: Area) -> HttpResponse:
    """``?on=YYYY-MM-DD``: as it was at the end of that day."""
    try:
        on = date.fromisoformat(request.GET["on"]) if request.GET.get("on") else None
    except ValueError:
        raise Refused(_("Give the day as YYYY-MM-DD.")) from None
    tag = border_data.version_tag(community, user=me(request), on=on)
    response = get_conditional_response(request, etag=tag)
    if response is None:
        response = JsonResponse(border_data.whole(community, user=me(request), on=on))
        response["ETag"] = tag
    patch_cache_control(response, private=True, no_cache=True)
    return response


@require_POST
@on_a_community
def borders_try(request: HttpRequest, community: Area) -> HttpResponse:
    work = _work(request)
    sheet = borders.known_sheet(community)
    after, failed = borders.try_out(sheet, work.operations, remember=True)
    return JsonResponse(border_data.tried(sheet, after, failed))


@require_POST
@on_a_community
def borders_save(request: HttpRequest, community: Area) -> HttpResponse:
    work = _work(request)
    try:
        edit = redraw(
            community=community,
            base=work.base,
            operations=work.operations,
            actor=me(request),
            note=work.note,
        )
    except Conflict as conflict:
        return JsonResponse(
            {
                "message": str(conflict),
                "edits": [
                    {
                        "id": one.id,
                        "at": one.at.isoformat(),
                        "by": one.by,
                        "note": one.note,
                        "grids": one.grids,
                    }
                    for one in conflict.edits
                ],
                "data": border_data.whole(community, user=me(request)),
            },
            status=409,
        )
    except NotAllowed:
        raise
    except Refused as refusal:
        sheet = borders.known_sheet(community)
        after, failed = borders.try_out(sheet, work.operations)
        said = border_data.tried(sheet, after, failed)
        return JsonResponse(
            {"message": str(refusal), "problems": said["problems"], "failed": said["failed"]}, status=422
        )
    return JsonResponse({"edit": edit.pk})


@require_http_methods(["GET", "PUT", "DELETE"])
@on_a_community
def borders_draft(request: HttpRequest, community: Area) -> HttpResponse:
    """One's own unsaved work here. 204 when there is none."""
    if request.method == "PUT":
        work = _work(request)
        save_draft(community=community, actor=me(request), base=work.base, operations=work.operations)
    elif request.method == "DELETE":
        drop_draft(community=community, actor=me(request))
    kept = AreaDraft.objects.filter(community=community, user=me(request)).first()
    response = HttpResponse(status=204) if kept is None else JsonResponse(border_data.draft(kept))
    patch_cache_control(response, private=True, no_store=True)
    return response


def me(request: HttpRequest) -> User:
    """Who asks; an administrator, so not nobody."""
    assert isinstance(request.user, User)
    return request.user


def _work(request: HttpRequest) -> Work:
    """The body of a request. Raises :class:`Refused` when it is none."""
    try:
        body = json.loads(request.body) if len(request.body) <= LARGEST_BODY else None
    except (ValueError, RecursionError):
        body = None
    if isinstance(body, dict):
        base, operations, note = body.get("base"), body.get("operations"), body.get("note") or ""
        if (
            (base is None or (isinstance(base, int) and not isinstance(base, bool) and abs(base) < 2**63))
            and isinstance(operations, list)
            and len(operations) <= MOST_OPERATIONS
            and isinstance(note, str)
        ):
            return Work(base, operations, note)
    raise Refused(_("This cannot be read. Reload the page and do it again."))
