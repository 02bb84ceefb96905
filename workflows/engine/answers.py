"""Form fields of filing and of steps: what was typed or chosen, checked, and put where it belongs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from grid.duty import roles_of, who_serves
from grid.errors import Refused
from grid.models import Area, User
from grid.policies import is_member
from workflows import limits, placing
from workflows.models import Category, Urgency
from workflows.texts import clean_text

from .move import Move
from .schema import Approval, FormField, Outcome

#: Characters of a text, people in one field, and the size a number may have.
TEXT_MAX, PEOPLE_MAX, NUMBER_MAX = 500, 50, Decimal(10) ** 15

_TRUE = {True, "true", "on", "1", "yes"}
_EMPTY: tuple[Any, ...] = (None, "", [], ())


class BadField(Refused):
    """A field is missing or makes no sense; ``code`` says which."""

    def __init__(self, field: FormField, message: str) -> None:
        super().__init__(message % {"field": field.title})
        self.code = field.code


def fill_in(block: Approval, chosen: Outcome, data: Mapping[str, Any], move: Move) -> None:
    """Check the fields that go with an outcome, and the earlier ones the step may change, and write them.

    To the case or to the process. What ``data`` says of other fields counts for nothing; an earlier field it
    does not name stays as it is. Raises :class:`BadField`.
    """
    own = [field for field in block.fields if not field.outcomes or chosen.code in field.outcomes]
    kept = _read_all(own, data, move)
    known = move.process.flow_class.form_fields
    editable = [known[code] for code, access in block.access.items() if access == "edit" and code in known]
    kept |= _read_all([field for field in editable if field.code in data], data, move, clear=True)
    move.remember("fields", kept)


def fill_form(fields: Iterable[FormField], data: Mapping[str, Any], move: Move) -> None:
    """Check the filing form's own fields and keep them with the case that is being filed."""
    move.remember("fields", _read_all(fields, data, move))


def _read_all(
    fields: Iterable[FormField], data: Mapping[str, Any], move: Move, *, clear: bool = False
) -> dict[str, Any]:
    """Code → value to keep; with ``clear``, None for one that was emptied."""
    kept: dict[str, Any] = {}
    for field in fields:
        raw = data.get(field.code)
        if raw in _EMPTY or (field.type == "bool" and field.required and not _is_true(raw)):
            if field.required:
                raise BadField(field, _("Fill in “%(field)s”."))
            if clear and not field.sets:
                kept[field.code] = None
            continue
        value = _read(field, raw, move)
        if field.sets:
            _SETTERS[field.sets](move, value)
        else:
            kept[field.code] = value.pk if isinstance(value, User | Area | Category) else value
    return kept


def _read(field: FormField, raw: Any, move: Move) -> Any:
    try:
        match field.type:
            case "number":
                return _number(raw)
            case "bool":
                return _is_true(raw)
            case "date":
                return date.fromisoformat(str(raw)).isoformat()
            case "choice":
                if raw not in {choice.code for choice in field.choices}:
                    raise KeyError
                return raw
            case "person":
                return _person(field, raw, move)
            case "people":
                return _people(field, raw, move)
            case "area":
                return _row(Area.objects.in_force(), raw)
            case "category":
                return _row(Category.objects.filter(is_active=True), raw)
    except (KeyError, TypeError, ValueError, InvalidOperation) as error:
        raise BadField(field, _UNREADABLE[field.type]()) from error
    text = clean_text(str(raw), required=False).strip()
    if len(text) > TEXT_MAX:
        raise BadField(field, _("“%(field)s” is too long. Say it in fewer words."))
    return text


_UNREADABLE: Mapping[str, Any] = {
    "number": lambda: _("“%(field)s” must be a number."),
    "date": lambda: _("“%(field)s” must be a day, such as 2026-05-31."),
} | dict.fromkeys(
    ("bool", "choice", "person", "people", "area", "category"),
    lambda: _("“%(field)s” cannot be read. Choose it again."),
)


def _is_true(raw: Any) -> bool:
    return isinstance(raw, bool | str) and raw in _TRUE


def _number(raw: Any) -> float:
    number = Decimal(str(raw))
    if not number.is_finite() or abs(number) > NUMBER_MAX:
        raise ValueError(raw)
    return float(number)


def _row(rows: Any, raw: Any) -> Any:
    """A row given as itself, by its code, or by its number in the database."""
    if isinstance(raw, rows.model):
        return raw
    found = rows.filter(code=raw).first()
    if found is None and str(raw).isascii() and str(raw).isdecimal() and len(str(raw)) < 19:
        found = rows.filter(pk=int(raw)).first()
    if found is None:
        raise KeyError
    return found


def _person(field: FormField, raw: Any, move: Move) -> User:
    """Somebody on duty, in the field's role if it has one; for a resident one who serves at the place."""
    user = raw if isinstance(raw, User) else User.objects.filter(pk=_id(raw), is_active=True).first()
    held = roles_of(user) if user else {}
    if user is None or not (field.role in held if field.role else held):
        raise BadField(field, _("“%(field)s”: choose somebody who is on duty."))
    if not _works_on(move) and user.pk not in _serving(move):
        raise BadField(field, _("“%(field)s”: choose somebody who serves at the place."))
    return user


def _people(field: FormField, raw: Any, move: Move) -> list[int]:
    chosen = list(dict.fromkeys(raw if isinstance(raw, list | tuple) else [raw]))
    if len(chosen) > PEOPLE_MAX:
        raise ValueError(raw)
    return [_person(field, one, move).pk for one in chosen]


def _id(raw: Any) -> int:
    text = str(raw)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


def _works_on(move: Move) -> bool:
    """Whether it is a member who fills it in; at filing the actor may go unnamed."""
    case = move.request
    person = move.actor or case.filed_by or case.reporter
    return person is not None and (is_member(person) or person.is_superuser)


def _serving(move: Move) -> set[int]:
    area = move.request.area
    return {serving.user_id for serving in who_serves(area)} if area else set()


def _set_area(move: Move, area: Area) -> None:
    """The person at the screen knows better than the point: their choice stands."""
    place = placing.find_place(area=area)
    move.change(area=place.area, area_path=place.area_path, placed=place.placed)
    move.change(area_today=place.area, path_today=place.area_path, border_review=False)


def _set_category(move: Move, category: Category) -> None:
    case = move.request
    if category != case.category:
        case.category = category
        limits.set_limit(case, limits.default_condition(category))
        move.changed("category", *limits.LIMIT_FIELDS)


def _set_urgent(move: Move, urgent: bool) -> None:
    move.change(urgency=Urgency.URGENT if urgent else Urgency.NORMAL)


_SETTERS = {"area": _set_area, "category": _set_category, "urgent": _set_urgent}
