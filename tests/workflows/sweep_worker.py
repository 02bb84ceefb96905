"""One of the sweepers of ``test_sweeps``: an order a line comes in, an answer a line goes out."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import django

django.setup()

import time_machine  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402
from viewflow.workflow.models import Task  # noqa: E402

from grid.models import User  # noqa: E402
from realtime.log import Subject, verify  # noqa: E402
from realtime.models import Event, Notification  # noqa: E402
from tests.factories import Town  # noqa: E402
from tests.workflows.office import lamp, suspended  # noqa: E402
from workflows.actions.calendar import add_entry, follow_calendar  # noqa: E402
from workflows.actions.deadlines import tell_deadlines  # noqa: E402
from workflows.actions.supervision import supervise_case, tell_unanswered  # noqa: E402
from workflows.actions.suspension import resume_due  # noqa: E402
from workflows.actions.timers import fire_timers  # noqa: E402
from workflows.models import Request  # noqa: E402

MONDAY = datetime.fromisoformat("2026-11-09T09:00:00+08:00")
SWEEPS = (resume_due, follow_calendar, fire_timers, tell_deadlines, tell_unanswered)


def prepare(count: int) -> dict[str, Any]:
    """So many cases of two working days with an order each; as many more that stand still until the 16th."""
    town = Town.found()
    with time_machine.travel(MONDAY, tick=True):
        for _each in range(count):
            case = lamp(town)
            supervise_case(
                request_id=case.pk,
                actor=town.supervisor,
                level=1,
                text="报进展",
                reply_by=timezone.localdate() + timedelta(days=2),
            )
            suspended(town, lamp(town), days=7)
    return {"cases": Request.objects.count()}


def change_calendar(first: str) -> dict[str, Any]:
    day = datetime.fromisoformat(first).date()
    add_entry(first=day, last=day, kind="off", actor=User.objects.get(username="administrator"))
    return {}


def sweep(hours: float, at: float, die_after: int = 0) -> dict[str, Any]:
    """Sweep once, so many hours after the cases were filed; begin at an instant of the real clock.

    With ``die_after`` the process kills itself in the middle, right before its n-th commit.
    """
    while time.time() < at:
        pass
    if die_after:
        _die_before_commit(die_after)
    with time_machine.travel(MONDAY + timedelta(hours=hours), tick=True):
        done = {job.__name__: job() for job in SWEEPS}
    return done


def _die_before_commit(number: int) -> None:
    commit, left = connection._commit, [number]

    def killed() -> Any:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return commit()

    connection._commit = killed


def look() -> dict[str, Any]:
    """How often each kind of announcement was made per case; whether every chain holds; what is armed."""
    told = Event.objects.filter(subject_type="request").values_list("subject_id", "kind", "payload")
    counts: dict[str, Counter[int]] = {}
    for subject_id, kind, payload in told:
        name = f"{kind} {payload['days']}" if kind == "deadline.overdue" else kind
        counts.setdefault(name, Counter())[subject_id] += 1
    for pk in Request.objects.values_list("pk", flat=True):
        verify(Subject("request", pk))
    return {
        "once": {kind: len(each) for kind, each in counts.items() if set(each.values()) == {1}},
        "often": {kind: max(each.values()) for kind, each in counts.items() if max(each.values()) > 1},
        "late": Task.objects.filter(flow_task_type="TIMER", status="DONE").count(),
        "twice": Notification.objects.count()
        - Notification.objects.values("user", "event").distinct().count(),
        "states": dict(Counter(Request.objects.values_list("state", flat=True))),
    }


if __name__ == "__main__":
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(globals()[order.pop("do")](**order)), flush=True)
