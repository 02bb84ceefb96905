"""The process of ``test_versions``: an order a line comes in, an answer a line goes out."""

from __future__ import annotations

import json
import sys
from typing import Any

import django

django.setup()

from django.utils import translation  # noqa: E402
from viewflow.workflow.models import Task  # noqa: E402
from viewflow.workflow.status import PROCESS  # noqa: E402

from grid.models import User  # noqa: E402
from realtime.log import Subject, verify  # noqa: E402
from realtime.models import Event  # noqa: E402
from tests.factories import Town  # noqa: E402
from tests.workflows.flowing import approval, begin, condition, parallel, publish, sequence  # noqa: E402
from workflows.actions.migration import check_migration, migrate_cases  # noqa: E402
from workflows.actions.tasks import decide_task  # noqa: E402
from workflows.engine.describe import step_of  # noqa: E402
from workflows.engine.move import OPEN, OVER  # noqa: E402
from workflows.models import Request, WorkflowVersion  # noqa: E402

YES = {"code": "yes", "name": "同意", "agrees": True}
NO = {"code": "no", "name": "不同意"}
LATE = {"deadlines": [{"after": {"limit": 2, "clock": "work_days"}, "action": "remind"}]}
PANEL = [{"people": ["checker", "dispatcher", "registrar"]}]


def vote(**rule: Any) -> dict[str, Any]:
    return approval("panel", PANEL, mode="vote", outcomes=[YES, NO], vote=rule)


def both(*right: dict[str, Any]) -> dict[str, Any]:
    return parallel("both", approval("left", **LATE), sequence(*right))


HURRY = condition("urgent", "urgent = true", approval("hurry", "dispatcher"))
#: Five versions of one workflow; each changes what clerks change.
VERSIONS = [
    [
        approval("accept", "registrar"),
        both(approval("right", "checker")),
        vote(percent=75),
        approval("close"),
    ],
    [
        approval("accept", "registrar", **LATE),
        both(approval("right", "checker"), approval("more", "checker")),
        vote(percent=75),
        approval("close", moves=["return"]),
    ],
    [
        approval("accept", "registrar"),
        HURRY,
        both(approval("right", "checker")),
        vote(percent=60),
        approval("close"),
    ],
    [
        approval("accept", "registrar"),
        both(approval("right", "checker")),
        vote(count=3),
        approval("close", **LATE),
    ],
    [
        approval("accept", "registrar"),
        HURRY,
        both(approval("right", "checker")),
        vote(percent=50),
        approval("sign", "shift_leader"),
        approval("close", moves=["return"]),
    ],
]
#: The same as the last, but the panel is gone: a case that is with it would be stranded.
WITHOUT_PANEL = [block for block in VERSIONS[-1] if block["id"] != "panel"]


def start(count: int) -> dict[str, Any]:
    """``count`` cases on each of the versions, each published in its turn; left at every place in it."""
    town, numbers = Town.found(), []
    for number, blocks in enumerate(VERSIONS):
        publish(*blocks)
        for turn in range(count):
            case = begin(town, grid=1 + turn % 7, urgency="urgent" if turn % 3 == 0 else "normal")
            steps(case, turn % (8 + number % 2))
            numbers.append(case.number)
    return {"cases": numbers, "versions": on_versions()}


def steps(case: Request, most: int) -> int:
    """Decide open steps of a case, the oldest first; how many."""
    for done in range(most):
        opened = Task.objects.filter(process=case.process_id, status__in=OPEN, flow_task_type="HUMAN")
        task = opened.order_by("pk").first()
        if task is None:
            return done
        actor = task.owner or User.objects.get(username="member6")
        outcome = "yes" if step_of(task).block_id == "panel" else "done"
        decide_task(task_id=task.pk, actor=actor, outcome=outcome)
    return most


def on_versions() -> dict[str, int]:
    """Number of version → running cases on it."""
    counts: dict[str, int] = {}
    for version in WorkflowVersion.objects.filter(definition__key="trial"):
        running = Request.objects.filter(process__flow_class=version.flow_class)
        counts[str(version.number)] = running.exclude(process__status=PROCESS.DONE).count()
    return counts


def finish(cases: list[str]) -> dict[str, Any]:
    """Decide these cases to their ends; those that do not get there, and on which versions they ended."""
    hanging, versions = [], {}
    for case in Request.objects.filter(number__in=cases).select_related("process"):
        before = case.process.flow_class.__name__
        steps(case, 40)
        case = Request.objects.select_related("process").get(pk=case.pk)
        open_tasks = Task.objects.filter(process=case.process_id).exclude(status__in=OVER)
        if case.process.status != PROCESS.DONE or open_tasks.exists():
            hanging.append(case.number)
        if case.process.flow_class.__name__ != before:
            hanging.append(f"{case.number} left its version")
        versions[before] = versions.get(before, 0) + 1
    return {"hanging": hanging, "versions": versions}


def check(target: int) -> dict[str, Any]:
    with translation.override("en"):
        return check_migration(**between(target), chosen={}).as_json()


def migrate(target: int, **chosen: str) -> dict[str, Any]:
    """``chosen``: what steps of the second version correspond to."""
    second = WorkflowVersion.objects.get(definition__key="trial", number=2)
    actor = User.objects.get(username="administrator")
    with translation.override("en"):
        return migrate_cases(**between(target), chosen={str(second.pk): chosen}, actor=actor).as_json()


def between(target: int) -> dict[str, Any]:
    versions = WorkflowVersion.objects.filter(definition__key="trial").order_by("number")
    return {
        "sources": [version for version in versions if version.number != target],
        "target": versions.get(number=target),
    }


def without_panel() -> dict[str, Any]:
    return {"number": publish(*WITHOUT_PANEL).number}


def at(block: str) -> list[str]:
    """Numbers of the running cases that are at this step."""
    return [
        case.number
        for case in Request.objects.exclude(process=None).exclude(process__status=PROCESS.DONE)
        if any(
            step_of(task).block_id == block
            for task in Task.objects.filter(process=case.process_id, status__in=OPEN)
        )
    ]


def verified(cases: list[str]) -> bool:
    """Whether every case's chain of events is whole."""
    ids = Request.objects.filter(number__in=cases).values_list("pk", flat=True)
    return all(
        verify(Subject("request", pk)) == Event.objects.filter(subject_type="request", subject_id=pk).count()
        for pk in ids
    )


if __name__ == "__main__":
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(globals()[order.pop("do")](**order)), flush=True)
