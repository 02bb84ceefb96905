"""Which category a person's words point to. Pure: words and weights in, scores out; no model, nothing opaque.

A category's score is the sum of the weights of its keywords that occur in the text. Chinese words are found
anywhere in it; words in Latin letters at the beginning of a word, so that "light" finds "lights" but not
"slight". A word inside a longer keyword of the same category that also occurs counts once, as the longer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

#: Below this a guess is worth less than an empty list.
LEAST = 2.0
#: More of a long text is not read: what it is about is said early.
READ = 2_000


@dataclass(frozen=True)
class Suggestion:
    """``code`` is the category's; ``words`` are the keywords found, to show why."""

    code: str
    score: float
    words: tuple[str, ...]


def suggest(text: str, keywords: Mapping[str, Mapping[str, float]], *, limit: int = 3) -> list[Suggestion]:
    """The best categories for a text, best first. ``keywords``: category code → {word: weight}.

    Empty when nothing fits. Of two equal scores the earlier category of the mapping comes first.
    """
    said = text[:READ].casefold()
    scored = (_score(code, said, words) for code, words in keywords.items())
    likely = [suggestion for suggestion in scored if suggestion.score >= LEAST]
    return sorted(likely, key=lambda suggestion: -suggestion.score)[:limit]


def _score(code: str, said: str, words: Mapping[str, float]) -> Suggestion:
    found = list(_longest(word for word in words if _occurs(word.casefold(), said)))
    return Suggestion(code, float(sum(words[word] for word in found)), tuple(found))


def _occurs(word: str, said: str) -> bool:
    if word not in said:
        return False
    return not word[0].isascii() or _at_word_start(word).search(said) is not None


def _longest(found: Iterable[str]) -> Iterable[str]:
    """Leave out words that are part of another word found."""
    words = list(found)
    return (word for word in words if not any(word != other and word in other for other in words))


@lru_cache(maxsize=2_000)
def _at_word_start(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![0-9a-z]){re.escape(word)}")
