"""What goes in and comes out of the interface for programs."""

from datetime import datetime
from typing import Annotated, Any, Literal

from django.utils.translation import gettext as _
from ninja import Schema
from pydantic import ConfigDict, Field

from grid.errors import Refused
from grid.models import User
from workflows.engine.schema import Limit
from workflows.models import Request

Words = Annotated[str, Field(max_length=2_000)]


class Given(Schema):
    """What a program sends: nothing that is not known."""

    model_config = ConfigDict(extra="forbid")


class Nothing(Given):
    """A move that needs no more than being made."""


class TaskOut(Schema):
    """A task in a list. Times are in UTC; ``light`` is green, yellow, red or none."""

    id: int
    title: str
    case: str
    category: str
    text: str
    area: str
    state: str
    light: str
    due_at: datetime | None
    waiting_since: datetime
    for_whom: str


class PageOut(Schema):
    """One page of a list: ``total`` of all pages."""

    total: int
    page: int
    pages: int
    tasks: list[TaskOut]


class OutcomeOut(Schema):
    code: str
    title: str
    needs_opinion: bool
    needs_photo: bool


class FieldOut(Schema):
    code: str
    title: str
    type: str
    required: bool
    outcomes: list[str]
    choices: list[tuple[str, str]]


class SheetOut(Schema):
    """Everything about deciding a task: ``moves`` are the names under which they are called."""

    id: int
    case: str
    title: str
    block: str
    open: bool
    outcomes: list[OutcomeOut]
    fields: list[FieldOut]
    moves: list[str]
    return_targets: list[tuple[str, str]]


class DoneOut(Schema):
    """A move was made. ``state`` is the case's afterwards."""

    case: str
    state: str


class Decision(Given):
    outcome: str
    opinion: Words = ""
    fields: dict[str, Any] = Field(default_factory=dict)


class Return(Given):
    to_block: str
    reason: Words
    resume: Literal["onward", "straight_back"] = "onward"


class ToSomebody(Given):
    """``to`` is a user name."""

    to: str
    reason: Words


class Answer(Given):
    opinion: Words


class Help(ToSomebody):
    """``limit``: by when help is wanted, if that matters."""

    limit: Limit | None = None


class SignerBefore(ToSomebody):
    place: Literal["before"] = "before"


class SignerAfter(ToSomebody):
    place: Literal["after"] = "after"


class SignerOut(Given):
    """``signer`` is a user name."""

    signer: str
    reason: Words


def person(username: str) -> User:
    """The user of this name. Raises :class:`Refused`."""
    found = User.objects.filter(username=username, is_active=True).first()
    if found is None:
        raise Refused(_("There is nobody with the user name “%(name)s”.") % {"name": username[:60]})
    return found


def values_of(given: Given) -> dict[str, Any]:
    """What was sent, as an action takes it: people instead of user names."""
    values = {name: getattr(given, name) for name in type(given).model_fields}
    for name in ("to", "signer"):
        if name in values:
            values[name] = person(values[name])
    if "fields" in values:
        values["data"] = values.pop("fields")
    return values


def done(case: Request) -> dict[str, str]:
    return {"case": case.number, "state": Request.objects.values_list("state", flat=True).get(pk=case.pk)}
