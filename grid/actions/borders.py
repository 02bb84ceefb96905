"""Redrawing the borders of a community's grids: all of it in one save, or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import shapely
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from shapely.geometry.base import BaseGeometry

from realtime.events import AreasRedrawn, ResponsibilityAssigned
from realtime.log import Audience, Said, Subject, emit, emit_all

from .. import borders, shapes, stamp
from ..border_words import named, why_not
from ..borders import Sheet
from ..errors import Refused
from ..models import Area, AreaDraft, AreaEdit, AreaVersion, Resident, Responsibility, User
from ..policies import may_administer
from ..topology import Coverage
from . import history
from .duty import end_posts
from .rights import require

#: More than a person does in one sitting; a bound for what one request may ask of the server.
MOST_OPERATIONS = 1000
NOTE_LENGTH: int = AreaEdit._meta.get_field("note").max_length or 0
_KINDS = {
    "move": AreaEdit.Kind.RESHAPE,
    "insert": AreaEdit.Kind.RESHAPE,
    "remove": AreaEdit.Kind.RESHAPE,
    "draw": AreaEdit.Kind.DRAW,
    "split": AreaEdit.Kind.SPLIT,
    "merge": AreaEdit.Kind.MERGE,
    "rename": AreaEdit.Kind.CHANGE,
}
_WRITTEN = ["name", "households", "geometry", "west", "south", "east", "north"]


@dataclass(frozen=True)
class Edited:
    """A save somebody else made in between: ``grids`` are the names of those that both changed."""

    id: int
    at: datetime
    by: str
    note: str
    grids: tuple[str, ...]


class Conflict(Refused):
    """Somebody saved the same grids since the state the work is based on. Nothing was written."""

    def __init__(self, message: str, edits: Sequence[Edited]) -> None:
        super().__init__(message)
        self.edits = tuple(edits)


@transaction.atomic
def redraw(
    *,
    community: Area,
    base: int | None,
    operations: Sequence[Mapping[str, Any]],
    actor: User | None,
    note: str = "",
) -> AreaEdit:
    """Do the operations (docs/reference/borders.md) one after the other and save what comes out.

    ``base``: the number of the last save the person has seen; None if there was none. Raises
    :class:`Conflict` when one of the grids concerned looks different since, and :class:`Refused` when an
    operation cannot be done. Cases keep their grid and their handler; a piece split off gets the old grid's
    duties. Buildings go with the ground they stand on; one whose outline is not known stays with its grid, or
    goes to the one that took its grid in.
    """
    require(actor, may_administer, community)
    stamp.bump()
    community = _locked(community)
    _check_size(operations, note)
    sheet = borders.read_sheet(community, lock=True)
    since = _since(community, base)
    after = _perform(sheet, operations, since)
    _refuse_conflict(sheet, after, base, since)
    kinds = {_KINDS[operation["do"]] for operation in operations}
    edit = history.begin_edit(
        kind=kinds.pop() if len(kinds) == 1 else AreaEdit.Kind.REDRAW,
        actor=actor,
        path=community.path,
        note=note.strip(),
    )
    changed = _change(sheet, after)
    added = _add(sheet, after)
    moved = _move_buildings(sheet, after, added)
    retired = _retire(sheet, after, added)
    history.record(edit=edit, areas=[*changed, *added.values(), *moved, *retired])
    _hand_on_duties(sheet, after, added, actor=actor)
    AreaDraft.objects.filter(user=actor, community=community).delete()
    emit(
        AreasRedrawn(
            community=community.code,
            name=community.name,
            changed=sorted((after.touched & set(sheet.grids)) - set(after.retired)),
            added=sorted(added),
            retired=sorted(after.retired),
        ),
        subject=Subject("area", community.pk),
        actor=actor,
        audience=Audience(area_path=community.path),
    )
    history.finish_edit(edit=edit)
    return edit


@transaction.atomic
def save_draft(
    *, community: Area, actor: User, base: int | None, operations: Sequence[Mapping[str, Any]]
) -> AreaDraft:
    """Keep somebody's unsaved work on a community, instead of what was kept before."""
    require(actor, may_administer, community)
    _check_size(operations, "")
    known = AreaEdit.objects.filter(pk=base).first() if base is not None else None
    draft, _is_new = AreaDraft.objects.update_or_create(
        user=actor,
        community=community,
        defaults={"base": known, "operations": list(operations), "saved_at": timezone.now()},
    )
    return draft


@transaction.atomic
def drop_draft(*, community: Area, actor: User) -> None:
    """Throw somebody's own unsaved work away."""
    AreaDraft.objects.filter(user=actor, community=community).delete()


# --- Whether it can be done --------------------------------------------------------------------
def _locked(community: Area) -> Area:
    row = Area.objects.in_force().select_for_update(of=("self",), no_key=True).select_related("level")
    found = row.filter(pk=community.pk).first()
    if found is None or not borders.has_grids(found):
        raise Refused(_("%(area)s holds no grids, or is no longer in force.") % {"area": community})
    return found


