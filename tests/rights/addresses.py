"""Every address of the product, and how to ask it for what is in street B.

A new address fails the test until it has a row here. Usually one line is enough::

    "map/data/heat/": Row("?bbox={town}&zoom=14", shows="supervisor_b"),

``queries``: what is asked; ``{town}`` is a viewport around street B, ``{near}`` one in which cases stand by
themselves, ``{area}`` and ``{grid}`` codes, ``{point}`` the case's place, ``{words}`` its words. ``shows``:
somebody who does find something of it there, so that the row is known to ask for the right thing. What stands
in the address itself is filled in by name (``VALUES``); ``pk`` says whose number it is. Where only a POST is
taken, an empty one is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import get_resolver
from django.urls.resolvers import URLPattern
from django.utils import timezone

from tests.rights.world import LAT, LON, World

#: Pages about the reader's own account, which come from elsewhere: nothing of a case is in them.
NOT_OURS = ("accounts/",)


@dataclass(frozen=True, init=False)
class Row:
    queries: tuple[str, ...]
    shows: str
    pk: Callable[[World], Any] | None

    def __init__(self, *queries: str, shows: str = "", pk: Callable[[World], Any] | None = None) -> None:
        object.__setattr__(self, "queries", queries or ("",))
        object.__setattr__(self, "shows", shows)
        object.__setattr__(self, "pk", pk)


def routes() -> list[str]:
    """Every route of the URLconf, in its order."""
    return [route for route in _walk(get_resolver().url_patterns) if not route.startswith(NOT_OURS)]


def _walk(patterns: Sequence[Any], prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route
        else:
            yield from _walk(pattern.url_patterns, route)


VALUES: dict[str, Callable[[World], Any]] = {
    "number": lambda world: world.case.number,
    "task_id": lambda world: world.task.pk,
    "code": lambda world: world.grid.code,
    "key": lambda world: "standard",
    "kind": lambda world: "extension",
    "name": lambda world: "x.png",
    "version": lambda world: 1,
    "act": lambda world: "urge",
}


def urls(world: World, route: str, row: Row) -> list[str]:
    """The addresses to ask for a row."""
    path = "/"
    for part in route.split("<"):
        inside, is_value, after = part.partition(">")
        if not is_value:
            path += part
            continue
        name = inside.rpartition(":")[2]
        if inside == "int:number":  # a workflow's version, not a case
            name = "version"
        if name in ("pk", "finding"):
            assert row.pk, f"{route}: say whose number it is"
            path += f"{row.pk(world)}{after}"
        else:
            path += f"{VALUES[name](world)}{after}"
    gaps = {
        "town": "112.70,37.90,112.73,37.93", "near": "112.711,37.911,112.7135,37.9135",
        "area": world.street.code, "grid": world.grid.code, "point": f"lon={LON}&lat={LAT}",
        "day": timezone.localdate(), "words": world.case.text, "number": world.case.number,
        "member": world.people["member_b"].member.pk,
    }  # fmt: skip
    return [path + query.format(**gaps) for query in row.queries]


# --- Whose number ------------------------------------------------------------------------------------
def task(world: World) -> int:
    return world.task.pk


def picture(world: World) -> int:
    return world.photo.pk


def order(world: World) -> int:
    return world.order.pk


def delivery(world: World) -> int:
    return world.delivery.pk


def member(world: World) -> int:
    return world.people["member_b"].member.pk


def post(world: World) -> int:
    return world.people["member_b"].member.responsibilities.get().pk


def notice(world: World) -> int:
    return world.people["member_b"].notifications.earliest("pk").pk


def nothing(world: World) -> int:
    """Of things of which street B has none: workflows, imports, what is the reader's own."""
    return 1


def import_job(world: World) -> UUID:
    return world.import_job.pk


def workflow_job(world: World) -> UUID:
    return world.workflow_job.pk


def figure_job(world: World) -> UUID:
    return world.figure_job.pk


def finding(world: World) -> int:
    return world.finding.pk


