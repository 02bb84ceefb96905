"""Writing a plan of areas, and taking it back: all of it or nothing."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from realtime.events import AreasImported
from realtime.log import Audience, Subject, emit

from .. import shapes, stamp
from ..errors import NotAllowed, Refused
from ..importing.known import KnownArea
from ..importing.plan import Plan, Progress
from ..importing.tree import Node
from ..models import Area, AreaEdit, Responsibility, User
from ..policies import ADMINISTRATOR, covers, may_administer_everything, scope
from . import history
from .duty import end_posts

#: Areas read or named in one statement.
BATCH = 500
COLUMNS = ["name", "name_en", "households", "geometry", "west", "south", "east", "north"]


class Stale(Refused):
    """Areas have changed since the plan was made. Make it again."""


@dataclass(frozen=True)
class Imported:
    """What an import did: the save, and how many areas it added, changed, ended, and left as they were."""

    edit: AreaEdit
    added: int
    changed: int
    retired: int
    unchanged: int


@transaction.atomic
def import_areas(
    *,
    plan: Plan,
    actor: User | None = None,
    progress: Progress = lambda percent, words: None,
) -> Imported:
    """Write the areas of a plan. A known code is changed in place: its duties and cases stay.

    Raises :class:`Refused`, with nothing written, when the plan has errors or is older than the latest change
    of an area, and :class:`NotAllowed` when it reaches beyond what the actor administers.
    """
    require_paths(actor, plan.paths())
    if plan.report.errors:
        raise Refused(
            _("%(count)s rows of %(file)s cannot be used. Nothing was imported.")
            % {"count": len(plan.report.errors), "file": plan.report.file}
        )
    stamp.bump(duties=bool(plan.retired))
    if latest_edit() != plan.base:
        raise Stale(_("Areas were changed meanwhile. Nothing was imported: check the file again."))
    progress(5, _("Writing the areas"))
    changed = _change(plan.changed)
    progress(20, _("Writing the areas"))
    new = _add(plan, progress)
    retired = [area for batch in _batches([area.id for area in plan.retired]) for area in batch]
    edit = history.begin_edit(
        kind=AreaEdit.Kind.IMPORT, actor=actor, path=_path(plan), file=plan.report.file[:200]
    )
    _retire(retired, edit, actor)
    progress(60, _("Writing the history"))
    written = [*changed, *new, *retired]
    for start in range(0, len(written), 10 * BATCH):
        history.record(edit=edit, areas=written[start : start + 10 * BATCH])
        progress(60 + 35 * start // len(written), _("Writing the history"))
    history.finish_edit(edit=edit)
    done = Imported(edit, len(new), len(changed), len(retired), len(plan.nodes) - len(new) - len(changed))
    _emit(plan, done, actor)
    progress(98, _("Making it hold"))
    return done


def latest_edit() -> int:
    """The latest save of an area there is; the same number again means that no area has changed."""
    return AreaEdit.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def require_paths(actor: User | None, paths: Iterable[str]) -> None:
    """Raise :class:`NotAllowed` unless the actor administers all of it; the empty path is everything."""
    if actor is None:
        return
    mine = scope(actor, ADMINISTRATOR)
    everything: bool | None = None
    for path in paths:
        if path == "" and everything is None:
            everything = may_administer_everything(actor)
        if (path == "" and not everything) or (path and not covers(mine, path)):
            raise NotAllowed(
                _(
                    "The file holds areas outside of those you administer."
                    " Leave them out, or ask their administrator."
                )
            )


def _path(plan: Plan) -> str:
    """The innermost area in which everything happened."""
    first, *rest = sorted(plan.paths()) or [""]
    while not all(path.startswith(first) for path in rest):
        first = first[: -Area.steplen]
    return first


def _emit(plan: Plan, done: Imported, actor: User | None) -> None:
    levels = sorted({node.level.code for node in plan.nodes})
    root = Area.objects.filter(path=done.edit.path).first() if done.edit.path else None
    emit(
        AreasImported(
            file=plan.report.file,
            level=", ".join(levels),
            added=done.added,
            changed=done.changed,
            retired=done.retired,
            repaired=len(plan.report.of("repaired")),
        ),
        subject=Subject("area_import", root.pk if root else 0),
        actor=actor,
        audience=Audience(area_path=done.edit.path),
    )


# --- Rows ------------------------------------------------------------------------------------------


def _batches(ids: Sequence[int]) -> Iterator[list[Area]]:
    """The areas with these ids, locked, some at a time."""
    for start in range(0, len(ids), BATCH):
        yield list(Area.objects.select_for_update(no_key=True).filter(pk__in=ids[start : start + BATCH]))


def _change(nodes: list[Node]) -> list[Area]:
    """Bring known areas to what the file says of them."""
    by_id = {node.known.id: node for node in nodes if node.known}
    changed = []
    for batch in _batches(list(by_id)):
        for area in batch:
            node = by_id[area.pk]
            for name in node.changes:
                setattr(area, name, getattr(node.row, name))
            if "geometry" in node.changes:
                for column, degrees in shapes.bounds(area.geometry).items():
                    setattr(area, column, degrees)
        changed += batch
    save_all(changed)
    return changed


def save_all(areas: list[Area], columns: Sequence[str] = COLUMNS) -> None:
    """Write these columns of rows that exist. As an upsert, which costs a fraction of ``bulk_update``."""
    Area.objects.bulk_create(
        areas, batch_size=BATCH, update_conflicts=True, unique_fields=["id"], update_fields=list(columns)
    )


def _add(plan: Plan, progress: Progress) -> list[Area]:
    """The new areas, upper levels first, so that a parent has its path when its children need it."""
    families: dict[int, dict[Any, list[Node]]] = defaultdict(lambda: defaultdict(list))
    children: Counter[Node] = Counter()
    for node in plan.added:
        key = (
            node.above if isinstance(node.above, Node) and node.above.known is None else _path_of(node.above)
        )
        families[node.level.order][key].append(node)
        if isinstance(key, Node):
            children[key] += 1
    made: dict[Node, Area] = {}
    count = len(plan.added)
    for order in sorted(families):
        new: list[Area] = []
        for key, nodes in families[order].items():
            parent = made.get(key) if isinstance(key, Node) else key
            areas = [_area(node, plan.wishes.valid_from, children[node]) for node in nodes]
            place_children(parent if parent is not None else "", areas)
            made |= dict(zip(nodes, areas, strict=True))
            new += areas
        for start in range(0, len(new), 4 * BATCH):
            Area.objects.bulk_create(new[start : start + 4 * BATCH], batch_size=BATCH)
            progress(20 + 40 * (len(made) - len(new) + start) // count, _("Writing the areas"))
    count_children({key for family in families.values() for key in family if isinstance(key, str) and key})
    return list(made.values())


def _path_of(above: Node | KnownArea | None) -> str:
    if above is None:
        return ""
    known = above.known if isinstance(above, Node) else above
    return known.path if known else ""


def append_children(parent: Area | None, areas: list[Area]) -> None:
    """Save new areas as the last children of ``parent``, or as the last roots, in a handful of queries.

    treebeard adds a node in three queries or more; a city has tens of thousands. Belongs in an action that
    bumped the stamp, which keeps other writers out.
    """
    if not areas:
        return
    place_children(parent.path if parent else "", areas)
    Area.objects.bulk_create(areas, batch_size=BATCH)
    if parent is not None:
        count_children({parent.path})
        parent.refresh_from_db(fields=["numchild"])


def place_children(parent: "Area | str", areas: list[Area]) -> None:
    """Give new areas their places as the last children of a parent: an area, or a path ("" for roots)."""
    if isinstance(parent, Area):
        path, last = parent.path, None  # as new as they are: it has no other children
    else:
        path = parent
        siblings = Area.objects.filter(depth=len(path) // Area.steplen + 1, path__startswith=path)
        last = siblings.order_by("-path").values_list("path", flat=True).first()
    step = Area._str2int(last[-Area.steplen :]) if last else 0
    depth = len(path) // Area.steplen + 1
    for area in areas:
        step += 1
        area.depth = depth
        area.path = Area._get_path(path, depth, step)


def count_children(paths: set[str]) -> None:
    """Set ``numchild`` of these areas to what it is."""
    wanted = sorted(paths)
    for start in range(0, len(wanted), BATCH):
        parents = list(Area.objects.filter(path__in=wanted[start : start + BATCH]))
        for parent in parents:
            parent.numchild = Area.objects.filter(
                depth=parent.depth + 1, path__startswith=parent.path
            ).count()
        save_all(parents, ["numchild"])


def _area(node: Node, valid_from: date | None, children: int) -> Area:
    return Area(
        numchild=children,
        code=node.row.code,
        name=node.row.name,
        name_en=node.row.name_en,
        households=node.row.households,
        level=node.level,
        geometry=node.row.geometry,
        valid_from=valid_from or timezone.localdate(),
        **shapes.bounds(node.row.geometry),
    )


def _retire(areas: list[Area], edit: AreaEdit, actor: User | None) -> None:
    """End areas today, and their duties at the instant of the edit: by that an undoing knows them again."""
    end_areas(areas, timezone.localdate(edit.at))
    for start in range(0, len(areas), BATCH):
        posts = Responsibility.objects.filter(area__in=[area.pk for area in areas[start : start + BATCH]])
        end_posts(posts, at=edit.at, actor=actor)


def end_areas(areas: list[Area], day: date) -> None:
    """Let areas end on a day, those that have not begun by then with their first one."""
    by_day: dict[date, list[Area]] = defaultdict(list)
    for area in areas:
        by_day[max(day, area.valid_from)].append(area)
    for last, ending in by_day.items():
        set_last_day(ending, last)


def set_last_day(areas: list[Area], day: date | None) -> None:
    """Write ``valid_to`` of rows, and set it in memory."""
    for start in range(0, len(areas), BATCH):
        batch = areas[start : start + BATCH]
        Area.objects.filter(pk__in=[area.pk for area in batch]).update(valid_to=day)
        for area in batch:
            area.valid_to = day
