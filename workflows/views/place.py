"""Choosing a place step by step, from the top of the tree down to the grid, and who answers there."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from grid import locator, succession
from grid.datums import to_wgs84
from grid.duty import Serving, who_serves
from grid.models import Area, Level
from grid.policies import public_areas


@dataclass(frozen=True)
class Step:
    """One list to choose from: the areas of one level below what was chosen before."""

    level: Level
    options: list[Area]
    chosen: Area | None
    # Below grids a choice says more exactly where; who comes is known without it.
    is_optional: bool = False


@dataclass
class Place:
    """What is known of a place so far: ``area`` is the deepest area known, ``grid`` the grid it lies in."""

    steps: list[Step] = field(default_factory=list)
    area: Area | None = None
    grid: Area | None = None
    # How a point was placed (Request.Placed); empty when the place was chosen from the lists.
    placed: str = ""
    people: list[Serving] = field(default_factory=list)
    # Something to tell about the link that led here; gone as soon as another place is chosen.
    note: str = ""
    # The smallest area chosen that has an outline, to look at on a map.
    seen: Area | None = None

    @property
    def codes(self) -> list[str]:
        return [step.chosen.code for step in self.steps if step.chosen]

    @property
    def bbox(self) -> list[float] | None:
        """[west, south, east, north] in degrees of what to look at."""
        return [self.seen.west, self.seen.south, self.seen.east, self.seen.north] if self.seen else None

    @property
    def first(self) -> Serving | None:
        """The one a resident would call first: the grid's own member, else whoever is nearest."""
        return min(self.people, key=lambda serving: serving.role != "grid_member", default=None)


def find(
    codes: Sequence[str] = (), *, lon: float | None = None, lat: float | None = None, datum: str = "wgs84"
) -> Place:
    """The place meant by a point (degrees in ``datum``), or by codes chosen level by level.

    Codes that do not follow from one another are ignored from there on: lower lists keep the values of the
    parent chosen before. A point in no grid leaves the chosen codes standing.
    """
    placed = ""
    if lon is not None and lat is not None:
        try:
            located = locator.locate(*to_wgs84(lon, lat, datum))
        except ValueError:
            located = None
        placed = located.placed if located else "unplaced"
        if located and located.area_id is not None:
            area = Area.objects.get(pk=located.area_id)
            codes = [step.code for step in locator.chain(area)]
    return _walk(list(codes), placed)


def of_area(area: Area) -> Place:
    return _walk([step.code for step in locator.chain(area)], "")


def of_link(code: str) -> Place:
    """The place that a link or a QR code means; for a grid of former times, what took its place."""
    standing = succession.standing(code)
    if standing is None:
        place, note = find(), _("We do not know the grid of this link. Choose the place here.")
    elif not standing.retired:
        place, note = of_area(standing.area), ""
    elif standing.successor:
        place, old = of_area(standing.successor), standing.area
        note = _("%(old)s is %(new)s today.") % {"old": old, "new": standing.successor}
    else:
        place = find([area.code for area in locator.chain(standing.area)[:-1]])
        note = _("%(old)s no longer exists. Choose the grid of today.") % {"old": standing.area}
    place.note = note
    return place


def _walk(codes: list[str], placed: str) -> Place:
    place = Place(placed=placed)
    options = _children(None)
    while options:
        only = _only(options)
        chosen = only or next((area for area in options if area.code in codes), None)
        if only is None:
            place.steps.append(Step(options[0].level, options, chosen, is_optional=place.grid is not None))
        if chosen is None:
            break
        place.area = chosen
        if chosen.west is not None:
            place.seen = chosen
        if chosen.level.is_grid:
            place.grid = chosen
        options = _children(chosen)
    if place.grid:
        place.people = who_serves(place.grid)
    return place


def _only(options: list[Area]) -> Area | None:
    """A level with one area that has parts needs no question."""
    return options[0] if len(options) == 1 and not options[0].level.is_grid and options[0].numchild else None


def _children(parent: Area | None) -> list[Area]:
    areas = public_areas().select_related("level").defer("geometry")
    if parent is None:
        return list(areas.filter(depth=1))
    if parent.is_leaf():
        return []
    return list(areas.filter(depth=parent.depth + 1, path__startswith=parent.path).order_by("code"))
