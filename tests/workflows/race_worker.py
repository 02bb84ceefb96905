"""One of the processes of ``test_race``: an order a line comes in, an answer a line goes out."""

from __future__ import annotations

import json
import sys
import time
from datetime import timedelta
from typing import Any

import django

django.setup()

from django.db import transaction  # noqa: E402
from django.utils import timezone  # noqa: E402
from viewflow.workflow.models import Task  # noqa: E402

from grid import stamp  # noqa: E402
from grid.errors import Refused  # noqa: E402
from grid.models import Area, Responsibility, User  # noqa: E402
from realtime.log import Subject, verify  # noqa: E402
from realtime.models import Event  # noqa: E402
from tests.workflows.flowing import DONE, approval, open_blocks, parallel, publish  # noqa: E402
from workflows.actions.cases import start_case  # noqa: E402
from workflows.actions.tasks import decide_task  # noqa: E402
from workflows.actions.timers import fire_timers  # noqa: E402
from workflows.actions.webhooks import send_webhooks  # noqa: E402
from workflows.engine.describe import step_of  # noqa: E402
from workflows.models import Opinion, Request  # noqa: E402

AGREES = {"code": "yes", "name": "同意", "agrees": True}


def prepare(racers: list[str]) -> dict[str, Any]:
    """All racers on duty for one grid; a pool step, and a fork with a step behind it."""
    area = Area.objects.filter(level="grid").order_by("path").first()
    with transaction.atomic():
        stamp.bump()
        Responsibility.objects.filter(area=area).delete()
        for username in racers:
            member = User.objects.get(username=username).member
            Responsibility.objects.create(member=member, area=area, role_id="grid_member")
    publish(approval("one", handler=True), approval("two", "checker"), key="pool")
    branches = [approval("left", "checker"), approval("right", "shift_leader")]
    publish(parallel("both", *branches), approval("after", "supervisor", handler=True), key="fork")
    seated = approval("one", [{"people": racers}], mode="any", outcomes=[AGREES, DONE])
    publish(seated, approval("two", "checker"), key="any")
    return {"names": {name: User.objects.get(username=name).name for name in racers}}


def start(definition: str) -> dict[str, Any]:
    area = Area.objects.filter(level="grid").order_by("path").first()
    number = f"race{time.time_ns()}"
    case = Request.objects.create(number=number, text="x", area=area, area_path=area.path)
    with transaction.atomic():
        start_case(case, actor=None, definition=definition)
    tasks = Task.objects.filter(process=case.process_id, flow_task_type="HUMAN")
    found = {step_of(task).block_id: task.pk for task in tasks}
    seats = {task.owner.username: task.pk for task in tasks if task.owner}
    return {"case": case.pk, "tasks": found, "seats": seats}


def late(cases: int) -> list[int]:
    """Cases that told another system and whose reminders, repeated every hour, have been due for a minute."""
    hour = {"limit": 1, "clock": "urgent_hours"}
    reminder = {"after": hour, "action": "remind", "every": hour}
    hook = {"type": "webhook", "id": "tell", "name": "通知", "hook": "other"}
    publish(hook, approval("one", handler=True, deadlines=[reminder]), key="late")
    ids = [start("late")["case"] for _number in range(cases)]
    armed = Task.objects.filter(process__request__in=ids, flow_task_type="TIMER")
    armed.update(scheduled=timezone.now() - timedelta(minutes=1))
    return ids


def sweep(at: float) -> dict[str, int]:
    while time.time() < at:
        pass
    return {"fired": fire_timers(), "sent": send_webhooks()}


def reminded(cases: list[int]) -> dict[str, Any]:
    """How often each case was reminded of, and how many timers of it are armed now."""
    events = Event.objects.filter(subject_type="request", kind="task.timed_out")
    return {
        "told": [events.filter(subject_id=case).count() for case in cases],
        "armed": [
            Task.objects.filter(process__request=case, flow_task_type="TIMER", status="SCHEDULED").count()
            for case in cases
        ],
        "chain": all(verify(Subject("request", case)) for case in cases),
    }


def decide(task: int, user: str, at: float) -> dict[str, Any]:
    actor = User.objects.get(username=user)
    while time.time() < at:
        pass
    try:
        decide_task(task_id=task, actor=actor, outcome="done")
    except Refused as refusal:
        return {"user": user, "refused": str(refusal)}
    return {"user": user}


def look(case: int) -> dict[str, Any]:
    request = Request.objects.get(pk=case)
    tasks = Task.objects.filter(process=request.process_id)
    events = Event.objects.filter(subject_type="request", subject_id=case)
    return {
        "open": open_blocks(request),
        "joins": [str(task.status) for task in tasks.filter(flow_task_type="JOIN")],
        "owners": [task.owner.username for task in tasks.filter(status="DONE", owner__isnull=False)],
        "opinions": Opinion.objects.filter(request=request).count(),
        "decided": events.filter(kind="task.decided").count(),
        "settled": events.filter(kind="task.settled").count(),
        "chain": verify(Subject("request", case)) == events.count(),
    }


if __name__ == "__main__":
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(globals()[order.pop("do")](**order)), flush=True)
