"""Whether a condition holds. Total: it raises nothing, whatever the values are."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from .tree import Both, Compare, Comparison, Condition, Constant, Either, Not, OneOf, Scalar, Term, Truth


def holds(condition: Condition, values: Mapping[str, Any]) -> bool:
    """Whether the condition is true for these values. Total: raises nothing.

    Values are text, numbers, booleans or None, or mappings of those for dotted names; a date is ISO text.
    """
    match condition:
        case Either(parts):
            return any(holds(part, values) for part in parts)
        case Both(parts):
            return all(holds(part, values) for part in parts)
        case Not(inner):
            return not holds(inner, values)
        case Truth(left):
            return value_of(left, values) is True
        case OneOf(left, choices):
            value = value_of(left, values)
            return any(_same(value, value_of(choice, values)) for choice in choices)
        case Compare(op, left, right):
            return _compare(op, value_of(left, values), value_of(right, values))


def value_of(term: Term, values: Mapping[str, Any]) -> Scalar:
    """What a term stands for among these values; None for a field without one."""
    if isinstance(term, Constant):
        return term.value
    found: Any = values
    for part in term.name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    if isinstance(found, int | float) and not isinstance(found, bool):
        return _number(found)
    if isinstance(found, Decimal):
        return found if found.is_finite() else None
    if isinstance(found, str):
        return str(found)  # one of Django's choices, fresh from a form, is of another type than its text
    return found if isinstance(found, bool) else None


def _number(found: int | float) -> Decimal | None:
    # An int of thousands of digits has no text; Decimal takes it as it is.
    number = Decimal(found) if isinstance(found, int) else Decimal(str(found))
    return number if number.is_finite() else None


def _same(left: Scalar, right: Scalar) -> bool:
    return type(left) is type(right) and left == right


def _compare(op: Comparison, left: Scalar, right: Scalar) -> bool:
    if op == "=":
        return _same(left, right)
    if op == "!=":
        return not _same(left, right)
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return _ordered(op, left, right)
    if isinstance(left, str) and isinstance(right, str):
        return _ordered(op, left, right)
    return False


def _ordered(op: Comparison, left: Any, right: Any) -> bool:
    match op:
        case "<":
            return bool(left < right)
        case "<=":
            return bool(left <= right)
        case ">":
            return bool(left > right)
    return bool(left >= right)