def _check_size(operations: Sequence[Any], note: str) -> None:
    if len(operations) > MOST_OPERATIONS:
        raise Refused(
            _("These are more than %(count)d changes. Save them in several steps.")
            % {"count": MOST_OPERATIONS}
        )
    if len(note.strip()) > NOTE_LENGTH:
        raise Refused(_("The note is too long. Use at most %(length)d characters.") % {"length": NOTE_LENGTH})


def _since(community: Area, base: int | None) -> list[AreaEdit]:
    """What others saved here since the state the work is based on, newest first."""
    return list(borders.edits_in(community).filter(pk__gt=base or 0))


def _perform(sheet: Sheet, operations: Sequence[Mapping[str, Any]], since: list[AreaEdit]) -> Coverage:
    if not operations:
        raise Refused(_("Nothing has been changed yet."))
    after, failed = borders.try_out(sheet, operations)
    if not failed:
        return after
    first = failed[0]
    message = _("Change %(number)d cannot be done: %(why)s") % {
        "number": first.index + 1,
        "why": why_not(first.impossible, sheet.coverage.labels),
    }
    if not since:
        raise Refused(message)
    edits = [_edited(edit, sheet, set(sheet.grids)) for edit in since]
    raise Conflict(
        _("%(who)s saved other borders in the meantime. %(message)s")
        % {"who": _who(edits), "message": message},
        edits,
    )


def _refuse_conflict(sheet: Sheet, after: Coverage, base: int | None, since: list[AreaEdit]) -> None:
    """Two people in different corners of a community both win; on the same grid the later one is told."""
    concerned = (after.touched | set(after.retired)) & set(sheet.grids)
    if not since or not concerned:
        return
    theirs = {code for code in concerned if not _as_before(sheet, after, code, base)}
    if not theirs:
        return
    edits = [edited for edit in since if (edited := _edited(edit, sheet, theirs)).grids]
    raise Conflict(
        _("%(who)s changed %(grids)s in the meantime. Look at what is new, then save again.")
        % {"who": _who(edits), "grids": named(sorted(theirs), sheet.coverage.labels)},
        edits,
    )


def _as_before(sheet: Sheet, after: Coverage, code: str, base: int | None) -> bool:
    """Whether a grid still looks as it did to somebody who has seen the save ``base``."""
    area = sheet.grids[code]
    seen = (
        AreaVersion.objects.filter(area=area, edit__lte=base or 0)
        .filter(Q(ended_by=None) | Q(ended_by__gt=base or 0))
        .order_by("-edit")
        .first()
    )
    if seen is None:
        return False
    renames = after.labels.get(code) not in (None, sheet.coverage.labels[code])
    same_label = (seen.name, seen.households) == (area.name, area.households)
    return borders.looks_the_same(seen.geometry, area.geometry) and (same_label or not renames)


def _who(edits: Iterable[Edited]) -> str:
    return _(", ").join(dict.fromkeys(edited.by for edited in edits))


def _edited(edit: AreaEdit, sheet: Sheet, codes: set[str]) -> Edited:
    touched = history.touched(edit).filter(path__startswith=sheet.community.path)
    grids = tuple(area.name for area in touched if area.code in codes)
    by = str(edit.by) if edit.by else _("the system")
    return Edited(edit.pk, edit.at, by, edit.note, grids)


# --- Writing ---------------------------------------------------------------------------------
def _change(sheet: Sheet, after: Coverage) -> list[Area]:
    """Grids whose border, name or households are different now; the community too if its outline moved.

    Borders that did not quite fit are mended with the first save, so that the stored ones share theirs.
    """
    changed = []
    for code, area in sheet.grids.items():
        if code in after.retired:
            continue
        label, geometry = after.labels[code], after.geometry(code)
        reshaped = geometry is not None and not _identical(geometry, area.geometry)
        if not reshaped and (area.name, area.households) == (label.name, label.households):
            continue
        area.name, area.households = label.name, label.households
        if reshaped:
            _shape(area, geometry)
        changed.append(area)
    if after.outline_moved and after.has_outline:
        _shape(sheet.community, after.outline())
        changed.append(sheet.community)
    Area.objects.bulk_update(changed, _WRITTEN, batch_size=200)
    return changed


def _add(sheet: Sheet, after: Coverage) -> dict[str, Area]:
    """The new grids as rows, last in the community."""
    added: dict[str, Area] = {}
    for code in sorted(after.added):
        origin, label = after.added[code], after.labels[code]
        model = sheet.grids.get(origin.of) or next(iter(sheet.grids.values()), None)
        area = Area(
            code=code,
            name=label.name,
            households=label.households,
            level=model.level if model else borders.grid_level(),
            valid_from=timezone.localdate(),
        )
        _shape(area, after.geometry(code))
        added[code] = Area.objects.add_child(sheet.community, instance=area)
        sheet.community.refresh_from_db(fields=["numchild"])
    return added


