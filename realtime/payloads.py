"""What payloads of events are made of: the bases of :mod:`.events`."""

from datetime import datetime
from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Payload(BaseModel):
    """Base of all payloads. ``kind`` is the event's name on the wire and in the log."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: ClassVar[str]
    # Only members cause it, so the live feed may name who did. Never for what a resident may have done.
    names_actor: ClassVar[bool] = False
    # It changes the public map's counts, so everybody hears of it as a ``PublicPayload``.
    public: ClassVar[bool] = False


class CaseBrief(BaseModel):
    """What a map or a list needs to redraw one case without asking again. Staff only: it has a point.

    ``lon``/``lat`` are WGS-84 degrees. The traffic light is not sent: the browser works it out
    from ``yellow_at`` and ``due_at``, so it also turns while nothing happens.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: int
    number: str
    state: str
    category: str
    lon: float | None
    lat: float | None
    grid: str
    yellow_at: datetime | None
    due_at: datetime | None
    closed_at: datetime | None
    urgent: bool
    # The user whose case it is, or was last: the figures of members follow it through time.
    handler: int | None = None


class PublicPayload(BaseModel):
    """What the public map hears of an event: which grid's counts changed. Never a point, a text or a name."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: str
    grid: str
    at: datetime


class CasePayload(Payload):
    case: CaseBrief
