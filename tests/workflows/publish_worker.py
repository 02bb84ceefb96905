"""One of the processes of ``test_publish_race``: some publish without a pause, others begin cases."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import django

django.setup()

from django.utils import timezone  # noqa: E402

from grid.models import Area, User  # noqa: E402
from realtime.log import Subject, verify  # noqa: E402
from tests.workflows.flowing import approval, definition, open_blocks, publish  # noqa: E402
from workflows.actions.bindings import bind_workflow  # noqa: E402
from workflows.actions.definitions import publish_version  # noqa: E402
from workflows.actions.requests import file_request  # noqa: E402
from workflows.models import Request, WorkflowDefinition, WorkflowVersion  # noqa: E402


def _steps(number: int) -> dict[str, Any]:
    """A definition whose first step tells which it is."""
    return definition(approval(f"v{number}", "grid_member", handler=True), key="race")


def prepare() -> str:
    publish(approval("v0", "grid_member", handler=True), key="race")
    race = WorkflowDefinition.objects.get(key="race")
    bind_workflow(category=None, area=None, definition=race, since=timezone.localdate())
    return "prepared"


def publish_many(first: int, count: int, at: float) -> int:
    """How many of the publications made a new version."""
    while time.time() < at:
        pass
    return sum(publish_version(body=_steps(number))[1] for number in range(first, first + count))


def file_many(count: int, at: float) -> list[int]:
    reporter = User.objects.get(username="resident")
    area = Area.objects.filter(level="grid").order_by("path").first()
    while time.time() < at:
        pass
    return [file_request(reporter=reporter, text="灯坏了", area=area).pk for _number in range(count)]


def look(cases: list[int]) -> dict[str, Any]:
    """Whether each case is on the first step of the version it says it is on."""
    fitting = 0
    for request in Request.objects.filter(pk__in=cases).select_related("process"):
        flow = request.process.flow_class
        version = WorkflowVersion.objects.get(pk=int(flow.__name__.removeprefix("WF_")))
        (step,) = [block["id"] for block in version.body["body"]["blocks"] if block["type"] == "approval"]
        fitting += open_blocks(request) == [step]
    race = WorkflowDefinition.objects.get(key="race")
    numbers = list(race.versions.order_by("number").values_list("number", flat=True))
    return {
        "fitting": fitting,
        "on": Request.objects.filter(pk__in=cases).values("process__flow_class").distinct().count(),
        "numbers": numbers,
        "in_force": race.versions.filter(status="published").count(),
        "chain": verify(Subject("workflow", race.pk)),
    }


if __name__ == "__main__":
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(globals()[order.pop("do")](**order)), flush=True)
