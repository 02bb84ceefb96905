"""Comparisons that can never say anything, found before a workflow is published."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from .names import NO_NAMES, Names
from .tree import Compare, Condition, Constant, Field, Kind, Leaf, OneOf, Term, Truth, leaves


def type_errors(condition: Condition, kinds: Mapping[str, Kind], names: Names = NO_NAMES) -> list[str]:
    """Comparisons that can never say anything, in words. Fields ``kinds`` does not know are passed over.

    ``names`` brings the units of fields, and what things are called in the sentences.
    """
    checker = _Checker(kinds, names)
    return [message for part in leaves(condition) if (message := checker.mistake(part))]


class _Checker:
    def __init__(self, kinds: Mapping[str, Kind], names: Names) -> None:
        self.kinds = kinds
        self.names = names

    def mistake(self, part: Leaf) -> str:
        left = self.kind(part.left)
        if isinstance(part, Truth):
            if left in (None, "bool"):
                return ""
            return _("“%(field)s” is not a yes/no value; compare it with something.") % {
                "field": self.shown(part.left)
            }
        others = part.choices if isinstance(part, OneOf) else (part.right,)
        for other in others:
            if message := self.between(part.left, other):
                return message
        if (
            isinstance(part, Compare)
            and part.op not in ("=", "!=")
            and "bool" in (left, self.kind(part.right))
        ):
            return _("A yes/no value is neither smaller nor larger than another.")
        return ""

    def between(self, one: Term, other: Term) -> str:
        """What is wrong with comparing these two."""
        left, right = self.kind(one), self.kind(other)
        shown = {"left": self.shown(one), "right": self.shown(other)}
        if "date" in (left, right) and "text" in (left, right):
            text = one if left == "text" else other
            if isinstance(text, Constant) and _is_day(text.value):
                return ""
            if isinstance(text, Constant):
                return _("“%(text)s” is not a date. Write it like 2026-05-31.") % {"text": self.shown(text)}
        if left and right and left != right:
            return _("“%(left)s” and “%(right)s” are of different kinds and are never equal.") % shown
        if (mine := self.unit(one)) != (theirs := self.unit(other)) and mine and theirs:
            return _("“%(left)s” is in %(unit)s and “%(right)s” in %(other)s.") % {
                **shown, "unit": mine, "other": theirs,
            }  # fmt: skip
        return ""

    def kind(self, term: Term) -> Kind | None:
        if isinstance(term, Field):
            return self.kinds.get(term.name)
        match term.value:
            case bool():
                return "bool"
            case Decimal():
                return "number"
            case str():
                return "text"
        return None

    def unit(self, term: Term) -> str:
        return self.names.units.get(term.name, "") if isinstance(term, Field) else term.unit

    def shown(self, term: Term) -> str:
        if isinstance(term, Field):
            return self.names.called.get(term.name, term.name)
        return f"{term.value}{term.unit}"


def _is_day(value: object) -> bool:
    try:
        return date.fromisoformat(str(value)).isoformat() == value
    except ValueError:
        return False
