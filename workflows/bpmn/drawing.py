"""Definition → diagram: which BPMN element stands for which block, and what only our extension says."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from workflows.condition_words import in_words
from workflows.engine import schema
from workflows.engine.schema import Approval, Definition, Outcome, node_name
from workflows.engine.vocabulary import form_fields, names_of
from workflows.words import limit_in_words

from .diagram import EVENT, GATEWAY, Diagram, Node
from .layout import Box, Exit, Fork, Row, Single, Step, WayBack, connect

MARGIN = 40
#: Clocks on which a limit is a plain duration.
_UNITS = {"urgent_hours": "PT{}H", "work_hours": "PT{}H", "work_days": "P{}D", "calendar_days": "P{}D"}


def draw(definition: Definition) -> Diagram:
    """The definition as a laid-out BPMN diagram.

    Blocks that are unsound (an outcome that returns nowhere, an id given twice) are drawn as far as they can
    be: drafts are drawn as well.
    """
    return _Artist(definition).draw()


def iso(limit: schema.Limit) -> str:
    """A limit as an ISO 8601 duration; on which clock it runs only our extension says."""
    return _UNITS[limit.clock].format(f"{limit.limit.normalize():f}")


def plain(part: BaseModel, *without: str) -> dict[str, Any]:
    """What was said about a part, as JSON values; parts inside it as well."""
    said = part.model_dump(exclude_unset=True, exclude=set(without), by_alias=True)
    return {key: _json(value) for key, value in said.items()}


def _json(value: Any) -> Any:
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case dict():
            return {key: _json(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_json(inner) for inner in value]
    return value


class _Artist:
    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.names = names_of(definition)
        self.diagram = Diagram()
        self.titles = {
            block.id: getattr(block, "title", "") or block.id
            for block in schema.blocks(definition.body)
            if getattr(block, "id", None)
        } | {f"fields.{field.code}": field.title for field in form_fields(definition)}
        self.steps: dict[str, tuple[Step, Row]] = {}
        self.returns: list[tuple[Step, Row, Approval, Outcome]] = []

    def draw(self) -> Diagram:
        root = Row(self.diagram, None)
        start = Node("start", "startEvent", width=EVENT, height=EVENT)
        if self.definition.fields:
            form = [plain(field) for field in self.definition.fields]
            start.extension = ("form", {"fields": form})
        root.boxes.append(Single(self.diagram.add(start)))
        for child in self._children(self.definition.body):
            root.boxes.append(self.box(child, root))
        root.connect()
        ways = [way for found in self.returns if (way := self._way_back(*found))]
        for way in ways:
            way.reserve()
        root.measure()
        root.place(MARGIN, MARGIN + root.above)
        for way in ways:
            way.draw()
        self.diagram.width = root.width + 2 * MARGIN
        self.diagram.height = root.above + root.below + 2 * MARGIN
        return self.diagram

    @staticmethod
    def _children(body: Any) -> list[Any]:
        """The blocks of a body one after the other, sequences inside sequences laid open."""
        if not isinstance(body, schema.Sequence):
            return [] if body is None else [body]
        return [inner for child in body.blocks for inner in _Artist._children(child)]

    def box(self, block: Any, row: Row) -> Box:
        match block:
            case schema.Approval():
                return self.approval(block, row)
            case schema.Condition() | schema.Inclusive():
                return self.choice(block, row)
            case schema.Parallel():
                return self.parallel(block, row)
            case schema.End():
                return Single(self.end(block, "type"), is_last=True)
        return Single(self.diagram.add(self._simple(block)))

    def _simple(self, block: Any) -> Node:
        """A block that is one shape and goes on."""
        node = Node(node_name(block.id), "", getattr(block, "name", ""), block=block.id)
        node.extension = (block.type, plain(block, "name", "type"))
        match block:
            case schema.Copy() | schema.Notify():
                node.tag = "sendTask"
            case schema.Webhook():
                node.tag = "serviceTask"
            case schema.SubProcess():
                node.tag, node.called = "callActivity", block.definition
            case schema.Whistle():
                node.tag, node.in_turn = "userTask", False
            case schema.Timer():
                node.tag, node.event, node.duration = "intermediateCatchEvent", "timer", iso(block.after)
                node.width = node.height = EVENT
            case schema.Milestone():
                node.tag, node.width, node.height = "intermediateThrowEvent", EVENT, EVENT
        return node

    def end(self, block: schema.End, *without: str) -> Node:
        ends_all = block.terminate or self.inside_parallel
        return self.diagram.add(
            Node(
                node_name(block.id),
                "endEvent",
                block.name,
                event="terminate" if ends_all else "",
                block=block.id,
                extension=("end", plain(block, "name", *without)),
                width=EVENT,
                height=EVENT,
            )
        )

    # --- approvals ---------------------------------------------------------------------------------
    def approval(self, block: Approval, row: Row) -> Step:
        said = plain(block, "name", "type", "deadlines", "outcomes")
        said["outcomes"] = [plain(outcome, "ends", "returns_to") for outcome in block.outcomes]
        task = Node(node_name(block.id), "userTask", block.name, block=block.id, extension=("approval", said))
        if block.for_several:
            task.in_turn = block.mode == "in_turn"
            task.settled_when = self._settled_when(block)
        step = Step(self.diagram.add(task))
        self.steps.setdefault(block.id, (step, row))
        if self._needs_gateway(block):
            self._outcomes(block, step, row)
        for number, deadline in enumerate(block.deadlines, start=1):
            self._deadline(block, step, deadline, number)
        return step

    @staticmethod
    def _needs_gateway(block: Approval) -> bool:
        decides = any(deadline.action == "outcome" for deadline in block.deadlines)
        return decides or any(outcome.ends or outcome.returns_to for outcome in block.outcomes)

    def _outcomes(self, block: Approval, step: Step, row: Row) -> None:
        gateway = self.diagram.add(
            Node(
                node_name(block.id, "outcomes"),
                "exclusiveGateway",
                extension=("outcomes", {"of": block.id}),
                width=GATEWAY,
                height=GATEWAY,
            )
        )
        step.gateway = gateway
        self.diagram.join(step.task, gateway)
        onward = [outcome.title for outcome in block.outcomes if not (outcome.ends or outcome.returns_to)]
        step.exit = Exit(gateway, " / ".join(onward), is_default=True) if onward else None
        for outcome in block.outcomes:
            if outcome.ends:
                end = self.end(outcome.ends)
                step.ends.append(end)
                self.diagram.join(gateway, end, **self._decided(block, outcome))
            elif outcome.returns_to:
                self.returns.append((step, row, block, outcome))

    @staticmethod
    def _decided(block: Approval, outcome: Outcome) -> dict[str, Any]:
        return {
            "name": outcome.title,
            "condition": f'{block.id}.outcome = "{outcome.code}"',
            "marks": {"outcome": outcome.code},
        }

    def _way_back(self, step: Step, row: Row, block: Approval, outcome: Outcome) -> WayBack | None:
        if outcome.returns_to not in self.steps or step.gateway is None:
            return None
        target, target_row = self.steps[outcome.returns_to]
        flow = self.diagram.join(step.gateway, target.task, **self._decided(block, outcome))
        # Seen from the graph alone, a way back into a branch may look like a way forward.
        flow.marks["returns"] = "true"
        return WayBack(flow, step, _around(row), _around(target_row))

    def _deadline(self, block: Approval, step: Step, deadline: schema.Deadline, number: int) -> None:
        decides = deadline.action == "outcome"
        timer = Node(
            node_name(block.id, f"deadline{number}"),
            "boundaryEvent",
            limit_in_words(deadline.after.limit, deadline.after.clock),
            event="timer",
            block=block.id,
            extension=("deadline", plain(deadline)),
            attached_to=step.task,
            interrupts=decides,
            duration=iso(deadline.after),
            width=EVENT,
            height=EVENT,
        )
        self.diagram.add(timer)
        if decides and step.gateway is not None:
            self.diagram.join(timer, step.gateway)
            step.deadlines.append((timer, None))
            return
        end = Node(
            f"{timer.id}_done",
            "endEvent",
            event="escalation" if deadline.action == "escalate" else "message",
            extension=("deadline_end", {}),
            width=EVENT,
            height=EVENT,
        )
        self.diagram.add(end)
        self.diagram.join(timer, end)
        step.deadlines.append((timer, end))

    @staticmethod
    def _settled_when(block: Approval) -> str:
        """The completion condition of a step for several people, for other tools to show."""
        if block.mode == "vote" and block.vote is not None:
            return (
                f"agreed >= {block.vote.count}"
                if block.vote.count
                else f"agreed_percent >= {block.vote.percent}"
            )
        if block.mode == "any":
            return "decided >= 1"
        return "refused >= 1" if block.refusal == "settles" else ""

    # --- branches ----------------------------------------------------------------------------------
    inside_parallel = False

    def choice(self, block: schema.Condition | schema.Inclusive, row: Row) -> Fork:
        inclusive = isinstance(block, schema.Inclusive)
        fork = self._fork(block, row, "inclusiveGateway" if inclusive else "exclusiveGateway")
        for case in block.cases:
            said = in_words(case.when, self.titles, self.names)
            self._branch(fork, case.body, name=said, condition=case.when, several=inclusive)
        if block.otherwise is not None:
            self._branch(fork, block.otherwise, several=inclusive)
            fork.split.default = fork.firsts[-1] if fork.firsts else None
        return self._closed(fork)

    def parallel(self, block: schema.Parallel, row: Row) -> Fork:
        fork = self._fork(block, row, "parallelGateway")
        for branch in block.branches:
            self._branch(fork, branch, several=True)
        return self._closed(fork)

    def _fork(self, block: Any, row: Row, tag: str) -> Fork:
        said = plain(block, "name", "type", "cases", "otherwise", "branches")
        split = Node(node_name(block.id), tag, block.name, block=block.id, extension=(block.type, said))
        split.width = split.height = GATEWAY
        fork = Fork(self.diagram.add(split), row)
        # Whether anything needs it is known when the branches are drawn.
        fork.merge = Node(node_name(block.id, "join"), tag, width=GATEWAY, height=GATEWAY)
        fork.merge.extension = ("join", {"of": block.id})
        return fork

    def _branch(self, fork: Fork, body: Any, *, several: bool, **flow: Any) -> None:
        row, before = Row(self.diagram, fork), self.inside_parallel
        self.inside_parallel = before or several
        row.boxes = [self.box(child, row) for child in self._children(body)]
        self.inside_parallel = before
        row.connect()
        assert fork.merge is not None
        if not row.is_over and fork.merge not in self.diagram.nodes:
            self.diagram.add(fork.merge)
        if row.exit is not None:
            connect(self.diagram, row.exit, fork.merge)
        marks = {}
        if not isinstance(body, schema.Sequence):
            marks["body"] = "block"
        elif body.id:
            marks["sequence"] = body.id
        fork.rows.append(row)
        fork.firsts.append(self.diagram.join(fork.split, row.entry or fork.merge, marks=marks, **flow))

    def _closed(self, fork: Fork) -> Fork:
        if fork.merge in self.diagram.nodes:
            fork.exit = Exit(fork.merge)
        else:
            fork.merge = None
        return fork


def _around(row: Row) -> list[Row]:
    rows = [row]
    while row.fork is not None:
        row = row.fork.row
        rows.append(row)
    return rows
