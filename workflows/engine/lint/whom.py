"""Whether steps, copies, notices find somebody."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from django.utils.translation import gettext as _

from ..schema import Who
from .findings import Finding, Fix, Known, remove
from .places import Place

#: Kinds of form fields that hold people.
OF_PEOPLE = ("person", "people")


def named(attribute: str) -> Callable[[Place], Iterator[Finding]]:
    """The rule for a block that names people in this attribute."""

    def rule(place: Place) -> Iterator[Finding]:
        yield from whom(place, getattr(place.block, attribute), attribute)

    return rule


def whom(place: Place, ways: Sequence[Who], *path: str | int) -> Iterator[Finding]:
    """``path`` leads from the block to ``ways`` in its JSON."""
    for number, who in enumerate(ways):
        # A single way may be written without a list; then there is nothing left to take away.
        away = remove((*place.path, *path, number)) if len(ways) > 1 else None
        fix = Fix(_("Leave this one out"), (away,)) if away else None
        yield from _one(place, who, fix, (*path, number))


def _one(place: Place, who: Who, fix: Fix | None, path: tuple[str | int, ...]) -> Iterator[Finding]:
    known, scope = place.known, place.scope
    if who.role:
        yield from role(place, who.role, fix)
    if who.at != "grid" and known.levels is not None and who.at not in known.levels:
        yield place.error(
            _("There is no level “%(level)s” in the area tree. Choose another one.") % {"level": who.at}
        )
    if who.branch and known.branches is not None:
        yield from _branch(place, who.branch, fix)
    if who.people and known.people is not None:
        yield from _people(place, who.people, fix, path)
    if who.doer_of and who.doer_of not in scope.steps:
        yield place.error(
            _("No step “%(target)s” comes before this one. Choose a step further up.")
            % {"target": place.context.name(who.doer_of)},
            fix,
        )
    if who.field:
        yield from _field(place, who.field, fix)
    if who.person == "handler" and not scope.handled:
        yield place.error(_("The handler is not known yet: no step before this one is the handler's."), fix)
    if who.person == "previous" and not scope.decided:
        yield place.error(
            _("Nobody has decided anything yet: no step comes before this one. Choose who gets it."), fix
        )


def role(place: Place, code: str, fix: Fix | None = None) -> Iterator[Finding]:
    known = place.known
    if known.roles is not None and code not in known.roles:
        yield place.error(_("There is no role “%(role)s”. Choose another one.") % {"role": code}, fix)
    elif known.holders is not None and not known.holders.get(code):
        yield place.warning(
            _(
                "Nobody holds the role “%(role)s” anywhere, so the administrators would get it."
                " Put somebody on duty in it, or choose another role."
            )
            % {"role": known.role_names.get(code, code)}
        )


def _branch(place: Place, code: str, fix: Fix | None) -> Iterator[Finding]:
    assert place.known.branches is not None
    if code not in place.known.branches:
        yield place.error(
            _("There is no party branch “%(branch)s”. Choose another one.") % {"branch": code}, fix
        )
    elif not place.known.branches[code]:
        yield place.warning(_("The party branch “%(branch)s” has no members.") % {"branch": code})


def _people(
    place: Place, usernames: Sequence[str], fix: Fix | None, path: tuple[str | int, ...]
) -> Iterator[Finding]:
    assert place.known.people is not None
    for number, username in enumerate(usernames):
        # The JSON of one way may stand without a list around it.
        drop = fix
        if len(usernames) > 1:
            way = path if isinstance(place.drawn(*path[:-1]), list) else path[:-1]
            drop = Fix(_("Leave this person out"), (remove((*place.path, *way, "people", number)),))
        if username not in place.known.people:
            yield place.error(_("There is nobody with the user name “%(name)s”.") % {"name": username}, drop)
        elif not place.known.people[username]:
            yield place.warning(
                _("“%(name)s” has left and cannot be given anything. Choose somebody else.")
                % {"name": username},
                drop,
            )


def _field(place: Place, code: str, fix: Fix | None) -> Iterator[Finding]:
    form_field = place.scope.fields.get(code)
    if form_field is None:
        yield place.error(
            _("Neither the filing form nor a step before this one asks for a person as “%(field)s”.")
            % {"field": code},
            fix,
        )
    elif form_field.type not in OF_PEOPLE:
        yield place.error(
            _("“%(field)s” is not a field for people, so it cannot say who gets this.")
            % {"field": form_field.title},
            fix,
        )


def at_most(ways: Sequence[Who], place: Place) -> int | None:
    """How many people these can ever be; None where that is not known."""
    counts = [_most(who, place.known, place) for who in ways]
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _most(who: Who, known: Known, place: Place) -> int | None:
    if who.people is not None:
        return len(set(who.people))
    if who.role is not None:
        return known.holders.get(who.role, 0) if known.holders is not None else None
    if who.branch is not None:
        return known.branches.get(who.branch, 0) if known.branches is not None else None
    if who.field is not None:
        form_field = place.scope.fields.get(who.field)
        return 1 if form_field is not None and form_field.type == "person" else None
    return 1
