"""A diagram as shapes ready to be drawn as SVG, with what happened to each of them on a case."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from .diagram import Diagram, Flow, Node

LINE_HEIGHT = 16
_KINDS = {
    "userTask": "person", "sendTask": "send", "serviceTask": "service", "callActivity": "sub",
    "exclusiveGateway": "exclusive", "inclusiveGateway": "inclusive", "parallelGateway": "parallel",
    "startEvent": "start", "endEvent": "end", "intermediateCatchEvent": "catch",
    "intermediateThrowEvent": "throw", "boundaryEvent": "boundary",
}  # fmt: skip


@dataclass(frozen=True)
class Mark:
    """What happened to a node on a case: ``done``, ``now`` or ``void``; ``words`` say so."""

    state: str
    words: str = ""


@dataclass(frozen=True)
class Shape:
    """A node to draw. ``kind`` is ``task``, ``gateway`` or ``event``; ``is_step`` things can be focused."""

    node: Node
    kind: str
    symbol: str
    lines: list[tuple[int, str]]
    state: str
    title: str
    is_step: bool

    @property
    def points(self) -> str:
        """The corners of a gateway."""
        node = self.node
        corners = (node.top, node.right, node.bottom, node.left)
        return " ".join(f"{x},{y}" for x, y in corners)


@dataclass(frozen=True)
class Line:
    """A flow to draw, with its label."""

    points: str
    taken: bool
    x: int
    label: list[tuple[int, str]]
    title: str


@dataclass(frozen=True)
class Picture:
    width: int
    height: int
    shapes: list[Shape]
    lines: list[Line]

    @property
    def steps(self) -> list[Shape]:
        """What people do or wait for, in the order it is drawn."""
        return [shape for shape in self.shapes if shape.is_step]


def picture(diagram: Diagram, marks: Mapping[str, Mark] | None = None) -> Picture:
    """The picture of a diagram; ``marks`` are by node id."""
    marks = marks or {}
    shapes = [_shape(node, marks.get(node.id)) for node in diagram.nodes]
    lines = [_line(flow, marks) for flow in diagram.flows]
    return Picture(diagram.width, diagram.height, shapes, lines)


def _shape(node: Node, mark: Mark | None) -> Shape:
    kind = "task" if node.height == 80 else "gateway" if node.tag.endswith("Gateway") else "event"
    is_step = bool(node.name) and (kind == "task" or node.tag in ("intermediateCatchEvent", "endEvent"))
    beside = node.attached_to is not None
    room = node.width - 16 if kind == "task" else 60 if beside else 126
    texts = wrapped(node.name, room, {"task": 3, "gateway": 1}.get(kind, 2), size=12 if beside else 14)
    if beside:
        first = node.y + node.height + 14
    elif kind == "task":
        first = node.middle - LINE_HEIGHT * (len(texts) - 1) // 2 + 5
    elif kind == "gateway":
        first = node.y - 22 - LINE_HEIGHT * (len(texts) - 1)
    else:
        first = node.y + node.height + 15
    lines = [(first + LINE_HEIGHT * number, text) for number, text in enumerate(texts)]
    title = node.name or _called(node)
    if mark is not None and mark.words:
        title = _("%(step)s: %(state)s") % {"step": title, "state": mark.words}
    symbol = _KINDS.get(node.tag, "")
    if kind == "event" and node.event:
        symbol += f"-{node.event}"
    return Shape(node, kind, symbol, lines, mark.state if mark else "", title, is_step)


def _called(node: Node) -> str:
    """What an element without a name is."""
    return {
        "startEvent": _("Start"),
        "endEvent": _("End"),
        "exclusiveGateway": _("One of the ways"),
        "inclusiveGateway": _("Every way that holds"),
        "parallelGateway": _("All ways at the same time"),
        "intermediateThrowEvent": _("Milestone"),
    }.get(node.tag, "")


def _line(flow: Flow, marks: Mapping[str, Mark]) -> Line:
    taken = _taken(flow, marks)
    x, y = flow.label or flow.points[0]
    texts = wrapped(flow.name, 138, 2, size=12)
    label = [(y + 14 - 14 * (len(texts) - 1 - number), text) for number, text in enumerate(texts)]
    return Line(" ".join(f"{x},{y}" for x, y in flow.points), taken, x, label, flow.name)


def _taken(flow: Flow, marks: Mapping[str, Mark]) -> bool:
    """Whether a case went this way: both ends say so, and no other way of a choice does."""
    source, target = marks.get(flow.source.id), marks.get(flow.target.id)
    if source is None or source.state != "done" or target is None or target.state == "void":
        return False
    if flow.source.tag == "exclusiveGateway" and flow.target.tag == "exclusiveGateway":
        others = (other.target.id for other in flow.source.outgoing if other is not flow)
        return not any(other in marks for other in others)
    return True


def wrapped(text: str, room: int, most: int, *, size: int = 14) -> list[str]:
    """The text in lines of at most ``room`` pixels at a size; cut with … after ``most`` lines."""
    lines, line = [], ""
    for char in text:
        if _width(line + char, size) > room and line:
            # Latin text breaks at its last space.
            head, space, tail = line.rpartition(" ")
            breaks = bool(space) and _width(char, size) < size
            lines.append(head if breaks else line)
            line = tail if breaks else ""
        line += char
    lines = [line.strip() for line in [*lines, line] if line.strip()]
    if len(lines) > most:
        return [*lines[: most - 1], lines[most - 1][:-1] + "…"]
    return lines


def _width(text: str, size: int) -> int:
    """About how wide a text is: Chinese characters are square."""
    return sum(size if unicodedata.east_asian_width(char) in "WF" else (size + 2) // 2 for char in text)
