"""Where the shapes of a diagram stand: blocks as boxes in boxes, from left to right.

A box has a baseline, on which its way in and its way out lie. Boxes of a row stand side by side, branches of
a fork one below the other; so no two shapes ever meet, and every line is horizontal or vertical. Lines that
lead back run in channels above the rows and in the gap behind a fork's first gateway, where no shape stands.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .diagram import EVENT, GATEWAY, Diagram, Flow, Node, Point

GAP = 44
#: Between two branches, and between two lines that lead back.
BRANCH_GAP = 34
CHANNEL = 12
#: Room for the label of a branch behind the gateway.
LABEL = 150
#: What a label below an event needs, and a title above a gateway and the label beside it.
UNDER = 24
TITLE = 40


@dataclass
class Exit:
    """Where a box is left, and what its flow says."""

    node: Node
    name: str = ""
    is_default: bool = False


class Box:
    """``above`` and ``below`` are measured from the baseline."""

    width = above = below = 0
    entry: Node | None = None
    exit: Exit | None = None

    def measure(self) -> None:
        raise NotImplementedError

    def place(self, x: int, y: int) -> None:
        """Place all its shapes and lines, with its left edge at x and its baseline at y."""
        raise NotImplementedError


class Single(Box):
    """One shape."""

    def __init__(self, node: Node, *, is_last: bool = False) -> None:
        self.entry = node
        self.node = node
        self.exit = None if is_last else Exit(node)

    def measure(self) -> None:
        self.width = self.node.width
        self.above = self.node.height // 2
        self.below = self.node.height // 2 + (UNDER if self.node.height == EVENT else 0)

    def place(self, x: int, y: int) -> None:
        self.node.put(x, y)


class Step(Box):
    """An approval: its task, the deadlines on its lower edge, and the gateway of its outcomes behind it."""

    PITCH = 84
    #: Between a deadline and what it does, with its words beside the line.
    DROP = 36

    def __init__(self, task: Node) -> None:
        self.entry = self.task = task
        self.gateway: Node | None = None
        self.exit = Exit(task)
        #: Boundary events, each with the end it leads to, or None if it decides.
        self.deadlines: list[tuple[Node, Node | None]] = []
        self.ends: list[Node] = []

    def measure(self) -> None:
        self.task.width = max(self.task.width, self.PITCH * len(self.deadlines))
        self.width = self.task.width
        half = self.task.height // 2
        self.above, self.below = half, half
        if self.deadlines:
            self.below = half + EVENT // 2 + self.DROP + EVENT + 8
        if self.gateway is not None:
            self.width += GAP + GATEWAY
            if self.exit is not None and self.exit.name:
                self.width += GAP
            if self.ends:
                self.width = max(self.width, self.task.width + 3 * GAP + GATEWAY + EVENT)
                self.below = max(self.below, self._end_at(len(self.ends) - 1) + EVENT // 2 + UNDER)

    def _end_at(self, number: int) -> int:
        """Middle of an outcome's end, below the baseline."""
        return GATEWAY // 2 + GAP + number * (EVENT + UNDER)

    def place(self, x: int, y: int) -> None:
        self.task.put(x, y)
        if self.gateway is not None:
            self.gateway.put(self.task.x + self.task.width + GAP, y)
            _straight(self.task.outgoing[0])
        for number, end in enumerate(self.ends):
            assert self.gateway is not None
            end.put(self.gateway.x + GATEWAY + 2 * GAP, y + self._end_at(number))
            _elbow(end.incoming[0], self.gateway.bottom, end.left)
            end.incoming[0].label = (self.gateway.centre + 4, end.middle - 20)
        self._place_deadlines(self.task.y + self.task.height)

    def _place_deadlines(self, edge: int) -> None:
        level = 0
        for number, (timer, end) in enumerate(self.deadlines):
            timer.x = self.task.x + self.PITCH * number + (self.PITCH - EVENT) // 2
            timer.y = edge - EVENT // 2
            flow = timer.outgoing[0]
            if end is not None:
                end.x, end.y = timer.x, edge + EVENT // 2 + self.DROP
                flow.points = [timer.bottom, end.top]
            elif self.gateway is not None:
                level += 1
                under, before = timer.bottom[1] + self.DROP - 4 - 4 * level, self.gateway.x - 4 * level - 6
                flow.points = [
                    timer.bottom,
                    (timer.centre, under),
                    (before, under),
                    (before, self.gateway.middle),
                    self.gateway.left,
                ]


class Row(Box):
    """Boxes one after the other."""

    def __init__(self, diagram: Diagram, fork: Fork | None) -> None:
        self.diagram = diagram
        self.fork = fork
        self.boxes: list[Box] = []
        #: Lines that lead back above its boxes.
        self.channels = 0
        self.y = 0

    def connect(self) -> None:
        """Draw the flows between its boxes; the last box that goes on is the row's way out."""
        for box in self.boxes:
            if self.exit is not None and box.entry is not None:
                connect(self.diagram, self.exit, box.entry)
            self.entry = self.entry or box.entry
            self.exit = box.exit
            if box.exit is None:
                break

    @property
    def is_over(self) -> bool:
        return bool(self.boxes) and self.exit is None

    def measure(self) -> None:
        for box in self.boxes:
            box.measure()
        self.width = sum(box.width for box in self.boxes) + GAP * max(0, len(self.boxes) - 1)
        channels = CHANNEL * self.channels + (CHANNEL if self.channels else 0)
        self.above = max((box.above for box in self.boxes), default=10) + channels
        self.below = max((box.below for box in self.boxes), default=10)

    def place(self, x: int, y: int) -> None:
        self.y = y
        for box in self.boxes:
            box.place(x, y)
            x += box.width + GAP
        for box, following in zip(self.boxes, self.boxes[1:], strict=False):
            if box.exit is not None and following.entry is not None:
                flow = next(flow for flow in following.entry.incoming if flow.source is box.exit.node)
                _straight(flow)
                flow.label = (flow.points[0][0] + 2, y - 20)

    def channel(self, number: int) -> int:
        return self.y - self.above + CHANNEL * (number + 1) - 4