def _retire(sheet: Sheet, after: Coverage, added: Mapping[str, Area]) -> list[Area]:
    """End the grids that were merged into others. Who chose one as home lives in the survivor from now on."""
    today, retired = timezone.localdate(), []
    for code, end in sorted(after.retired.items()):
        area = sheet.grids[code]
        survivor = added.get(end.into) or sheet.grids[end.into]
        area.valid_to = today
        area.merged_into = survivor
        area.save(update_fields=["valid_to", "merged_into"])
        Resident.objects.filter(area=area).update(area=survivor)
        retired.append(area)
    return retired


def _move_buildings(sheet: Sheet, after: Coverage, added: Mapping[str, Area]) -> list[Area]:
    """Put what lies in the grids concerned under the grid it lies in now: the areas that went, as saved."""
    now_there = {**sheet.grids, **added}
    concerned = [code for code in sheet.grids if code in after.touched or code in after.retired]
    moved: list[Area] = []
    for code in concerned:
        grid = sheet.grids[code]
        inside = Area.objects.filter(path__startswith=grid.path, depth=grid.depth + 1)
        for building in inside.filter(Q(valid_to=None) | Q(valid_to__gt=timezone.localdate())):
            home = _home(building, code, after)
            if home != code:
                Area.objects.move(building, now_there[home], "last-child")
                moved.append(building)
    # A move rewrites the paths of everything below: read what was moved, and what is in it, as it is now.
    for area in (*now_there.values(), *moved):
        area.refresh_from_db(fields=["path", "depth", "numchild"])
    below = [Area.objects.filter(path__startswith=area.path) for area in moved]
    return [area for areas in below for area in areas]


def _home(building: Area, code: str, after: Coverage) -> str:
    """The code of the grid a building of grid ``code`` belongs to: by its ground, else with its grid."""
    kept = after.retired[code].into if code in after.retired else code
    ground_of_it: BaseGeometry | None = building.geometry
    if ground_of_it is None:
        return kept
    point = ground_of_it.representative_point()
    around = ((other, after.geometry(other)) for other in (kept, *sorted(after.touched | set(after.added))))
    return next((other for other, ground in around if ground is not None and ground.covers(point)), kept)


def _identical(one: BaseGeometry, other: BaseGeometry | None) -> bool:
    """The same corners to the last bit, wherever the rings begin and whichever way they run."""
    return other is not None and shapely.equals_exact(one.normalize(), other.normalize(), 0)


def _shape(area: Area, geometry: BaseGeometry | None) -> None:
    area.geometry = geometry
    for column, degrees in shapes.bounds(geometry).items():
        setattr(area, column, degrees)


# --- Duties -----------------------------------------------------------------------------------
def _hand_on_duties(sheet: Sheet, after: Coverage, added: Mapping[str, Area], *, actor: User | None) -> None:
    """A piece split off gets the duties of the grid it came from; those of a retired grid end with it."""
    now = timezone.now()
    for code, area in added.items():
        origin = after.added[code]
        if origin.how == "split" and origin.same_members:
            _copy_duties(sheet.grids[origin.of], area, now=now, actor=actor)
    for code, end in sorted(after.retired.items()):
        survivor = added.get(end.into) or sheet.grids[end.into]
        if end.same_members:
            _copy_duties(sheet.grids[code], survivor, now=now, actor=actor)
        end_posts(Responsibility.objects.filter(area=sheet.grids[code]), at=now, actor=actor)


def _copy_duties(old: Area, new: Area, *, now: datetime, actor: User | None) -> None:
    """Whoever serves in one area, now or from a later day on, serves in the other too, equally long."""
    open_posts = Responsibility.objects.filter(Q(until=None) | Q(until__gt=now), area=old)
    posts = list(open_posts.select_related("member__user").order_by("pk"))
    held = {(post.member_id, post.role_id) for post in Responsibility.objects.filter(area=new).in_force(now)}
    copies = [
        Responsibility(
            member=post.member, area=new, role_id=post.role_id, since=max(post.since, now), until=post.until
        )
        for post in posts
        if (post.member_id, post.role_id) not in held
    ]
    Responsibility.objects.bulk_create(copies)
    for branch in old.branches.all():
        branch.areas.add(new)
    emit_all(_assigned(copies, new, actor))


def _assigned(posts: Iterable[Responsibility], area: Area, actor: User | None) -> Iterable[Said]:
    for post in posts:
        user_id = post.member.user_id
        yield Said(
            ResponsibilityAssigned(member=str(post.member), area=area.code, role=post.role_id),
            subject=Subject("area", area.pk),
            actor=actor,
            audience=Audience(area_path=area.path, user_ids=[user_id]),
            notify=[user_id] if actor is not None and user_id != actor.pk else [],
        )
