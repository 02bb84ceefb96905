"""Form fields on a screen: what each may hold, what it holds, and what a browser sent of them."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.http import QueryDict

from grid.duty import who_serves
from grid.policies import is_member
from workflows.engine.describe import Field
from workflows.models import Request

from . import choices
from .forms import resident_categories
from .parse import whole_number


def sheet_field(
    field: Field,
    *,
    case: Request,
    viewer: Any,
    typed: QueryDict,
    before: Any = None,
    prefix: str = "",
) -> dict[str, Any]:
    """What ``desk/_sheet_field.html`` shows: the field with its options, and its value.

    The value is what was ``typed`` before an action said no, else what it held ``before``. ``case`` may be
    one that is still being filed; then its area says who can be chosen.
    """
    name = prefix + field.code
    sent = typed.getlist(name) if name in typed else _sent(before)
    chosen = [number for one in sent if (number := whole_number(one))]
    return {
        "code": field.code,
        "name": name,
        "title": field.title,
        "type": field.type,
        "unit": field.unit,
        "required": field.required,
        "value": sent[0] if sent else "",
        "chosen": chosen,
        "options": _options(field, case, viewer, chosen),
    }


def _sent(value: Any) -> list[str]:
    """A value that is kept, as a browser would send it."""
    if value is None:
        return []
    if isinstance(value, bool):
        return ["true" if value else ""]
    if isinstance(value, float):
        return [f"{value:.15g}"]
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def _options(field: Field, case: Request, viewer: Any, chosen: list[int]) -> Any:
    match field.type:
        case "choice":
            return field.choices
        case "category":
            return resident_categories()
        case "area":
            return choices.areas(viewer, case) if _serves(viewer) else choices.grids_beside(case)
        case "person" | "people":
            return people(field.role, case, viewer, chosen)
    return ()


def people(role: str, case: Request, viewer: Any, chosen: Iterable[int] = (), words: str = "") -> list[Any]:
    """Whom a field may name, those chosen already first.

    Members see who is on duty around the case; a resident those who serve at the place.
    """
    if _serves(viewer):
        found = choices.colleagues(case, role=role, words=words)
        first = choices.colleagues(case, only=chosen) if chosen else []
    else:
        serving = who_serves(case.area) if case.area else []
        found, first = [choices.serving(one) for one in serving if role in ("", one.role)], []
    return list({person.user_id: person for person in [*first, *found]}.values())


def _serves(viewer: Any) -> bool:
    return is_member(viewer) or viewer.is_superuser


def sent(fields: Iterable[Field], data: QueryDict, prefix: str = "") -> Mapping[str, Any]:
    """What a browser sent of these fields, by code. A box that was not ticked is a no."""
    return {
        field.code: value
        for field in fields
        if (value := _value(field, data, prefix + field.code)) is not None
    }


def _value(field: Field, data: QueryDict, name: str) -> Any:
    if field.type == "bool":
        return "true" if data.get(name) else "false"
    if field.type == "people":
        return data.getlist(name)
    return data.get(name)
