"""Every kind of event there is: its name in the past tense and the exact shape of its payload.

Payloads are pydantic models that forbid extra fields. A payload that may leave the circle of those
who work on a case is a class of its own, built from ``PublicPayload``, and holds no resident data.
"""

from datetime import date, datetime
from typing import ClassVar

from . import case_events
from .grid_events import (
    AreaChanged,
    AreaCreated,
    AreaRetired,
    AreasImported,
    AreasImportUndone,
    AreasRedrawn,
    MemberAdded,
    MemberChanged,
    MemberLeft,
    ResponsibilityAssigned,
    ResponsibilityEnded,
    SharingChanged,
    StandInAppointed,
    StandInEnded,
)
from .payloads import CaseBrief, CasePayload, Payload, PublicPayload

#: Kept in modules of their own, imported from here.
__all__ = [
    "KINDS",
    "MORE",
    "AreaChanged",
    "AreaCreated",
    "AreaRetired",
    "AreasImportUndone",
    "AreasImported",
    "AreasRedrawn",
    "CaseBrief",
    "CasePayload",
    "MemberAdded",
    "MemberChanged",
    "MemberLeft",
    "Payload",
    "PublicPayload",
    "ResponsibilityAssigned",
    "ResponsibilityEnded",
    "SharingChanged",
    "StandInAppointed",
    "StandInEnded",
]
#: Where further kinds are kept.
MORE = (case_events,)


class RequestFiled(CasePayload):
    kind: ClassVar[str] = "request.filed"
    public: ClassVar[bool] = True
    source: str
    photos: int = 0


class RequestRegistered(CasePayload):
    kind: ClassVar[str] = "request.registered"
    public: ClassVar[bool] = True


class RequestImported(CasePayload):
    """Filed in another system, at the event's instant; ``imported_at`` is when it was taken over."""

    kind: ClassVar[str] = "request.imported"
    public: ClassVar[bool] = True
    system: str
    external_id: str
    imported_at: datetime


class TaskCreated(CasePayload):
    """A step became somebody's: ``assignee`` is a user's name on screen, empty for a pool."""

    kind: ClassVar[str] = "task.created"
    task: int
    block: str
    title: str
    title_en: str = ""
    assignee: str = ""
    role: str = ""
    due_at: datetime | None = None


class TaskClaimed(CasePayload):
    kind: ClassVar[str] = "task.claimed"
    names_actor: ClassVar[bool] = True
    task: int
    block: str
    title: str
    title_en: str = ""


class TaskUnclaimed(CasePayload):
    kind: ClassVar[str] = "task.unclaimed"
    names_actor: ClassVar[bool] = True
    task: int
    block: str
    title: str
    title_en: str = ""


class TaskDecided(CasePayload):
    kind: ClassVar[str] = "task.decided"
    names_actor: ClassVar[bool] = True
    task: int
    block: str
    title: str
    title_en: str = ""
    outcome: str
    outcome_title: str
    outcome_title_en: str = ""
    opinion: str = ""
    photos: int = 0
    on_behalf_of: str = ""
    # Seconds the step was open.
    took: float


class TaskTransferred(CasePayload):
    kind: ClassVar[str] = "task.transferred"
    names_actor: ClassVar[bool] = True
    task: int
    block: str
    title: str
    title_en: str = ""
    to: str
    reason: str = ""


class TaskReturned(CasePayload):
    kind: ClassVar[str] = "task.returned"
    names_actor: ClassVar[bool] = True
    task: int
    block: str
    title: str
    title_en: str = ""
    to_block: str
    to_title: str
    to_title_en: str = ""
    reason: str
    photos: int = 0


class TaskTimedOut(CasePayload):
    """A step's own deadline passed; ``action`` is what the definition asked for."""

    kind: ClassVar[str] = "task.timed_out"
    task: int
    block: str
    title: str
    title_en: str = ""
    action: str
    to: str = ""


