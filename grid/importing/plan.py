"""The plan of an import: what would be written, and everything to know before it is."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import numpy as np
import shapely
from django.utils.translation import gettext as _

from ..errors import Refused
from .checks import make_rows
from .coverage import Ground, Spot
from .known import Known, KnownArea
from .report import ERROR, WARNING, Fate, Finding, Report
from .sandbox import Contents
from .tree import Node, Planter
from .wishes import Wishes

#: Told how far it is: per cent, and in words.
Progress = Callable[[int, str], None]


@dataclass
class Plan:
    """What an import would write. ``nodes`` in an order in which parents come before their children."""

    report: Report
    wishes: Wishes
    columns: dict[str, str] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    retired: list[KnownArea] = field(default_factory=list)
    # The latest save of an area when it was made: another one since means that it may not hold any more.
    base: int = 0

    @property
    def added(self) -> list[Node]:
        return [node for node in self.nodes if node.known is None]

    @property
    def changed(self) -> list[Node]:
        return [node for node in self.nodes if node.known is not None and node.changes]

    def paths(self) -> set[str]:
        """Paths of the areas it writes in or changes; the empty one if it adds or changes roots."""
        above = {node.above.path for node in self.added if isinstance(node.above, KnownArea)}
        above |= {"" for node in self.added if node.above is None}
        touched = [node.known for node in self.changed if node.known] + self.retired
        return above | {area.path for area in touched}

    def digest(self) -> str:
        """Changes with anything that applying it would do: the same plan has the same digest."""
        parts = [
            *(f"+{node.row.code}|{node.above_code}|{node.level.code}" for node in self.added),
            *(f"~{node.row.code}|{','.join(node.changes)}" for node in self.changed),
            *(f"-{area.code}" for area in self.retired),
            *(f"!{finding.row}|{finding.what}" for finding in self.report.errors),
        ]
        return sha256("\n".join(sorted(parts)).encode()).hexdigest()[:32]

    def as_json(self) -> dict[str, Any]:
        return {**self.report.as_json(), "columns": self.columns, "digest": self.digest()}


def make_plan(
    contents: Contents,
    wishes: Wishes,
    *,
    file: str,
    within: str = "",
    progress: Progress = lambda percent, words: None,
) -> Plan:
    """The plan for the contents of ``file`` as things are in the database now.

    ``within``: code of the area everything must lie in. Raises :class:`Refused` when the whole file, or a
    wish, is unusable.
    """
    report = Report(file=file, format=contents.driver, layer=contents.layer, read=len(contents))
    if not len(contents):
        raise Refused(_("The file has no rows."))
    if contents.encoding:
        report.encoding = contents.encoding.name
    report.notes += contents.notes
    progress(20, _("Checking the rows"))
    rows, columns = make_rows(contents, wishes, report)
    _note_origin(report)
    progress(35, _("Comparing with the areas that are there"))
    known = Known()
    planter = Planter(known, wishes, report, columns.fields, _within(known, within))
    tree = planter.plant(rows)
    plan = Plan(report, wishes, columns.fields, tree.nodes, base=known.latest_edit)
    _decide_missing(plan, tree.missing, known)
    _tell_fates(plan, tree.missing)
    _check_ground(plan, known, progress)
    outlines = [node.row.geometry for node in tree.nodes if node.row.geometry is not None]
    if outlines:
        west, south, east, north = (float(value) for value in shapely.total_bounds(outlines))
        report.bounds = (west, south, east, north)
    progress(100, report.verdict())
    return plan


def _within(known: Known, code: str) -> KnownArea | None:
    if not code:
        return None
    if code not in known.by_code:
        raise Refused(_("There is no area with the code %(code)s.") % {"code": code})
    return known.by_code[code]


def _note_origin(report: Report) -> None:
    if report.crs_assumed:
        report.notes.append(_("Coordinates were taken as WGS-84 longitude and latitude."))
    else:
        report.notes.append(
            _("Coordinates were converted from %(crs)s to WGS-84.") % {"crs": report.crs_title}
        )
    if report.encoding:
        report.notes.append(_("Texts were read as %(encoding)s.") % {"encoding": report.encoding})


# --- What would happen -----------------------------------------------------------------------------


def _decide_missing(plan: Plan, missing: list[KnownArea], known: Known) -> None:
    """End what the file has not, if that was asked for; not what still has areas in it."""
    if not plan.wishes.retire_missing:
        return
    ending = {area.path for area in missing}
    filled = {node.above.path for node in plan.nodes if isinstance(node.above, KnownArea)}
    for area in missing:
        staying = [child for child in known.children.get(area.path, ()) if child.path not in ending]
        if staying or area.path in filled:
            message = _("it is not in the file, but still has %(count)s areas in it: end those first") % {
                "count": len(staying) or 1
            }
            plan.report.findings.append(Finding(0, area.code, area.name, "retire", ERROR, message))
        else:
            plan.retired.append(area)


def _tell_fates(plan: Plan, missing: list[KnownArea]) -> None:
    fates = plan.report.fates
    for node in plan.nodes:
        fate = "added" if node.known is None else "changed" if node.changes else "unchanged"
        was = node.known.name if node.known and node.known.name != node.row.name else ""
        fates[fate].append(
            Fate(
                node.row.number,
                node.row.code,
                node.row.name,
                node.level.code,
                node.above_code,
                node.changes,
                was,
                node.row.geometry if node.known is None or "geometry" in node.changes else None,
            )
        )
    ending = {area.code for area in plan.retired}
    for area in missing:
        fate = "retired" if area.code in ending else "missing"
        fates[fate].append(Fate(0, area.code, area.name, area.level, ""))


# --- Side by side ----------------------------------------------------------------------------------


def _check_ground(plan: Plan, known: Known, progress: Progress) -> None:
    """Overlaps, gaps and what lies outside, level by level, with the areas that stay."""
    levels = sorted({node.level.order for node in plan.nodes})
    for step, order in enumerate(levels):
        base, width = 45 + 50 * step // len(levels), 50 // len(levels)
        nodes = [node for node in plan.nodes if node.level.order == order and node.row.geometry is not None]
        if nodes:
            progress(base, _("Looking for overlaps and gaps: %(level)s") % {"level": nodes[0].level})
            _Level(plan, known, nodes).check(progress, base, width)


class _Level:
    """The areas of one level: those of the file, and those that are there and stay beside them."""

    def __init__(self, plan: Plan, known: Known, nodes: list[Node]) -> None:
        self.plan, self.known, self.nodes = plan, known, nodes
        gone = {area.code for area in plan.retired} | {node.row.code for node in plan.nodes}
        west, south, east, north = shapely.total_bounds([node.row.geometry for node in nodes])
        siblings = [
            area
            for area in known.by_path.values()
            if area.level == nodes[0].level.code and area.code not in gone
        ]
        outlines = known.outlines(siblings)
        window = shapely.box(west, south, east, north)
        parents = {node.above.path for node in nodes if isinstance(node.above, KnownArea)}
        self.staying = [
            area
            for area in siblings
            if (outline := outlines[area.id]) is not None
            and (area.above in parents or shapely.intersects(outline.envelope, window))
        ]
        every = [node.row.geometry for node in nodes] + [outlines[area.id] for area in self.staying]
        self.outlines = np.empty(len(every), dtype=object)
        self.outlines[:] = every
        self.ground = Ground(self.outlines, np.arange(len(every)) < len(nodes), plan.wishes.tolerance_metres)

    def check(self, progress: Progress, base: int, width: int) -> None:
        for spot in self.ground.overlaps():
            self._tell_overlap(spot)
        progress(
            base + width // 2, _("Looking for overlaps and gaps: %(level)s") % {"level": self.nodes[0].level}
        )
        groups, parents = self._families()
        for spot in self.ground.gaps(groups, parents):
            self._tell(spot, "gap", self._gap_words(spot))
        self._check_outside()

    def _families(self) -> tuple[list[np.ndarray], np.ndarray]:
        """Indexes of the areas with the same parent, where at least one is of the file; parents' outlines."""
        members: dict[Any, list[int]] = defaultdict(list)
        above: dict[Any, Node | KnownArea | None] = {}
        for index, node in enumerate(self.nodes):
            key = self._key(node.above)
            members[key].append(index)
            above[key] = node.above
        for index, area in enumerate(self.staying, start=len(self.nodes)):
            if area.above in members:
                members[area.above].append(index)
        outlines = np.empty(len(members), dtype=object)
        outlines[:] = self._outlines_of([above[key] for key in members])
        return [np.array(indexes) for indexes in members.values()], outlines

    @staticmethod
    def _key(above: Node | KnownArea | None) -> Any:
        """A parent that is there by its path, so that its other children find it; a new one by itself."""
        match above:
            case KnownArea():
                return above.path
            case Node():
                return above.known.path if above.known else id(above)
        return ""

    def _outlines_of(self, places: list[Node | KnownArea | None]) -> list[Any]:
        known = self.known.outlines({place for place in places if isinstance(place, KnownArea)})
        found: list[Any] = []
        for place in places:
            match place:
                case Node():
                    found.append(place.row.geometry)
                case KnownArea():
                    found.append(known[place.id])
                case _:
                    found.append(None)
        return found

    def _check_outside(self) -> None:
        outlines = self._outlines_of([node.above for node in self.nodes])
        children = np.array([index for index, outline in enumerate(outlines) if outline is not None], int)
        parents = np.empty(len(children), dtype=object)
        parents[:] = [outlines[index] for index in children]
        if not len(children):
            return
        for spot in self.ground.outside(children, parents):
            node = self.nodes[spot.areas[0]]
            message = _("%(square)s m² of it lie outside of %(parent)s") % {
                "square": f"{spot.area_m2:,.0f}",
                "parent": self._parent_name(node),
            }
            self._tell(spot, "outside", message)

    @staticmethod
    def _parent_name(node: Node) -> str:
        match node.above:
            case Node():
                return node.above.row.name
            case KnownArea():
                return node.above.name
        return ""

    def _tell_overlap(self, spot: Spot) -> None:
        other = spot.areas[1]
        square = f"{spot.area_m2:,.0f}"
        if other < len(self.nodes):
            row = self.nodes[other].row
            message = _("overlaps row %(row)s (%(name)s) by %(square)s m²") % {
                "row": row.number,
                "name": row.name,
                "square": square,
            }
        else:
            message = _("overlaps %(name)s, which is there already, by %(square)s m²") % {
                "name": self.staying[other - len(self.nodes)].name,
                "square": square,
            }
        self._tell(spot, "overlap", message)

    def _gap_words(self, spot: Spot) -> str:
        names = ", ".join(self._name(index) for index in spot.areas[:4])
        return _("%(square)s m² belong to no area, beside %(names)s") % {
            "square": f"{spot.area_m2:,.0f}",
            "names": names,
        }

    def _name(self, index: int) -> str:
        if index < len(self.nodes):
            return self.nodes[index].row.name
        return self.staying[index - len(self.nodes)].name

    def _tell(self, spot: Spot, what: str, message: str) -> None:
        row = self.nodes[min(index for index in spot.areas if index < len(self.nodes))].row
        inside = shapely.point_on_surface(spot.geometry)
        self.plan.report.findings.append(
            Finding(
                row.number,
                row.code,
                row.name,
                what,
                WARNING,
                message,
                area_m2=spot.area_m2,
                place=(inside.x, inside.y),
                geometry=spot.geometry,
            )
        )
