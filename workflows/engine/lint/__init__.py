"""Mistakes in a definition, said in plain words, block by block, before it can be published.

Pure: what exists in the installation is handed in (:class:`Known`). A definition without errors compiles,
ends, and never runs in circles without a person. Each finding may carry a :class:`Fix`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.utils.translation import gettext as _
from pydantic import ValidationError

from .. import schema
from ..expand import CannotExpand, expand
from ..freeze import freeze
from ..schema import Definition
from . import forms, limits, questions, shape, steps, structure
from .findings import Finding, Fix, Known, apply_fix
from .places import Context, Place, Scope, places
from .whom import named

__all__ = ["Finding", "Fix", "Known", "apply_fix", "check"]

Rule = Callable[[Place], Iterator[Finding]]

#: The rules of each kind of block.
RULES: dict[type, tuple[Rule, ...]] = {
    schema.Sequence: (structure.sequence,),
    schema.Condition: (structure.otherwise, questions.cases),
    schema.Inclusive: (structure.otherwise, questions.cases, structure.inclusive),
    schema.Parallel: (structure.parallel,),
    schema.Approval: (
        named("who"),
        steps.states,
        steps.outcomes,
        steps.several,
        steps.passed_over,
        steps.moves,
        forms.fields,
        forms.access,
        limits.deadlines,
    ),
    schema.SubProcess: (structure.sub_process,),
    schema.Whistle: (limits.whistle, steps.states),
    schema.Copy: (named("who"),),
    schema.Notify: (named("who"),),
    schema.Webhook: (structure.webhook,),
    schema.Milestone: (steps.states,),
    schema.End: (steps.states,),
}


def check(body: Any, known: Known | None = None) -> list[Finding]:
    """Everything wrong with a definition: errors first, then as it is drawn; [] for a flawless one."""
    known = known or Known()
    if shape.too_deep(body):
        return [Finding("", _("The blocks are nested too deeply."))]
    try:
        Definition.model_validate(body)
    except ValidationError as error:
        return [shape.said(problem, body) for problem in error.errors()]
    # As it would run: with what is inside the sub-processes.
    whole = freeze(body, known.definitions) if known.definitions is not None else body
    definition = Definition.model_validate(whole)
    if structure.too_many(definition):
        message = _("There are more than %(most)s blocks. Divide the workflow.")
        return [Finding("", message % {"most": structure.MAX_BLOCKS})]
    found = list(_findings(definition, body, known))
    if not any(finding.is_error for finding in found):
        found += _written_out(definition)
    drawn = {getattr(block, "id", None): n for n, block in enumerate(schema.blocks(definition.body))}
    return sorted(
        found,
        key=lambda finding: (not finding.is_error, drawn.get(finding.block, len(drawn))),
    )


def _written_out(definition: Definition) -> Iterator[Finding]:
    """What only shows when sub-processes and whistles are written out: too much inside one another."""
    everything = schema.blocks(definition.body)
    if any(isinstance(block, schema.SubProcess) and not block.body for block in everything):
        return
    try:
        expand(definition)
    except CannotExpand as error:
        yield Finding("", str(error))


def _findings(definition: Definition, body: Any, known: Known) -> Iterator[Finding]:
    yield from structure.whole(definition, body)
    form = Place(definition, (), Scope(), Context(definition, known, body))
    yield from forms.filing_form(definition, form)
    for place in places(definition, known, body):
        for rule in RULES.get(type(place.block), ()):
            yield from rule(place)
