"""Walking through the blocks of a definition, and naming their nodes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .blocks import Approval, Condition, Inclusive, Parallel, Sequence, SubProcess

_IDENTIFIER = re.compile(r"[^a-z0-9_]")


def blocks(block: Any) -> Iterator[Any]:
    """The block and every block inside it, in the order they are drawn; ends of outcomes included."""
    yield block
    for child in children(block):
        yield from blocks(child)


def children(block: Any) -> list[Any]:
    """The blocks directly inside a block, in the order they are drawn."""
    match block:
        case Sequence(blocks=inner):
            return list(inner)
        case Condition(cases=cases, otherwise=otherwise) | Inclusive(cases=cases, otherwise=otherwise):
            return [case.body for case in cases] + ([otherwise] if otherwise else [])
        case Parallel(branches=branches):
            return list(branches)
        case SubProcess(body=body):
            return [body] if body else []
        case Approval(outcomes=outcomes):
            return [outcome.ends for outcome in outcomes if outcome.ends]
    return []


def earlier_approvals(body: Any) -> dict[str, frozenset[str]]:
    """Approval → the approvals drawn before it; none of a sibling branch."""
    found: dict[str, frozenset[str]] = {}

    def walk(block: Any, before: frozenset[str]) -> frozenset[str]:
        match block:
            case Sequence(blocks=inner):
                for child in inner:
                    before = walk(child, before)
            case Condition() | Inclusive() | Parallel() | SubProcess():
                return before.union(*(walk(child, before) for child in children(block)))
            case Approval():
                found[block.id] = before
                return before | {block.id}
        return before

    walk(body, frozenset())
    return found


def node_name(block_id: str, part: str = "") -> str:
    """The viewflow node of a block. Ids hold no double underscore, so parts never collide with blocks."""
    return f"b_{block_id}" + (f"__{_IDENTIFIER.sub('_', part)}" if part else "")


def block_of(name: str) -> str:
    """The block a viewflow node belongs to."""
    return name.removeprefix("b_").split("__", 1)[0]
