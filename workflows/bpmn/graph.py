"""The graph a BPMN process draws: its nodes and flows as they are in the file, whatever tool wrote it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from .reading import Element, UnreadableBpmn
from .report import Report
from .vocabulary import BPMN, LINLI

#: More than this nobody draws or reads; it bounds the work of finding the structure.
MAX_NODES = 600
TASKS = {
    "task", "userTask", "manualTask", "sendTask", "serviceTask", "scriptTask", "businessRuleTask",
    "receiveTask", "callActivity", "subProcess", "transaction", "adHocSubProcess",
}  # fmt: skip
EVENTS = {"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"}
GATEWAYS = {
    "exclusiveGateway", "inclusiveGateway", "parallelGateway", "eventBasedGateway", "complexGateway",
}  # fmt: skip
#: Drawn beside the process; they change nothing in it.
BESIDE = {
    "textAnnotation", "association", "group", "dataObject", "dataObjectReference", "dataStoreReference",
    "dataStore", "category",
}  # fmt: skip


@dataclass(eq=False)
class Item:
    """A node of the graph. ``ours``: kind and data of our extension, if the file came from us."""

    id: str
    tag: str
    name: str
    element: Element
    ours: tuple[str, dict[str, Any]] | None = None
    lane: str = ""
    outgoing: list[Way] = field(default_factory=list)
    incoming: list[Way] = field(default_factory=list)
    boundary: list[Item] = field(default_factory=list)
    #: Of a sub-process that is drawn out: its own start.
    inside: Graph | None = None

    @property
    def kind(self) -> str:
        return self.ours[0] if self.ours else ""

    @property
    def event(self) -> str:
        """``timer``, ``message`` …; "" for an event without a definition."""
        found = [child.tag for child in self.element.children if child.tag.endswith("EventDefinition")]
        if len(found) > 1:
            return "multiple"
        return found[0].removesuffix("EventDefinition") if found else ""

    @property
    def forward(self) -> list[Way]:
        return [way for way in self.outgoing if not way.is_back]

    @property
    def back(self) -> list[Way]:
        return [way for way in self.outgoing if way.is_back]


@dataclass(eq=False)
class Way:
    """A sequence flow."""

    id: str
    source: Item
    target: Item
    name: str = ""
    condition: str = ""
    is_default: bool = False
    #: Closes a circle: leads to something that comes before.
    is_back: bool = False
    outcome: str = ""
    body: str = ""
    sequence: str = ""
    #: Taken when a deadline passes.
    timed: Item | None = None
    tag: str = "sequenceFlow"


@dataclass
class Graph:
    items: dict[str, Item]
    start: Item
    #: Where the ends of a sub-process lead.
    sink: Item | None = None


def main_process(root: Element, report: Report) -> tuple[Element, str]:
    """The process of the file that has the most nodes, and its name; the others are reported."""
    if root.tag != "definitions" or root.namespace != BPMN:
        raise UnreadableBpmn(_("This is not a BPMN 2.0 file. Export it from your tool as “BPMN 2.0 XML”."))
    processes = root.all("process")
    sizes = {id(process): len(process.all(*TASKS, *EVENTS, *GATEWAYS)) for process in processes}
    if not any(sizes.values()):
        raise UnreadableBpmn(_("The file has no process with steps in it."))
    chosen = max(processes, key=lambda process: sizes[id(process)])
    names = {
        participant.get("processRef"): participant.get("name")
        for collaboration in root.all("collaboration")
        for participant in collaboration.all("participant")
    }
    for process in processes:
        if process is not chosen and sizes[id(process)]:
            report.add(
                "unmapped", named(process), _("Another process; a workflow is one. Import it by itself.")
            )
    for collaboration in root.all("collaboration", "choreography", "conversation"):
        for flow in collaboration.all("messageFlow"):
            report.add("unmapped", named(flow), _("Messages between processes are not part of a workflow."))
    return chosen, chosen.get("name") or names.get(chosen.get("id"), "")


def named(element: Element) -> Any:
    """An element as the report takes it."""
    return Item(element.get("id"), element.tag, element.get("name"), element)


def graph_of(process: Element, report: Report, *, is_inner: bool = False) -> Graph:
    """The graph of a process or of a drawn-out sub-process."""
    items = {item.id: item for element in process.children if (item := _item(element, report))}
    if len(items) > MAX_NODES:
        raise UnreadableBpmn(
            _("The process has more than %(most)s steps; nobody could read such a workflow. Split it up.")
            % {"most": MAX_NODES}
        )
    for element in process.all("laneSet"):
        for lane, reference in _lanes(element):
            if reference in items:
                items[reference].lane = lane
    _flows(process, items, report)
    _boundaries(items, report)
    sink = _sink(items) if is_inner else None
    return Graph(items, _start(items, report), sink)


def _item(element: Element, report: Report) -> Item | None:
    if element.namespace != BPMN:
        return None
    if element.tag in TASKS | EVENTS | GATEWAYS:
        return Item(element.get("id"), element.tag, element.get("name").strip(), element, ours(element))
    if element.tag in BESIDE:
        report.add("note", named(element), _("Only a remark on the drawing; left out."))
    return None


def ours(element: Element) -> tuple[str, dict[str, Any]] | None:
    """Kind and data of our extension on an element; None if there is none that makes sense."""
    extensions = element.first("extensionElements")
    for child in extensions.children if extensions else ():
        if child.namespace == LINLI and child.tag == "block":
            try:
                data = json.loads(child.text)
            except (ValueError, RecursionError):
                return None
            return (child.get("type"), data) if isinstance(data, dict) else None
    return None


def _lanes(lane_set: Element) -> Iterator[tuple[str, str]]:
    for lane in lane_set.walk():
        if lane.tag == "lane":
            for reference in lane.all("flowNodeRef"):
                yield lane.get("name").strip(), reference.text.strip()


def _flows(process: Element, items: dict[str, Item], report: Report) -> None:
    ways: dict[str, Way] = {}
    for element in process.all("sequenceFlow"):
        source, target = items.get(element.get("sourceRef")), items.get(element.get("targetRef"))
        if source is None or target is None:
            report.add(
                "unmapped", named(element), _("It leads from or to something that is not in the process.")
            )
            continue
        condition = element.first("conditionExpression")
        way = Way(
            element.get("id"),
            source,
            target,
            element.get("name").strip(),
            condition.text if condition else "",
            is_default=bool(element.get("id")) and source.element.get("default") == element.get("id"),
            is_back=element.get(f"{{{LINLI}}}returns") == "true",
            outcome=element.get(f"{{{LINLI}}}outcome"),
            body=element.get(f"{{{LINLI}}}body"),
            sequence=element.get(f"{{{LINLI}}}sequence"),
        )
        ways[way.id or str(id(way))] = way
    for way in ways.values():
        way.target.incoming.append(way)
        way.source.outgoing.append(way)
    for item in items.values():
        # The order in which a node names its flows is the order of its branches.
        order = {reference.text.strip(): at for at, reference in enumerate(item.element.all("outgoing"))}
        item.outgoing.sort(key=lambda way: order.get(way.id, len(order)))


def _boundaries(items: dict[str, Item], report: Report) -> None:
    for item in list(items.values()):
        if item.tag == "boundaryEvent":
            host = items.get(item.element.get("attachedToRef"))
            if host is None:
                report.add("unmapped", item, _("It sits on nothing that is in the process."))
            else:
                host.boundary.append(item)


def _sink(items: dict[str, Item]) -> Item:
    """Ends of a sub-process lead to one place behind it."""
    sink = Item("", "sink", "", Element(BPMN, "sink", {}))
    for item in list(items.values()):
        if item.tag == "endEvent":
            way = Way("", item, sink)
            item.outgoing.append(way)
            sink.incoming.append(way)
    return sink


def _start(items: dict[str, Item], report: Report) -> Item:
    """Where it begins. With several beginnings the one that leads furthest."""
    starts = [item for item in items.values() if item.tag == "startEvent"]
    if not starts:
        starts = [item for item in items.values() if not item.incoming and item.tag != "boundaryEvent"]
        if starts:
            report.add("implicit", starts[0], _("The process has no start event; it begins here."))
    if not starts:
        raise UnreadableBpmn(_("The process has no beginning: every step comes after another one."))
    sizes = {id(start): len(reachable(start)) for start in starts}
    chosen = max(starts, key=lambda start: (sizes[id(start)], not start.event))
    for start in starts:
        if start is not chosen:
            report.add("unmapped", start, _("A second beginning; a workflow begins when a case is filed."))
    return chosen


def reachable(start: Item) -> set[Item]:
    """Everything that may come after an item, itself included."""
    seen, todo = {start}, [start]
    while todo:
        item = todo.pop()
        for following in [*item.outgoing, *(way for timer in item.boundary for way in timer.outgoing)]:
            if following.target not in seen:
                seen.add(following.target)
                todo.append(following.target)
    return seen


def mark_circles(start: Item) -> dict[Item, int]:
    """Mark the flows that close circles; the position of each item so that flows that do not lead onward."""
    state: dict[Item, bool] = {start: False}
    done: list[Item] = []
    todo: list[tuple[Item, Iterator[Way]]] = [(start, iter(start.forward))]
    while todo:
        item, ways = todo[-1]
        way = next(ways, None)
        if way is None:
            todo.pop()
            state[item] = True
            done.append(item)
        elif way.target not in state:
            state[way.target] = False
            todo.append((way.target, iter(way.target.forward)))
        elif not state[way.target]:
            way.is_back = True
    return {item: position for position, item in enumerate(reversed(done))}
