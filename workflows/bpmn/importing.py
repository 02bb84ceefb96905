"""BPMN 2.0 XML → a draft of a definition, with a report of every element of the file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workflows.conditions import Names
from workflows.engine.facts import KINDS

from . import dialects
from .export import printable
from .graph import Item, graph_of, main_process, ours
from .reading import UnreadableBpmn, read_xml
from .recover import Recovery
from .report import Report
from .steps import Steps

__all__ = ["Imported", "UnreadableBpmn", "import_bpmn"]

_KEY = re.compile(r"^[a-z][a-z0-9_-]*$")


@dataclass(frozen=True)
class Imported:
    """``body`` is a definition as JSON, possibly unsound: a draft to be checked and mended. ``report`` says
    what became of each element."""

    body: dict[str, Any]
    report: Report


def import_bpmn(data: bytes, *, roles: Mapping[str, str] | None = None) -> Imported:
    """Read a BPMN file as a draft. Nothing is ever half imported: what cannot be drawn is in the report.

    ``roles`` are the duty roles of the installation, code → name: groups and lanes of the file that are
    called like one become that role. Raises :class:`UnreadableBpmn`.
    """
    report = Report()
    process, name = main_process(read_xml(data), report)
    kind, said = ours(process) or ("", {})
    said = said if kind == "definition" else {}
    graph = graph_of(process, report)
    steps = Steps(report, roles or {}, Names(kinds=KINDS))
    form = _form(graph.start)
    steps.ask(form)
    blocks = Recovery(graph, steps, report).body()
    single, sequence = said.pop("single", False), said.pop("sequence", None)
    body: dict[str, Any] = {"type": "sequence", "blocks": blocks}
    if isinstance(sequence, str):
        body["id"] = sequence
    if single is True and len(blocks) == 1:
        body = blocks[0]
    definition: dict[str, Any] = {"schema": 1, "key": _key(process.get("id"))} | said
    if printable(str(said.get("name", ""))).strip() != name.strip() or not said:
        definition["name"] = " ".join(name.split())[:60].strip() or process.get("id")[:60].strip() or "BPMN"
    if form:
        definition["fields"] = form
    return Imported(definition | {"body": body}, report)


def _form(start: Item) -> list[dict[str, Any]]:
    """The fields of the filing form."""
    if start.ours and start.ours[0] == "form" and isinstance(start.ours[1].get("fields"), list):
        return start.ours[1]["fields"]
    return dialects.form_fields(start.element)


def _key(process_id: str) -> str:
    key = process_id.lower().removeprefix("process_")
    return key[:50] if _KEY.match(key) else dialects.slugged(process_id) or "imported"
