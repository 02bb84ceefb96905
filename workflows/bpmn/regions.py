"""Where branches come together again, in a graph that no circle runs through any more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .graph import Item, Way


@dataclass(frozen=True)
class Meeting:
    """``join`` is where all branches that go on meet; None if they all end. ``crossing``: there is no such
    place, or some branches meet before it; ``groups`` are those that share something, by position."""

    join: Item | None
    groups: list[list[int]]
    crossing: bool = False


def onward(start: Item, stop: Item | None, without: Item | None = None) -> set[Item]:
    """What comes after an item, itself included; nothing beyond ``stop``, nothing through ``without``."""
    if start is without:
        return set()
    seen, todo = {start}, [start]
    while todo:
        item = todo.pop()
        if item is stop:
            continue
        for way in item.forward:
            if way.target not in seen and way.target is not without:
                seen.add(way.target)
                todo.append(way.target)
    return seen


def meeting(
    ways: list[Way], stop: Item | None, order: Mapping[Item, int], hint: Item | None = None
) -> Meeting:
    """Where branches meet. ``stop`` is where the region around them ends."""
    reach = [onward(way.target, stop) for way in ways]
    if hint is not None and any(hint in items for items in reach):
        return Meeting(hint, _groups(ways, hint, stop))
    for candidate in sorted(set().union(*reach), key=lambda item: order.get(item, len(order))):
        meets = sum(candidate in items for items in reach)
        if (meets > 1 or candidate is stop) and _all_pass(candidate, ways, reach, stop):
            if meets == 1:
                # Only one of them goes on: it goes on behind the fork, the others end inside.
                candidate = next(
                    way.target for way, items in zip(ways, reach, strict=True) if candidate in items
                )
            return Meeting(candidate, _groups(ways, candidate, stop))
    apart = all(not one & other - _stop(stop) for at, one in enumerate(reach) for other in reach[at + 1 :])
    return Meeting(None, [[number] for number in range(len(ways))], crossing=not apart)


def _stop(stop: Item | None) -> set[Item]:
    return {stop} if stop is not None else set()


def _all_pass(candidate: Item, ways: list[Way], reach: list[set[Item]], stop: Item | None) -> bool:
    """Whether every branch goes through the candidate, or ends without meeting any other."""
    beyond = onward(candidate, stop) - {candidate}
    for number, (way, items) in enumerate(zip(ways, reach, strict=True)):
        if candidate in items:
            if onward(way.target, stop, without=candidate) & beyond:
                return False
        elif any(items & other for at, other in enumerate(reach) if at != number):
            return False
    return True


def _groups(ways: list[Way], join: Item, stop: Item | None) -> list[list[int]]:
    """Branches by what they share before the join: those that meet earlier stand in one group."""
    inside = [onward(way.target, stop, without=join) for way in ways]
    groups: list[tuple[list[int], set[Item]]] = []
    for number, items in enumerate(inside):
        members, shared = [number], set(items)
        for group in [group for group in groups if group[1] & items]:
            groups.remove(group)
            members, shared = group[0] + members, shared | group[1]
        groups.append((sorted(members), shared))
    return sorted(members for members, _shared in groups)


def is_straight(start: Item, most: int = 3) -> bool:
    """Whether an item leads straight to an end, in a few steps without a choice."""
    item, steps = start, 0
    while item.tag != "endEvent":
        steps += 1
        if steps > most or len(item.outgoing) != 1 or item.boundary or item.back:
            return False
        item = item.outgoing[0].target
    return True
