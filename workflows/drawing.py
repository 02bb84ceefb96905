"""What a drawing that is not finished must at least be: readable, storable, and something that can be drawn.

Pure. Whether a drawing is sound is the lint's question (``engine.lint``); a draft may be unsound for as long
as it is drawn. Only what the designer could not show is refused here, and the sentence says what and where.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from itertools import count
from typing import Any, NoReturn

from django.utils.translation import gettext as _
from pydantic import ValidationError

from grid.errors import Refused

from .engine.schema import Definition

#: Bytes of JSON. The largest workflow anybody could still read is a tenth of this.
LARGEST = 512 * 1024
#: Problems of a file that are told at once.
MOST_TOLD = 8

#: What pydantic calls the mistakes after which nothing could be drawn. All others are things left to do.
_UNDRAWABLE = frozenset({
    "union_tag_invalid", "union_tag_not_found", "extra_forbidden", "recursion_loop",
    "model_type", "model_attributes_type", "dict_type", "list_type", "tuple_type", "string_type", "bool_type",
})  # fmt: skip

#: Lists that are drawn: key → the kinds of blocks that have it.
_LISTS = {
    "outcomes": ("approval",),
    "who": ("approval", "cc", "notify"),
    "departments": ("whistle",),
    "cases": ("condition", "inclusive"),
    "branches": ("parallel",),
}


def read_json(raw: bytes) -> dict[str, Any]:
    """The object a file or a request holds. Raises :class:`Refused` with what is wrong and where."""
    if len(raw) > LARGEST:
        raise Refused(
            _("The file is larger than %(size)d KB. That is no workflow; choose another file.")
            % {"size": LARGEST // 1024}
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise Refused(
            _("Line %(line)d is not UTF-8 text. Save the file as UTF-8, or choose another one.")
            % {"line": line}
        ) from None
    try:
        value = json.loads(text, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise Refused(
            _("This is not JSON: line %(line)d, column %(column)d cannot be read: “%(text)s”.")
            % {"line": error.lineno, "column": error.colno, "text": _around(text, error.pos)}
        ) from None
    except (RecursionError, ValueError):
        raise Refused(_("The file is nested too deeply, or has a number that is none.")) from None
    if not isinstance(value, dict):
        raise Refused(_("This is JSON, but not a workflow: a workflow begins with “{”."))
    return value


def refuse_undrawable(body: Mapping[str, Any]) -> None:
    """Raise :class:`Refused` unless the designer can show it and the database can hold it."""
    if "body" not in body:
        raise Refused(_("This is JSON, but not a workflow: it has no “body” with the blocks."))
    problems = list(_problems(body))
    if problems:
        more = len(problems) - MOST_TOLD
        told = problems[:MOST_TOLD] + ([_("… and %(n)d more.") % {"n": more}] if more > 0 else [])
        raise Refused("\n".join([_("This workflow cannot be shown:"), *told]))


def completed(body: Mapping[str, Any]) -> dict[str, Any]:
    """The drawing as the designer works on it: an id for each block, every list that is drawn, no sequence
    within a sequence, sub-processes not yet frozen. For what :func:`refuse_undrawable` let pass."""
    whole: dict[str, Any] = deepcopy(dict(body))
    taken = set(_ids(whole))
    inner = _complete(whole["body"], taken)
    whole["body"] = inner if inner["type"] == "sequence" else {"type": "sequence", "blocks": [inner]}
    return whole


def _complete(block: dict[str, Any], taken: set[str]) -> dict[str, Any]:
    if block["type"] == "sequence":
        inner = [_complete(child, taken) for child in block.get("blocks") or []]
        block["blocks"] = [
            one for child in inner for one in (child["blocks"] if child["type"] == "sequence" else [child])
        ]
        return block
    if block["type"] == "subprocess":
        block.pop("body", None)
    if not isinstance(block.get("id"), str):
        block["id"] = next(name for n in count(1) if (name := f"{block['type']}_{n}") not in taken)
        taken.add(block["id"])
    for key, kinds in _LISTS.items():
        if block["type"] in kinds:
            given = block.get(key) or []
            block[key] = [given] if isinstance(given, dict) else given
    for case in block.get("cases", []):
        case["when"] = case.get("when") or ""
        case["body"] = _complete(case.get("body") or _nothing(), taken)
    if "branches" in block:
        block["branches"] = [_complete(branch, taken) for branch in block["branches"]]
    if block.get("otherwise"):
        block["otherwise"] = _complete(block["otherwise"], taken)
    for holder in (block, *block.get("deadlines", [])):
        for key in ("escalate_to", "to"):
            if isinstance(holder.get(key), dict):
                holder[key] = [holder[key]]
    return block


def _nothing() -> dict[str, Any]:
    return {"type": "sequence", "blocks": []}


def _ids(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _ids(one)
    elif isinstance(value, dict):
        if isinstance(value.get("id"), str):
            yield value["id"]
        for one in value.values():
            yield from _ids(one)


def _no_number(word: str) -> NoReturn:
    raise ValueError(word)


def _around(text: str, position: int) -> str:
    line = text[max(0, position - 12) : position + 12]
    return " ".join(line.split())


def _problems(body: Mapping[str, Any]) -> Iterator[str]:
    # What no database holds: infinite numbers, halves of a character, the character of number nought.
    try:
        json.dumps(body, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        yield _("There is half a character in it, or a number without end.")
        return
    if any("\x00" in text for text in _texts(body)):
        yield _("There is a character in it that no text may have (number 0).")
    try:
        Definition.model_validate(body)
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_input=False):
            if problem["type"] in _UNDRAWABLE:
                yield _("%(where)s: %(what)s") % {
                    "where": _where(problem["loc"], body),
                    "what": _what(problem),
                }


def _texts(value: Any) -> Iterator[str]:
    """Every text in it, keys included. Only for what was seen to be of bounded depth."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _where(path: tuple[int | str, ...], body: Any) -> str:
    """The way to a place in the file as people follow it: “body › blocks 3 “处置” › who”."""
    steps: list[str] = []
    here: Any = body
    for part in path:
        if isinstance(part, int) and isinstance(here, list) and part < len(here):
            here = here[part]
            steps[-1:] = [f"{steps[-1] if steps else ''} {part + 1}".strip()]
        elif isinstance(here, dict) and part in here:
            here = here[part]
            steps.append(str(part))
        else:
            # Names of the branches pydantic tried are not in the file; what is missing or odd comes last.
            continue
        name = here.get("name") or here.get("id") if isinstance(here, dict) else None
        if isinstance(name, str):
            steps[-1] += f" “{name[:30]}”"
    last = path[-1] if path else ""
    if isinstance(last, str) and (not steps or not steps[-1].startswith(last)) and last in (here or {}):
        steps.append(last)
    return " › ".join(steps) or "{}"


def _what(problem: Any) -> str:
    match problem["type"]:
        case "union_tag_invalid":
            return _("“%(kind)s” is not a kind of block.") % {"kind": str(problem["ctx"]["tag"])[:30]}
        case "union_tag_not_found":
            return _("this block does not say its type.")
        case "extra_forbidden":
            return _("this is not known here.")
        case "recursion_loop":
            return _("the blocks are nested too deeply.")
    return _("this should be something else: %(problem)s.") % {"problem": problem["msg"]}