ROWS: dict[str, Row] = {
    "healthz": Row(),
    "metrics": Row(),
    "preferences/": Row(),
    "": Row(shows="resident_b"),
    "my-grid/": Row(),
    "requests/": Row("", "?q={words}", shows="resident_b"),
    "requests/new/": Row(shows="member_b"),
    "requests/new/fields/": Row("?{point}"),
    "requests/new/place/": Row("?{point}"),
    "requests/new/similar/": Row("?{point}&text={words}"),
    "requests/<str:number>/": Row(shows="resident_b"),
    "requests/<str:number>/timeline/": Row(shows="supervisor_b"),
    "requests/<str:number>/rate/": Row(),
    "requests/<str:number>/reopen/": Row(),
    "requests/<str:number>/urge/": Row(),
    "requests/<str:number>/withdraw/": Row(),
    "requests/<str:number>/join/": Row(),
    "api/suggest/": Row("?text={words}"),
    "desk/": Row("", "?q={words}", shows="member_b"),
    "desk/inbox/": Row("", "?tab=all", "?q={words}", shows="member_b"),
    "desk/decisions/": Row(),
    "desk/decisions/count/": Row(),
    "desk/together/": Row(),
    "desk/together/decide/": Row(),
    "desk/new/": Row(),
    "desk/new/fields/": Row(),
    "desk/tasks/<int:pk>/": Row(pk=task, shows="supervisor_b"),
    "desk/tasks/<int:pk>/standing/": Row(pk=task, shows="supervisor_b"),
    "desk/tasks/<int:pk>/story/": Row(pk=task, shows="supervisor_b"),
    "desk/tasks/<int:pk>/people/": Row(pk=task),
    "desk/tasks/<int:pk>/areas/": Row(pk=task),
    "desk/tasks/<int:pk>/decide/": Row(pk=task),
    "desk/tasks/<int:pk>/claim/": Row(pk=task),
    "desk/tasks/<int:pk>/unclaim/": Row(pk=task),
    "desk/tasks/<int:pk>/transfer/": Row(pk=task),
    "desk/tasks/<int:pk>/return/": Row(pk=task),
    "desk/tasks/<int:pk>/ask/": Row(pk=task),
    "desk/tasks/<int:pk>/answer/": Row(pk=task),
    "desk/tasks/<int:pk>/remove-signer/": Row(pk=task),
    "desk/tasks/<int:pk>/take-back/": Row(pk=task),
    "desk/tasks/<int:pk>/countersign/": Row(pk=task, shows="supervisor_b"),
    "cases/<str:number>/": Row(shows="supervisor_b"),
    "cases/<str:number>/story/": Row(shows="supervisor_b"),
    "cases/<str:number>/oversight/": Row(shows="supervisor_b"),
    "cases/<str:number>/message/": Row(),
    "cases/<str:number>/urge/": Row(),
    "cases/<str:number>/order/": Row(),
    "cases/<str:number>/orders/<int:pk>/answer/": Row(pk=order),
    "cases/<str:number>/ask/<str:kind>/": Row(),
    "cases/<str:number>/applications/<int:pk>/decide/": Row(pk=nothing),
    "cases/<str:number>/resume/": Row(),
    "cases/<str:number>/force-close/": Row(),
    "cases/<str:number>/merge/": Row(),
    "cases/<str:number>/tasks/<int:pk>/reassign/": Row(pk=task),
    "cases/<str:number>/bpmn/": Row(),
    "cases/<str:number>/bpmn/file/": Row(),
    "cases/<str:number>/copy-read/": Row(),
    "photos/<int:pk>/": Row(pk=picture, shows="supervisor_b"),
    "photos/<int:pk>/small/": Row(pk=picture, shows="supervisor_b"),
    "notifications/": Row("", "?page=1", shows="member_b"),
    "notifications/bell/": Row(),
    "notifications/read/": Row(),
    "notifications/<int:pk>/open/": Row(pk=notice),
    "console/members/<int:pk>/hand-over/": Row(pk=member),
    "console/categories/": Row(),
    "console/workflows/": Row(),
    "console/workflows/new/": Row(),
    "console/workflows/help/": Row(),
    "console/workflows/help/<str:name>": Row(),
    "console/workflows/people/": Row("?q={words}"),
    "console/workflows/<slug:key>/draw/": Row(),
    "console/workflows/<slug:key>/draft/": Row(),
    "console/workflows/<slug:key>/findings/": Row(),
    "console/workflows/<slug:key>/begin/": Row(),
    "console/workflows/<slug:key>/export/": Row(),
    "console/workflows/<slug:key>/delete/": Row(),
    "console/calendar/": Row(),
    "console/calendar/<int:pk>/remove/": Row(pk=nothing),
    "console/workflows/import-bpmn/": Row(),
    "console/workflows/<slug:key>/<int:number>/bpmn/": Row(),
    "console/workflows/<slug:key>/<int:number>/bpmn/file/": Row(),
    "console/workflows/rule/": Row(),
    "console/workflows/bindings/": Row(),
    "console/workflows/bindings/areas/": Row(),
    "console/workflows/bindings/<int:pk>/cancel/": Row(pk=nothing),
    "console/workflows/proposals/<int:pk>/": Row(pk=nothing),
    "console/workflows/<slug:key>/publish/": Row(),
    "console/workflows/<slug:key>/versions/": Row(),
    "console/workflows/<slug:key>/versions/<int:number>/back/": Row(),
    "console/webhooks/": Row(shows="administrator_b"),
    "console/webhooks/<int:pk>/retry/": Row(pk=delivery),
    "console/workflows/jobs/<uuid:pk>/": Row(pk=workflow_job),
    "console/workflows/jobs/<uuid:pk>/progress/": Row(pk=workflow_job),
    "console/workflows/jobs/<uuid:pk>/move/": Row(pk=workflow_job),
    "console/workflows/<slug:key>/try/": Row(shows="administrator_b"),
    "console/workflows/<slug:key>/replay/": Row(),
    "console/workflows/<slug:key>/migrate/": Row(),
    "console/cases/": Row("", "?area={area}"),
    "console/moved-cases/": Row("", "?area={area}", shows="supervisor_b"),
    "console/moved-cases/decide/": Row(),
    "api/v1/openapi.json": Row(),
    "api/v1/tasks": Row("", "?q={words}", shows="member_b"),
    "api/v1/tasks/<task_id>": Row(shows="supervisor_b"),
    "api/v1/tasks/<task_id>/decide": Row(),
    "api/v1/tasks/<task_id>/claim": Row(),
    "api/v1/tasks/<task_id>/unclaim": Row(),
    "api/v1/tasks/<task_id>/transfer": Row(),
    "api/v1/tasks/<task_id>/return": Row(),
    "api/v1/tasks/<task_id>/delegate": Row(),
    "api/v1/tasks/<task_id>/answer": Row(),
    "api/v1/tasks/<task_id>/co_handle": Row(),
    "api/v1/tasks/<task_id>/sign_before": Row(),
    "api/v1/tasks/<task_id>/sign_after": Row(),
    "api/v1/tasks/<task_id>/remove_signer": Row(),
    "api/v1/tasks/<task_id>/take_back": Row(),
    "api/v1/cases/<number>": Row(shows="supervisor_b"),
    "api/v1/cases/<number>/copy-read": Row(),
    "api/v1/cases/<number>/rate": Row(),
    "api/v1/cases/<number>/reopen": Row(),
    "api/v1/cases/<number>/urge": Row(),
    "api/v1/cases/<number>/withdraw": Row(),
    "api/v1/cases/<number>/force-close": Row(),
    "api/v1/cases/<number>/order": Row(),
    "api/v1/cases/<number>/answer": Row(),
    "api/v1/cases/<number>/ask-extension": Row(),
    "api/v1/cases/<number>/ask-suspension": Row(),
    "api/v1/cases/<number>/appeal": Row(),
    "api/v1/cases/<number>/decide": Row(),
    "api/v1/cases/<number>/resume": Row(),
    "api/v1/cases/<number>/merge": Row(),
    "api/v1/cases/<number>/reassign": Row(),
    "api/v1/": Row(),
    "console/": Row(),
    "console/areas/": Row("", "?under={area}", "?q={words}"),
    "console/members/": Row("", "?q={words}"),
    "console/operations/": Row(),
    "console/operations/figures/": Row(),
    "console/import/": Row(),
    "console/import/undo/<int:pk>/": Row(pk=nothing),
    "console/import/<uuid:pk>/": Row(pk=import_job),
    "console/import/<uuid:pk>/file/": Row(pk=import_job),
    "console/import/<uuid:pk>/columns/": Row(pk=import_job),
    "console/import/<uuid:pk>/report/": Row(pk=import_job),
    "console/import/<uuid:pk>/report/map/": Row(pk=import_job),
    "console/import/<uuid:pk>/apply/": Row(pk=import_job),
    "console/import/<uuid:pk>/result/": Row(pk=import_job),
    "console/import/<uuid:pk>/progress/": Row(pk=import_job),
    "console/import/<uuid:pk>/drop/": Row(pk=import_job),
    "console/borders/<path:code>/data/": Row(),
    "console/borders/<path:code>/try/": Row(),
    "console/borders/<path:code>/save/": Row(),
    "console/borders/<path:code>/draft/": Row(),
    "api/locate/": Row("?{point}"),
    "api/areas/": Row("", "?parent={area}"),
    "api/gis/": Row(),
    "api/gis/conformance": Row(),
    "api/gis/collections": Row(),
    "api/gis/collections/areas": Row(),
    "api/gis/collections/areas/items": Row("", "?bbox={town}"),
    "api/gis/collections/areas/items/<path:code>": Row(),
    "grids/<path:code>/qr.svg": Row(),
    "grids/<path:code>/qr.png": Row(),
    "grids/<path:code>/print/": Row(),
    "console/areas/export/": Row(),
    "console/areas/export/file/": Row("?format=geojson", "?format=geojson&under={area}"),
    "console/areas/<path:code>/sheets/": Row(),
    "console/duties/": Row("", "?area={grid}"),
    "console/duties/posts/<int:pk>/end/": Row(pk=post),
    "console/duties/<path:code>/people/": Row(),
    "console/duties/<path:code>/assign/": Row(),
    "console/duties/<path:code>/sharing/": Row(),
    "console/duties/<path:code>/history/": Row(),
    "console/duties/<path:code>/matrix/": Row(),
    "console/duties/<path:code>/": Row(),
    "console/members/new/": Row(),
    "console/members/<int:pk>/": Row(pk=member),
    "console/members/<int:pk>/edit/": Row(pk=member, shows="administrator_b"),
    "console/stand-ins/<int:pk>/end/": Row(pk=nothing),
    "console/stand-ins/<int:pk>/people/": Row(pk=member),
    "console/members/<int:pk>/leave/": Row(pk=member),
    "console/branches/": Row(),
    "console/branches/new/": Row(),
    "console/branches/<int:pk>/": Row(pk=nothing),
    "console/roster/": Row(),
    "console/roster/export/": Row("", "?format=xlsx"),
    "console/areas/<path:code>/edit/": Row(),
    "console/areas/<path:code>/retire/": Row(),
    "console/areas/<path:code>/add/": Row(),
    "leave/": Row(),
    "keys/": Row(),
    "keys/<int:pk>/revoke/": Row(pk=nothing),
    "members/<int:pk>/photo/": Row(pk=member),
    "grids/<path:code>/": Row(),
    "console/borders/": Row(),
    "console/borders/<path:code>/": Row(),
    "map/": Row("", "?area={grid}"),
    "map/areas/<str:code>/": Row(),
    "map/live/": Row(),
    "map/cases/<str:number>/": Row(shows="supervisor_b"),
    "wall/": Row(),
    "wall/cases/": Row("?bbox={town}&zoom=14", "?bbox={near}&zoom=18", shows="supervisor_b"),
    "wall/news/": Row(shows="supervisor_b"),
    "wall/outlook/": Row(),
    "wall/open/": Row(),
    "console/screens/": Row(),
    "console/screens/<int:pk>/withdraw/": Row(pk=nothing),
    "map/data/outlines/": Row("?bbox={town}&zoom=16"),
    "map/data/tallies/": Row("?bbox={town}&zoom=16"),
    "map/data/areas/": Row("", "?parent={area}"),
    "map/data/names/": Row("?code={grid}"),
    "map/data/cases/": Row(
        "?bbox={near}&zoom=18",
        "?bbox={town}&zoom=10",
        "?bbox={town}&zoom=14&area={area}",
        shows="supervisor_b",
    ),
    "map/chosen/": Row("?shape=112.70,37.90;112.73,37.90;112.73,37.93;112.70,37.93", "?number={number}"),
    "map/chosen/people/": Row("?number={number}"),
    "map/chosen/<slug:act>/": Row(),
    "map/data/figures/": Row("?bbox={town}&zoom=16&name=open", "?bbox={town}&zoom=16&name=satisfied"),
    "map/data/staffing/": Row("?bbox={town}&zoom=16"),
    "map/data/deadlines/": Row("?bbox={near}&zoom=18&hours=168", shows="supervisor_b"),
    "map/data/search/": Row("?q=秘密巷", "?q={number}", "?q=乙", shows="supervisor_b"),
    "map/data/news/": Row(shows="supervisor_b"),
    "map/data/presence/": Row(),
    "map/data/standing-out/": Row("", "?area={area}"),
    "map/data/next-week/": Row("", "?area={area}"),
    "map/data/replay/": Row("?from={day}&to={day}&bbox={near}", shows="supervisor_b"),
    "map/standing-out/": Row("", "?area={area}"),
    "map/standing-out/<int:finding>/": Row(pk=finding, shows="supervisor_b"),
    "map/next-week/": Row("", "?area={area}"),
    "figures/": Row("", "?area={area}"),
    "figures/mine/": Row(),
    "figures/cases/": Row(
        "?indicator=filed&part=whole", "?indicator=filed&part=whole&area={area}", shows="supervisor_b"
    ),
    "figures/cases/<str:number>/counts/": Row(),
    "figures/files/": Row(),
    "figures/files/<uuid:pk>/": Row(pk=figure_job),
    "figures/files/<uuid:pk>/progress/": Row(pk=figure_job),
    "figures/files/<uuid:pk>/download/": Row(pk=figure_job, shows="administrator_b"),
}
