"""The blocks of a definition, and the definition itself."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints

from .parts import (
    Deadline,
    End,
    FormField,
    Id,
    Limit,
    MaybeWhom,
    Named,
    Outcome,
    Part,
    StateCode,
    Vote,
    Whom,
)

#: What a step may allow beyond deciding. Claiming and going back to the pool need no permission.
Allowed = Literal["transfer", "return", "delegate", "sign_before", "sign_after", "remove_signer", "co_handle"]


class Approval(Named):
    """A step people take.

    ``mode`` says how many (docs/explanation/domain.md §6):

    * ``one``: assigned to one person, or claimed by one from a pool;
    * ``all`` 会签: everybody found must agree, at the same time;
    * ``in_turn`` 依次会签: everybody found must agree, one after the other, in the order found;
    * ``any`` 或签: the first decision settles it, the others' tasks lapse;
    * ``vote`` 票签: settled as soon as enough agree, or no longer can.

    A step for several people settles as one of its own outcomes: when agreed as the first that ``agrees``,
    when refused as the first that does not; ``any`` as the outcome that was chosen. What comes next follows
    from that outcome as from a single decision.
    """

    type: Literal["approval"]
    id: Id
    who: Whom
    mode: Literal["one", "all", "in_turn", "any", "vote"] = "one"
    vote: Vote | None = None
    #: At ``all`` and ``in_turn``: whether one refusal settles it at once, or everybody is heard first.
    refusal: Literal["settles", "waits"] = "settles"
    #: When nobody holds the role for the very area: the nearest ancestor answers and then the administrators;
    #: the administrators at once; or the step is passed over, and the story says so.
    nobody: Literal["up", "administrator", "skip"] = "up"
    #: 本人审批, when the step comes to whoever filed the case or decided the step before: keep it with them,
    #: pass over it as agreed, or move it to whoever holds the role above.
    self_approval: Literal["keep", "skip", "superior"] = "keep"
    state: StateCode | None = None
    state_on_return: StateCode | None = None
    state_on_reopen: StateCode | None = None
    outcomes: Annotated[tuple[Outcome, ...], Field(min_length=1)]
    fields: tuple[FormField, ...] = ()
    #: What this step may do with fields of the filing form and of earlier steps; those not named are read.
    access: dict[Id, Literal["edit", "read", "hidden"]] = Field(default_factory=dict)
    moves: tuple[Allowed, ...] = ()
    #: Earlier approvals ``return`` may go to; empty means any that the case came through.
    return_to: tuple[Id, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    #: Whoever has this step is the case's handler; a reopened case goes back to the handler here.
    handler: bool = False
    #: The page that decides it: the ordinary one, or the three questions to the resident.
    form: Literal["decision", "rating"] = "decision"

    def outcome(self, code: str) -> Outcome | None:
        return next((outcome for outcome in self.outcomes if outcome.code == code), None)

    @property
    def for_several(self) -> bool:
        """Whether several people take it together, each with a task of their own."""
        return self.mode != "one"


class Sequence(Part):
    """One block after the other."""

    type: Literal["sequence"]
    id: Id | None = None
    blocks: tuple[Block, ...] = ()


class Case(Part):
    when: str
    body: Block


class Condition(Part):
    """The first case that holds is taken, else ``otherwise``, which may be empty but not absent."""

    type: Literal["condition"]
    id: Id
    name: str = ""
    name_en: str = ""
    cases: Annotated[tuple[Case, ...], Field(min_length=1)]
    otherwise: Block | None = None


class Inclusive(Part):
    """Every case that holds is taken, all at the same time; ``otherwise`` if none holds."""

    type: Literal["inclusive"]
    id: Id
    name: str = ""
    name_en: str = ""
    cases: Annotated[tuple[Case, ...], Field(min_length=1)]
    otherwise: Block | None = None


class Parallel(Part):
    """All branches at the same time; goes on when every branch is done."""

    type: Literal["parallel"]
    id: Id
    name: str = ""
    name_en: str = ""
    branches: tuple[Block, ...] = ()


class SubProcess(Named):
    """Another definition, run as a part of this one on the same case.

    ``body`` is that definition as it stood when this one was published: a later version of it changes
    nothing here. A draft leaves ``body`` out.
    """

    type: Literal["subprocess"]
    id: Id
    definition: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$", max_length=50)]
    body: Block | None = None


class Whistle(Named):
    """吹哨报到: the departments named are called; each has to report in within ``respond``, and to say what
    it did within ``finish``. Goes on when all have.

    Each of ``departments`` is called on its own. ``escalate_to`` hears of whoever does not come in time.
    """

    type: Literal["whistle"]
    id: Id
    departments: Whom
    respond: Limit
    finish: Limit | None = None
    escalate_to: MaybeWhom = ()
    state: StateCode | None = None


class Copy(Named):
    """抄送: a read-only copy to everybody found; nobody has to do anything."""

    type: Literal["cc"]
    id: Id
    who: Whom


class Notify(Named):
    """A notice, ``text``, to everybody found; the case goes on at once."""

    type: Literal["notify"]
    id: Id
    who: Whom
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]


class Webhook(Named):
    """Tells another system, one of those the installation names (``LINLI_WEBHOOKS``); goes on at once.

    Delivery is tried again until it succeeds; what is sent names the case and its state, no resident.
    """

    type: Literal["webhook"]
    id: Id
    hook: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$", max_length=40)]


class Timer(Named):
    """Waits for a limit to pass, then goes on by itself."""

    type: Literal["timer"]
    id: Id
    after: Limit


class Milestone(Part):
    """Records that the case has come this far: the moment, the state if given, and an event.

    ``registered`` and ``handled`` set the moments of the same name; ``closed`` stops the case's clock.
    """

    type: Literal["milestone"]
    id: Id
    mark: Literal["registered", "handled", "closed"]
    state: StateCode | None = None


Block = Annotated[
    Sequence
    | Approval
    | Condition
    | Inclusive
    | Parallel
    | SubProcess
    | Whistle
    | Copy
    | Notify
    | Webhook
    | Timer
    | Milestone
    | End,
    Field(discriminator="type"),
]


class Definition(Named):
    """A workflow, as drawn. ``fields`` are filled in when a case is filed."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="Linli workflow definition")
    #: The version of this format.
    format: Literal[1] = Field(1, alias="schema")
    key: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$", max_length=50)]
    fields: tuple[FormField, ...] = ()
    body: Block


for _model in (Sequence, Case, Condition, Inclusive, Parallel, SubProcess, Definition):
    _model.model_rebuild()


def json_schema() -> dict[str, Any]:
    """The published JSON Schema (2020-12) of a definition."""
    schema = Definition.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema
