"""Sub-processes and whistles, written out as the blocks they stand for. Pure.

A case on a definition is one process with one lock, however many definitions it is made of: what runs is the
expanded definition, and everything that looks at a running case (compiler, titles, routes, the story) sees
that one. What was drawn stays in ``WorkflowVersion.body``.

* A :class:`SubProcess` keeps its place as a scope around its frozen body. The blocks in it are called
  ``<id>_IN_<sub-process>`` (capitals never occur in an id, so nothing collides) and titled after both:
  处置子流程 · 处置. What refers to a block inside (returns, ``doer_of``, ``<block>.outcome``) follows; form
  fields keep their codes, since both share them.
* A :class:`Whistle` becomes a parallel with one branch for each department: report in, then say what was
  done.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from django.utils.translation import gettext as _

from grid.errors import Refused
from workflows import conditions

from . import schema
from .schema import (
    Approval,
    Condition,
    Deadline,
    Definition,
    Inclusive,
    Outcome,
    Parallel,
    Sequence,
    SubProcess,
    Whistle,
    Who,
)
from .schema.parts import Named
from .vocabulary import names_of

INSIDE = "_IN_"
#: Sub-processes inside one another. Deeper, the names of nodes would not fit their column either.
MAX_NESTING = 3
#: Forks (parallel, inclusive, whistle, a step for several people) inside one another: viewflow's token of a
#: task, which grows with each, has 50 characters.
MAX_FORKS = 3

#: A text in quotes, which is passed over, or a question about how a block was decided.
_ASKS = re.compile(r'"(?:[^"\\]|\\.)*"|([^\W\d]\w*)(?=\.outcome\b)', re.DOTALL)


class CannotExpand(Refused):
    """A sub-process without a body or inside itself, or too much nested; the message says which."""


def expand(definition: Definition) -> Definition:
    """The definition with its sub-processes and whistles written out. Raises :class:`CannotExpand`."""
    body = _expanded(definition.body, (definition.key,), definition)
    if forks(body) > MAX_FORKS:
        raise CannotExpand(
            _("Branches at the same time can be nested %(most)s deep; steps for several people count.")
            % {"most": MAX_FORKS}
        )
    return definition.model_copy(update={"body": body})


def is_fork(block: Any) -> bool:
    """Whether several tasks may be open in an expanded block at the same time."""
    return isinstance(block, Parallel | Inclusive) or (isinstance(block, Approval) and block.for_several)


def forks(block: Any) -> int:
    """How many forks lie inside one another in an expanded block."""
    return is_fork(block) + max((forks(child) for child in schema.children(block)), default=0)


def _expanded(block: Any, inside: tuple[str, ...], whole: Definition) -> Any:
    """A block of the ``whole`` definition written out; ``inside``: the keys of the definitions around it."""
    match block:
        case SubProcess():
            return _sub_process(block, inside, whole)
        case Whistle():
            return _whistle(block)
    return _rebuilt(block, partial(_expanded, inside=inside, whole=whole))


def _rebuilt(block: Any, change: Any) -> Any:
    """The block with every block directly inside it changed; ends of outcomes stay."""
    match block:
        case Sequence(blocks=inner):
            return block.model_copy(update={"blocks": tuple(change(child) for child in inner)})
        case Condition(cases=cases, otherwise=otherwise) | Inclusive(cases=cases, otherwise=otherwise):
            changed = tuple(case.model_copy(update={"body": change(case.body)}) for case in cases)
            return block.model_copy(
                update={"cases": changed, "otherwise": change(otherwise) if otherwise else otherwise}
            )
        case Parallel(branches=branches):
            return block.model_copy(update={"branches": tuple(change(branch) for branch in branches)})
        case SubProcess(body=body):
            return block.model_copy(update={"body": change(body)})
    return block


# --- sub-processes -----------------------------------------------------------------------------------
def _sub_process(block: SubProcess, inside: tuple[str, ...], whole: Definition) -> SubProcess:
    if block.body is None:
        raise CannotExpand(_("“%(name)s” has no content yet.") % {"name": block.title})
    if block.definition in inside:
        raise CannotExpand(_("“%(name)s” would run inside itself, for ever.") % {"name": block.title})
    if len(inside) > MAX_NESTING:
        raise CannotExpand(
            _("“%(name)s”: sub-processes can be nested %(most)s deep, not deeper.")
            % {"name": block.title, "most": MAX_NESTING}
        )
    body = _in_force(block.body, names_of(whole.model_copy(update={"body": block.body})))
    body = _expanded(body, (*inside, block.definition), whole)
    names = {
        inner.id: f"{inner.id}{INSIDE}{block.id}"
        for inner in schema.blocks(body)
        if getattr(inner, "id", None)
    }
    return block.model_copy(update={"body": _renamed(body, names, block)})


def _in_force(block: Any, names: conditions.Names) -> Any:
    """The block, its conditions under the names in force: what its steps are called is about to change."""
    if isinstance(block, Condition | Inclusive):
        cases = tuple(case.model_copy(update={"when": _canonical(case.when, names)}) for case in block.cases)
        block = block.model_copy(update={"cases": cases})
    return _rebuilt(block, partial(_in_force, names=names))


def _canonical(text: str, names: conditions.Names) -> str:
    try:
        return conditions.written(conditions.parse(text, names))
    except conditions.BadCondition:
        return text  # the lint says so, in its place


def _renamed(block: Any, names: Mapping[str, str], scope: SubProcess) -> Any:
    """The block under its name and title inside the scope, with all it refers to."""
    changes: dict[str, Any] = {}
    if getattr(block, "id", None):
        changes["id"] = names[block.id]
    if isinstance(block, Named):
        changes |= _titled(block, scope)
    match block:
        case Approval():
            changes |= {
                "who": _whom(block.who, names),
                "outcomes": tuple(_outcome(outcome, names) for outcome in block.outcomes),
                "return_to": tuple(names.get(target, target) for target in block.return_to),
                "deadlines": tuple(
                    deadline.model_copy(update={"to": _whom(deadline.to, names)})
                    for deadline in block.deadlines
                ),
            }
        case Condition() | Inclusive():
            changes["cases"] = tuple(
                case.model_copy(update={"when": _asking(case.when, names)}) for case in block.cases
            )
        case schema.Copy() | schema.Notify():
            changes["who"] = _whom(block.who, names)
    return _rebuilt(block.model_copy(update=changes), partial(_renamed, names=names, scope=scope))


def _titled(block: Named, scope: Named) -> dict[str, str]:
    english = f"{scope.name_en or scope.name} · {block.name_en}" if block.name_en else ""
    return {"name": f"{scope.name} · {block.name}", "name_en": english}


def _outcome(outcome: Outcome, names: Mapping[str, str]) -> Outcome:
    changes: dict[str, Any] = {}
    if outcome.returns_to:
        changes["returns_to"] = names.get(outcome.returns_to, outcome.returns_to)
    if outcome.ends:
        changes["ends"] = outcome.ends.model_copy(update={"id": names[outcome.ends.id]})
    return outcome.model_copy(update=changes)


def _whom(whom: tuple[Who, ...], names: Mapping[str, str]) -> tuple[Who, ...]:
    return tuple(
        who.model_copy(update={"doer_of": names.get(who.doer_of, who.doer_of)}) if who.doer_of else who
        for who in whom
    )


def _asking(condition: str, names: Mapping[str, str]) -> str:
    """The condition's text, asking for the outcomes of the blocks under their new names."""
    return _ASKS.sub(lambda found: names.get(found[1], found[0]) if found[1] else found[0], condition)


