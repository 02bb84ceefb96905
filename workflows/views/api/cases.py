"""Cases for programs: what one may see of a case, its story, and the moves of whole cases."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Schema

from workflows.actions import ratings
from workflows.actions.copies import read_copies
from workflows.filled import filled
from workflows.models import Request
from workflows.policies import sight, visible_requests
from workflows.timeline import timeline

from . import shapes, whole_cases

router = Router(tags=["cases"])


class EntryOut(Schema):
    """One step of the story, as far as the person may know it; ``took`` in seconds."""

    at: datetime
    kind: str
    title: str
    text: str
    actor: str
    took: float | None


class FilledOut(Schema):
    """A field of a form and its value in words, as far as the person may read it."""

    title: str
    value: str


class CaseOut(Schema):
    """What the person may see of a case: ``lon``/``lat`` in WGS-84 degrees, null if not theirs to know."""

    number: str
    state: str
    category: str
    area: str
    text: str
    lon: float | None
    lat: float | None
    filed_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    fields: list[FilledOut]
    story: list[EntryOut]


class Reason(shapes.Given):
    reason: shapes.Words


class RatingIn(shapes.Given):
    in_time: bool
    solved: bool
    satisfied: bool
    comment: shapes.Words = ""


@router.get("/{number}", response=CaseOut, url_name="case")
def case(request: HttpRequest, number: str) -> Any:
    """A case with its story."""
    found = _case(request, number)
    seen = sight(request.user, found)
    return {
        "number": found.number,
        "state": found.state,
        "category": found.category.code if found.category else "",
        "area": found.area.code if found.area else "",
        "text": found.text if seen.words else "",
        "lon": found.lon if seen.place else None,
        "lat": found.lat if seen.place else None,
        "filed_at": found.filed_at,
        "due_at": found.due_at,
        "closed_at": found.closed_at,
        "fields": filled(found, request.user, seen),
        "story": [
            {
                "at": entry.at,
                "kind": entry.kind,
                "title": entry.title,
                "text": entry.text,
                "actor": entry.actor_name,
                "took": entry.took,
            }
            for entry in timeline(found, request.user)
        ],
    }


def _case(request: HttpRequest, number: str) -> Request:
    cases = visible_requests(request.user).select_related("category", "area", "reporter", "process")
    return get_object_or_404(cases, number=number)


def _move(name: str, sent: type[shapes.Given], act: Callable[..., Any]) -> None:
    """Offer a move of a whole case under ``/{number}/<name>``."""

    def move(request: HttpRequest, number: str, given: Any) -> Any:
        found = _case(request, number)
        act(request_id=found.pk, actor=request.user, **shapes.values_of(given))
        return shapes.done(found)

    move.__annotations__["given"] = sent
    move.__doc__ = (act.__doc__ or "").partition("\n")[0]
    path, code = f"/{{number}}/{name}", f"case_{name.replace('-', '_')}"
    router.post(path, response=shapes.DoneOut, url_name=code, operation_id=code)(move)


_move("copy-read", shapes.Nothing, read_copies)
_move("rate", RatingIn, ratings.rate_request)
_move("reopen", Reason, ratings.reopen_request)
for name, sent, act in whole_cases.MOVES:
    _move(name, sent, act)
