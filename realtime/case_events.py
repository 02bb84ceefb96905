"""Events of moves about a whole case, and of the working calendar. The rules are those of :mod:`.events`."""

from datetime import date, datetime
from typing import ClassVar, Literal

from .payloads import CasePayload, Payload

ApplicationKind = Literal["extension", "suspension", "appeal"]


class RequestWithdrawn(CasePayload):
    """The requester took the request back before anybody had worked on it."""

    kind: ClassVar[str] = "request.withdrawn"
    reason: str


class RequestForceClosed(CasePayload):
    """Somebody in charge ended the case where it stood."""

    kind: ClassVar[str] = "request.force_closed"
    names_actor: ClassVar[bool] = True
    reason: str


class RequestMerged(CasePayload):
    """It was found to ask for the same as another case, which goes on for both."""

    kind: ClassVar[str] = "request.merged"
    names_actor: ClassVar[bool] = True
    into: str


class DuplicateAdded(CasePayload):
    """Another request was joined with this case: ``number`` is its number."""

    kind: ClassVar[str] = "duplicate.added"
    names_actor: ClassVar[bool] = True
    number: str


class RequestJoined(CasePayload):
    """Somebody asks for the same; ``people`` is how many do by now. Never who."""

    kind: ClassVar[str] = "request.joined"
    people: int


class OutcomeShared(CasePayload):
    """Those who asked for the same were told that the case has ended."""

    kind: ClassVar[str] = "outcome.shared"
    state: str
    people: int


class ApplicationFiled(CasePayload):
    """Something was asked for; ``until`` is a suspension's planned end."""

    kind: ClassVar[str] = "application.filed"
    names_actor: ClassVar[bool] = True
    application: ApplicationKind
    reason: str
    until: datetime | None = None


class ApplicationForwarded(CasePayload):
    """One level has agreed; the next one (``level``) decides now."""

    kind: ClassVar[str] = "application.forwarded"
    names_actor: ClassVar[bool] = True
    application: ApplicationKind
    level: int
    opinion: str = ""
    on_behalf_of: str = ""


class ApplicationGranted(CasePayload):
    """All levels have agreed; the case's times are those after it."""

    kind: ClassVar[str] = "application.granted"
    names_actor: ClassVar[bool] = True
    application: ApplicationKind
    opinion: str = ""
    on_behalf_of: str = ""


class ApplicationRefused(CasePayload):
    kind: ClassVar[str] = "application.refused"
    names_actor: ClassVar[bool] = True
    application: ApplicationKind
    opinion: str
    on_behalf_of: str = ""


class RequestSuspended(CasePayload):
    """The clock stands still until then; ``reason`` is the one the handler gave."""

    kind: ClassVar[str] = "request.suspended"
    until: datetime
    reason: str


class RequestResumed(CasePayload):
    """The clock runs again: by itself at the planned instant, or because somebody said so."""

    kind: ClassVar[str] = "request.resumed"
    names_actor: ClassVar[bool] = True
    planned: bool
    reason: str = ""


class OrderGiven(CasePayload):
    """A superior's order about a case: ``level`` 1 to 3, ``reply_by`` None where no answer is required."""

    kind: ClassVar[str] = "order.given"
    names_actor: ClassVar[bool] = True
    order: int
    level: int
    text: str
    reply_by: datetime | None = None


class OrderAnswered(CasePayload):
    kind: ClassVar[str] = "order.answered"
    names_actor: ClassVar[bool] = True
    order: int
    text: str
    in_time: bool


class OrderOverdue(CasePayload):
    """The day for the answer to an order has passed without one."""

    kind: ClassVar[str] = "order.overdue"
    order: int


class MessageSent(CasePayload):
    """A superior writes to whoever is on duty for the case's grid: ``sender`` and ``to`` are names."""

    kind: ClassVar[str] = "message.sent"
    names_actor: ClassVar[bool] = True
    sender: str
    text: str
    to: list[str]


class RequestExcluded(CasePayload):
    """From now on the case does not count in figures: it was outside the power of whoever had it."""

    kind: ClassVar[str] = "request.excluded"
    names_actor: ClassVar[bool] = True
    reason: str


class RequestIncluded(CasePayload):
    """It counts in figures again."""

    kind: ClassVar[str] = "request.included"
    names_actor: ClassVar[bool] = True
    reason: str


class DeadlineOverdue(CasePayload):
    """The daily reminder after the deadline; ``days`` whole days of 24 hours have passed since."""

    kind: ClassVar[str] = "deadline.overdue"
    days: int


class DeadlineMoved(CasePayload):
    """The working calendar has changed, and with it the case's times. The deadline was ``due_before``."""

    kind: ClassVar[str] = "deadline.moved"
    due_before: datetime | None = None


class CalendarChanged(Payload):
    """An entry of the working calendar was added or removed. ``entry``: off, worked or hours."""

    kind: ClassVar[str] = "calendar.changed"
    names_actor: ClassVar[bool] = True
    entry: str
    first: date
    last: date
    removed: bool
