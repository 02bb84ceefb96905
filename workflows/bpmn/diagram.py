"""A BPMN diagram: nodes with their place, flows with their way. What the export writes and the viewer draws.

Lengths are pixels, x to the right and y down, as in BPMN's diagram interchange.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Point = tuple[int, int]

GATEWAY = 50
EVENT = 36
TASK_HEIGHT = 80
TASK_WIDTH = 120


@dataclass(eq=False)
class Node:
    """A flow node. ``tag`` is its BPMN element, ``event`` what kind of event (``timer``, ``terminate``,
    ``message``, ``escalation``), ``extension`` what only we understand: a kind and its data."""

    id: str
    tag: str
    name: str = ""
    event: str = ""
    block: str = ""
    extension: tuple[str, dict[str, Any]] | None = None
    #: The task a boundary event sits on, and whether it ends it.
    attached_to: Node | None = None
    interrupts: bool = False
    #: ISO 8601, of a timer.
    duration: str = ""
    #: One after the other, all at the same time; None for one person.
    in_turn: bool | None = None
    #: When a step for several is settled, for those who read BPMN.
    settled_when: str = ""
    called: str = ""
    default: Flow | None = None
    incoming: list[Flow] = field(default_factory=list)
    outgoing: list[Flow] = field(default_factory=list)
    x: int = 0
    y: int = 0
    width: int = TASK_WIDTH
    height: int = TASK_HEIGHT

    def put(self, x: int, baseline: int) -> None:
        """Place it with its left edge at x and its middle on the baseline."""
        self.x, self.y = x, baseline - self.height // 2

    @property
    def middle(self) -> int:
        return self.y + self.height // 2

    @property
    def centre(self) -> int:
        return self.x + self.width // 2

    @property
    def left(self) -> Point:
        return self.x, self.middle

    @property
    def right(self) -> Point:
        return self.x + self.width, self.middle

    @property
    def top(self) -> Point:
        return self.centre, self.y

    @property
    def bottom(self) -> Point:
        return self.centre, self.y + self.height


@dataclass(eq=False)
class Flow:
    """A sequence flow. ``condition`` is in the language of conditions; ``marks`` are attributes of ours."""

    id: str
    source: Node
    target: Node
    name: str = ""
    condition: str = ""
    marks: dict[str, str] = field(default_factory=dict)
    points: list[Point] = field(default_factory=list)
    #: Upper left corner of its label.
    label: Point | None = None


@dataclass
class Diagram:
    nodes: list[Node] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)
    width: int = 0
    height: int = 0
    _ids: set[str] = field(default_factory=set)

    def add(self, node: Node) -> Node:
        node.id = self._unused(node.id)
        self.nodes.append(node)
        return node

    def join(self, source: Node, target: Node, **more: Any) -> Flow:
        """A flow from one node to another."""
        flow = Flow(self._unused(f"f_{source.id}__{target.id}"), source, target, **more)
        source.outgoing.append(flow)
        target.incoming.append(flow)
        self.flows.append(flow)
        return flow

    def _unused(self, wanted: str) -> str:
        """The id itself, or with a number: drafts may use an id twice, XML may not."""
        found, number = wanted, 1
        while found in self._ids:
            number += 1
            found = f"{wanted}.{number}"
        self._ids.add(found)
        return found
