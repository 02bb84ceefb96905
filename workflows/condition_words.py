"""A condition of a workflow definition said in words, for people who read workflows and do not write them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from .conditions import (
    NO_NAMES,
    BadCondition,
    Both,
    Compare,
    Condition,
    Constant,
    Either,
    Field,
    Names,
    Not,
    OneOf,
    Scalar,
    Term,
    Truth,
    as_range,
    parse,
)
from .engine.facts import FACTS
from .models import Request, Source, Visibility

#: What codes that conditions compare with are called on screen.
CODES: Mapping[str, Mapping[Any, Any]] = {
    "placed": dict(Request.Placed.choices),
    "source": dict(Source.choices),
    "visibility": dict(Visibility.choices),
}


def in_words(text: str, titles: Mapping[str, str], names: Names = NO_NAMES) -> str:
    """The condition as a phrase; ``titles`` names blocks, form fields and answers (``outline.titles_of``).

    ``names`` are those of the definition it is in. What does not parse is given back as is.
    """
    try:
        return _said(parse(text, names), titles)
    except BadCondition:
        return text


def with_value(comparison: Compare | OneOf | Truth, value: Scalar, titles: Mapping[str, str]) -> str:
    """One comparison and the value that decided it: "amount is above 5000 (here: 8000)"."""
    plain = value.normalize() if isinstance(value, Decimal) else value
    shown = f"{plain:f}" if isinstance(plain, Decimal) else _value(Constant(plain), comparison.left, titles)
    return _("%(condition)s (here: %(value)s)") % {"condition": _said(comparison, titles), "value": shown}


def _said(condition: Condition, titles: Mapping[str, str]) -> str:
    match condition:
        case Either(parts=parts):
            return _(" or ").join(_said(part, titles) for part in parts)
        case Both(parts=parts):
            if found := as_range(condition):
                field, low, high = found
                return _("%(field)s is from %(low)s to %(high)s") % {
                    "field": _term(field, titles),
                    "low": _value(low, field, titles),
                    "high": _value(high, field, titles),
                }
            return _(" and ").join(_said(part, titles) for part in parts)
        case Not(inner=inner):
            return _("not: %(what)s") % {"what": _said(inner, titles)}
        case Truth(left=left):
            return _term(left, titles)
        case OneOf(left=left, choices=choices):
            listed = ", ".join(_value(choice, left, titles) for choice in choices)
            return _("%(field)s is one of %(values)s") % {"field": _term(left, titles), "values": listed}
        case Compare():
            return _comparison(condition, titles)


def _comparison(compare: Compare, titles: Mapping[str, str]) -> str:
    field, value = _term(compare.left, titles), compare.right
    equal = compare.op == "="
    if isinstance(value, Constant) and compare.op in ("=", "!="):
        if isinstance(value.value, bool):
            return field if value.value == equal else _("not: %(what)s") % {"what": field}
        if value.value is None:
            sentence = _("%(field)s is not given") if equal else _("%(field)s is given")
            return sentence % {"field": field}
    sentence = {
        "=": _("%(field)s is %(value)s"),
        "!=": _("%(field)s is not %(value)s"),
        "<": _("%(field)s is below %(value)s"),
        "<=": _("%(field)s is at most %(value)s"),
        ">": _("%(field)s is above %(value)s"),
        ">=": _("%(field)s is at least %(value)s"),
    }[compare.op]
    return sentence % {"field": field, "value": _value(value, compare.left, titles)}


def _term(term: Term, titles: Mapping[str, str]) -> str:
    """A field by its label; ``<block>.outcome`` and ``fields.<code>`` by what they hold."""
    if isinstance(term, Constant):
        return _constant(term)
    if term.name in FACTS:
        return str(FACTS[term.name].label)
    block, _dot, part = term.name.partition(".")
    if part == "outcome":
        return _("the decision on “%(step)s”") % {"step": titles.get(block, block)}
    return titles.get(term.name, part or block)


def _value(value: Term, compared_with: Term, titles: Mapping[str, str]) -> str:
    if isinstance(value, Field):
        return _term(value, titles)
    named = None
    if isinstance(compared_with, Field):
        named = CODES.get(compared_with.name, {}).get(value.value)
        named = named or titles.get(f"{compared_with.name}={value.value}")
    return _("“%(text)s”") % {"text": named} if named else _constant(value)


def _constant(constant: Constant) -> str:
    match constant.value:
        case bool(yes):
            return _("yes") if yes else _("no")
        case None:
            return _("nothing")
        case str(text):
            return _("“%(text)s”") % {"text": text}
    return f"{constant.value}{constant.unit}"
