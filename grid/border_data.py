"""The borders of a community as JSON for the page that draws them. Coordinates: WGS-84 [lon, lat]."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import shapely
from django.db.models import Count, Max
from django.utils import timezone
from django.utils.translation import get_language
from shapely.geometry.base import BaseGeometry

from . import borders, stamp
from .border_words import what_is_wrong, why_not
from .borders import Failed, Sheet
from .days import moment
from .models import Area, AreaDraft, AreaEdit, AreaVersion, Responsibility, User, in_language
from .topology import Coverage

#: Saves that the page lists.
EDITS_SHOWN = 100


def whole(community: Area, *, user: User, on: date | None = None) -> dict[str, Any]:
    """Everything the editor shows, as it is now or, for looking only, as it was at the end of a day."""
    sheet = borders.known_sheet(community)
    edits = list(borders.edits_in(community)[:EDITS_SHOWN])
    at = moment(on)
    return {
        "edit": edits[0].pk if edits else None,
        "on": (on or timezone.localdate()).isoformat(),
        "community": _community(sheet) if at is None else _community_then(sheet, at),
        "grids": _grids_now(sheet) if at is None else _grids_then(community, at),
        "around": [
            {"code": area.code, "name": str(area), "geometry": outline(shape)}
            for area, shape in borders.neighbours(community)
        ],
        "edits": [edit_line(edit) for edit in edits],
        "others": [
            {"name": str(draft.user), "saved_at": draft.saved_at.isoformat()}
            for draft in _drafts_of_others(community, user).select_related("user").order_by("-saved_at")
        ],
        "problems": problems(sheet.coverage),
    }


def version_tag(community: Area, *, user: User, on: date | None = None) -> str:
    """Changes whenever :func:`whole` may say something else to this person."""
    drafts = _drafts_of_others(community, user).aggregate(number=Count("pk"), last=Max("saved_at"))
    parts = (community.pk, stamp.read(), on, timezone.localdate(), drafts, get_language())
    return f'"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"'


def tried(sheet: Sheet, after: Coverage, failed: Iterable[Failed]) -> dict[str, Any]:
    """What a list of operations would make of the borders."""
    return {
        "grids": [
            {
                "code": code,
                "name": after.labels[code].name,
                "households": after.labels[code].households,
                "geometry": outline(after.geometry(code)),
            }
            for code in sorted(after.labels)
        ],
        "problems": problems(after),
        "failed": [
            {"index": one.index, "message": why_not(one.impossible, sheet.coverage.labels)} for one in failed
        ],
    }


def problems(coverage: Coverage) -> list[dict[str, Any]]:
    return [
        {
            "kind": problem.kind,
            "grids": list(problem.grids),
            "message": what_is_wrong(problem, coverage.labels),
            "place": problem.place and list(problem.place),
        }
        for problem in coverage.problems()
    ]


def edit_line(edit: AreaEdit) -> dict[str, Any]:
    return {
        "id": edit.pk,
        "kind": edit.kind,
        "title": edit.get_kind_display(),
        "at": edit.at.isoformat(),
        "by": str(edit.by) if edit.by else "",
        "note": edit.note,
    }


def draft(kept: AreaDraft | None) -> dict[str, Any] | None:
    if kept is None:
        return None
    return {"base": kept.base_id, "operations": kept.operations, "saved_at": kept.saved_at.isoformat()}


def outline(geometry: BaseGeometry | None) -> dict[str, Any] | None:
    return None if geometry is None else json.loads(shapely.to_geojson(geometry))


def _community(sheet: Sheet) -> dict[str, Any]:
    """``outline``: "own", or "union" when the community has none and its grids' outer border is taken."""
    area, coverage = sheet.community, sheet.coverage
    return {
        "code": area.code,
        "name": str(area),
        "geometry": outline(coverage.outline()),
        "outline": "own" if coverage.has_outline else "union",
    }


def _community_then(sheet: Sheet, at: datetime) -> dict[str, Any]:
    area = sheet.community
    then = AreaVersion.objects.in_force(at).filter(area=area).first()
    return {
        "code": area.code,
        "name": in_language(then.name, then.name_en) if then else str(area),
        "geometry": outline(then.geometry if then else None),
        "outline": "own" if then and then.geometry is not None else "union",
    }


def _grids_now(sheet: Sheet) -> list[dict[str, Any]]:
    ids = [area.pk for area in sheet.grids.values()]
    members = _members(ids, timezone.now())
    open_versions = AreaVersion.objects.filter(area__in=ids, until=None).select_related("edit__by")
    versions = {version.area_id: version for version in open_versions}
    return [
        {
            "code": code,
            "name": area.name,
            "households": area.households,
            "members": members[area.pk],
            "geometry": outline(sheet.coverage.geometry(code)),
            **_saved(versions.get(area.pk)),
        }
        for code, area in sorted(sheet.grids.items())
    ]


def _grids_then(community: Area, at: datetime) -> list[dict[str, Any]]:
    versions = list(
        AreaVersion.objects.in_force(at)
        .filter(
            area__path__startswith=community.path,
            area__depth=community.depth + 1,
            area__level__is_grid=True,
        )
        .select_related("edit__by")
        .order_by("code")
    )
    members = _members([version.area_id for version in versions], at)
    return [
        {
            "code": version.code,
            "name": version.name,
            "households": version.households,
            "members": members[version.area_id],
            "geometry": outline(version.geometry),
            **_saved(version),
        }
        for version in versions
    ]


def _members(area_ids: Iterable[int], at: datetime) -> dict[int, list[str]]:
    """Who serves in these grids themselves at an instant, each once, the first role first."""
    posts = Responsibility.objects.in_force(at).filter(area__in=list(area_ids))
    named: dict[int, dict[str, None]] = defaultdict(dict)
    for post in posts.select_related("member__user").order_by("role__order", "since", "pk"):
        named[post.area_id][str(post.member)] = None
    return defaultdict(list, {area_id: list(names) for area_id, names in named.items()})


def _saved(version: AreaVersion | None) -> dict[str, Any]:
    if version is None:
        return {"since": None, "by": ""}
    by = version.edit.by
    return {"since": version.since.isoformat(), "by": str(by) if by else ""}


def _drafts_of_others(community: Area, user: User) -> Any:
    return AreaDraft.objects.filter(community=community).exclude(user=user)
