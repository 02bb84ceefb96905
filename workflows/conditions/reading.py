"""Text → condition. Every text either parses or raises :class:`BadCondition`, at once."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from .names import NO_NAMES, Names
from .tokens import BadCondition, Token, tokens
from .tree import Both, Compare, Condition, Constant, Either, Field, Not, OneOf, Term, Truth

#: Longer texts and deeper nesting are refused, so that parsing stays cheap whatever is sent.
MAX_LENGTH = 1000
MAX_DEPTH = 30

_COMPARISONS = frozenset({"=", "!=", "<", "<=", ">", ">="})


def parse(text: str, names: Names = NO_NAMES, *, longest: int = MAX_LENGTH) -> Condition:
    """The condition a text says, with fields and values under the names in force.

    ``names`` are those of the workflow the condition is in; without them only names in force are understood.
    Raises :class:`BadCondition`, never anything else.
    """
    if len(text) > longest:
        raise BadCondition(
            _("The condition is longer than %(most)s characters.") % {"most": longest}, longest
        )
    return _Parser(text, names).whole()


class _Parser:
    """Recursive descent; the depth is bounded, so the recursion is."""

    def __init__(self, text: str, names: Names) -> None:
        self.names = names
        self.tokens = list(tokens(text, names))
        self.position = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.position]

    def take(self) -> Token:
        token = self.next
        self.position += 1
        return token

    def at(self, *texts: str) -> bool:
        return self.next.kind in ("word", "sign") and self.next.text in texts

    def expect(self, text: str) -> None:
        if not self.at(text):
            raise self.unexpected()
        self.take()

    def unexpected(self) -> BadCondition:
        if self.next.kind == "end":
            return BadCondition(_("The condition ends too early."), self.next.at)
        return BadCondition(
            _("“%(text)s” is not expected here.") % {"text": self.next.text[:40]}, self.next.at
        )

    def whole(self) -> Condition:
        condition = self.any_of(0)
        if self.next.kind != "end":
            raise self.unexpected()
        return condition

    def any_of(self, depth: int) -> Condition:
        if depth > MAX_DEPTH:
            raise BadCondition(_("The condition is nested too deeply."), self.next.at)
        parts = [self.all_of(depth)]
        while self.at("or"):
            self.take()
            parts.append(self.all_of(depth))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def all_of(self, depth: int) -> Condition:
        parts = [self.negated(depth)]
        while self.at("and"):
            self.take()
            parts.append(self.negated(depth))
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def negated(self, depth: int) -> Condition:
        if depth > MAX_DEPTH:
            raise BadCondition(_("The condition is nested too deeply."), self.next.at)
        if self.at("not"):
            self.take()
            return Not(self.negated(depth + 1))
        if self.at("("):
            self.take()
            inner = self.any_of(depth + 1)
            self.expect(")")
            return inner
        return self.comparison()

    def comparison(self) -> Condition:
        left = self.term()
        if self.next.kind == "sign" and self.next.text in _COMPARISONS:
            op: Any = self.take().text
            return Compare(op, left, self.value_of(left))
        if self.at("not"):
            self.take()
            if not self.at("in"):
                raise self.unexpected()
            return Not(self.membership(left))
        return self.membership(left) if self.at("in") else Truth(left)

    def membership(self, left: Term) -> Condition:
        self.expect("in")
        if self.at("["):
            self.take()
            low = self.value_of(left)
            self.expect("..")
            high = self.value_of(left)
            self.expect("]")
            return Both((Compare(">=", left, low), Compare("<=", left, high)))
        self.expect("(")
        choices = [self.value_of(left)]
        while self.at(","):
            self.take()
            choices.append(self.value_of(left))
        self.expect(")")
        return OneOf(left, tuple(choices))

    def value_of(self, left: Term) -> Term:
        """What something is compared with; a value written by its name becomes its code."""
        term = self.term()
        if isinstance(left, Field) and isinstance(term, Constant) and isinstance(term.value, str):
            return replace(term, value=self.names.code(left.name, term.value))
        return term

    def term(self) -> Term:
        if self.at("-"):
            self.take()
            return self.negative()
        meaning = self.next.meaning
        if meaning is None:
            raise self.unexpected()
        self.take()
        return meaning

    def negative(self) -> Term:
        match self.next.meaning:
            case Constant(Decimal() as number) as constant:
                self.take()
                return replace(constant, value=number.copy_negate())
        raise self.unexpected()
