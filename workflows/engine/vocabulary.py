"""What conditions may name: facts of the case, form fields of the definition, decisions of its steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from workflows.conditions import Kind, Names, unambiguous

from . import schema
from .facts import FACTS, KINDS

#: The kinds conditions see of form fields. Several people are no single value: nothing can be asked of them.
KIND_OF_FIELD: Mapping[str, Kind] = {
    "text": "text",
    "choice": "text",
    "number": "number",
    "person": "number",
    "area": "number",
    "category": "number",
    "bool": "bool",
    "date": "date",
}


def names_of(definition: schema.Definition) -> Names:
    """The names conditions of this definition are read and written with.

    A field is called by its code or by its Chinese or English name, a fact by its Chinese name, the decision
    of a step by ``<name of the step>.结果``; choices and outcomes by their names. What two things share names
    neither. The names in force never change with the language on screen.
    """
    fields = list(form_fields(definition))
    approvals = [block for block in schema.blocks(definition.body) if isinstance(block, schema.Approval)]
    pairs = [(fact.name, code) for code, fact in FACTS.items()]
    pairs += [
        (called, f"fields.{field.code}")
        for field in fields
        for called in (field.name, field.name_en)
        if called
    ]
    pairs += [(f"{step.name}.结果", f"{step.id}.outcome") for step in approvals]
    names = unambiguous(pairs)
    for field in fields:
        # A bare code is short for the field, unless it is the name of something else.
        if field.code not in FACTS:
            names.setdefault(field.code, f"fields.{field.code}")
    return Names(
        fields=names,
        values={f"fields.{field.code}": _by_name(field.choices) for field in fields if field.choices}
        | {f"{step.id}.outcome": _by_name(step.outcomes) for step in approvals},
        kinds=dict(KINDS)
        | {f"{step.id}.outcome": "text" for step in approvals}
        | {f"fields.{field.code}": kind for field in fields if (kind := KIND_OF_FIELD.get(field.type))},
        units={f"fields.{field.code}": field.unit for field in fields if field.unit},
    )


def form_fields(definition: schema.Definition) -> Iterator[schema.FormField]:
    """Fields of the filing form and of all steps, in the order people meet them."""
    yield from definition.fields
    for block in schema.blocks(definition.body):
        if isinstance(block, schema.Approval):
            yield from block.fields


def _by_name(choices: tuple[schema.Choice, ...] | tuple[schema.Outcome, ...]) -> dict[str, str]:
    codes = {choice.code for choice in choices}
    named = unambiguous((choice.name, choice.code) for choice in choices)
    # A name that is another's code means the code.
    return {name: code for name, code in named.items() if name not in codes}
