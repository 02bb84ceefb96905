"""Condition → text: in its canonical form, or with the names people use."""

from __future__ import annotations

from decimal import Decimal

from .names import NO_NAMES, Names
from .tree import Both, Compare, Condition, Constant, Either, Field, Leaf, Not, OneOf, Term, Truth, as_range


def written(condition: Condition, names: Names = NO_NAMES) -> str:
    """The text of a condition; read again with the same names it is the same condition.

    Without ``names`` this is the canonical form: names in force, codes, no units, English words. With names
    fields and values are called as people call them.
    """
    return _written(condition, names, binds=0)


#: How closely a part binds: ``or``, ``and``, ``not``.
_OR, _AND, _NOT = 1, 2, 3


def _written(condition: Condition, names: Names, binds: int) -> str:
    if found := as_range(condition):
        left, low, high = found
        return f"{_term(left, names)} in [{_value(low, left, names)}..{_value(high, left, names)}]"
    match condition:
        case Either(parts):
            text, own = " or ".join(_written(part, names, _OR) for part in parts), _OR
        case Both(parts):
            text, own = " and ".join(_written(part, names, _AND) for part in parts), _AND
        case Not(inner):
            text, own = f"not {_written(inner, names, _NOT - 1)}", _NOT + 1
        case leaf:
            return _leaf(leaf, names)
    return f"({text})" if own <= binds else text


def _leaf(leaf: Leaf, names: Names) -> str:
    left = _term(leaf.left, names)
    match leaf:
        case Compare(op, _, right):
            return f"{left} {op} {_value(right, leaf.left, names)}"
        case OneOf(_, choices):
            return f"{left} in ({', '.join(_value(choice, leaf.left, names) for choice in choices)})"
        case Truth():
            return left


def _value(value: Term, of: Term, names: Names) -> str:
    if isinstance(value, Constant) and isinstance(value.value, str) and isinstance(of, Field):
        return _quoted(names.value(of.name, value.value))
    return _term(value, names)


def _term(term: Term, names: Names) -> str:
    if isinstance(term, Field):
        return names.called.get(term.name, term.name)
    match term.value:
        case None:
            return "null"
        case bool(yes):
            return "true" if yes else "false"
        case Decimal():
            return f"{term.value:f}" + (term.unit if term.unit in names.counted else "")
    return _quoted(term.value)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
