"""Definition → BPMN 2.0 XML with diagram interchange."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from workflows.engine.schema import Definition, Sequence

from .diagram import Diagram, Flow, Node
from .drawing import draw, plain
from .vocabulary import BPMN, BPMNDI, DC, DI, LINLI, XSI

#: Characters XML cannot have, not even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAMESPACES = {
    "xmlns:bpmn": BPMN,
    "xmlns:bpmndi": BPMNDI,
    "xmlns:dc": DC,
    "xmlns:di": DI,
    "xmlns:xsi": XSI,
    "xmlns:linli": LINLI,
}


def export(definition: Definition) -> bytes:
    """The definition as a BPMN file in UTF-8. :func:`workflows.bpmn.importing.import_bpmn` gives it back."""
    diagram = draw(definition)
    root = Element(
        "bpmn:definitions",
        _NAMESPACES | {"id": "definitions", "targetNamespace": LINLI, "exporter": "Linli"},
    )
    process = SubElement(root, "bpmn:process", id=f"process_{definition.key}", isExecutable="false")
    process.set("name", printable(definition.name))
    said = plain(definition, "name", "body", "fields")
    if isinstance(definition.body, Sequence):
        said |= {"sequence": definition.body.id} if definition.body.id else {}
    else:
        said["single"] = True
    _extend(process, "definition", said, definition.name)
    for node in diagram.nodes:
        _node(process, node)
    for flow in diagram.flows:
        _flow(process, flow)
    _picture(root, process, diagram)
    indent(root)
    return tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def printable(text: str) -> str:
    """The text without characters that XML cannot have."""
    return _FORBIDDEN.sub("", text)


def _extend(element: Element, kind: str, said: dict[str, Any], name: str = "") -> None:
    """Our extension: a kind and JSON. A name that XML cannot have is kept there as well."""
    if printable(name) != name:
        said = said | {"name": name}
    holder = SubElement(SubElement(element, "bpmn:extensionElements"), "linli:block", type=kind)
    text = json.dumps(said, ensure_ascii=False)
    holder.text = text if printable(text) == text else json.dumps(said)


def _node(process: Element, node: Node) -> None:
    element = SubElement(process, f"bpmn:{node.tag}", id=node.id)
    if node.name:
        element.set("name", printable(node.name))
    if node.attached_to is not None:
        element.set("attachedToRef", node.attached_to.id)
        element.set("cancelActivity", "true" if node.interrupts else "false")
    if node.called:
        element.set("calledElement", node.called)
    if node.default is not None:
        element.set("default", node.default.id)
    if node.extension is not None:
        _extend(element, *node.extension, node.name)
    for flow in node.incoming:
        SubElement(element, "bpmn:incoming").text = flow.id
    for flow in node.outgoing:
        SubElement(element, "bpmn:outgoing").text = flow.id
    if node.event:
        event = SubElement(element, f"bpmn:{node.event}EventDefinition", id=f"{node.id}_event")
        if node.duration:
            _expression(event, "timeDuration", node.duration)
    if node.in_turn is not None:
        several = SubElement(element, "bpmn:multiInstanceLoopCharacteristics")
        several.set("isSequential", "true" if node.in_turn else "false")
        if node.settled_when:
            _expression(several, "completionCondition", node.settled_when)


def _flow(process: Element, flow: Flow) -> None:
    element = SubElement(
        process, "bpmn:sequenceFlow", id=flow.id, sourceRef=flow.source.id, targetRef=flow.target.id
    )
    if flow.name:
        element.set("name", printable(flow.name))
    for name, value in flow.marks.items():
        element.set(f"linli:{name}", value)
    if flow.condition:
        _expression(element, "conditionExpression", printable(flow.condition))


def _expression(element: Element, tag: str, text: str) -> None:
    SubElement(element, f"bpmn:{tag}", {"xsi:type": "bpmn:tFormalExpression"}).text = text


def _picture(root: Element, process: Element, diagram: Diagram) -> None:
    picture = SubElement(root, "bpmndi:BPMNDiagram", id="diagram")
    plane = SubElement(picture, "bpmndi:BPMNPlane", id="plane", bpmnElement=process.get("id", ""))
    for node in diagram.nodes:
        shape = SubElement(plane, "bpmndi:BPMNShape", id=f"{node.id}_shape", bpmnElement=node.id)
        if node.tag == "exclusiveGateway":
            shape.set("isMarkerVisible", "true")
        _bounds(shape, node.x, node.y, node.width, node.height)
        if node.name and node.height != 80:
            label = SubElement(shape, "bpmndi:BPMNLabel")
            above = node.tag.endswith("Gateway")
            x = node.centre + 5 if node.attached_to is not None else node.centre - 45
            _bounds(label, x, node.y - 36 if above else node.y + node.height + 4, 90, 14)
    for flow in diagram.flows:
        edge = SubElement(plane, "bpmndi:BPMNEdge", id=f"{flow.id}_edge", bpmnElement=flow.id)
        for x, y in flow.points:
            SubElement(edge, "di:waypoint", x=str(x), y=str(y))
        if flow.name and flow.label is not None:
            _bounds(SubElement(edge, "bpmndi:BPMNLabel"), *flow.label, 138, 14)


def _bounds(element: Element, x: int, y: int, width: int, height: int) -> None:
    SubElement(element, "dc:Bounds", x=str(x), y=str(y), width=str(width), height=str(height))
