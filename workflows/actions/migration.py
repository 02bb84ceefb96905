"""Moving running cases to another version of their workflow: checked first, then case by case.

Checking writes nothing. If one case would be stranded, none is moved, and the report names it and why. What
is checked is checked again when it is done: as a whole before the first case, and each case under its own
lock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone
from viewflow.workflow.models import Task
from viewflow.workflow.status import PROCESS, STATUS

from grid.models import User
from realtime.events import RequestMigrated

from ..engine.migration import CasePlan, Mover
from ..engine.move import Move
from ..engine.nodes import SettleNode
from ..engine.nodes.steps import advance
from ..locking import lock_case
from ..migrating import read_case, read_cases, running_on
from ..models import Request, WorkflowVersion
from .moves import tell

#: Problems and remarks of so many cases are listed; all are counted.
LISTED = 200

#: Version's id as text → block of that version → block of the one cases move to, "" for none.
Chosen = Mapping[str, Mapping[str, str]]
Progress = Callable[[int], None]


@dataclass
class Checked:
    """What moving would mean, or meant. ``as_json`` is what a job keeps."""

    cases: int = 0
    at: Counter[tuple[int, str, str]] = field(default_factory=Counter)
    stranded: list[dict[str, Any]] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)
    deadlines: int = 0
    moved: int = 0
    gone: int = 0
    left: list[dict[str, Any]] = field(default_factory=list)

    def add(self, request: Request, version: WorkflowVersion, mover: Mover, plan: CasePlan) -> None:
        self.cases += 1
        for code in plan.at:
            target = mover.mapping.get(code, "")
            self.at[version.number, mover.title(code), mover.new_title(target) if target else ""] += 1
        self.notes.update(plan.notes)
        self.deadlines += len(plan.arm)
        if plan.problems:
            self.stranded.append(named(request, version, mover, plan))

    def as_json(self) -> dict[str, Any]:
        return {
            "cases": self.cases,
            "at": [
                {"version": version, "step": step, "to": to, "n": n}
                for (version, step, to), n in sorted(
                    self.at.items(), key=lambda item: (-item[0][0], -item[1])
                )
            ],
            "stranded": self.stranded[:LISTED],
            "stranded_count": len(self.stranded),
            "notes": [{"text": text, "n": n} for text, n in self.notes.most_common()],
            "deadlines": self.deadlines,
            "moved": self.moved,
            "gone": self.gone,
            "left": self.left[:LISTED],
            "left_count": len(self.left),
        }


def named(request: Request, version: WorkflowVersion, mover: Mover, plan: CasePlan) -> dict[str, Any]:
    """A case that would be stranded, and why."""
    return {
        "number": request.number,
        "version": version.number,
        "steps": [mover.title(code) for code in plan.at],
        "why": [problem.message for problem in plan.problems],
    }


def movers(sources: Sequence[WorkflowVersion], target: WorkflowVersion, chosen: Chosen) -> dict[int, Mover]:
    """Version's id → who plans the way from it."""
    return {
        source.pk: Mover(source.flow_class, target.flow_class, chosen.get(str(source.pk), {}))
        for source in sources
    }


def check_migration(
    *,
    sources: Sequence[WorkflowVersion],
    target: WorkflowVersion,
    chosen: Chosen,
    progress: Progress = lambda percent: None,
) -> Checked:
    """What moving every case that runs on ``sources`` to ``target`` would mean. Writes nothing."""
    checked, planned = Checked(), movers(sources, target, chosen)
    by_class = {source.flow_class: source for source in sources}
    now, ids = timezone.now(), running_on(sources)
    for done, (request, rows) in enumerate(read_cases(ids), start=1):
        source = by_class.get(rows.flow_class)
        if source is not None:
            mover = planned[source.pk]
            checked.add(request, source, mover, mover.plan(rows, now))
        if done % 50 == 0:
            progress(done * 100 // len(ids))
    return checked


def migrate_cases(
    *,
    sources: Sequence[WorkflowVersion],
    target: WorkflowVersion,
    chosen: Chosen,
    actor: User,
    progress: Progress = lambda percent: None,
) -> Checked:
    """Move every case that runs on ``sources``, each in a transaction of its own under its lock.

    Nothing is moved when the check finds one that would be stranded: ``stranded`` says which. A case that
    became one in the meantime stays where it is and is in ``left``; one that ended meanwhile is ``gone``.
    """
    checked = check_migration(
        sources=sources, target=target, chosen=chosen, progress=lambda percent: progress(percent // 3)
    )
    if checked.stranded:
        return checked
    planned, ids = movers(sources, target, chosen), running_on(sources)
    for done, request_id in enumerate(ids, start=1):
        _migrate(request_id, sources, target, planned, actor, checked)
        if done % 20 == 0:
            progress(33 + done * 66 // len(ids))
    return checked


@transaction.atomic
def _migrate(
    request_id: int,
    sources: Sequence[WorkflowVersion],
    target: WorkflowVersion,
    planned: Mapping[int, Mover],
    actor: User,
    checked: Checked,
) -> None:
    request = lock_case(request_id)
    process = request.process
    assert process is not None
    source = next((one for one in sources if one.flow_class is process.flow_class), None)
    if source is None or process.status == PROCESS.DONE:
        checked.gone += 1
        return
    move = Move(request, process, actor)
    mover = planned[source.pk]
    plan = mover.plan(read_case(request), move.now)
    if plan.problems:
        checked.left.append(named(request, source, mover, plan))
        return
    _write(move, mover, plan)
    move.note(RequestMigrated, from_version=source.number, to_version=target.number)
    tell(move)
    checked.moved += 1


def _write(move: Move, mover: Mover, plan: CasePlan) -> None:
    """Refer the case's rows to the new version, and see to the deadlines of its open steps.

    A step for several people may be settled by the new version's rule: it is counted again.
    """
    move.change_version(mover.new, plan.process_data)
    changed = Task.objects.in_bulk({*plan.nodes, *plan.data, *plan.scheduled})
    for pk, task in changed.items():
        task.flow_task = plan.nodes.get(pk, task.flow_task)
        task.data = plan.data.get(pk, task.data)
        task.scheduled = plan.scheduled.get(pk, task.scheduled)
    Task.objects.bulk_update(changed.values(), ["flow_task", "data", "scheduled"])
    armed = Task.objects.filter(pk__in=plan.disarm, status=STATUS.SCHEDULED)
    armed.update(status=STATUS.CANCELED, finished=move.now)
    for arming in plan.arm:
        host = changed[arming.host.pk]
        host.process = move.process
        activation = host.flow_task.activation_class(host)
        timer = arming.node.activation_class.create(arming.node, activation, host.token)
        if timer.task.scheduled != arming.at:
            timer.task.scheduled = arming.at
            timer.task.save(update_fields=["scheduled"])
    joins = [task for task in changed.values() if isinstance(task.flow_task, SettleNode)]
    for task in joins:
        task.process = move.process
    advance(task.flow_task.activation_class(task) for task in joins if task.status == STATUS.STARTED)
