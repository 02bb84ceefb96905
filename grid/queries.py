"""Reads of the console and the public interface that take more than a line."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet
from django.utils import timezone

from . import locator
from .models import Area, AreaQuerySet, DutyRole, Member, Responsibility, StandIn, in_language
from .roster import STEP

#: The role without which a grid has nobody of its own.
GRID_MEMBER = "grid_member"


@dataclass
class Holder:
    """Somebody on duty, as a list shows them; ``from_area`` names the area above that lends them."""

    name: str
    role: str
    from_area: str = ""


@dataclass
class AreaRow:
    """One line of the list of areas. Counts are of the grids inside, the area itself included."""

    area: Area
    place: str
    grids: int = 0
    gaps: int = 0
    households: int = 0
    holders: list[Holder] = field(default_factory=list)
    is_gap: bool = False
    # Grids lie directly in it: their borders are redrawn together.
    holds_grids: bool = False


@dataclass
class Overview:
    """Counts of the console's first page, all within one administrator's areas."""

    levels: list[tuple[str, int]]
    grids: int
    gaps: int
    members: int
    idle_members: int
    on_leave: int
    branches: int


def search_areas(areas: AreaQuerySet, *, text: str = "", level: str = "", gaps: bool = False) -> AreaQuerySet:
    """Areas by part of a name or the beginning of a code, by level; or grids with no member of their own."""
    if text:
        areas = areas.filter(Q(name__icontains=text) | Q(name_en__icontains=text) | Q(code__startswith=text))
    if level:
        areas = areas.filter(level_id=level)
    return without_member(areas) if gaps else areas


def without_member(areas: AreaQuerySet) -> AreaQuerySet:
    """The grids among these in which nobody is a grid member now."""
    posts = Responsibility.objects.in_force().filter(
        area=OuterRef("pk"), role=GRID_MEMBER, member__user__is_active=True
    )
    return areas.filter(~Exists(posts), level__is_grid=True)


def area_rows(areas: Sequence[Area]) -> list[AreaRow]:
    """What the list shows of one page of areas, which come with their levels. Three queries."""
    names = names_above(areas)
    roles = list(DutyRole.objects.all())
    rows = {area.path: AreaRow(area, _place(area, names)) for area in areas}
    _count_grids(rows)
    now, roster = timezone.now(), locator.current_roster()
    for path, row in rows.items():
        for role in roles:
            for holder in roster.holders(path, role.code, now):
                row.holders.append(Holder(holder.name, str(role)))
        row.is_gap = row.area.level.is_grid and not roster.holders(path, GRID_MEMBER, now)
        if row.is_gap:
            row.holders += _lent(path, roles, names)
    return list(rows.values())


def overview(areas: AreaQuerySet, members: QuerySet[Member]) -> Overview:
    """Counts for the console's first page. Six queries."""
    levels = areas.values_list("level__name", "level__name_en", "level__order", "level__is_grid")
    counted = list(levels.annotate(number=Count("pk")).order_by("level__order"))
    active = members.filter(user__is_active=True).distinct()
    posts = Responsibility.objects.in_force().filter(member=OuterRef("pk"))
    return Overview(
        levels=[(in_language(name, name_en), number) for name, name_en, _, _, number in counted],
        grids=sum(number for *_, is_grid, number in counted if is_grid),
        gaps=without_member(areas).count(),
        members=active.count(),
        idle_members=active.filter(~Exists(posts)).count(),
        on_leave=StandIn.objects.in_force().filter(member__in=active).values("member").distinct().count(),
        branches=active.exclude(branch=None).values("branch").distinct().count(),
    )


