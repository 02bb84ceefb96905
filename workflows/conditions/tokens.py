"""A condition's text cut into tokens. Linear in its length; nothing of it is ever executed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from .names import WORDS, Names
from .tree import Constant, Field, Term


class BadCondition(ValueError):
    """The text is not a condition. ``str(error)`` is a translated sentence; ``at`` is a position from 0."""

    def __init__(self, message: str, at: int = 0) -> None:
        super().__init__(message)
        self.at = at


@dataclass(frozen=True, slots=True)
class Token:
    """``kind`` is ``sign``, ``word`` (of the language), ``term`` (``meaning`` says which) or ``end``."""

    kind: str
    text: str
    at: int
    meaning: Term | None = None


_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n\u00a0\u3000]+)
      | (?P<date>[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?![0-9])|[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日)
      | (?P<number>[0-9]+(?:\.[0-9]+)?)
      | (?P<text>"(?:[^"\\]|\\.)*"|“[^“”]*”)
      | (?P<sign>\.\.|<=|>=|!=|[=<>()\[\],-]|[＝＞＜≥≤≠（），、【】])
      | (?P<name>[^\W\d]\w*(?:\.[^\W\d]\w*)?)""",
    re.VERBOSE | re.DOTALL,
)
#: Signs as a Chinese keyboard types them.
_SIGNS = {
    "＝": "=", "＞": ">", "＜": "<", "≥": ">=", "≤": "<=", "≠": "!=",
    "（": "(", "）": ")", "，": ",", "、": ",", "【": "[", "】": "]",
}  # fmt: skip
_CONSTANTS = {"true": True, "false": False, "null": None}
_MANY = {"万": Decimal(10_000), "亿": Decimal(100_000_000)}
_SIGN_WORDS = frozenset({"=", "!=", "<", "<=", ">", ">="})


def tokens(text: str, names: Names) -> Iterator[Token]:
    """The tokens of a text, an ``end`` last. Raises :class:`BadCondition`."""
    at = 0
    while at < len(text):
        if known := _known_name(text, at, names):
            yield Token("term", known, at, Field(names.spoken[known]))
            at += len(known)
            continue
        match = _TOKEN.match(text, at)
        if match is None:
            raise BadCondition(_("“%(text)s” is not understood here.") % {"text": text[at : at + 10]}, at)
        word, end = match.group(), match.end()
        match match.lastgroup:
            case "name":
                pieces = _pieces(word, names)
                yield from _words(pieces, at, names)
                end = at + sum(map(len, pieces))
            case "number":
                token, end = _number(text, at, match.end(), names)
                yield token
            case "date":
                yield Token("term", word, at, Constant(_day(word, at)))
            case "text":
                yield Token("term", word, at, Constant(_quoted(word, at)))
            case "sign":
                yield Token("sign", _SIGNS.get(word, word), at)
        at = end
    yield Token("end", "", at)


def _known_name(text: str, at: int, names: Names) -> str:
    """The longest name of the workflow that stands here whole, whatever characters it has; or ""."""
    if not names.spoken or not text[at].isalpha():
        return ""
    for name in names.spoken:
        if text.startswith(name, at):
            after = text[at + len(name) : at + len(name) + 2]
            # A point goes on with a name that has none yet; two of them are those of a range.
            goes_on = after.startswith(".") and after != ".." and "." not in name
            if not (goes_on or after[:1] == "_" or after[:1].isalnum()):
                return name
    return ""


def _words(pieces: list[str], at: int, names: Names) -> Iterator[Token]:
    for piece in pieces:
        if piece in WORDS:
            word = WORDS[piece]
            if word in _CONSTANTS:
                yield Token("term", piece, at, Constant(_CONSTANTS[word]))
            elif word == "not in":
                yield Token("word", "not", at)
                yield Token("word", "in", at)
            else:
                yield Token("sign" if word in _SIGN_WORDS else "word", word, at)
        else:
            yield Token("term", piece, at, Field(names.spoken.get(piece, piece)))
        at += len(piece)


def _pieces(run: str, names: Names) -> list[str]:
    """The words in a run of letters: Chinese is written without spaces, so they may be several.

    Known names and words of the language, longest first, up to the end or to a number; the whole run if it is
    not made of those.
    """
    if run in WORDS or run in names.spoken or run.isascii() or not names.spoken:
        return [run]
    known = sorted({*names.spoken, *(word for word in WORDS if not word.isascii())}, key=len, reverse=True)
    ends = {at for at, char in enumerate(run) if char.isdecimal() and char.isascii()} | {len(run)}
    step: dict[int, str] = {}
    for start in range(len(run) - 1, -1, -1):
        for piece in known:
            after = start + len(piece)
            if run.startswith(piece, start) and (after in step or after in ends):
                step[start] = piece
                break
    pieces, at = [], 0
    while at in step:
        pieces.append(step[at])
        at += len(step[at])
    return pieces or [run]


def _number(text: str, at: int, end: int, names: Names) -> tuple[Token, int]:
    """A number with what follows it: 万 or 亿, and a unit that some field is counted in."""
    value, unit = Decimal(text[at:end]), ""
    if text[end : end + 1] in _MANY:
        value, end = value * _MANY[text[end]], end + 1
    start = end + (text[end : end + 1] == " ")
    for known in names.counted:
        if text.startswith(known, start) and not _is_ascii_word(text, start + len(known), known):
            unit, end = known, start + len(known)
            break
    return Token("term", text[at:end], at, Constant(value, unit)), end


def _is_ascii_word(text: str, end: int, unit: str) -> bool:
    """Whether the letters of a Latin unit go on, so that it is only the beginning of another word."""
    return unit[-1].isascii() and text[end : end + 1].isalnum() and text[end : end + 1].isascii()


def _day(text: str, at: int) -> str:
    year, month, day = (int(part) for part in re.findall("[0-9]+", text))
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        raise BadCondition(_("“%(text)s” is not a day of the calendar.") % {"text": text}, at) from None


def _quoted(text: str, at: int) -> str:
    inner = text[1:-1]
    if text[0] == '"':
        inner = re.sub(r"\\(.)", r"\1", inner, flags=re.DOTALL)
    if any(unicodedata.category(char)[0] == "C" or char in "\u2028\u2029" for char in inner):
        # They would make a condition look like another one.
        raise BadCondition(_("The text in quotes has characters that cannot be seen."), at)
    return inner
