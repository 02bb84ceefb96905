"""Who holds which role in an area, has, or will: what the console's responsibility pages show.

Read from the rows, not from memory: these pages also show what is past and what is to come.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import shapely
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _

from . import days, locator
from .models import Area, AreaQuerySet, DutyRole, Member, Responsibility, Sharing, StandIn
from .queries import GRID_MEMBER, full_names, names_above
from .roster import STEP, OnDuty, Roster

#: Candidates that the form offers at once; beyond them one types a name.
CANDIDATES = 12
#: Periods that the history of an area lists.
PERIODS = 100
#: Areas that the list and the map show at once.
MOST_UNITS = 500
#: Outlines are simplified to this part of the map's larger side: less than a pixel of it.
DETAIL = 1 / 1500


@dataclass(frozen=True)
class Held:
    """A period in which somebody holds a role. ``leave`` is their stand-in then, if they are away."""

    post: Responsibility
    leave: StandIn | None = None
    #: The area with the name of the one around it, where the page is about more than one area.
    where: str = ""

    @property
    def name(self) -> str:
        return str(self.post.member)

    @property
    def last_day(self) -> date | None:
        return days.last_day(self.post.until)


@dataclass
class RoleHere:
    """One role in one area: its own people, who is to come, and else who answers from above."""

    role: DutyRole
    own: list[Held] = field(default_factory=list)
    coming: list[Held] = field(default_factory=list)
    lent: list[Held] = field(default_factory=list)
    lender: Area | None = None
    how: str = Sharing.How.POOL
    how_from: Area | None = None

    @property
    def how_words(self) -> str:
        return str(Sharing.How(self.how).label)

    #: A grid without a member of its own kind is what the office has to mend; other roles may stay open.
    is_gap: bool = False


def roles_here(path: Sequence[Area], at: datetime | None = None) -> list[RoleHere]:
    """Every role in an area at an instant (now when not given), with what is known of later. Four queries.

    ``path`` leads from the root to the area itself (:func:`grid.locator.chain`).
    """
    now = at is None
    at = at or timezone.now()
    area, chain = path[-1], {one.pk: one for one in path}
    boards = {role.pk: RoleHere(role) for role in DutyRole.objects.all()}
    posts = Responsibility.objects.filter(area__in=chain).filter(Q(until=None) | Q(until__gt=at))
    posts = posts.filter(member__user__is_active=True) if now else posts.filter(since__lte=at)
    rows = list(posts.select_related("member__user").order_by("since", "member_id"))
    away = _leaves({post.member_id for post in rows if post.since <= at}, at)
    for post in rows:
        board = boards[post.role_id]
        held = Held(post, away.get(post.member_id) if post.since <= at else None)
        if post.area_id == area.pk:
            (board.own if post.since <= at else board.coming).append(held)
        elif post.since <= at:
            _lend(board, held, chain)
    for sharing in Sharing.objects.filter(area__in=chain):
        board = boards[sharing.role_id]
        if board.how_from is None or len(board.how_from.path) < len(chain[sharing.area_id].path):
            board.how, board.how_from = sharing.how, chain[sharing.area_id]
    boards[GRID_MEMBER].is_gap = area.level.is_grid and not boards[GRID_MEMBER].own
    return list(boards.values())


def _lend(board: RoleHere, held: Held, chain: dict[int, Area]) -> None:
    """Keep those of the nearest area above only."""
    lender = chain[held.post.area_id]
    if board.lender is None or len(board.lender.path) < len(lender.path):
        board.lender, board.lent = lender, []
    if board.lender.pk == lender.pk:
        board.lent.append(held)


def _leaves(members: Iterable[int], at: datetime) -> dict[int, StandIn]:
    found = StandIn.objects.in_force(at).filter(member__in=list(members)).select_related("stand_in__user")
    return {leave.member_id: leave for leave in found.order_by("-until")}


def periods(area: Area) -> list[Held]:
    """Everything ever held in an area itself, the latest first."""
    rows = area.responsibilities.select_related("member__user", "role").order_by("-since", "-pk")
    return [Held(post) for post in rows[:PERIODS]]


# --- the areas beside it ------------------------------------------------------------------------------


@dataclass
class Unit:
    """An area of the list and the map. ``state``: own, lent or none; of what is no grid: whole or gaps."""

    area: Area
    state: str
    names: list[str] = field(default_factory=list)
    lender: str = ""
    grids: int = 0
    gaps: int = 0
    #: The area around it, where the list goes beyond one.
    place: str = ""


@dataclass(frozen=True)
class Units:
    """``missing``: grids with nobody of their own; ``more``: whether there are more areas than are shown."""

    shown: list[Unit]
    missing: int
    more: bool


def frame_of(area: Area, chain: Sequence[Area]) -> Area:
    """The area whose parts are shown beside it: itself, for a grid and what lies in one the area above.

    ``chain``: see :func:`grid.locator.chain`.
    """
    inside_grid = any(one.level.is_grid for one in chain)
    return chain[-2] if inside_grid and len(chain) > 1 else area


def units(frame: Area, role: str, areas: AreaQuerySet, above: Sequence[Area]) -> Units:
    """The areas directly in a frame, of those the viewer may change, and who holds a role there.

    ``above`` leads from the root to the frame. Two queries, one where the parts are grids.
    """
    inside = areas.filter(path__startswith=frame.path, depth=frame.depth + 1)
    parts = list(inside.select_related("level").order_by("path")[: MOST_UNITS + 1])
    more = len(parts) > MOST_UNITS
    parts = parts[:MOST_UNITS]
    now, roster = timezone.now(), locator.current_roster()
    names = {one.path: str(one) for one in above}
    found = {part.path: _unit(part, role, roster, now, names) for part in parts}
    if any(not part.level.is_grid for part in parts):
        _count(found, frame, role, roster, now)
    shown = list(found.values())
    return Units(shown, sum(unit.gaps if unit.grids else unit.state != "own" for unit in shown), more)


def gaps(frame: Area, role: str, areas: AreaQuerySet, above: Sequence[Area]) -> Units:
    """The grids anywhere in a frame in which nobody holds a role of their own. Two queries."""
    inside = areas.filter(path__startswith=frame.path, level__is_grid=True)
    now, roster = timezone.now(), locator.current_roster()
    empty = [path for path in inside.values_list("path", flat=True) if not roster.holders(path, role, now)]
    parts = list(inside.filter(path__in=empty[:MOST_UNITS]).select_related("level").order_by("path"))
    names = {one.path: str(one) for one in above} | names_above(parts)
    found = [_unit(part, role, roster, now, names) for part in parts]
    for unit in found:
        unit.place = names.get(unit.area.path[:-STEP], "")
    return Units(found, len(empty), len(empty) > len(found))


def _unit(part: Area, role: str, roster: Roster, at: datetime, above: dict[str, str]) -> Unit:
    if own := roster.holders(part.path, role, at):
        return Unit(part, "own", [_named(duty) for duty in own])
    for end in range(len(part.path) - STEP, 0, -STEP):
        if lent := roster.holders(part.path[:end], role, at):
            return Unit(part, "lent", [_named(duty) for duty in lent], above.get(part.path[:end], ""))
    return Unit(part, "none")


def _named(duty: OnDuty) -> str:
    """The name, with a word where somebody stands in at present."""
    return _("%(name)s (on leave)") % {"name": duty.name} if duty.stand_in_user_id else duty.name


def _count(found: dict[str, Unit], frame: Area, role: str, roster: Roster, at: datetime) -> None:
    """For parts that are no grids themselves: the grids in them, and those with nobody of their own."""
    grids = Area.objects.in_force().filter(path__startswith=frame.path, level__is_grid=True)
    for path in grids.values_list("path", flat=True):
        unit = found.get(path[: len(frame.path) + STEP])
        if unit and not unit.area.level.is_grid:
            unit.grids += 1
            unit.gaps += not roster.holders(path, role, at)


def features(parts: Sequence[Unit], links: dict[int, str], around: Sequence[Area] = ()) -> dict | None:
    """The parts as GeoJSON for the map (WGS-84 degrees, six places), borders kept shared; None without any.

    ``links``: area id → address of its page. ``around``: areas drawn as lines, to tell where the parts lie.
    """
    shaped = [part for part in parts if part.area.geometry is not None]
    if not shaped:
        return None
    lines = [area for area in around if area.geometry is not None]
    bounds = shapely.total_bounds([one.geometry for one in lines] or [part.area.geometry for part in shaped])
    west, south, east, north = (float(edge) for edge in bounds)
    detail = max(east - west, north - south) * DETAIL
    return {
        "type": "FeatureCollection",
        "bbox": [west, south, east, north],
        "features": [
            *_features(
                [part.area.geometry for part in shaped],
                [_properties(part, links[part.area.pk]) for part in shaped],
                detail,
            ),
            *_features([area.geometry for area in lines], [_line(area) for area in lines], detail),
        ],
    }


def _features(outlines: list[shapely.Geometry], properties: list[dict], detail: float) -> list[dict]:
    fine = shapely.set_precision(shapely.coverage_simplify(outlines, detail), 1e-6)
    return [
        {"type": "Feature", "geometry": _multipolygon(outline), "properties": known}
        for outline, known in zip(fine, properties, strict=True)
    ]


def _line(area: Area) -> dict:
    inside = area.geometry.representative_point()
    return {"role": "parent", "code": area.code, "name": str(area), "label": [inside.x, inside.y]}


def _multipolygon(outline: shapely.Geometry) -> dict:
    parts = [one for one in shapely.get_parts(outline) if one.geom_type == "Polygon"]
    return {
        "type": "MultiPolygon",
        "coordinates": [
            [list(ring.coords) for ring in (one.exterior, *one.interiors)]
            for one in parts
            if not one.is_empty
        ],
    }


def _properties(part: Unit, link: str) -> dict:
    inside = part.area.geometry.representative_point()
    return {
        "role": "area",
        "code": part.area.code,
        "name": str(part.area),
        "state": part.state,
        "who": part.names,
        "gaps": part.gaps,
        "link": link,
        "label": [inside.x, inside.y],
    }


# --- all at once --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    """Who holds a role in a grid; with ``lender`` they hold it for that area above."""

    role: DutyRole
    names: list[str]
    lender: str = ""

    @property
    def is_gap(self) -> bool:
        return self.role.pk == GRID_MEMBER and (not self.names or bool(self.lender))


@dataclass(frozen=True)
class Matrix:
    """Rows of grids with a cell for each role. ``places``: what lies around each grid."""

    roles: list[DutyRole]
    rows: list[tuple[Area, str, list[Cell]]]


def matrix(grids: Sequence[Area], within: Area) -> Matrix:
    """Grids × roles: the public ones, and whichever somebody holds in one of these grids. Two queries.

    A grid's community is named where it is not the area ``within`` which they are shown.
    """
    now, roster = timezone.now(), locator.current_roster()
    here = Responsibility.objects.in_force(now).filter(area__in=[grid.pk for grid in grids])
    roles = list(DutyRole.objects.filter(Q(is_public=True) | Q(pk__in=here.values("role_id"))))
    names = names_above(grids)
    rows = [
        (
            grid,
            "" if grid.path[:-STEP] == within.path else names.get(grid.path[:-STEP], ""),
            [_cell(grid, role, roster, now, names) for role in roles],
        )
        for grid in grids
    ]
    return Matrix(roles, rows)


def _cell(grid: Area, role: DutyRole, roster: Roster, at: datetime, names: dict[str, str]) -> Cell:
    for end in range(len(grid.path), 0, -STEP):
        if found := roster.holders(grid.path[:end], role.pk, at):
            lender = "" if end == len(grid.path) else names.get(grid.path[:end], "")
            return Cell(role, [_named(duty) for duty in found], lender)
    return Cell(role, [])


# --- whom to choose from ------------------------------------------------------------------------------


def candidates(
    members: QuerySet[Member], area: Area, *, words: str = "", chosen: int | None = None
) -> list[Member]:
    """Members to put on duty in an area: those of the same community first, then those without a post.

    Whoever was ``chosen`` before stays in the list, whatever the words. Each with ``posts``, what they do
    now. Three queries.
    """
    now = Responsibility.objects.in_force().filter(member=OuterRef("pk"))
    around = (area.path[:-STEP] if area.level.is_grid else "") or area.path
    for word in words.split()[:5]:
        members = members.filter(
            Q(pk=chosen)
            | Q(user__name__icontains=word)
            | Q(user__username__icontains=word)
            | Q(branch__name__icontains=word)
        )
    ordered = members.filter(user__is_active=True).annotate(
        near=Case(
            When(pk=chosen, then=Value(-1)),
            When(Exists(now.filter(area__path__startswith=around)), then=Value(0)),
            When(~Exists(now), then=Value(1)),
            default=Value(2),
        )
    )
    found = list(
        ordered.select_related("user", "branch").distinct().order_by("near", "user__name", "pk")[:CANDIDATES]
    )
    _with_posts(found)
    return found


def possible_stand_ins(member: Member) -> QuerySet[Member]:
    """Anybody else on duty in the same tree: rights in a stand-in's name are the principal's, not theirs."""
    return _on_duty_near(member, member.responsibilities.values_list("area__path", flat=True))


def stand_in_choices(member: Member, *, words: str = "", chosen: int | None = None) -> list[Member]:
    """Those who could stand in for a member, the nearest first. Four queries."""
    posts = list(member.responsibilities.select_related("area__level").order_by("-area__depth"))
    now = timezone.now()
    held = [post.area for post in posts if post.since <= now and (post.until is None or now < post.until)]
    area = held[0] if held else Area.objects.in_force().filter(depth=1).select_related("level").first()
    possible = _on_duty_near(member, [post.area.path for post in posts])
    return candidates(possible, area, words=words, chosen=chosen) if area else []


def _on_duty_near(member: Member, paths: Iterable[str]) -> QuerySet[Member]:
    """Others on duty in the trees that these materialised paths lie in; anywhere, without any."""
    same = Q()
    for root in {path[:STEP] for path in paths}:
        same |= Q(area__path__startswith=root)
    on_duty = Responsibility.objects.in_force().filter(same)
    everyone = Member.objects.filter(user__is_active=True, pk__in=on_duty.values("member_id"))
    return everyone.exclude(pk=member.pk)


# --- one member ---------------------------------------------------------------------------------------


def posts_of(member: Member) -> list[Held]:
    """What a member holds now or will, with role and area; what is to come last. Two queries."""
    rows = member.responsibilities.filter(Q(until=None) | Q(until__gt=timezone.now()))
    posts = list(rows.select_related("role", "area").order_by("since", "role__order", "area__path"))
    names = full_names([post.area for post in posts])
    return [Held(post, where=names[post.area.path]) for post in posts]


def leaves_of(member: Member) -> list[StandIn]:
    """A member's leaves that go on or are to come."""
    return list(
        member.stand_ins.filter(until__gt=timezone.now()).select_related("stand_in__user").order_by("since")
    )


def standing_in(member: Member) -> list[StandIn]:
    """Those for whom a member stands in, or will."""
    return list(
        member.stands_in_for.filter(until__gt=timezone.now()).select_related("member__user").order_by("since")
    )


def _with_posts(members: Sequence[Member]) -> None:
    posts: dict[int, list[Responsibility]] = {member.pk: [] for member in members}
    rows = Responsibility.objects.in_force().filter(member__in=posts).select_related("area", "role")
    found = list(rows.order_by("role__order", "area__path"))
    names = full_names([post.area for post in found])
    for post in found:
        post.where = names[post.area.path]  # type: ignore[attr-defined]
        posts[post.member_id].append(post)
    for member in members:
        member.posts = posts[member.pk]  # type: ignore[attr-defined]
