"""What two drawings have differently, block by block, for people who drew at the same time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from grid.models import in_language

#: The keys under which blocks hold other blocks.
_INSIDE = ("blocks", "cases", "branches", "otherwise", "body")
_Blocks = dict[str, Mapping[str, Any]]


def what_differs(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """One sentence for each block that the other drawing has anew, no longer, or otherwise."""
    here, there = dict(_blocks(mine.get("body"))), dict(_blocks(theirs.get("body")))
    sentences = []
    if any(mine.get(part) != theirs.get(part) for part in ("name", "name_en", "fields")):
        sentences.append(_("Name or filing form are different."))
    told = (
        (_("Only theirs: “%(name)s”"), [there[code] for code in there if code not in here]),
        (_("Only yours: “%(name)s”"), [here[code] for code in here if code not in there]),
        (
            _("Different: “%(name)s”"),
            [there[code] for code in there if code in here and _own(here[code]) != _own(there[code])],
        ),
    )
    sentences += [sentence % {"name": _name(block)} for sentence, blocks in told for block in blocks]
    return sentences or [_("The same blocks are in another order or another place.")]


def _blocks(block: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(block, list):
        for one in block:
            yield from _blocks(one)
    elif isinstance(block, dict):
        if isinstance(code := block.get("id"), str):
            yield code, block
        for key in _INSIDE:
            yield from _blocks(block.get(key))


def _own(block: Mapping[str, Any]) -> dict[str, Any]:
    """A block without those inside it; of its cases the conditions."""
    own = {key: value for key, value in block.items() if key not in _INSIDE}
    cases = block.get("cases")
    return own | ({"when": [case.get("when") for case in cases]} if isinstance(cases, list) else {})


def _name(block: Mapping[str, Any]) -> str:
    name, name_en = block.get("name") or "", block.get("name_en") or ""
    return in_language(name, name_en) or str(block.get("mark") or block.get("id"))
