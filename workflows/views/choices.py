"""What can be chosen in a task's forms: colleagues to hand it to, areas a case may belong to."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Case as DbCase
from django.db.models import Q, QuerySet, Value, When

from grid.duty import Serving
from grid.models import Area, Responsibility, User
from grid.policies import public_areas, visible_areas
from grid.queries import full_names
from workflows.models import Request

#: A thumb can scroll through this many; beyond them one types a word.
MOST = 20
#: Words of a search that count; more only cost.
WORDS = 5
#: Areas by name that a search goes into, the largest first.
NAMED = 50


@dataclass(frozen=True)
class Colleague:
    """A person, and what they do where: the duty nearest to the case."""

    user_id: int
    name: str
    role: str
    area: str


def colleagues(
    case: Request,
    *,
    words: str = "",
    role: str = "",
    but: int | None = None,
    only: Collection[int] | None = None,
) -> list[Colleague]:
    """People on duty in the case's area, above it, and in the grids beside it, nearest first.

    ``words`` narrow by name, role and area; ``role`` (a code) by duty; ``only`` to these user ids; ``but`` (a
    user id) is left out.
    For a case without an area: everyone on duty at the top of the tree.
    """
    step = Area.steplen
    chain = [case.area_path[:end] for end in range(step, len(case.area_path) + 1, step)]
    around = Q(area__path__in=chain) if chain else Q(area__depth=1)
    if len(chain) > 1:
        around |= Q(area__path__startswith=chain[-2])
    duties = (
        Responsibility.objects.in_force()
        .filter(around, member__user__is_active=True)
        .annotate(beside=DbCase(When(area__path__in=chain, then=0), default=1) if chain else Value(0))
        .select_related("member__user", "role", "area")
        .order_by("beside", "-area__depth", "role__order", "member__user__name", "pk")
    )
    if role:
        duties = duties.filter(role_id=role)
    for word in words.split()[:WORDS]:
        duties = duties.filter(
            Q(member__user__name__icontains=word)
            | Q(role__name__icontains=word)
            | Q(role__name_en__icontains=word)
            | Q(area__name__icontains=word)
            | Q(area__name_en__icontains=word)
        )
    if only is not None:
        duties = duties.filter(member__user_id__in=only)
    if but is not None:
        duties = duties.exclude(member__user_id=but)
    nearest: dict[int, Responsibility] = {}
    # Someone with several duties gets one line: the first, which is the nearest.
    for duty in duties[: MOST * 4]:
        nearest.setdefault(duty.member.user_id, duty)
    shown = list(nearest.values())[:MOST]
    names = full_names(duty.area for duty in shown)
    return [
        Colleague(duty.member.user_id, str(duty.member), str(duty.role), names[duty.area.path])
        for duty in shown
    ]


def serving(person: Serving) -> Colleague:
    """Somebody who serves residents, as one who can be chosen."""
    return Colleague(person.user_id, person.name, person.role_name, person.area_name)


@dataclass(frozen=True)
class Place:
    """An area by its full name and code."""

    pk: int
    name: str
    code: str


def inside_area_named(words: str, path: str) -> Q:
    """Rows in an area of such a name, or below one; ``path`` is the field with their materialised path.

    The names are looked up first: asked row by row, a city's 40,000 grids would each read all the others.
    """
    named = Area.objects.filter(Q(name__icontains=words) | Q(name_en__icontains=words))
    condition = Q(pk__in=[])
    for found in named.order_by("depth", "path").values_list("path", flat=True)[:NAMED]:
        condition |= Q(**{f"{path}__startswith": found})
    return condition


def grids_beside(case: Request) -> list[Place]:
    """The grids of the community the case lies in, for a resident to choose from; without one the first."""
    above = case.area_path[: -Area.steplen]
    found = list(public_areas().filter(level__is_grid=True, path__startswith=above).order_by("path")[:MOST])
    names = full_names(found)
    return [Place(area.pk, names[area.path], area.code) for area in found]


def areas(viewer: User, case: Request, *, words: str = "") -> list[Place]:
    """Grids the viewer may see, by name or code; without words those nearest to the case's point."""
    grids: QuerySet[Area] = visible_areas(viewer).filter(level__is_grid=True)
    for word in words.split()[:WORDS]:
        grids = grids.filter(Q(code__icontains=word) | inside_area_named(word, "path"))
    if not words and case.lon is not None and case.lat is not None:
        # About a kilometre either way: enough to choose among neighbours.
        near = 0.01
        grids = grids.filter(
            west__lte=case.lon + near,
            east__gte=case.lon - near,
            south__lte=case.lat + near,
            north__gte=case.lat - near,
        )
    found = list(grids.order_by("path")[:MOST])
    names = full_names(found)
    return [Place(area.pk, names[area.path], area.code) for area in found]
