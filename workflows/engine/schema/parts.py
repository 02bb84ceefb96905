"""What blocks are made of: names, limits, people, form fields, outcomes, deadlines."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from grid.models import in_language

Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=40)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
EnglishName = Annotated[str, StringConstraints(strip_whitespace=True, max_length=60)]
StateCode = Annotated[str, StringConstraints(max_length=12)]
Username = Annotated[str, StringConstraints(min_length=1, max_length=150)]
Clock = Literal["urgent_hours", "work_hours", "work_days", "calendar_days"]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Named(Part):
    """Something people see by name; Chinese first, English if given."""

    name: Name
    name_en: EnglishName = ""

    @property
    def title(self) -> str:
        """The name in the active language."""
        return in_language(self.name, self.name_en)


class Limit(Part):
    """A duration on one of the four clocks (``workflows.clocks``), in its unit: hours or days."""

    limit: Annotated[Decimal, Field(gt=0, le=3650)]
    clock: Clock


class Who(Part):
    """Whom a step goes to. Exactly one of the six ways is given.

    * ``role`` with ``at``: whoever holds a duty role for the case's area (``at: "grid"``) or for its ancestor
      at a level (``at: "street"``); the nearest ancestor with somebody in the role answers;
    * ``branch``: the members of a party branch, by its code;
    * ``people``: these people, by user name;
    * ``person``: the reporter, whoever filed it, the case's present handler, or whoever decided the step
      before this one (``previous``);
    * ``field``: the person or people chosen in a form field: of an earlier step, or of the filing form, which
      makes it the initiator's choice;
    * ``doer_of``: whoever decided that block last.
    """

    role: str | None = None
    at: str = "grid"
    branch: str | None = None
    people: tuple[Username, ...] | None = Field(None, min_length=1)
    person: Literal["reporter", "filer", "handler", "previous"] | None = None
    field: str | None = None
    doer_of: Id | None = None

    @model_validator(mode="after")
    def one_way(self) -> Who:
        ways = (self.role, self.branch, self.people, self.person, self.field, self.doer_of)
        if sum(value is not None for value in ways) != 1:
            raise ValueError("give exactly one of role, branch, people, person, field, doer_of")
        return self


def _in_a_list(value: Any) -> Any:
    return [value] if isinstance(value, dict) else value


#: One who or several. A single step tries them in order, and the first that finds somebody is it; a step for
#: several people (``Approval.mode``), a copy, a notice go to everybody any of them finds.
Whom = Annotated[tuple[Who, ...], BeforeValidator(_in_a_list), Field(min_length=1)]
#: The same, where it may be left out.
MaybeWhom = Annotated[tuple[Who, ...], BeforeValidator(_in_a_list)]


class Choice(Named):
    code: Id


class FormField(Named):
    """Something a person fills in: with the filing of a case, or with the decision of a step.

    A step's field may correct the case itself (``sets``); otherwise its value is kept with the process, where
    later conditions (``fields.<code>``, or the field's Chinese name) and ``who`` find it. ``people`` is
    several persons.
    """

    code: Id
    type: Literal["text", "number", "bool", "date", "choice", "person", "people", "area", "category"]
    required: bool = False
    #: What a number counts, shown behind it: 元, 平方米.
    unit: Annotated[str, StringConstraints(max_length=12)] = ""
    #: Outcomes with which it must be filled in; empty means with every outcome.
    outcomes: tuple[Id, ...] = ()
    choices: tuple[Choice, ...] = ()
    #: For a person: only those who hold this role for the case's area.
    role: str | None = None
    sets: Literal["area", "category", "urgent"] | None = None


class End(Named):
    """The case is over. ``state`` is what it stays in; without one it keeps the state it has.

    Inside a sub-process it ends the sub-process only, unless it says ``terminate``.
    """

    type: Literal["end"] = "end"
    id: Id
    state: StateCode | None = None
    terminate: bool = False


class Outcome(Named):
    """One way to decide a step. Goes on to the next block, unless it ends the case or returns it."""

    code: Id
    style: Literal["primary", "neutral", "danger"] = "neutral"
    #: At a step for several people: whether it counts as agreement.
    agrees: bool = False
    needs_opinion: bool = False
    needs_photo: bool = False
    #: Back to an earlier approval, as a return: the opinion is the reason.
    returns_to: Id | None = None
    ends: End | None = None
    #: Who may choose it; ``timer`` is for a deadline's automatic outcome only.
    by: Literal["person", "timer"] = "person"

    @model_validator(mode="after")
    def one_way(self) -> Outcome:
        if self.returns_to and self.ends:
            raise ValueError("an outcome returns or ends, not both")
        return self


class Vote(Part):
    """How much agreement a vote (票签) needs: a number of people, or a share of them in percent."""

    count: Annotated[int, Field(ge=1, le=999)] | None = None
    percent: Annotated[Decimal, Field(gt=0, le=100)] | None = None

    @model_validator(mode="after")
    def one_way(self) -> Vote:
        if (self.count is None) == (self.percent is None):
            raise ValueError("give either count or percent")
        return self


class Deadline(Part):
    """What happens when a step is still open after a limit: remind, escalate to someone else, or decide.

    A reminder may be repeated ``every`` so often until the step is over, and tells those in ``to`` as well as
    whoever has the step. Passing up is escalating to a role
    at a higher level; agreeing or refusing by itself is deciding an outcome.
    """

    after: Limit
    action: Literal["remind", "escalate", "outcome"]
    every: Limit | None = None
    to: MaybeWhom = ()
    outcome: Id | None = None
