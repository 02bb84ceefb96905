"""How an event looks on the wire: under which topics it is told, and its JSON for each kind of listener.

A topic is a string that a listener may be allowed to hear: ``area:<path>`` (an area and everything in it),
``request:<id>``, ``user:<id>``, ``public``. Nothing here knows who may hear what; the consumers decide that.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .events import KINDS, CasePayload, PublicPayload
from .models import Event

#: Characters per level in an area's materialised path (django-treebeard's ``steplen``).
PATH_STEP = 4

PUBLIC_TOPIC = "public"


class View(StrEnum):
    """How much of an event a listener is told."""

    #: The whole case brief, for people who watch the area.
    CASES = "cases"
    #: Only that something happened and when; the page then asks for what it may see.
    NUDGE = "nudge"
    #: A public payload: a grid's code and nothing of anybody.
    PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class Told:
    """One event, ready to be sent: serialised once, whatever the number of listeners."""

    kind: str
    topics: frozenset[str]
    texts: Mapping[View, str]
    #: When it was written, in seconds since 1970; 0: not known.
    at: float = 0.0
    #: The row's id; 0 for what stands in no table.
    id: int = 0
    #: The chain it belongs to (``request:17``) and its number there.
    chain: str = ""
    link: int = 0
    #: Whether something later of the same chain was told before: whoever hears it has to read again.
    late: bool = False
    #: Whether whoever listens now has heard it already: it is kept for those who come back.
    heard: bool = False


def area_topic(path: str) -> str:
    return f"area:{path}"


def request_topic(request_id: int) -> str:
    return f"request:{request_id}"


def user_topic(user_id: int) -> str:
    return f"user:{user_id}"


def told(event: Event) -> Told:
    """An event of the log as the hub tells it. ``event.actor`` should be loaded already."""
    texts = {View.CASES: _json(_whole(event)), View.NUDGE: _json(_nudge(event))}
    topics = set(_topics(event))
    public = public_payload(event)
    if public:
        texts[View.PUBLIC] = public.model_dump_json()
        topics.add(PUBLIC_TOPIC)
    return Told(
        kind=event.kind,
        topics=frozenset(topics),
        texts=texts,
        id=event.pk,
        chain=f"{event.subject_type}:{event.subject_id}",
        link=event.chain_seq,
        at=event.at.timestamp(),
    )


def public_payload(event: Event) -> PublicPayload | None:
    """What everybody may know of an event: in which grid the counts changed; None for anything else."""
    kind = KINDS.get(event.kind)
    if kind is None or not kind.public:
        return None
    grid = (event.payload.get("case") or {}).get("grid")
    return PublicPayload(kind=event.kind, grid=grid, at=event.at) if grid else None


def _topics(event: Event) -> Iterator[str]:
    path = event.area_path
    for length in range(0, len(path) + 1, PATH_STEP):  # from 0: "" is everywhere
        yield area_topic(path[:length])
    for user_id in event.user_ids:
        yield user_topic(user_id)
    if event.subject_type == "request":
        yield request_topic(event.subject_id)


def _nudge(event: Event) -> dict[str, Any]:
    return {"kind": event.kind, "at": event.at.isoformat()}


def _whole(event: Event) -> dict[str, Any]:
    """For the live map and its feed. Free text stays behind: whoever may read it opens the case."""
    said = _nudge(event) | {"subject": {"type": event.subject_type, "id": event.subject_id}}
    kind = KINDS.get(event.kind)
    if kind and issubclass(kind, CasePayload):
        said["case"] = event.payload.get("case")
    # A resident who asked to stay anonymous stays so: only kinds that members alone cause name their actor.
    if kind and kind.names_actor and event.actor:
        said["actor"] = str(event.actor)
    for key in ("title", "title_en", "outcome_title", "outcome_title_en"):
        if event.payload.get(key):
            said[key] = event.payload[key]
    return said


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
