"""Sub-processes as they stand when a definition is published: their blocks are copied into it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def freeze(body: Any, definitions: Mapping[str, Mapping[str, Any] | None]) -> Any:
    """The JSON of a definition with ``body`` of each sub-process as in ``definitions`` (key → definition).

    Sub-processes inside those bodies stay as they were frozen then. One whose definition is not among them,
    or not in force, is left without a body. What is no definition comes back as it is.
    """
    if isinstance(body, list):
        return [freeze(item, definitions) for item in body]
    if not isinstance(body, dict):
        return body
    if body.get("type") != "subprocess":
        return {name: freeze(value, definitions) for name, value in body.items()}
    key = body.get("definition")
    inner = definitions.get(key) if isinstance(key, str) else None
    rest = {name: value for name, value in body.items() if name != "body"}
    return rest | ({"body": inner["body"]} if inner else {})


def sub_processes(body: Any, *, inner: bool = False) -> Iterator[str]:
    """Keys of the definitions that sub-processes in a JSON body name; with ``inner`` also inside those."""
    if isinstance(body, list):
        for item in body:
            yield from sub_processes(item, inner=inner)
    elif isinstance(body, dict):
        is_one = body.get("type") == "subprocess"
        if is_one and isinstance(body.get("definition"), str):
            yield body["definition"]
        for name, value in body.items():
            if inner or not (is_one and name == "body"):
                yield from sub_processes(value, inner=inner)
