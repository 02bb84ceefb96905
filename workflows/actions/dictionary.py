"""The dictionaries of categories: loaded from files, all or nothing, and as often as one likes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from django.db import transaction
from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from grid.errors import Refused

from ..models import Category, Clock, FilingCondition, Request
from ..models.dictionary import Dictionary

Name = Annotated[str, Field(min_length=1, max_length=60)]
Code = Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]*$", max_length=30)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ConditionEntry(_Strict):
    """A filing condition in a file. The first of a category is its default."""

    text: Annotated[str, Field(min_length=1, max_length=120)]
    text_en: Annotated[str, Field(max_length=120)] = ""
    limit: Annotated[Decimal, Field(gt=0, le=9999, decimal_places=2)]
    clock: Clock


class CategoryEntry(_Strict):
    """A category in a file, with its children. ``maps_to`` is the code of a standard category."""

    code: Code
    name: Name
    name_en: Annotated[str, Field(max_length=60)] = ""
    icon: Annotated[str, Field(max_length=40)] = ""
    keywords: dict[Annotated[str, Field(min_length=1)], Annotated[float, Field(gt=0)]] = {}
    maps_to: str | None = None
    conditions: tuple[ConditionEntry, ...] = ()
    children: tuple[CategoryEntry, ...] = ()


class DictionaryFile(_Strict):
    """A whole file: one of the two trees."""

    dictionary: Dictionary
    categories: tuple[CategoryEntry, ...]


@dataclass
class Loaded:
    """What loading did: numbers of categories."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


def read_dictionary(data: Any) -> DictionaryFile:
    """Check the content of a dictionary file. Raises :class:`Refused` with every mistake in it."""
    try:
        file = DictionaryFile.model_validate(data)
    except ValidationError as error:
        raise Refused(_mistakes(error)) from error
    codes = [entry.code for entry in _all(file.categories)]
    if twice := sorted({code for code in codes if codes.count(code) > 1}):
        raise Refused(_("These codes occur twice: %(codes)s") % {"codes": ", ".join(twice)})
    return file


@transaction.atomic
def load_dictionary(file: DictionaryFile) -> Loaded:
    """Add or change the categories of a file; those it does not name stay as they are.

    Categories are known by code, conditions by their text. A condition that the file no longer has is
    removed, unless a case was filed under it: then it stays, without being the default.
    Raises :class:`Refused` when a code belongs to the other tree or ``maps_to`` names no standard category.
    """
    loaded = Loaded()
    known = {category.code: category for category in Category.objects.select_for_update()}
    for entry in file.categories:
        _load(entry, None, file.dictionary, known, loaded)
    _map(file, known)
    return loaded


def _load(
    entry: CategoryEntry,
    parent: Category | None,
    dictionary: Dictionary,
    known: dict[str, Category],
    loaded: Loaded,
) -> None:
    category = known.get(entry.code)
    if category is None:
        category = _add(entry, parent, dictionary)
        known[entry.code] = category
        loaded.added += 1
        changed = False
    else:
        changed = _change(category, entry, parent, dictionary)
    changed |= _conditions(category, entry.conditions)
    if changed:
        loaded.changed += 1
    for child in entry.children:
        # Adding a child writes to its parent's row.
        category.refresh_from_db()
        _load(child, category, dictionary, known, loaded)


def _add(entry: CategoryEntry, parent: Category | None, dictionary: Dictionary) -> Category:
    category = Category(code=entry.code, dictionary=dictionary, **_values(entry))
    if parent is None:
        return Category.objects.add_root(instance=category)
    return Category.objects.add_child(parent, instance=category)


def _change(
    category: Category, entry: CategoryEntry, parent: Category | None, dictionary: Dictionary
) -> bool:
    if category.dictionary != dictionary:
        raise Refused(_("The code %(code)s is used in the other dictionary.") % {"code": entry.code})
    if (category.path[: -Category.steplen] or None) != (parent.path if parent else None):
        raise Refused(
            _("The category %(code)s has another parent in the file than here. Give it a new code.")
            % {"code": entry.code}
        )
    wanted = _values(entry)
    changed = [name for name, value in wanted.items() if getattr(category, name) != value]
    for name in changed:
        setattr(category, name, wanted[name])
    if changed:
        category.save(update_fields=changed)
    return bool(changed)


def _values(entry: CategoryEntry) -> dict[str, Any]:
    return {"name": entry.name, "name_en": entry.name_en, "icon": entry.icon, "keywords": entry.keywords}


def _conditions(category: Category, entries: Sequence[ConditionEntry]) -> bool:
    """Make the category's conditions those of the file; whether anything changed."""
    before = {condition.text: condition for condition in category.conditions.all()}
    wanted = {
        entry.text: (entry.text_en, entry.limit, entry.clock.value, number == 0)
        for number, entry in enumerate(entries)
    }
    present = {text: (c.text_en, c.limit, c.clock, c.is_default) for text, c in before.items()}
    if present == wanted:
        return False
    # One default at a time: the old one steps down first.
    category.conditions.filter(is_default=True).update(is_default=False)
    for text, (text_en, limit, clock, is_default) in wanted.items():
        FilingCondition.objects.update_or_create(
            category=category,
            text=text,
            defaults={"text_en": text_en, "limit": limit, "clock": clock, "is_default": is_default},
        )
    gone = category.conditions.exclude(text__in=wanted)
    gone.exclude(pk__in=Request.objects.filter(condition__in=gone).values("condition")).delete()
    return True


def _map(file: DictionaryFile, known: Mapping[str, Category]) -> None:
    for entry in _all(file.categories):
        target = known.get(entry.maps_to) if entry.maps_to else None
        if entry.maps_to and (target is None or target.dictionary != Dictionary.STANDARD):
            raise Refused(
                _("%(code)s maps to %(target)s, which is no standard category. Load those first.")
                % {"code": entry.code, "target": entry.maps_to}
            )
        category = known[entry.code]
        if category.maps_to_id != (target.pk if target else None):
            category.maps_to = target
            category.save(update_fields=["maps_to"])


def _all(entries: Sequence[CategoryEntry]) -> Iterator[CategoryEntry]:
    for entry in entries:
        yield entry
        yield from _all(entry.children)


def _mistakes(error: ValidationError) -> str:
    lines = (f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
    return _("This is not a dictionary of categories:") + "\n" + "\n".join(lines)