class Fork(Box):
    """A gateway, branches below each other, and the gateway where those that go on come together."""

    def __init__(self, split: Node, row: Row) -> None:
        self.entry = self.split = split
        self.row = row
        self.rows: list[Row] = []
        self.firsts: list[Flow] = []
        self.merge: Node | None = None
        self.lanes = 0

    def measure(self) -> None:
        for row in self.rows:
            row.measure()
        self.inner = max((row.width for row in self.rows), default=0)
        self.width = GATEWAY + self._lead + self.inner + (GAP + GATEWAY if self.merge else 0)
        first, *others = self.rows or [Row(self.row.diagram, self)]
        self.above = max(first.above, GATEWAY // 2 + TITLE)
        self.below = max(first.below, GATEWAY // 2)
        for row in others:
            self.below += BRANCH_GAP + row.above + row.below

    @property
    def _lead(self) -> int:
        return LABEL + CHANNEL * self.lanes

    def place(self, x: int, y: int) -> None:
        self.split.put(x, y)
        inside = x + GATEWAY + self._lead
        if self.merge is not None:
            self.merge.put(inside + self.inner + GAP, y)
        line, under = y, y
        for number, (row, flow) in enumerate(zip(self.rows, self.firsts, strict=True)):
            if number:
                line = under + BRANCH_GAP + row.above
            under = line + max(row.below, GATEWAY // 2 if not number else 0)
            row.place(inside, line)
            self._draw(row, flow, line, is_first=not number)

    def _draw(self, row: Row, first: Flow, line: int, *, is_first: bool) -> None:
        """The line into a branch and the one out of it."""
        start: list[Point] = (
            [self.split.right] if is_first else [self.split.bottom, (self.split.centre, line)]
        )
        first.label = (self.split.x + GATEWAY + 4, line - 20)
        if row.entry is not None:
            first.points = [*start, row.entry.left]
        elif self.merge is not None:
            first.points = start + self._arrival(line, is_first=is_first)
        if row.exit is not None and self.merge is not None:
            last = next(flow for flow in self.merge.incoming if flow.source is row.exit.node)
            last.points = [row.exit.node.right, *self._arrival(line, is_first=is_first)]
            last.label = (row.exit.node.right[0] + 2, line - 20)

    def _arrival(self, line: int, *, is_first: bool) -> list[Point]:
        assert self.merge is not None
        return [self.merge.left] if is_first else [(self.merge.centre, line), self.merge.bottom]

    def lane(self, number: int) -> int:
        return self.split.x + GATEWAY + LABEL // 3 + CHANNEL * number


@dataclass
class WayBack:
    """A line that leads back from a step's gateway to an earlier step."""

    flow: Flow
    source: Step
    #: Rows around the two steps, innermost first.
    up: list[Row]
    down: list[Row]
    channels: dict[int, int] = field(default_factory=dict)
    lanes: dict[int, int] = field(default_factory=dict)

    def reserve(self) -> None:
        """Ask for room in every row and fork it runs through. Before anything is measured."""
        common = next(row for row in self.up if row in self.down)
        self.up = self.up[: self.up.index(common) + 1]
        self.down = self.down[: self.down.index(common)]
        for row in [*self.up, *self.down]:
            self.channels[id(row)] = row.channels
            row.channels += 1
        for row in [*self.up[:-1], *self.down]:
            if row.fork is not None:
                self.lanes[id(row)] = row.fork.lanes
                row.fork.lanes += 1

    def draw(self) -> None:
        x, y = self.flow.source.top
        points: list[Point] = [(x, y)]
        self.flow.label = (x + 4, y - 16)

        def go_to(column: int, row: Row) -> None:
            """Along the line reached so far to a column, and there to the channel of a row."""
            points.append((column, points[-1][1]))
            points.append((column, row.channel(self.channels[id(row)])))

        go_to(x, self.up[0])
        for row, outer in zip(self.up, self.up[1:], strict=False):
            assert row.fork is not None
            go_to(row.fork.lane(self.lanes[id(row)]), outer)
        for row in reversed(self.down):
            assert row.fork is not None
            go_to(row.fork.lane(self.lanes[id(row)]), row)
        target = self.flow.target
        points += [(target.centre, points[-1][1]), target.top]
        self.flow.points = [
            here for here, before in zip(points, [None, *points], strict=False) if here != before
        ]


def connect(diagram: Diagram, way: Exit, target: Node) -> Flow:
    flow = diagram.join(way.node, target, name=way.name)
    if way.is_default:
        way.node.default = flow
    return flow


def _straight(flow: Flow) -> None:
    flow.points = [flow.source.right, flow.target.left]


def _elbow(flow: Flow, start: Point, end: Point) -> None:
    flow.points = [start, (start[0], end[1]), end]
