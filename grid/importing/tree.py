"""Where each row belongs: its level, the area above it, and the area it is already, if it is known."""

from dataclasses import dataclass, field

import numpy as np
import shapely
from django.utils.translation import gettext as _
from shapely.geometry.base import BaseGeometry

from ..errors import Refused
from ..models import Level
from .checks import Row, tell_problem
from .coverage import best_covering
from .known import Known, KnownArea
from .report import Report
from .wishes import Wishes

#: An area belongs to the one that covers at least this much of it; less is a last resort.
MOST_OF_IT = 0.5
COLUMN, FIXED, PLACE = "column", "fixed", "place"
#: An outline moved by less than this, in degrees (about a millimetre), was only written by another program.
SAME_DEGREES = 1e-8
#: No area has this path.
NOWHERE = "-"


@dataclass(eq=False)
class Node:
    """A row in its place. ``above`` is its parent: a row of the file, an area that is there, None for a root.

    ``known`` is the area that has the row's code now, ``changes`` the fields in which the row differs.
    """

    row: Row
    level: Level
    above: "Node | KnownArea | None" = None
    known: KnownArea | None = None
    changes: tuple[str, ...] = ()

    @property
    def above_code(self) -> str:
        match self.above:
            case Node():
                return self.above.row.code
            case KnownArea():
                return self.above.code
        return ""


@dataclass
class Tree:
    """The rows that can be used, upper levels first, and the areas the file does not have."""

    nodes: list[Node] = field(default_factory=list)
    missing: list[KnownArea] = field(default_factory=list)


