"""One of the processes of ``test_split_race``: an order a line comes in, an answer a line goes out."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import django

django.setup()

from viewflow.workflow.models import Task  # noqa: E402

from grid.actions.borders import Conflict, redraw  # noqa: E402
from grid.errors import Refused  # noqa: E402
from grid.models import Area, AreaEdit, User  # noqa: E402
from realtime.log import Subject, verify  # noqa: E402
from realtime.models import Event  # noqa: E402
from tests.workflows.flowing import open_blocks  # noqa: E402
from tests.workflows.race_worker import prepare, start  # noqa: E402
from workflows.actions.tasks import claim_task, decide_task  # noqa: E402
from workflows.engine.describe import step_of  # noqa: E402
from workflows.models import Opinion, Request  # noqa: E402


def cases(racers: list[str], count: int) -> dict[str, Any]:
    """Open cases of one grid; every second one is claimed by one of its members, in turn."""
    prepare(racers=racers)
    made = []
    for number in range(count):
        started = start(definition="pool")
        holder = racers[number // 2 % len(racers)] if number % 2 else None
        if holder:
            claim_task(task_id=started["tasks"]["one"], actor=User.objects.get(username=holder))
        made.append({"case": started["case"], "task": started["tasks"]["one"], "holder": holder})
    area = Area.objects.get(pk=Request.objects.get(pk=made[0]["case"]).area_id)
    return {"cases": made, "grid": area.code, "bounds": area.geometry.bounds}


def decide(tasks: list[int], user: str, at: float) -> list[dict[str, Any]]:
    """Decide task after task; each is done or refused with a sentence, anything else ends the process."""
    actor, answers = User.objects.get(username=user), []
    wait(at)
    for task in tasks:
        try:
            decide_task(task_id=task, actor=actor, outcome="done")
            answers.append({"task": task, "user": user})
        except Refused as refusal:
            answers.append({"task": task, "user": user, "refused": str(refusal)})
    return answers


def newest() -> int | None:
    return AreaEdit.objects.values_list("pk", flat=True).first()


def save(operations: list[dict[str, Any]], base: int | None, at: float) -> dict[str, Any]:
    community = Area.objects.filter(level="community").order_by("path").first()
    actor = User.objects.get(username="administrator")
    wait(at)
    try:
        edit = redraw(community=community, base=base, operations=operations, actor=actor)
    except Conflict as conflict:
        return {"conflict": str(conflict), "edits": [seen.id for seen in conflict.edits]}
    return {"edit": edit.pk}


def look() -> dict[str, Any]:
    """What the database says of every case and of the grids."""
    found = {}
    for request in Request.objects.filter(process__isnull=False):
        tasks = Task.objects.filter(process=request.process_id, flow_task_type="HUMAN").order_by("pk")
        one = [task for task in tasks if step_of(task).block_id == "one"]
        events = Event.objects.filter(subject_type="request", subject_id=request.pk)
        found[request.pk] = {
            "area": request.area.code,
            "area_path": request.area_path == request.area.path,
            "open": open_blocks(request),
            "ones": len(one),
            "status": str(one[0].status),
            "owner": one[0].owner and one[0].owner.username,
            "pool": one[0].owner_permission == f"duty.grid_member.{request.area_id}",
            "opinions": Opinion.objects.filter(request=request, outcome="done").count(),
            "decided": events.filter(kind="task.decided").count(),
            "chain": verify(Subject("request", request.pk)) == events.count() > 0,
        }
    grids = Area.objects.in_force().filter(level="grid", path__startswith=request.area_path[:-4])
    return {"cases": found, "grids": {grid.code: grid.geometry.wkt for grid in grids}}


def wait(at: float) -> None:
    while time.time() < at:
        pass


if __name__ == "__main__":
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(globals()[order.pop("do")](**order)), flush=True)
