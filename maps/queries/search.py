"""One box that finds: a case by its number, an area, a member, an address; as far as one watches them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.translation import gettext as _

from grid.models import Area, Responsibility
from maps.policies import watched_areas, watched_paths, watched_requests
from maps.queries import places
from maps.queries.cases import ENDED_STATES
from workflows.models import Request

if TYPE_CHECKING:
    from grid.models import User

#: A single letter or figure finds too much; a Chinese character is a word.
LONGEST = 60
#: Of each kind so many are offered.
MOST = 5

Found = dict[str, Any]


def search(user: User, text: str) -> list[Found]:
    """What can be gone to, cases first: ``kind`` (case, area, member, address), ``label``, ``detail``.

    With ``number`` it is a case; with ``lon`` and ``lat`` (WGS-84 degrees) a point; with ``code`` and
    ``bbox`` an area. A case is found by the beginning of its number, an open one also by its end. Addresses
    are those of open cases, and the names of buildings. A dozen queries
    and one for each building found.
    """
    words = text.strip()[:LONGEST]
    if len(words) < 2 and words.isascii():
        return []
    return [*_cases(user, words), *_areas(user, words), *_members(user, words), *_addresses(user, words)]


def _cases(user: User, words: str) -> Iterable[Found]:
    if not words.isascii() or not any(letter.isdigit() for letter in words):
        return []
    # Ranges, because SQLite finds no beginnings by an index.
    begins = (Q(number__gte=begin, number__lt=begin + chr(0x10FFFF)) for begin in {words, words.upper()})
    found = watched_requests(user).filter(reduce(or_, begins))
    if not found.exists() and len(words) >= 4:
        found = _open(user).filter(number__endswith=words)
    return [_case(case, "case", case.number, str(case.category or "")) for case in _few(found)]


def _addresses(user: User, words: str) -> Iterable[Found]:
    found = _open(user).filter(address__icontains=words)
    return [_case(case, "address", case.address, case.number) for case in _few(found)]


def _open(user: User) -> Any:
    """By the index of what is not closed; the states are looked at afterwards."""
    return watched_requests(user).filter(closed_at=None).exclude(state__in=ENDED_STATES)


def _few(requests: Any) -> list[Request]:
    return list(requests.select_related("category").order_by("-pk")[:MOST])


def _case(case: Request, kind: str, label: str, detail: str) -> Found:
    return {
        "kind": kind,
        "label": label,
        "detail": detail,
        "id": case.pk,
        "number": case.number,
        "lon": None if case.lon is None else round(case.lon, 6),
        "lat": None if case.lat is None else round(case.lat, 6),
    }


def _areas(user: User, words: str) -> Iterable[Found]:
    """By all of the words: "和平里 第五" is the fifth grid of 和平里."""
    found = watched_areas(user)
    *above, last = words.split()
    found = found.filter(Q(name__icontains=last) | Q(name_en__icontains=last) | Q(code__startswith=last))
    if above:
        paths = watched_areas(user).filter(Q(name__icontains=above[0]) | Q(name_en__icontains=above[0]))
        inside = Q(pk__in=[])
        for path in paths.order_by("depth", "path").values_list("path", flat=True)[:MOST]:
            inside |= Q(path__startswith=path)
        found = found.filter(inside)
    rows = list(found.select_related("level").order_by("depth", "path")[: MOST * 2])
    return [_area(area, "area", name, str(area.level)) for area, name in _named(rows)]


def _members(user: User, words: str) -> Iterable[Found]:
    """Members with a post in an area watched, once for each post."""
    posts = Responsibility.objects.in_force().filter(member__user__is_active=True)
    posts = posts.filter(_within(watched_paths(user)), member__user__name__icontains=words)
    rows = list(posts.select_related("member__user", "area", "role").order_by("role__order", "pk")[:MOST])
    names = dict(_named([post.area for post in rows]))
    return [
        _area(post.area, "member", str(post.member), f"{post.role} · {names[post.area]}") for post in rows
    ]


def _within(paths: list[str]) -> Q:
    inside = Q(pk__in=[])
    for path in paths:
        inside |= Q(area__path__startswith=path)
    return inside


def _named(areas: list[Area]) -> list[tuple[Area, str]]:
    above = places.names_above(area.path for area in areas)
    return [(area, places.full_name(above.get(area.path, ""), str(area))) for area in areas]


def _area(area: Area, kind: str, label: str, detail: str) -> Found:
    """A building has no outline of its own: what is gone to is the grid around it."""
    drawn = area
    if area.west is None and area.depth > 1:
        above = Area.objects.filter(path=area.path[: -Area.steplen]).exclude(west=None).first()
        drawn = above or area
    bbox = None if drawn.west is None else [drawn.west, drawn.south, drawn.east, drawn.north]
    return {"kind": kind, "label": label, "detail": detail, "code": area.code, "bbox": bbox}


def kinds() -> dict[str, str]:
    """Kind → the word that stands beside what was found."""
    return {
        "case": _("Request"),
        "area": _("Area"),
        "member": _("Member"),
        "address": _("Address"),
    }
