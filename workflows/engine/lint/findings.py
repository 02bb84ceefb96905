"""What the lint says: a finding at a block, and the small change that mends it."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict

Path = tuple[str | int, ...]


class Operation(TypedDict, total=False):
    """One step of a JSON Patch (RFC 6902). A path that ends in ``-`` appends to a list."""

    op: Literal["add", "remove", "replace"]
    path: str
    value: Any


@dataclass(frozen=True)
class Fix:
    """A change to the JSON of a definition that takes a finding away. ``words`` are those of its button.

    ``patch`` fits the very body that was checked, and no other.
    """

    words: str
    patch: tuple[Operation, ...]


@dataclass(frozen=True)
class Finding:
    """Something wrong with one block ("" for the definition as a whole). Warnings do not stop publication.

    ``title`` is the block's name on screen, as far as it has one.
    """

    block: str
    message: str
    is_error: bool = True
    fix: Fix | None = None
    title: str = ""

    def __str__(self) -> str:
        return f"{self.block}: {self.message}" if self.block else self.message


@dataclass(frozen=True)
class Known:
    """What the installation has. None: not asked, so nothing is said about it."""

    #: Duty roles, by code.
    roles: Collection[str] | None = None
    #: Duty role → its name on screen.
    role_names: Mapping[str, str] = field(default_factory=dict)
    #: Levels of the area tree, by code.
    levels: Collection[str] | None = None
    #: Duty role → how many people hold it anywhere.
    holders: Mapping[str, int] | None = None
    #: Party branch, by code → how many members it has.
    branches: Mapping[str, int] | None = None
    #: User name → whether that person may still sign in.
    people: Mapping[str, bool] | None = None
    #: Systems that may be told of a case (``LINLI_WEBHOOKS``).
    hooks: Collection[str] | None = None
    #: Workflow key → the definition in force; None for one that has none in force.
    definitions: Mapping[str, Mapping[str, Any] | None] | None = None


def add(path: Path, value: Any) -> Operation:
    return {"op": "add", "path": pointer(path), "value": value}


def replace(path: Path, value: Any) -> Operation:
    return {"op": "replace", "path": pointer(path), "value": value}


def remove(path: Path) -> Operation:
    return {"op": "remove", "path": pointer(path)}


def pointer(path: Iterable[str | int]) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def apply_fix(body: Any, fix: Fix) -> Any:
    """The body with the change made; the one handed in stays as it is.

    Raises ``LookupError`` when the body is not the one the fix was made for.
    """
    changed = copy.deepcopy(body)
    for operation in fix.patch:
        _apply(changed, operation)
    return changed


def _apply(body: Any, operation: Operation) -> None:
    parts = operation["path"].removeprefix("/").split("/")
    *way, last = [part.replace("~1", "/").replace("~0", "~") for part in parts]
    here = body
    for part in way:
        here = here[int(part)] if isinstance(here, list) else here[part]
    key: Any = last
    if isinstance(here, list):
        key = len(here) if last == "-" else int(last)
    match operation["op"]:
        case "remove":
            del here[key]
        case "add" if isinstance(here, list):
            here.insert(key, operation["value"])
        case _:
            here[key] = operation["value"]