class TaskSettled(CasePayload):
    """A step for several people was settled, as ``outcome``; ``mode`` is how they decide (``Approval.mode``).

    Numbers of seats: those that ``agreed``, that ``refused``, whose tasks ``lapsed``; ``needed`` agreements.
    """

    kind: ClassVar[str] = "task.settled"
    block: str
    title: str
    title_en: str = ""
    outcome: str
    outcome_title: str
    outcome_title_en: str = ""
    mode: str
    agreed: int
    refused: int
    lapsed: int
    needed: int


class TaskDelegated(CasePayload):
    """A step was lent to ``to``, who gives it back with an answer."""

    kind: ClassVar[str] = "task.delegated"
    names_actor: ClassVar[bool] = True
    task: int
    block: str
    title: str
    title_en: str = ""
    to: str
    reason: str


class TaskAnswered(CasePayload):
    """Whoever was lent a step, or asked for help with one, gave an answer; ``to`` is who waited for it."""

    kind: ClassVar[str] = "task.answered"
    names_actor: ClassVar[bool] = True
    task: int
    block: str
    title: str
    title_en: str = ""
    to: str
    opinion: str
    photos: int = 0
    on_behalf_of: str = ""
    # Seconds they had it.
    took: float


class TaskTakenBack(CasePayload):
    """Whoever acted last on a step took it back before anybody did anything with it."""

    kind: ClassVar[str] = "task.taken_back"
    names_actor: ClassVar[bool] = True
    task: int
    block: str
    title: str
    title_en: str = ""
    on_behalf_of: str = ""


class SignerAdded(CasePayload):
    """``to`` signs as well: ``before`` or ``after`` whoever added them, or ``beside`` the others."""

    kind: ClassVar[str] = "signer.added"
    names_actor: ClassVar[bool] = True
    task: int
    block: str
    title: str
    title_en: str = ""
    to: str
    place: str
    reason: str


class SignerRemoved(CasePayload):
    """``signer`` was added and has not signed; they need not any more."""

    kind: ClassVar[str] = "signer.removed"
    names_actor: ClassVar[bool] = True
    task: int
    block: str
    title: str
    title_en: str = ""
    signer: str
    reason: str


class HelpAsked(CasePayload):
    """Whoever has a step asked ``to`` for help with it, by ``due_at`` if a limit was set."""

    kind: ClassVar[str] = "help.asked"
    names_actor: ClassVar[bool] = True
    task: int
    block: str
    title: str
    title_en: str = ""
    to: str
    reason: str
    due_at: datetime | None = None


class CopySent(CasePayload):
    kind: ClassVar[str] = "copy.sent"
    block: str
    to: list[str]


class TaskSkipped(CasePayload):
    """A step was passed over as agreed. ``why``: ``nobody`` holds its role, or it came to somebody who had
    had their say already (``self``)."""

    kind: ClassVar[str] = "task.skipped"
    task: int
    block: str
    title: str
    title_en: str = ""
    why: str


class CopyRead(CasePayload):
    """Somebody has read the copies they were sent."""

    kind: ClassVar[str] = "copy.read"
    names_actor: ClassVar[bool] = True


class NoticeSent(CasePayload):
    """``text`` is the workflow's own, never a resident's; ``to`` the names of those who were told."""

    kind: ClassVar[str] = "notice.sent"
    block: str
    text: str
    to: list[str]


class HookCalled(CasePayload):
    """Another system, by the name the settings give it, is to be told of the case."""

    kind: ClassVar[str] = "hook.called"
    block: str
    hook: str


class HookFailed(CasePayload):
    """After ``tries`` attempts nothing more is tried by itself."""

    kind: ClassVar[str] = "hook.failed"
    block: str
    hook: str
    tries: int


class DeadlineApproached(CasePayload):
    kind: ClassVar[str] = "deadline.approached"


class DeadlineBreached(CasePayload):
    kind: ClassVar[str] = "deadline.breached"


