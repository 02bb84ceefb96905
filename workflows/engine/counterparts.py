"""Which block of one version of a workflow stands for which of another. Pure."""

from __future__ import annotations

from typing import Any

from . import schema
from .schema import Approval, Condition, Definition, Inclusive, Parallel, Timer

Kind = tuple[Any, ...]
#: (fork, number of the branch), from the outermost fork inwards.
Place = tuple[tuple[str, int], ...]


def mappable(definition: Definition) -> list[Any]:
    """The blocks a case can stay at or be split by, in the order they are drawn."""
    return [
        block
        for block in schema.blocks(definition.body)
        if isinstance(block, Approval | Timer | Parallel | Inclusive)
    ]


def kind_of(block: Any) -> Kind:
    """Blocks of one kind can stand for each other."""
    if isinstance(block, Approval):
        return (block.type, block.for_several, block.form)
    return (block.type,)


def counterparts(old: Definition, new: Definition) -> dict[str, str]:
    """Block → block of the same kind: by id, and where there is none by a name that only one block has."""
    before, after = by_id(old), by_id(new)
    found = {
        code: code
        for code, block in before.items()
        if code in after and kind_of(block) == kind_of(after[code])
    }
    named: dict[tuple[Kind, str], list[str]] = {}
    for code, block in after.items():
        if code not in found.values():
            named.setdefault((kind_of(block), getattr(block, "name", "")), []).append(code)
    for code, block in before.items():
        name = getattr(block, "name", "")
        match = named.get((kind_of(block), name), [])
        if name and code not in found and len(match) == 1:
            found[code] = match.pop()
    return found


def candidates(block: Any, new: Definition) -> list[Any]:
    """Blocks of the new version that can stand for this one."""
    return [other for other in mappable(new) if kind_of(other) == kind_of(block)]


def by_id(definition: Definition) -> dict[str, Any]:
    return {block.id: block for block in schema.blocks(definition.body) if getattr(block, "id", None)}


def places(body: Any) -> dict[str, Place]:
    """Block → the branches of forks it lies in."""
    found: dict[str, Place] = {}

    def walk(block: Any, here: Place) -> None:
        if getattr(block, "id", None):
            found[block.id] = here
        for number, child in enumerate(schema.children(block)):
            forks = isinstance(block, Parallel | Inclusive)
            walk(child, (*here, (block.id, number)) if forks else here)

    walk(body, ())
    return found


def drawn_before(body: Any) -> dict[str, frozenset[str]]:
    """Block → all blocks drawn before it; none of a sibling branch."""
    found: dict[str, frozenset[str]] = {}

    def walk(block: Any, before: frozenset[str]) -> frozenset[str]:
        own = frozenset({block.id}) if getattr(block, "id", None) else frozenset()
        if own:
            found[block.id] = before
        if isinstance(block, schema.Sequence):
            for child in block.blocks:
                before = walk(child, before)
            return before
        return (before | own).union(*(walk(child, before | own) for child in schema.children(block)))

    walk(body, frozenset())
    return found


def optional(body: Any) -> frozenset[str]:
    """Blocks that not every case comes through: those in the cases of a condition."""
    found: set[str] = set()

    def walk(block: Any, inside: bool) -> None:
        if inside and getattr(block, "id", None):
            found.add(block.id)
        for child in schema.children(block):
            walk(child, inside or isinstance(block, Condition | Inclusive))

    walk(body, False)
    return frozenset(found)
