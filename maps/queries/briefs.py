"""Cases as a map and its lists show them: no resident's words, no person's name.

Those are asked for when somebody opens the case.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Collection, Sequence
from typing import Any

from django.db.models import QuerySet

from grid.models import Area, in_language
from grid.policies import EVERYWHERE
from maps.queries import places
from maps.queries.statements import Where, fetch
from workflows.models import Category, Request, Urgency
from workflows.policies import reaches

_REQUESTS, _CATEGORIES, _AREAS = (model._meta.db_table for model in (Request, Category, Area))

#: Instants as text: read into objects they would only be written out again.
_READ = f"""
SELECT r.id, r.number, r.state, r.urgency, r.lon, r.lat, r.area_path,
  CAST(r.yellow_at AS TEXT), CAST(r.due_at AS TEXT), CAST(r.closed_at AS TEXT), CAST(r.filed_at AS TEXT),
  c.code, a.code, a.name, a.name_en, above.name, above.name_en
FROM {_REQUESTS} r
LEFT JOIN {_CATEGORIES} c ON c.id = r.category_id
LEFT JOIN {_AREAS} a ON a.id = r.area_id
LEFT JOIN {_AREAS} above ON above.path = SUBSTR(a.path, 1, LENGTH(a.path) - {Area.steplen})
"""  # noqa: S608 - names and numbers of ours

_Row = namedtuple(
    "_Row",
    "id number state urgency lon lat path yellow_at due_at closed_at filed_at"
    " category grid name name_en above above_en",
)


def briefs(requests: QuerySet[Request]) -> list[dict[str, Any]]:
    """Cases in the shape of ``realtime.events.CaseBrief``, so the browser draws both alike. Two queries.

    ``category`` and ``grid`` are codes; ``grid_name`` and ``filed_at`` come on top.
    """
    ids = list(requests.values_list("pk", flat=True))
    found = by_id(ids)
    return [found[case] for case in ids if case in found]


def by_id(cases: Collection[int], roots: Sequence[str] = (EVERYWHERE,)) -> dict[int, dict[str, Any]]:
    """Those of these cases that lie in the subtrees ``roots``. One query, none without cases."""
    if not cases:
        return {}
    where = Where()
    where.among("r.id", cases)
    rows = map(_Row._make, fetch(f"{_READ} WHERE {where}", where.params))
    return {row.id: _brief(row) for row in rows if reaches(roots, row.path)}


def _brief(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "number": row.number,
        "state": row.state,
        "category": row.category or "",
        "lon": None if row.lon is None else round(row.lon, 6),
        "lat": None if row.lat is None else round(row.lat, 6),
        "grid": row.grid or "",
        "grid_name": places.full_name(_named(row.above, row.above_en), _named(row.name, row.name_en)),
        "yellow_at": _iso(row.yellow_at),
        "due_at": _iso(row.due_at),
        "closed_at": _iso(row.closed_at),
        "filed_at": _iso(row.filed_at),
        "urgent": row.urgency == Urgency.URGENT,
    }


def _named(name: str | None, name_en: str | None) -> str:
    return in_language(name or "", name_en or "")


def _iso(instant: str | None) -> str | None:
    """What the database says of an instant, in ISO 8601 as Python writes it.

    SQLite keeps it in UTC without saying so; PostgreSQL says it in UTC, as Django has it do, and leaves out
    what is zero at the end.
    """
    if instant is None:
        return None
    second, point, fraction = instant.removesuffix("+00").replace(" ", "T", 1).partition(".")
    return f"{second}{point}{fraction.ljust(6, '0') if point else ''}+00:00"