class RequestClosed(CasePayload):
    """``note`` is what another system said of the closing; in this one the last decision says it."""

    kind: ClassVar[str] = "request.closed"
    public: ClassVar[bool] = True
    state: str
    on_time: bool | None
    note: str = ""


class RequestRated(CasePayload):
    kind: ClassVar[str] = "request.rated"
    in_time: bool
    solved: bool
    satisfied: bool
    comment: str = ""


class RequestReopened(CasePayload):
    kind: ClassVar[str] = "request.reopened"
    public: ClassVar[bool] = True
    reason: str
    to: str = ""


class RequestUrged(CasePayload):
    """``by_office``: a superior urges, not the requester."""

    kind: ClassVar[str] = "request.urged"
    text: str = ""
    by_office: bool = False


class RequestKept(CasePayload):
    """The borders moved under an open case; it was decided that whoever has it keeps it.

    ``to_name`` is the grid it would fall into by the new borders, empty where there is none any more.
    """

    kind: ClassVar[str] = "request.kept"
    names_actor: ClassVar[bool] = True
    to_code: str
    to_name: str
    to_name_en: str = ""


class RequestPassedOn(CasePayload):
    """The borders moved under an open case; it was passed on to the grid it falls into now.

    ``to``: names of those who have its open steps since, none for a pool.
    """

    kind: ClassVar[str] = "request.passed_on"
    names_actor: ClassVar[bool] = True
    public: ClassVar[bool] = True
    from_code: str
    from_name: str
    from_name_en: str = ""
    to_code: str
    to_name: str
    to_name_en: str = ""
    to: list[str]


class RequestMigrated(CasePayload):
    """A running case was moved from one version of its workflow (by number) to another."""

    kind: ClassVar[str] = "request.migrated"
    names_actor: ClassVar[bool] = True
    from_version: int
    to_version: int


class TokenIssued(Payload):
    """A person gave a program of theirs a key, by this name; the key itself is nowhere."""

    kind: ClassVar[str] = "token.issued"
    name: str


class TokenRevoked(Payload):
    kind: ClassVar[str] = "token.revoked"
    name: str


class WorkflowPayload(Payload):
    """``definition`` is the workflow's key, ``name`` what people call it."""

    names_actor: ClassVar[bool] = True
    definition: str
    name: str = ""
    name_en: str = ""


class WorkflowPublished(WorkflowPayload):
    """``restores``: the number of the earlier version that came back; ``approved_by``: the second person."""

    kind: ClassVar[str] = "workflow.published"
    number: int
    note: str = ""
    restores: int | None = None
    approved_by: str = ""


class WorkflowProposed(WorkflowPayload):
    kind: ClassVar[str] = "workflow.proposed"
    note: str = ""


class WorkflowProposalRefused(WorkflowPayload):
    kind: ClassVar[str] = "workflow.proposal_refused"
    reason: str


class WorkflowProposalWithdrawn(WorkflowPayload):
    kind: ClassVar[str] = "workflow.proposal_withdrawn"


class WorkflowBound(WorkflowPayload):
    """From ``since`` on, requests of the category in the area run on it ("": all of them, everywhere)."""

    kind: ClassVar[str] = "workflow.bound"
    category: str
    area: str
    since: date


class WorkflowUnbound(WorkflowPayload):
    """From ``since`` on the category and the area no longer say that requests run on it.

    ``cancelled``: it had not been in force yet.
    """

    kind: ClassVar[str] = "workflow.unbound"
    category: str
    area: str
    since: date
    cancelled: bool = False


class PublishingRuleChanged(Payload):
    kind: ClassVar[str] = "publishing_rule.changed"
    names_actor: ClassVar[bool] = True
    second_person: bool


def _kinds(base: type[Payload]) -> dict[str, type[Payload]]:
    found = {}
    for cls in base.__subclasses__():
        if "kind" in vars(cls):
            found[cls.kind] = cls
        found |= _kinds(cls)
    return found


#: Event name → payload class.
KINDS = _kinds(Payload)
