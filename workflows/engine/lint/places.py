"""A walk through a definition that knows, at each block, what a case has been through before it."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from workflows.block_names import called
from workflows.conditions import Names

from .. import schema
from ..schema import Approval, Condition, Definition, FormField, Inclusive, Parallel, Sequence, SubProcess
from ..vocabulary import names_of
from .findings import Finding, Fix, Known, Path


@dataclass(frozen=True)
class Context:
    """The blocks that can name each other, and what the installation has.

    Of a sub-process the definition around it, with the body of the sub-process.
    """

    definition: Definition
    known: Known
    #: The JSON that was checked; paths lead into it.
    raw: Any = None

    @cached_property
    def titles(self) -> dict[str, str]:
        """Block id → its name on screen, for those that have both."""
        return {
            block.id: called(block)
            for block in schema.blocks(self.definition.body)
            if getattr(block, "id", None)
        }

    @cached_property
    def names(self) -> Names:
        """What things are called in conditions."""
        return names_of(self.definition)

    def name(self, block_id: str) -> str:
        return self.titles.get(block_id) or block_id


@dataclass(frozen=True)
class Scope:
    """What may have happened to a case when it comes to a block.

    ``steps`` are the approvals it may have come through, ``fields`` what may have been filled in, with the
    filing or at these steps. Those inside a sub-process count for ``decided`` and ``handled`` but cannot be
    named from outside.
    """

    steps: Mapping[str, Approval] = field(default_factory=dict)
    fields: Mapping[str, FormField] = field(default_factory=dict)
    decided: bool = False
    handled: bool = False

    def after(self, step: Approval) -> Scope:
        filled = {form_field.code: form_field for form_field in step.fields}
        return Scope(
            {**self.steps, step.id: step}, {**self.fields, **filled}, True, self.handled or step.handler
        )

    def __or__(self, other: Scope) -> Scope:
        """What may have happened on either of two ways."""
        return Scope(
            {**self.steps, **other.steps},
            {**self.fields, **other.fields},
            self.decided or other.decided,
            self.handled or other.handled,
        )


@dataclass(frozen=True)
class Place:
    """A block where it stands. ``path`` leads to it in the JSON; ``outer`` is the sub-process it is in."""

    block: Any
    path: Path
    scope: Scope
    context: Context
    outer: Place | None = None

    @property
    def title(self) -> str:
        return called(self.block)

    @property
    def known(self) -> Known:
        return self.context.known

    def drawn(self, *path: str | int) -> Any:
        """The JSON of this block, or of something in it; None inside a sub-process, which is elsewhere."""
        if self.outer is not None:
            return None
        here = self.context.raw
        for part in (*self.path, *path):
            here = here[part]
        return here

    def error(self, message: str, fix: Fix | None = None) -> Finding:
        return self._finding(message, True, fix)

    def warning(self, message: str, fix: Fix | None = None) -> Finding:
        return self._finding(message, False, fix)

    def _finding(self, message: str, is_error: bool, fix: Fix | None) -> Finding:
        if self.outer is not None:
            inside = _("Inside, at “%(step)s”: %(problem)s") % {"step": self.title or "—", "problem": message}
            return self.outer._finding(inside, is_error, None)
        return Finding(getattr(self.block, "id", None) or "", message, is_error, fix, self.title)


Walk = Generator[Place, None, Scope]


def places(definition: Definition, known: Known, raw: Any) -> Walk:
    """Every block that can be reached, in the order they are drawn; sub-processes with what is in them."""
    filled = {form_field.code: form_field for form_field in definition.fields}
    context = Context(definition, known, raw)
    return (yield from _visit(Place(definition.body, ("body",), Scope(fields=filled), context)))


def _visit(place: Place) -> Walk:
    yield place
    block, path, scope = place.block, place.path, place.scope
    match block:
        case Sequence(blocks=inner):
            for number, child in enumerate(inner):
                scope = yield from _visit(_inside(place, child, (*path, "blocks", number), scope))
                if ends(child, inside=place.outer is not None):
                    break
        case Condition() | Inclusive():
            for number, case in enumerate(block.cases):
                branch = _inside(place, case.body, (*path, "cases", number, "body"))
                scope |= yield from _visit(branch)
            if block.otherwise is not None:
                scope |= yield from _visit(_inside(place, block.otherwise, (*path, "otherwise")))
        case Parallel(branches=branches):
            for number, child in enumerate(branches):
                scope |= yield from _visit(_inside(place, child, (*path, "branches", number)))
        case SubProcess():
            scope = yield from _sub_process(place)
        case Approval(outcomes=outcomes):
            for number, outcome in enumerate(outcomes):
                if outcome.ends:
                    yield _inside(place, outcome.ends, (*path, "outcomes", number, "ends"))
            scope = scope.after(block)
    return scope


def _inside(place: Place, block: Any, path: Path, scope: Scope | None = None) -> Place:
    return replace(place, block=block, path=path, scope=place.scope if scope is None else scope)


def _sub_process(place: Place) -> Walk:
    """Inside, steps have names of their own; the form's values are shared with the outer workflow."""
    body = place.block.body
    if body is None:
        return place.scope
    start = replace(place.scope, steps={})
    inner = place.context.definition.model_copy(update={"body": body})
    end = yield from _visit(Place(body, (), start, Context(inner, place.known), place.outer or place))
    return replace(end, steps=place.scope.steps)


def ends(block: Any, *, inside: bool = False) -> bool:
    """Whether the case never goes on after this block, whatever is decided.

    ``inside`` a sub-process an end ends only that, unless it terminates.
    """
    match block:
        case schema.End():
            return block.terminate or not inside
        case Sequence(blocks=inner):
            return any(ends(child, inside=inside) for child in inner)
        case Condition(cases=cases, otherwise=otherwise) | Inclusive(cases=cases, otherwise=otherwise):
            ways = [case.body for case in cases] + [otherwise]
            return all(ends(way, inside=inside) for way in ways)
        case Parallel(branches=branches):
            return any(ends(branch, inside=inside) for branch in branches)
        case SubProcess(body=body):
            return body is not None and ends(body, inside=True)
        case Approval(outcomes=outcomes):
            # One that only sends back is a mistake of its own, not an end.
            over = [outcome for outcome in outcomes if outcome.ends and ends(outcome.ends, inside=inside)]
            back = [outcome for outcome in outcomes if outcome.returns_to]
            return bool(over) and len(over) + len(back) == len(outcomes)
    return False