class Planter:
    """Finds out where rows belong. ``within`` is the area everything must lie in, None: anywhere."""

    def __init__(
        self,
        known: Known,
        wishes: Wishes,
        report: Report,
        columns: dict[str, str],
        within: KnownArea | None,
    ) -> None:
        self.known, self.wishes, self.report, self.within = known, wishes, report, within
        self.columns = columns
        self.fixed = self._fixed_parent()
        self.by = self._parent_by()
        self.default_level = self._default_level()
        self._levels_above: set[Level] = set()
        self.level_names = {
            text.casefold(): level
            for level in known.levels.values()
            for text in (level.name, level.name_en, level.code)
            if text
        }

    def plant(self, rows: list[Row]) -> Tree:
        """The tree; rows that find no place become findings."""
        leveled = [(row, level) for row in rows if (level := self._level(row))]
        leveled.sort(key=lambda pair: pair[1].order)
        nodes = [
            Node(row, level, known=self.known.by_code.get(row.code))
            for row, level in leveled
            if self._outline_is_right(row, level)
        ]
        by_code = {node.row.code: node for node in nodes}
        places = self._by_place(nodes) if self.by == PLACE else {}
        usable: set[int] = set()
        tree = Tree()
        for node in nodes:
            if self._settle(node, by_code, places, usable):
                usable.add(id(node))
                tree.nodes.append(node)
        self._compare(tree.nodes)
        tree.missing = self._missing(tree.nodes, rows)
        return tree

    # --- Wishes --------------------------------------------------------------------------------
    def _fixed_parent(self) -> KnownArea | None:
        if not self.wishes.parent:
            return self.within
        found = self.known.by_code.get(self.wishes.parent)
        if found is None:
            raise Refused(_("There is no area with the code %(code)s.") % {"code": self.wishes.parent})
        if self.within is not None and not found.path.startswith(self.within.path):
            raise Refused(
                _("%(area)s does not lie in %(parent)s.") % {"area": found.name, "parent": self.within.name}
            )
        return found

    def _parent_by(self) -> str:
        if self.wishes.parent_by in (COLUMN, FIXED, PLACE):
            return self.wishes.parent_by
        if self.columns.get("parent"):
            return COLUMN
        return FIXED if self.fixed is not None else PLACE

    def _default_level(self) -> Level:
        levels = self.known.levels
        if not levels:
            raise Refused(_("There are no levels yet. Run manage.py load_roles first."))
        if self.wishes.level:
            if self.wishes.level not in levels:
                raise Refused(
                    _("There is no level %(level)s. There are: %(levels)s.")
                    % {"level": self.wishes.level, "levels": ", ".join(levels)}
                )
            return levels[self.wishes.level]
        ordered = sorted(levels.values(), key=lambda level: level.order)
        return next((level for level in ordered if level.is_grid), ordered[-1])

    # --- One row -------------------------------------------------------------------------------
    def _problem(self, row: Row, what: str, message: str) -> None:
        tell_problem(self.report, self.wishes, row, what, message)

    def _level(self, row: Row) -> Level | None:
        if not row.level:
            return self.default_level
        found = self.level_names.get(row.level.casefold())
        if found is None:
            levels = ", ".join(str(level) for level in self.known.levels.values())
            self._problem(
                row,
                "level",
                _("there is no level “%(level)s”; there are: %(levels)s")
                % {"level": row.level[:40], "levels": levels},
            )
        return found

    def _outline_is_right(self, row: Row, level: Level) -> bool:
        """Every area down to the grids has an outline; buildings may be known by their address alone."""
        grid = next((each for each in self.known.levels.values() if each.is_grid), None)
        if row.geometry is not None and not row.geometry.is_empty:
            return True
        if grid is not None and level.order > grid.order:
            return True
        self._problem(row, "no_outline", _("no outline"))
        return False

    def _settle(
        self, node: Node, by_code: dict[str, Node], places: dict[int, Node | KnownArea], usable: set[int]
    ) -> bool:
        """Find the parent and check that it can be one."""
        found, problem = self._parent(node, by_code, places)
        if not problem and isinstance(found, Node) and id(found) not in usable:
            problem = _("its parent %(code)s cannot be used itself") % {"code": found.row.code}
        if problem:
            self._problem(node.row, "parent", problem)
            return False
        node.above = found
        above = None
        if found is not None:
            above = found.level if isinstance(found, Node) else self.known.levels[found.level]
        if above is not None and above.order >= node.level.order:
            message = _("%(level)s cannot lie in %(parent)s. Choose a parent of a higher level.") % {
                "level": node.level,
                "parent": node.above_code,
            }
            self._problem(node.row, "level", message)
            return False
        if elsewhere := self._elsewhere(node):
            self._problem(node.row, "elsewhere", elsewhere)
            return False
        return True

    def _parent(
        self, node: Node, by_code: dict[str, Node], places: dict[int, Node | KnownArea]
    ) -> tuple[Node | KnownArea | None, str]:
        """The parent, or what is wrong."""
        text = node.row.parent if self.by == COLUMN else ""
        if text:
            if text == node.row.code:
                return None, _("it names itself as its parent")
            found = by_code.get(text) or self.known.by_code.get(text) or self.known.named(text)
            if found is None:
                return None, _("there is no area “%(code)s” for its parent, here or in the file") % {
                    "code": text[:40]
                }
            if isinstance(found, KnownArea) and not self._lies_within(found):
                return None, _("its parent %(code)s lies outside of the area you import into") % {
                    "code": text
                }
            return found, ""
        if self.by != PLACE:
            return self.fixed, ""
        if node.known is not None and node.known.level == node.level.code:
            return self.known.by_path.get(node.known.above), ""  # it stays where it is
        found = places.get(id(node))
        if found is not None or not self._has_candidates(node):
            return found, ""
        return None, _("it lies in none of the areas it could belong to; name its parent")

    def _lies_within(self, area: KnownArea) -> bool:
        return self.within is None or area.path.startswith(self.within.path)

    def _has_candidates(self, node: Node) -> bool:
        orders = [level.order for level in self._levels_above]
        return any(order < node.level.order for order in orders)

    def _elsewhere(self, node: Node) -> str:
        """Why the area that has this code cannot be the one that is meant; empty if nothing is wrong."""
        area = node.known
        if area is None:
            return ""
        above = node.above
        if isinstance(above, Node):
            same_place = above.known is not None and above.known.path == area.above
        else:
            same_place = area.above == (above.path if above else "")
        if area.level == node.level.code and same_place and self._lies_within(area):
            return ""
        return _("the code %(code)s belongs to %(area)s (%(level)s) elsewhere") % {
            "code": area.code,
            "area": area.name,
            "level": self.known.levels[area.level],
        }

    # --- By place ------------------------------------------------------------------------------
    def _by_place(self, nodes: list[Node]) -> dict[int, Node | KnownArea]:
        """For each node the area of the nearest level above that covers most of it."""
        found: dict[int, Node | KnownArea] = {}
        shares: dict[int, float] = {}
        candidates: dict[int, list[tuple[Node | KnownArea, BaseGeometry]]] = {}
        in_file = {node.row.code for node in nodes}
        start = self.fixed.path if self.fixed else ""
        areas = [area for area in self.known.within(start) if area.code not in in_file]
        lowest = max((node.level.order for node in nodes), default=0)
        areas = [area for area in areas if self.known.levels[area.level].order < lowest]
        outlines = self.known.outlines(areas)
        for area in areas:
            if (outline := outlines[area.id]) is not None:
                level = self.known.levels[area.level]
                self._levels_above.add(level)
                candidates.setdefault(level.order, []).append((area, outline))
        for node in nodes:
            if node.row.geometry is not None and node.level.order < lowest:
                self._levels_above.add(node.level)
                candidates.setdefault(node.level.order, []).append((node, node.row.geometry))
        for order in sorted(candidates, reverse=True):
            rest = [
                node for node in nodes if node.level.order > order and shares.get(id(node), 0.0) < MOST_OF_IT
            ]
            places = [place for place, _outline in candidates[order]]
            best, share = best_covering(
                _array([node.row.geometry for node in rest]),
                _array([outline for _place, outline in candidates[order]]),
            )
            for node, index, covered in zip(rest, best, share, strict=True):
                if index >= 0 and covered > shares.get(id(node), 0.0):
                    found[id(node)], shares[id(node)] = places[index], float(covered)
        return found

    # --- Against what is there -----------------------------------------------------------------
    def _compare(self, nodes: list[Node]) -> None:
        """Set ``changes`` of the nodes that are known already."""
        old = [node for node in nodes if node.known is not None]
        outlines = self.known.outlines(node.known for node in old if node.known)
        before = _array([outlines[node.known.id] if node.known else None for node in old])
        after = _array([node.row.geometry for node in old])
        same = _same(before, after)
        kept = shapely.is_missing(after)
        for index, node in enumerate(old):
            area, changes = node.known, []
            assert area is not None
            if node.row.name != area.name:
                changes.append("name")
            if self.columns.get("name_en") and node.row.name_en != area.name_en:
                changes.append("name_en")
            if node.row.households is not None and node.row.households != area.households:
                changes.append("households")
            if not (same[index] or kept[index]):
                changes.append("geometry")
            node.changes = tuple(changes)

    def _missing(self, nodes: list[Node], rows: list[Row]) -> list[KnownArea]:
        """Areas in force that the file could have, but has not: of its levels, beside those that it has, and
        what lies in such areas."""
        levels, codes = {node.level.code for node in nodes}, {row.code for row in rows}
        waiting = [
            area for path in {_path_above(node) for node in nodes} for area in self.known.children[path]
        ]
        missing = []
        while waiting:
            area = waiting.pop()
            if area.level in levels and area.code not in codes:
                missing.append(area)
                waiting += self.known.children[area.path]
        return sorted(missing, key=lambda area: area.path)


def _path_above(node: Node) -> str:
    """Where a row's brothers and sisters are that are there already; nowhere for the child of a new area."""
    match node.above:
        case KnownArea():
            return node.above.path
        case Node():
            return node.above.known.path if node.above.known else NOWHERE
    return ""


def _same(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Which outlines are the same but for what other programs make of numbers and of the first corner."""
    same = shapely.equals_exact(shapely.normalize(before), shapely.normalize(after), SAME_DEGREES)
    # Where two corners vie for being the first one, a hair decides.
    alike = shapely.get_num_coordinates(before) == shapely.get_num_coordinates(after)
    rest = np.flatnonzero(~same & alike & ~shapely.is_missing(before) & ~shapely.is_missing(after))
    same[rest] = shapely.hausdorff_distance(before[rest], after[rest]) <= SAME_DEGREES
    return same


def _array(items: list[BaseGeometry | None]) -> np.ndarray:
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array
