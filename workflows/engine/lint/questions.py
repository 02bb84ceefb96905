"""What conditions ask: that it can be read, is known by then, and can be true at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from workflows import conditions

from ..facts import KINDS
from ..schema import Condition, FormField
from ..vocabulary import KIND_OF_FIELD
from .findings import Finding, Fix, remove
from .places import Place, Scope


def cases(place: Place) -> Iterator[Finding]:
    """The cases of a condition, or of an inclusive block."""
    seen: list[conditions.Condition] = []
    for number, case in enumerate(place.block.cases):
        if not case.when.strip():
            yield place.error(
                _("Case %(number)s has no condition yet. Click it in the drawing and set one.")
                % {"number": number + 1}
            )
            continue
        try:
            condition = conditions.parse(case.when, place.context.names)
        except conditions.BadCondition as error:
            yield place.error(_("“%(text)s”: %(problem)s") % {"text": case.when[:60], "problem": error})
            continue
        yield from _asked(place, condition)
        if isinstance(place.block, Condition) and condition in seen:
            first = seen.index(condition) + 1
            yield place.error(
                _("Case %(number)s asks the same as case %(first)s and can never be taken.")
                % {"number": number + 1, "first": first},
                Fix(
                    _("Take case %(number)s away") % {"number": number + 1},
                    (remove((*place.path, "cases", number)),),
                ),
            )
        seen.append(condition)


def _asked(place: Place, condition: conditions.Condition) -> Iterator[Finding]:
    kinds: dict[str, conditions.Kind] = dict(KINDS)
    for name in sorted(conditions.fields(condition)):
        kind = _kind(name, place.scope)
        if kind is None:
            yield place.error(_("There is nothing called “%(field)s” to ask about.") % {"field": name})
        else:
            kinds[name] = kind
    for message in conditions.type_errors(condition, kinds, place.context.names):
        yield place.error(message)
    for name, text in _compared(condition):
        yield from _possible(place, name, text)


def _kind(name: str, scope: Scope) -> conditions.Kind | None:
    first, _dot, rest = name.partition(".")
    if rest == "outcome":
        return "text" if first in scope.steps else None
    if name in KINDS:
        return KINDS[name]
    form_field = _form_field(name, scope)
    return KIND_OF_FIELD.get(form_field.type) if form_field else None


def _form_field(name: str, scope: Scope) -> FormField | None:
    first, _dot, code = name.partition(".")
    return scope.fields.get(code) if first == "fields" else None


def _possible(place: Place, name: str, text: str) -> Iterator[Finding]:
    """A text that the thing asked about can never be: no such outcome, no such choice."""
    first, _dot, rest = name.partition(".")
    if rest == "outcome" and first in place.scope.steps and not place.scope.steps[first].outcome(text):
        yield place.error(
            _("Step “%(step)s” has no outcome “%(code)s”.")
            % {"step": place.context.name(first), "code": text}
        )
    form_field = _form_field(name, place.scope)
    if form_field is None or form_field.type != "choice":
        return
    if text not in {choice.code for choice in form_field.choices}:
        yield place.error(
            _("Field “%(field)s” has no choice “%(code)s”.") % {"field": form_field.title, "code": text}
        )


def _compared(condition: conditions.Condition) -> Iterator[tuple[str, str]]:
    """(field, text) pairs a condition compares."""
    for leaf in conditions.leaves(condition):
        if not isinstance(leaf.left, conditions.Field):
            continue
        others: tuple[Any, ...] = ()
        if isinstance(leaf, conditions.OneOf):
            others = leaf.choices
        elif isinstance(leaf, conditions.Compare):
            others = (leaf.right,)
        for other in others:
            if isinstance(other, conditions.Constant) and isinstance(other.value, str):
                yield leaf.left.name, other.value