# --- whistles ----------------------------------------------------------------------------------------
def _whistle(block: Whistle) -> Parallel:
    branches = tuple(
        _department(block, number, department) for number, department in enumerate(block.departments, start=1)
    )
    return Parallel.model_construct(
        type="parallel", id=block.id, name=block.name, name_en=block.name_en, branches=branches
    )


def _department(whistle: Whistle, number: int, department: Who) -> Sequence:
    """One department's branch: who reports in also says what was done; if they have left, the department."""
    here = _step(
        whistle,
        f"respond{number}",
        ("报到", "Report in"),
        Outcome(code="here", name="报到", name_en="Report in", style="primary", agrees=True),
        (department,),
        whistle.respond,
    )
    done = _step(
        whistle,
        f"finish{number}",
        ("办理反馈", "Say what was done"),
        Outcome(code="done", name="办结", name_en="Done", style="primary", agrees=True, needs_opinion=True),
        (Who.model_construct(doer_of=here.id), department),
        whistle.finish,
    )
    return Sequence.model_construct(type="sequence", id=None, blocks=(here, done))


def _step(
    whistle: Whistle,
    code: str,
    title: tuple[str, str],
    outcome: Outcome,
    who: tuple[Who, ...],
    limit: schema.Limit | None,
) -> Approval:
    late = (Deadline(after=limit, action="remind", to=whistle.escalate_to),) if limit else ()
    chinese, english = title
    return Approval.model_construct(
        type="approval",
        id=f"{code}{INSIDE}{whistle.id}",
        name=f"{whistle.name} · {chinese}",
        name_en=f"{whistle.name_en or whistle.name} · {english}",
        who=who,
        state=whistle.state,
        outcomes=(outcome,),
        moves=("transfer",),
        deadlines=late,
    )
