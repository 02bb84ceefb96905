"""Events of areas, duties and members. The rules are those of :mod:`.events`."""

from datetime import date, datetime
from typing import ClassVar

from .payloads import Payload


class AreaCreated(Payload):
    kind: ClassVar[str] = "area.created"
    code: str
    name: str
    level: str


class AreaChanged(Payload):
    kind: ClassVar[str] = "area.changed"
    code: str
    fields: list[str]


class AreaRetired(Payload):
    """``on`` is the first day on which the area is no longer in force."""

    kind: ClassVar[str] = "area.retired"
    code: str
    on: date


class AreasImported(Payload):
    kind: ClassVar[str] = "areas.imported"
    names_actor: ClassVar[bool] = True
    file: str
    level: str
    added: int
    changed: int
    repaired: int
    retired: int = 0


class AreasImportUndone(Payload):
    kind: ClassVar[str] = "areas.import_undone"
    names_actor: ClassVar[bool] = True
    file: str
    ended: int
    changed_back: int
    brought_back: int


class AreasRedrawn(Payload):
    """Borders of a community's grids were saved on the map: codes of those that changed, came and went."""

    kind: ClassVar[str] = "area.redrawn"
    names_actor: ClassVar[bool] = True
    community: str
    name: str
    changed: list[str]
    added: list[str]
    retired: list[str]


class ResponsibilityAssigned(Payload):
    kind: ClassVar[str] = "responsibility.assigned"
    names_actor: ClassVar[bool] = True
    member: str
    area: str
    role: str


class ResponsibilityEnded(Payload):
    kind: ClassVar[str] = "responsibility.ended"
    names_actor: ClassVar[bool] = True
    member: str
    area: str
    role: str


class SharingChanged(Payload):
    """``how`` work is dealt out among several people in a role; empty: as the area above does."""

    kind: ClassVar[str] = "sharing.changed"
    names_actor: ClassVar[bool] = True
    area: str
    role: str
    how: str


class StandInAppointed(Payload):
    kind: ClassVar[str] = "stand_in.appointed"
    member: str
    stand_in: str
    since: datetime
    until: datetime


class StandInEnded(Payload):
    kind: ClassVar[str] = "stand_in.ended"
    member: str
    stand_in: str


class MemberAdded(Payload):
    kind: ClassVar[str] = "member.added"
    member: str


class MemberChanged(Payload):
    kind: ClassVar[str] = "member.changed"
    member: str
    fields: list[str]


class MemberLeft(Payload):
    kind: ClassVar[str] = "member.left"
    member: str


class ScreenAllowed(Payload):
    """A screen on a wall may show an area, without anybody being signed in; its key is nowhere."""

    kind: ClassVar[str] = "screen.allowed"
    names_actor: ClassVar[bool] = True
    name: str
    area: str
    until: datetime


class ScreenWithdrawn(Payload):
    kind: ClassVar[str] = "screen.withdrawn"
    names_actor: ClassVar[bool] = True
    name: str
    area: str
