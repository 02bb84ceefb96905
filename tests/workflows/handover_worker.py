"""One of the processes of ``test_handover_race``: an order a line comes in, an answer a line goes out."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import django

django.setup()

from django.db import transaction  # noqa: E402
from viewflow.workflow.models import Task  # noqa: E402

from grid.actions.sharing import share_work  # noqa: E402
from grid.errors import Refused  # noqa: E402
from grid.models import Area, DutyRole, User  # noqa: E402
from realtime.log import Subject, verify  # noqa: E402
from realtime.models import Event  # noqa: E402
from tests.workflows.flowing import approval, publish  # noqa: E402
from workflows.actions.cases import start_case  # noqa: E402
from workflows.actions.handover import hand_over  # noqa: E402
from workflows.actions.tasks import decide_task  # noqa: E402
from workflows.engine.describe import step_of  # noqa: E402
from workflows.engine.move import OPEN  # noqa: E402
from workflows.models import Request  # noqa: E402


def _grid() -> Area:
    return Area.objects.get(code="149901001002006")


def prepare(rule: str) -> dict[str, Any]:
    """Grid 6, where two are on duty by a rule; two steps for them one after the other."""
    share_work(area=_grid(), role=DutyRole.objects.get(pk="grid_member"), how=rule)
    publish(approval("one", handler=True), approval("two"), approval("three"), key="chain")
    return {}


def start(cases: int, at: float) -> dict[str, Any]:
    """File so many cases in a row, from an instant on."""
    _until(at)
    area, made = _grid(), []
    for number in range(cases):
        with transaction.atomic():
            case = Request.objects.create(
                number=f"h{time.time_ns()}{number}", text="x", area=area, area_path=area.path
            )
            start_case(case, actor=None, definition="chain")
        made.append(case.pk)
    return {"cases": made}


def work(tasks: list[int], at: float) -> dict[str, Any]:
    """Decide these tasks, each as whoever has it; what somebody else took meanwhile is left."""
    _until(at)
    decided, refused = 0, []
    for pk in tasks:
        owner = Task.objects.get(pk=pk).owner
        try:
            decide_task(task_id=pk, actor=owner, outcome="done")
            decided += 1
        except Refused as error:
            refused.append(str(error))
    return {"decided": decided, "refused": refused}


def leave(username: str, at: float) -> dict[str, Any]:
    _until(at)
    member = User.objects.get(username=username).member
    actor = User.objects.get(username="administrator")
    handed = hand_over(member=member, to=None, actor=actor, reason="调离", end_duties=True, leaves=True)
    return {"tasks": [task.task_id for task in handed.tasks], "shares": handed.shares}


def open_tasks() -> dict[str, Any]:
    tasks = Task.objects.filter(status__in=OPEN, flow_task_type="HUMAN").order_by("pk")
    return {"tasks": list(tasks.values_list("pk", flat=True))}


def look() -> dict[str, Any]:
    """Per case: its open steps with their owners, whether those may sign in; what was told to whom."""
    cases = []
    for case in Request.objects.order_by("pk"):
        tasks = Task.objects.filter(process=case.process_id, flow_task_type="HUMAN").select_related("owner")
        events = Event.objects.filter(subject_type="request", subject_id=case.pk)
        transfers = [event for event in events if event.kind == "task.transferred"]
        cases.append(
            {
                "open": [
                    [
                        step_of(task).block_id,
                        task.owner.username if task.owner else None,
                        task.owner and task.owner.is_active,
                    ]
                    for task in tasks
                    if task.status in OPEN
                ],
                "ran": [step_of(task).block_id for task in tasks],
                "told": [
                    [
                        event.payload["to"],
                        sorted(event.notifications.values_list("user__username", flat=True)),
                    ]
                    for event in transfers
                ],
                "chain": verify(Subject("request", case.pk)) == events.count(),
            }
        )
    return {"cases": cases}


def _until(at: float) -> None:
    while time.time() < at:
        pass


if __name__ == "__main__":
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(globals()[order.pop("do")](**order)), flush=True)
