"""Fields of the filing form and of steps, and what a step may do with those before it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _

from ..schema import Approval, Definition, FormField
from .findings import Finding, Fix, Path, add, remove
from .places import Place
from .whom import OF_PEOPLE, role

#: What a field may set on the case, and the type it must have for that.
SETS = {"area": "area", "category": "category", "urgent": "bool"}


def filing_form(definition: Definition, place: Place) -> Iterator[Finding]:
    """The fields that are filled in with the filing; ``place`` stands for the definition as a whole."""
    yield from _each(place, definition.fields, ("fields",))
    for number, form_field in enumerate(definition.fields):
        if form_field.outcomes:
            yield place.error(
                _("Field “%(field)s” of the filing form goes with an outcome, but nothing is decided there.")
                % {"field": form_field.title},
                Fix(_("Leave it out"), (remove(("fields", number, "outcomes")),)),
            )


def fields(place: Place) -> Iterator[Finding]:
    block: Approval = place.block
    path = (*place.path, "fields")
    yield from _each(place, block.fields, path)
    codes = {outcome.code for outcome in block.outcomes}
    for number, form_field in enumerate(block.fields):
        if unknown := [code for code in form_field.outcomes if code not in codes]:
            yield place.error(
                _("Field “%(field)s” goes with “%(outcome)s”, which is no outcome.")
                % {"field": form_field.title, "outcome": ", ".join(unknown)},
                Fix(
                    _("Leave it out"),
                    tuple(
                        remove((*path, number, "outcomes", form_field.outcomes.index(code)))
                        for code in reversed(unknown)
                    ),
                ),
            )
        yield from _again(place, form_field, number)


def _each(place: Place, form_fields: Sequence[FormField], path: Path) -> Iterator[Finding]:
    """What can be wrong with a field wherever it stands."""
    for code, count in Counter(form_field.code for form_field in form_fields).items():
        if count > 1:
            yield place.error(_("Two fields are called “%(code)s”.") % {"code": code})
    for title, count in Counter(form_field.name for form_field in form_fields).items():
        if count > 1:
            yield place.warning(_("Two fields are called “%(name)s”.") % {"name": title})
    for number, form_field in enumerate(form_fields):
        named = {"field": form_field.title}
        if form_field.type == "choice" and not form_field.choices:
            yield place.error(_("Field “%(field)s” has nothing to choose from.") % named)
        codes = [choice.code for choice in form_field.choices]
        if len(set(codes)) < len(codes):
            yield place.error(_("Two choices of field “%(field)s” have the same code.") % named)
        if form_field.sets and form_field.type != SETS[form_field.sets]:
            yield place.error(
                _("Field “%(field)s” cannot set that: it is of another type.") % named,
                Fix(_("Set nothing with it"), (remove((*path, number, "sets")),)),
            )
        if form_field.role:
            yield from role(place, form_field.role)
            if form_field.type not in OF_PEOPLE:
                yield place.error(
                    _("Field “%(field)s” names a role, but is not for people.") % named,
                    Fix(_("Leave the role out"), (remove((*path, number, "role")),)),
                )


def _again(place: Place, form_field: FormField, number: int) -> Iterator[Finding]:
    """Asked for once more: the second answer would silently take the place of the first."""
    before = place.scope.fields
    earlier = before.get(form_field.code)
    if earlier is not None and not form_field.sets:
        edit = Fix(
            _("Let this step change the first one instead"),
            (
                remove((*place.path, "fields", number)),
                add(
                    (*place.path, "access"),
                    {**place.block.access, form_field.code: "edit"},
                ),
            ),
        )
        message = _("“%(field)s” has been filled in before, under the same code.") % {
            "field": form_field.title
        }
        same = earlier.type == form_field.type
        yield place.warning(message, edit) if same else place.error(message, edit)
    elif any(other.name == form_field.name and code != form_field.code for code, other in before.items()):
        yield place.warning(
            _("Another field is called “%(name)s” as well. Conditions could not tell which one is meant.")
            % {"name": form_field.title}
        )


def access(place: Place) -> Iterator[Finding]:
    """Only what has been filled in before can be changed, read or hidden."""
    own = {form_field.code for form_field in place.block.fields}
    for code in place.block.access:
        drop = Fix(_("Leave it out"), (remove((*place.path, "access", code)),))
        if code in own and code not in place.scope.fields:
            yield place.error(
                _("“%(field)s” is this step's own field and needs no access.") % {"field": code}, drop
            )
        elif code not in place.scope.fields:
            yield place.error(
                _("There is no field “%(field)s” in the filing form or in a step before this one.")
                % {"field": code},
                drop,
            )
