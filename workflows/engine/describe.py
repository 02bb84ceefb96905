"""What a screen needs to know about a task. The only source of a task's title (never ``Task.brief``)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from viewflow.workflow.models import Task

from . import hands, routes, schema, seats
from .move import OPEN


@dataclass(frozen=True)
class Step:
    """A task in a list. Costs no query."""

    block_id: str
    title: str
    state: str
    #: ``decision`` or ``rating``: the page that decides it.
    form: str


@dataclass(frozen=True)
class Outcome:
    code: str
    title: str
    style: str
    needs_opinion: bool
    needs_photo: bool


@dataclass(frozen=True)
class Field:
    """A form field. ``choices`` are (code, title); ``role`` limits a person to those on duty in it."""

    code: str
    title: str
    type: str
    required: bool
    outcomes: tuple[str, ...] = ()
    choices: tuple[tuple[str, str], ...] = ()
    role: str = ""
    unit: str = ""
    #: What it holds already, where a step may change an earlier field: as kept with the process.
    value: Any = None

    @property
    def label(self) -> str:
        return self.title


@dataclass(frozen=True)
class TaskSheet:
    """Everything about deciding one task.

    ``moves`` beyond deciding: ``claim``, ``unclaim``, ``return``, and of those the step allows ``transfer``,
    ``delegate``, ``sign_before``, ``sign_after``, ``remove_signer``, ``co_handle``. A task that somebody
    waits to get back, or asked for help with, has ``answer`` and nothing else.
    """

    title: str
    block_id: str
    state: str
    form: str
    outcomes: list[Outcome]
    moves: set[str]
    return_targets: list[tuple[str, str]] = field(default_factory=list)
    fields: list[Field] = field(default_factory=list)


def step_of(task: Task) -> Step:
    """Title and state of a task in the active language."""
    block = getattr(task.flow_task, "block", None)
    if block is None:
        return Step("", "", "", "")
    return Step(
        block.id, getattr(block, "title", ""), getattr(block, "state", None) or "", getattr(block, "form", "")
    )


def outcomes_of(task: Task) -> list[Outcome]:
    """The outcomes a person can choose for an open task. Costs no query."""
    if hands.wants_answer(task):
        return []
    block: schema.Approval = task.flow_task.block
    return [_outcome(outcome) for outcome in block.outcomes if outcome.by == "person"]


def describe(task: Task) -> TaskSheet:
    """The sheet of an approval's task. An ended task has no moves and no outcomes. At most four queries."""
    block: schema.Approval = task.flow_task.block
    is_open = task.status in OPEN
    decides = is_open and not hands.wants_answer(task)
    targets = routes.return_targets(task) if decides else []
    return TaskSheet(
        title=block.title,
        block_id=block.id,
        state=block.state or "",
        form=block.form,
        outcomes=outcomes_of(task) if is_open else [],
        moves=_moves(task, block, bool(targets)) if is_open else set(),
        return_targets=[(target.id, target.title) for target in targets],
        fields=_form(task, block) if decides or not is_open else [],
    )


def title_of(flow_class: Any, block_id: str) -> str:
    """Title of a block of a compiled version in the active language; "" for blocks that are not shown."""
    for block in schema.blocks(flow_class.definition.body):
        if getattr(block, "id", None) == block_id:
            return getattr(block, "title", "")
    return ""


def _moves(task: Task, block: schema.Approval, returnable: bool) -> set[str]:
    if hands.wants_answer(task):
        return {"answer"}
    moves = {"return"} if returnable else set()
    if task.owner_id is None:
        return moves | {"claim"}
    moves |= set(block.moves) - {"return", "remove_signer"}
    if "remove_signer" in block.moves and seats.removable(task):
        moves.add("remove_signer")
    return moves | ({"unclaim"} if task.data.get("pool") else set())


def _outcome(outcome: schema.Outcome) -> Outcome:
    return Outcome(
        outcome.code,
        outcome.title,
        outcome.style,
        outcome.needs_opinion or outcome.returns_to is not None,
        outcome.needs_photo,
    )


def _form(task: Task, block: schema.Approval) -> list[Field]:
    return [field_of(form_field) for form_field in block.fields] + _editable(task, block)


def _editable(task: Task, block: schema.Approval) -> list[Field]:
    """Fields of the filing form and of earlier steps that this step may change, with what they hold."""
    known = task.flow_task.flow_class.form_fields
    values = (task.process.data or {}).get("fields", {})
    codes = [code for code, access in block.access.items() if access == "edit" and code in known]
    return [replace(field_of(known[code]), outcomes=(), value=values.get(code)) for code in codes]


def field_of(form_field: schema.FormField) -> Field:
    """A field as a form shows it, in the active language."""
    return Field(
        form_field.code,
        form_field.title,
        form_field.type,
        form_field.required,
        form_field.outcomes,
        tuple((choice.code, choice.title) for choice in form_field.choices),
        form_field.role or "",
        form_field.unit,
    )
