"""What the schema says of a body that is no definition, as sentences about the blocks."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from .findings import Finding, Fix, Path, remove

#: Drawn deeper, nobody could read it any more; it also bounds every recursion over the blocks.
MAX_DEPTH = 25
#: Lists and objects around a block, at each level of blocks.
_LAYERS = 3


def too_deep(body: Any) -> bool:
    """Whether lists and objects are nested deeper than blocks may be; stops counting once they are."""
    depth, level = 0, [body]
    while level and depth <= MAX_DEPTH * _LAYERS:
        depth += 1
        level = [child for item in level for child in _inside(item)]
    return depth > MAX_DEPTH * _LAYERS


def _inside(item: Any) -> list[Any]:
    if isinstance(item, dict):
        return list(item.values())
    return item if isinstance(item, list) else []


def said(problem: Any, body: Any) -> Finding:
    """A violation of the schema, as pydantic reports it, as a sentence about the block it is in."""
    block, title, path = "", "", _path(problem["loc"], body)
    here = body
    for part in path:
        here = here[part]
        if isinstance(here, dict) and isinstance(here.get("id"), str):
            block, title = here["id"][:40], str(here.get("name", ""))[:60]
    message = _sentence(problem)
    return Finding(block, message, fix=_fix(problem["type"], path, body), title=title)


def _path(loc: tuple[str | int, ...], body: Any) -> Path:
    """Where in the JSON: pydantic's own way also names the kinds of blocks it goes through."""
    path: list[str | int] = []
    here = body
    for part in loc:
        is_key = isinstance(here, dict) and part in here
        if is_key or (isinstance(here, list) and isinstance(part, int) and part < len(here)):
            here = here[part]
            path.append(part)
    return tuple(path)


def _sentence(problem: Any) -> str:
    if problem["type"] == "union_tag_invalid":
        return _("“%(kind)s” is not a kind of block.") % {"kind": problem["ctx"]["tag"]}
    match problem["type"]:
        case "missing":
            message = _("“%(field)s” is missing.")
        case "extra_forbidden":
            message = _("“%(field)s” is not known here.")
        case "union_tag_not_found":
            message = _("A block in “%(field)s” does not say its type.")
        case "literal_error":
            message = _("“%(field)s” must be one of %(choices)s.")
        case "string_pattern_mismatch":
            message = _("“%(field)s” may only have small letters, digits and single underscores.")
        case "greater_than" | "less_than_equal" | "decimal_parsing" | "decimal_type":
            message = _("“%(field)s” must be a number greater than 0 and at most 3650.")
        case _:
            message = _("“%(field)s” cannot be used: %(problem)s.")
    where = next((part for part in reversed(problem["loc"]) if isinstance(part, str)), "—")
    choices = problem.get("ctx", {}).get("expected", "")
    return message % {"field": where, "choices": choices, "problem": problem["msg"]}


def _fix(kind: str, path: Path, body: Any) -> Fix | None:
    """Leaving out what is not known: an attribute, a move, a block of no kind."""
    if kind == "extra_forbidden":
        return Fix(_("Leave out “%(field)s”") % {"field": path[-1]}, (remove(path),))
    if kind == "literal_error" and len(path) > 1 and path[-2] == "moves":
        move = body
        for part in path:
            move = move[part]
        return Fix(_("Leave out the move “%(move)s”") % {"move": move}, (remove(path),))
    if kind == "union_tag_invalid" and path and isinstance(path[-1], int):
        return Fix(_("Take this block away"), (remove(path),))
    return None
