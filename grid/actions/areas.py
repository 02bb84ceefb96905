"""Writing the area tree. Every change bumps the stamp, so every process rebuilds what it knows."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from shapely.geometry.base import BaseGeometry

from realtime.events import AreaChanged, AreaCreated, AreaRetired
from realtime.log import Audience, Subject, emit

from .. import shapes, stamp
from ..days import midnight
from ..errors import Refused
from ..models import Area, AreaEdit, AreaVersion, Level, Responsibility, User
from ..policies import may_administer, may_administer_everything
from . import history
from .duty import end_posts
from .rights import require

CHANGEABLE = {"name", "name_en", "households", "geometry"}


@transaction.atomic
def create_area(
    *,
    code: str,
    name: str,
    level: Level | str,
    parent: Area | None = None,
    geometry: BaseGeometry | None = None,
    name_en: str = "",
    households: int | None = None,
    valid_from: date | None = None,
    actor: User | None = None,
) -> Area:
    """Add one area as the last child of ``parent`` (a root without one), valid from today or ``valid_from``.

    ``geometry``: WGS-84 polygon or multipolygon, (lon, lat) in degrees. Raises :class:`Refused` when the code
    is taken, the level is not below the parent's, or the geometry is not a valid surface on the globe.
    """
    if parent is None:
        require(actor, may_administer_everything)
    else:
        require(actor, may_administer, parent)
    stamp.bump(duties=False)
    level = Level.objects.get(pk=level) if isinstance(level, str) else level
    if parent is not None and level.order <= parent.level.order:
        raise Refused(
            _("%(level)s cannot lie in %(parent)s. Choose a parent of a higher level.")
            % {"level": level, "parent": parent}
        )
    if Area.objects.filter(code=code, valid_to=None).exists():
        raise Refused(_("The code %(code)s is taken. Choose another one.") % {"code": code})
    area = Area(
        code=code,
        name=name,
        name_en=name_en,
        level=level,
        geometry=geometry,
        households=households,
        valid_from=valid_from or timezone.localdate(),
        **_outline(geometry),
    )
    if parent is None:
        Area.objects.add_root(instance=area)
    else:
        Area.objects.add_child(parent, instance=area)
        parent.refresh_from_db(fields=["numchild"])
    _write_history(AreaEdit.Kind.CREATE, area, actor)
    emit(
        AreaCreated(code=code, name=name, level=level.code),
        subject=Subject("area", area.pk),
        actor=actor,
        audience=Audience(area_path=area.path),
    )
    return area


@transaction.atomic
def update_area(*, area: Area, changes: Mapping[str, Any], actor: User | None = None) -> Area:
    """Change name, English name, households or geometry; an unchanged value is no change and no event."""
    if unknown := set(changes) - CHANGEABLE:
        raise ValueError(f"not changeable: {sorted(unknown)}")
    require(actor, may_administer, area)
    stamp.bump(duties=False)
    area = Area.objects.select_for_update(no_key=True).get(pk=area.pk)
    changed = apply_changes(area, changes)
    if changed:
        area.save()
        _write_history(AreaEdit.Kind.CHANGE, area, actor)
        emit(
            AreaChanged(code=area.code, fields=changed),
            subject=Subject("area", area.pk),
            actor=actor,
            audience=Audience(area_path=area.path),
        )
    return area


@transaction.atomic
def retire_area(*, area: Area, on: date | None = None, actor: User | None = None) -> Area:
    """End an area's validity from a day on (today when not given). Its cases keep it; its duties end with it.

    Raises :class:`Refused` while areas in it are in force, or when ``on`` is before it began or last changed.
    """
    require(actor, may_administer, area)
    stamp.bump()
    on = on or timezone.localdate()
    area = Area.objects.select_for_update(no_key=True).get(pk=area.pk)
    inside = Area.objects.in_force(on).filter(path__startswith=area.path).exclude(pk=area.pk)
    if inside.exists():
        raise Refused(_("%(area)s still has areas in it. Retire those first.") % {"area": area})
    if on < area.valid_from:
        raise Refused(_("An area cannot end before it began (%(day)s).") % {"day": area.valid_from})
    _refuse_before_last_change(area, on)
    area.valid_to = on
    area.save(update_fields=["valid_to"])
    end_posts(Responsibility.objects.filter(area=area), at=max(midnight(on), timezone.now()), actor=actor)
    _write_history(AreaEdit.Kind.RETIRE, area, actor)
    emit(
        AreaRetired(code=area.code, on=on),
        subject=Subject("area", area.pk),
        actor=actor,
        audience=Audience(area_path=area.path),
    )
    return area


def _write_history(kind: AreaEdit.Kind, area: Area, actor: User | None) -> None:
    """Note an edit of one area."""
    edit = history.begin_edit(kind=kind, actor=actor, path=area.path)
    history.record(edit=edit, areas=[area])
    history.finish_edit(edit=edit)


def _refuse_before_last_change(area: Area, on: date) -> None:
    """What held for an area in the past stays: it cannot have ended before it was changed."""
    if on >= timezone.localdate():
        return
    changed = AreaVersion.objects.filter(area=area, since__gt=midnight(on)).order_by("-since").first()
    if changed is not None:
        raise Refused(
            _("%(area)s was changed on %(day)s. It cannot have ended before that day.")
            % {"area": area, "day": timezone.localdate(changed.since)}
        )


def apply_changes(area: Area, changes: Mapping[str, Any]) -> list[str]:
    """Set what differs on the row in memory, the bounding box with the geometry; names what differed."""
    changed = []
    for field, value in sorted(changes.items()):
        if getattr(area, field) != value:
            setattr(area, field, value)
            changed.append(field)
    if "geometry" in changed:
        for column, degrees in _outline(area.geometry).items():
            setattr(area, column, degrees)
    return changed


def _outline(geometry: BaseGeometry | None) -> dict[str, float | None]:
    """The columns derived from a geometry that may be stored; :class:`Refused` for one that may not."""
    if geometry is not None:
        if geometry.is_empty or geometry.geom_type not in shapes.POLYGONAL:
            raise Refused(_("An area's outline must be a polygon."))
        if not geometry.is_valid:
            raise Refused(_("The outline crosses itself. Repair it, or import it from a file."))
        if not shapes.on_the_globe(geometry):
            raise Refused(_("The outline is not in degrees of longitude and latitude."))
    return shapes.bounds(geometry)
