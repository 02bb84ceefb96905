"""Where the blocks of a definition stand, and which of them stand elsewhere in another version. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..engine import schema


@dataclass(frozen=True)
class Spot:
    """A block, the block around it, the branch of that one, and the block right before it there."""

    block: Any
    inside: str
    branch: int
    #: Branches of the block around it.
    branches: int
    after: str


def spots(body: Any) -> dict[str, Spot]:
    """Block id → where it stands, in the order they are drawn; without what is inside approvals and such."""
    return {spot.block.id: spot for spot in _spots([body], "", 0, 1)}


def _spots(blocks: list[Any], inside: str, branch: int, branches: int) -> Iterator[Spot]:
    after = ""
    for block in _flat(blocks):
        yield Spot(block, inside, branch, branches, after)
        after = block.id
        if isinstance(block, schema.Condition | schema.Inclusive | schema.Parallel):
            inner = schema.children(block)
            for number, child in enumerate(inner):
                yield from _spots([child], block.id, number, len(inner))


def _flat(blocks: list[Any]) -> Iterator[Any]:
    """Sequences have no place of their own: their blocks have."""
    for block in blocks:
        if isinstance(block, schema.Sequence):
            yield from _flat(list(block.blocks))
        else:
            yield block


def moved(was: Mapping[str, Spot], now: Mapping[str, Spot]) -> set[str]:
    """Blocks that stand elsewhere: in another block or branch, or out of order among their neighbours.

    As few as explain the new order. Branches are compared only while there are equally many.
    """
    common = [block_id for block_id in now if block_id in was]
    away = {block_id for block_id in common if _other_branch(was[block_id], now[block_id])}
    groups: dict[tuple[str, int], list[str]] = {}
    for block_id in common:
        if block_id not in away:
            groups.setdefault((now[block_id].inside, now[block_id].branch), []).append(block_id)
    order = {block_id: number for number, block_id in enumerate(was)}
    for group in groups.values():
        away |= set(group) - _in_order(group, order)
    return away


def _other_branch(was: Spot, now: Spot) -> bool:
    return was.inside != now.inside or (was.branches == now.branches and was.branch != now.branch)


def _in_order(group: list[str], order: Mapping[str, int]) -> set[str]:
    """The longest part of the group that keeps its order."""
    tails: list[int] = []
    ends: list[str] = []
    before: dict[str, str | None] = {}
    for block_id in group:
        at = bisect_left(tails, order[block_id])
        before[block_id] = ends[at - 1] if at else None
        tails[at : at + 1] = [order[block_id]]
        ends[at : at + 1] = [block_id]
    kept: set[str] = set()
    here = ends[-1] if ends else None
    while here is not None:
        kept.add(here)
        here = before[here]
    return kept
