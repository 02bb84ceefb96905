"""What was filled in, in the filing form and at steps, as a viewer may read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from viewflow.workflow.models import Task

from grid.models import Area, User

from .engine.schema import Approval, FormField
from .models import Category, Request
from .policies import OPEN_TASK, Sight, acting_for, pools_of

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    Person = User | AnonymousUser


@dataclass(frozen=True)
class Filled:
    """A field and its value in words; plain text, of a resident perhaps."""

    title: str
    value: str


def filled(case: Request, viewer: Person, seen: Sight, step: Approval | None = None) -> list[Filled]:
    """The fields that have a value and that the viewer may read, in the order people met them.

    Whoever filed the case reads what the filing form asked; those who work on it read all, but for what is
    hidden at their ``step``, or at each of the steps they have in the case. At most four queries.
    """
    if case.process is None or not seen.words:
        return []
    flow = case.process.flow_class
    values = (case.process.data or {}).get("fields", {})
    shown = {code: field for code, field in flow.form_fields.items() if values.get(code) is not None}
    if not seen.internal:
        asked = {field.code for field in flow.definition.fields}
        shown = {code: field for code, field in shown.items() if code in asked}
    hidden = hidden_at(step) if step is not None else _hidden_from(viewer, case)
    shown = {code: field for code, field in shown.items() if code not in hidden}
    rows = _rows(shown, values)
    return [Filled(field.title, _said(field, values[code], rows)) for code, field in shown.items()]


def hidden_at(step: Approval) -> frozenset[str]:
    """Codes of the fields that whoever takes this step does not read."""
    return frozenset(code for code, access in step.access.items() if access == "hidden")


def _hidden_from(viewer: Person, case: Request) -> frozenset[str]:
    """What is hidden at every step the viewer has, had or could claim; nothing from one who has none."""
    assert case.process is not None
    if not case.process.flow_class.hides or not viewer.is_authenticated:
        return frozenset()
    claimable = Q(owner=None, status__in=OPEN_TASK, owner_permission__in=pools_of(viewer))
    tasks = Task.objects.filter(process_id=case.process_id, flow_task_type="HUMAN")
    theirs = tasks.filter(Q(owner_id__in=acting_for(viewer)) | claimable)
    steps = [hidden_at(task.flow_task.block) for task in theirs]
    return frozenset.intersection(*steps) if steps else frozenset()


_KINDS: Mapping[str, tuple[Any, tuple[str, ...]]] = {
    "person": (User, ("person", "people")),
    "area": (Area, ("area",)),
    "category": (Category, ("category",)),
}


def _rows(fields: Mapping[str, FormField], values: Mapping[str, Any]) -> dict[str, dict[int, Any]]:
    """The rows that values name, by kind and id. One query a kind."""
    found: dict[str, dict[int, Any]] = {}
    for kind, (model, types) in _KINDS.items():
        ids = [one for code, field in fields.items() if field.type in types for one in _list(values[code])]
        found[kind] = model.objects.in_bulk(ids) if ids else {}
    found["people"] = found["person"]
    return found


def _list(value: Any) -> list[int]:
    return value if isinstance(value, list) else [value]


def _said(field: FormField, value: Any, rows: Mapping[str, Mapping[int, Any]]) -> str:
    match field.type:
        case "number":
            return f"{Decimal(str(value)).normalize():f}" + (f" {field.unit}" if field.unit else "")
        case "bool":
            return _("Yes") if value else _("No")
        case "date":
            return date_format(date.fromisoformat(value), "DATE_FORMAT")
        case "choice":
            return next((choice.title for choice in field.choices if choice.code == value), str(value))
        case "text":
            return str(value)
    found = [rows[field.type][one] for one in _list(value) if one in rows[field.type]]
    return _(", ").join(str(row) for row in found)
