"""What a condition is once it is read: a small tree, and the walks through it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Kind = Literal["text", "number", "bool", "date"]
Scalar = str | Decimal | bool | None
Comparison = Literal["=", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Constant:
    """A value as written. ``unit`` is what a number was said to count; it changes nothing but the check of
    kinds. A date is its ISO text."""

    value: Scalar
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    name: str


@dataclass(frozen=True, slots=True)
class Compare:
    op: Comparison
    left: Field | Constant
    right: Field | Constant


@dataclass(frozen=True, slots=True)
class OneOf:
    left: Field | Constant
    choices: tuple[Field | Constant, ...]


@dataclass(frozen=True, slots=True)
class Truth:
    """A field standing alone: true if its value is true."""

    left: Field | Constant


@dataclass(frozen=True, slots=True)
class Not:
    inner: Condition


@dataclass(frozen=True, slots=True)
class Both:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Either:
    parts: tuple[Condition, ...]


Condition = Compare | OneOf | Truth | Not | Both | Either
Term = Field | Constant
Leaf = Compare | OneOf | Truth


def leaves(condition: Condition) -> Iterator[Leaf]:
    """The comparisons of a condition, in the order they are written."""
    match condition:
        case Either(parts) | Both(parts):
            for part in parts:
                yield from leaves(part)
        case Not(inner):
            yield from leaves(inner)
        case leaf:
            yield leaf


def terms(condition: Condition) -> Iterator[Term]:
    """Every field and constant a condition names."""
    for leaf in leaves(condition):
        yield leaf.left
        if isinstance(leaf, Compare):
            yield leaf.right
        elif isinstance(leaf, OneOf):
            yield from leaf.choices


def fields(condition: Condition) -> set[str]:
    """Names of the fields the condition reads."""
    return {term.name for term in terms(condition) if isinstance(term, Field)}


def as_range(condition: Condition) -> tuple[Term, Term, Term] | None:
    """Field, lowest and highest of ``field in [low..high]``; None for any other condition."""
    match condition:
        case Both((Compare(">=", left, low), Compare("<=", other, high))) if left == other:
            return left, low, high
    return None