def search_members(
    members: QuerySet[Member], *, text: str = "", role: str = "", idle: bool = False
) -> QuerySet[Member]:
    """Members by part of a name, user name, branch or area, by role held now, or those without a post."""
    in_force = Responsibility.objects.in_force().filter(member=OuterRef("pk"))
    if text:
        here = in_force.filter(area__name__icontains=text)
        members = members.filter(
            Q(user__name__icontains=text)
            | Q(user__username__icontains=text)
            | Q(branch__name__icontains=text)
            | Exists(here)
        )
    if role:
        members = members.filter(Exists(in_force.filter(role=role)))
    if idle:
        members = members.filter(~Exists(in_force))
    posts = (
        Responsibility.objects.in_force().select_related("area", "role").order_by("role__order", "area__path")
    )
    stand_ins = StandIn.objects.in_force().select_related("stand_in__user")
    return (
        members.filter(user__is_active=True)
        .distinct()
        .select_related("user", "branch")
        .prefetch_related(
            Prefetch("responsibilities", posts, to_attr="posts"),
            Prefetch("stand_ins", stand_ins, to_attr="leave"),
        )
        .order_by("branch__path", "user__name", "pk")
    )


def children(parent: Area | None, areas: AreaQuerySet) -> AreaQuerySet:
    """The areas one level below ``parent`` (without one: the roots). ``opens``: whether it has any itself."""
    below = (
        areas.filter(depth=1)
        if parent is None
        else areas.filter(path__startswith=parent.path, depth=parent.depth + 1)
    )
    inside = areas.filter(path__startswith=OuterRef("path"), depth=OuterRef("depth") + 1)
    return below.select_related("level").annotate(opens=Exists(inside))


def full_names(areas: Iterable[Area]) -> dict[str, str]:
    """Materialised path → "和平里社区 第五网格": an area's name after that of the area above it. One query.

    Grids are numbered within their community, so "第五网格" alone says little to anybody from outside.
    """
    areas = list(areas)
    parents = {area.path[:-STEP] for area in areas if area.depth > 1}
    names = {
        area.path: str(area) for area in Area.objects.filter(path__in=parents).only("path", "name", "name_en")
    }
    return {area.path: f"{names.get(area.path[:-STEP], '')} {area}".strip() for area in areas}


def places(areas: Sequence[Area]) -> dict[str, str]:
    """Materialised path → "清河街道 / 和平里社区", what lies around each, outermost first. One query."""
    names = names_above(areas)
    return {area.path: _place(area, names) for area in areas}


def names_above(areas: Sequence[Area]) -> dict[str, str]:
    """Materialised path → name, for every ancestor of these areas. One query."""
    above = {area.path[:end] for area in areas for end in range(STEP, len(area.path), STEP)}
    return {
        area.path: str(area) for area in Area.objects.filter(path__in=above).only("path", "name", "name_en")
    }


def _place(area: Area, names: dict[str, str]) -> str:
    above = (names.get(area.path[:end], "") for end in range(STEP, len(area.path), STEP))
    return " / ".join(filter(None, above))


def _count_grids(rows: dict[str, AreaRow]) -> None:
    """Add up the grids inside each row's area. One query, however deep the tree."""
    grids = Area.objects.in_force().within(_outermost(rows)).filter(level__is_grid=True)
    now, roster = timezone.now(), locator.current_roster()
    for path, households in grids.values_list("path", "households"):
        gap = not roster.holders(path, GRID_MEMBER, now)
        if above := rows.get(path[:-STEP]):
            above.holds_grids = True
        for end in range(STEP, len(path) + 1, STEP):
            if row := rows.get(path[:end]):
                row.grids += 1
                row.gaps += gap
                row.households += households or 0


def _outermost(rows: dict[str, AreaRow]) -> list[str]:
    """Paths of the rows that lie in no other row: a condition each, so fewer is better."""
    outermost: list[str] = []
    for path in sorted(rows):
        if not outermost or not path.startswith(outermost[-1]):
            outermost.append(path)
    return outermost


def _lent(path: str, roles: Sequence[DutyRole], names: dict[str, str]) -> list[Holder]:
    """Who from above answers in the public roles for a grid without a member."""
    now, roster = timezone.now(), locator.current_roster()
    lent = []
    for role in roles:
        for end in range(len(path) - STEP, 0, -STEP) if role.is_public else ():
            if found := roster.holders(path[:end], role.code, now):
                lent += [Holder(one.name, str(role), names.get(path[:end], "")) for one in found]
                break
    return lent
