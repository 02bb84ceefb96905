"""What the workflow of the chosen kind asks besides, in the filing form."""

from typing import Any

from django.http import HttpRequest, QueryDict

from workflows.engine.answers import BadField
from workflows.engine.describe import Field, field_of
from workflows.in_force import version_for
from workflows.models import Category, Request

from . import place as places
from .fields import sent, sheet_field
from .forms import resident_categories
from .parse import whole_number

#: Their names in the form begin with this, so that none is taken for another part of it.
PREFIX = "field_"


def asked(category: Category | None, place: places.Place, definition: str | None = None) -> list[Field]:
    """The fields of the workflow that a request of this kind, filed there, would run on."""
    version = version_for(category, place.area, definition)
    fields = version.flow_class.definition.fields if version else ()
    return [field_of(form_field) for form_field in fields]


def shown(
    request: HttpRequest,
    data: QueryDict,
    place: places.Place,
    *,
    definition: str | None = None,
    wrong: BadField | None = None,
) -> list[dict[str, Any]]:
    """The fields as ``desk/_sheet_field.html`` shows them; ``data`` is what was typed so far."""
    area = place.area
    case = Request(area=area, area_path=area.path if area else "")
    fields = asked(chosen(data), place, definition)
    rows = [sheet_field(field, case=case, viewer=request.user, typed=data, prefix=PREFIX) for field in fields]
    for row in rows:
        row["error"] = str(wrong) if wrong is not None and wrong.code == row["code"] else ""
    return rows


def chosen(data: QueryDict) -> Category | None:
    """The kind chosen in the form."""
    return resident_categories().filter(pk=whole_number(data.get("category", "")) or 0).first()


def given(data: QueryDict, place: places.Place, definition: str | None = None) -> dict[str, Any]:
    """What was filled in, by the field's code, for ``file_request``."""
    return dict(sent(asked(chosen(data), place, definition), data, PREFIX))


def kept(data: QueryDict) -> dict[str, list[str]]:
    """What was typed in these fields, to be kept through a sign-in."""
    return {name: data.getlist(name) for name in data if name.startswith(PREFIX)}
