"""Conditions as rows of field, operator and value, the way a clerk edits them. Pure: text ⇄ rows.

Rows are joined by *and* or *or*; some of them may stand in groups, whose rows are joined in a way of their
own; a row or a group may be turned round. That is one level: what is nested deeper stays text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, get_args

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
    Term,
    Truth,
    as_range,
    parse,
    written,
)

Operator = Literal["=", "!=", "<", "<=", ">", ">=", "in", "between"]
Join = Literal["and", "or"]


@dataclass(frozen=True)
class Row:
    """One comparison. ``values`` is one value, for ``between`` two, for ``in`` one or more; another field may
    stand for a value. ``negated``: it must not be so."""

    field: str
    operator: Operator
    values: tuple[Term, ...]
    negated: bool = False


@dataclass(frozen=True)
class Group:
    """Two rows or more, joined."""

    join: Join
    rows: tuple[Row, ...]
    negated: bool = False


@dataclass(frozen=True)
class Rows:
    """A whole condition: one row or group or more, joined. With a single one the join is ``and``."""

    join: Join
    items: tuple[Row | Group, ...]


# --- text → rows -------------------------------------------------------------------------------------
def rows_of(text: str, names: Names = NO_NAMES) -> Rows | None:
    """The rows that say what a text says; None if no rows can. Raises :class:`BadCondition`."""
    condition = parse(text, names)
    join, parts = _joined(condition)
    items = [_item(part, join) for part in parts]
    if any(item is None for item in items):
        return None
    return Rows(join, tuple(item for item in items if item is not None))


def _joined(condition: Condition) -> tuple[Join, tuple[Condition, ...]]:
    match condition:
        case Either(parts):
            return "or", parts
        case Both(parts) if as_range(condition) is None:
            return "and", parts
    return "and", (condition,)


def _item(condition: Condition, join: Join) -> Row | Group | None:
    if (row := _row(condition)) is not None:
        return row
    negated = isinstance(condition, Not)
    inner = condition.inner if isinstance(condition, Not) else condition
    own, parts = _joined(inner)
    if len(parts) < 2:
        return None
    rows = [_row(part) for part in parts]
    if any(row is None for row in rows):
        return None
    return Group(own, tuple(row for row in rows if row is not None), negated)


def _row(condition: Condition) -> Row | None:
    match condition:
        case Not(Not()):
            return None
        case Not(inner):
            row = _row(inner)
            return Row(row.field, row.operator, row.values, negated=True) if row else None
        case Truth(Field(name)):
            return Row(name, "=", (Constant(True),))
        case Compare(op, Field(name), right):
            return Row(name, op, (_plain(right),))
        case OneOf(Field(name), choices):
            return Row(name, "in", tuple(map(_plain, choices)))
    if (found := as_range(condition)) and isinstance(found[0], Field):
        return Row(found[0].name, "between", (_plain(found[1]), _plain(found[2])))
    return None


def _plain(term: Term) -> Term:
    """Without the unit: a row shows the one of its field."""
    return Constant(term.value) if isinstance(term, Constant) else term


# --- rows → text -------------------------------------------------------------------------------------
def text_of(rows: Rows, names: Names = NO_NAMES) -> str:
    """The text of rows: canonical, or as people write it with ``names``."""
    return written(condition_of(rows), names)


def condition_of(rows: Rows) -> Condition:
    return _join(rows.join, [_said(item) for item in rows.items])


def _said(item: Row | Group) -> Condition:
    if isinstance(item, Group):
        inner = _join(item.join, [_said(row) for row in item.rows])
    else:
        inner = _comparison(item)
    return Not(inner) if item.negated else inner


def _comparison(row: Row) -> Condition:
    left, values = Field(row.field), row.values
    if row.operator == "in":
        return OneOf(left, values)
    if row.operator == "between":
        return Both((Compare(">=", left, values[0]), Compare("<=", left, values[1])))
    return Compare(row.operator, left, values[0])


def _join(join: Join, parts: list[Condition]) -> Condition:
    if len(parts) == 1:
        return parts[0]
    return Both(tuple(parts)) if join == "and" else Either(tuple(parts))


# --- rows ⇄ JSON, for the designer -------------------------------------------------------------------
def as_json(rows: Rows) -> dict[str, Any]:
    """``{"join", "items": [{"field", "operator", "values", "negated"} or {"join", "rows", "negated"}]}``.

    A value is one of ``{"text": …}``, ``{"number": "12.5"}``, ``{"bool": …}``, ``{"field": …}``,
    ``{"nothing": true}``.
    """
    return {"join": rows.join, "items": [_item_json(item) for item in rows.items]}


def _item_json(item: Row | Group) -> dict[str, Any]:
    if isinstance(item, Group):
        return {
            "join": item.join,
            "rows": [_item_json(row) for row in item.rows],
            "negated": item.negated,
        }
    return {
        "field": item.field,
        "operator": item.operator,
        "values": [_value_json(value) for value in item.values],
        "negated": item.negated,
    }


def _value_json(term: Term) -> dict[str, Any]:
    if isinstance(term, Field):
        return {"field": term.name}
    match term.value:
        case None:
            return {"nothing": True}
        case bool(yes):
            return {"bool": yes}
        case Decimal() as number:
            return {"number": f"{number:f}"}
    return {"text": term.value}


def from_json(data: Any) -> Rows:
    """Rows as the designer sends them. Raises :class:`BadCondition` for anything that is none."""
    try:
        rows = Rows(_one_of(data["join"], Join), tuple(_item_from(item) for item in _some(data["items"])))
    except BadCondition:
        raise
    except (AttributeError, KeyError, TypeError, ValueError, InvalidOperation) as error:
        raise BadCondition(_("These rows are not complete.")) from error
    parse(text_of(rows))
    return rows


def _item_from(data: Mapping[str, Any]) -> Row | Group:
    if "rows" in data:
        rows = tuple(_row_from(row) for row in _some(data["rows"], at_least=2))
        return Group(_one_of(data["join"], Join), rows, data.get("negated") is True)
    return _row_from(data)


def _row_from(data: Mapping[str, Any]) -> Row:
    operator: Operator = _one_of(data["operator"], Operator)
    values = tuple(_value_from(value) for value in _some(data["values"]))
    if operator != "in" and len(values) != (2 if operator == "between" else 1):
        raise ValueError("the number of values does not fit the operator")
    return Row(_name(data["field"]), operator, values, data.get("negated") is True)


def _value_from(data: Mapping[str, Any]) -> Term:
    ((kind, value),) = data.items()
    match kind:
        case "text" if isinstance(value, str):
            return Constant(value)
        case "number" if isinstance(value, str | int):
            number = Decimal(value)
            if not number.is_finite() or not -20 < number.adjusted() < 20:
                raise ValueError("not a number")
            return Constant(number)
        case "bool" if isinstance(value, bool):
            return Constant(value)
        case "nothing":
            return Constant(None)
        case "field":
            return Field(_name(value))
    raise ValueError("not a value")


def _name(value: Any) -> str:
    match parse(value):
        case Truth(Field(name)):
            return name
    raise ValueError("not a field")


def _some(data: Any, at_least: int = 1) -> list[Any]:
    if not isinstance(data, list) or not at_least <= len(data) <= 50:
        raise ValueError("too few or too many")
    return data


def _one_of(value: Any, choices: Any) -> Any:
    if value not in get_args(choices):
        raise ValueError(f"{value!r}")
    return value
