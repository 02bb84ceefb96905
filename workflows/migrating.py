"""Running cases and the versions they are on, read for moving them to another version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count
from viewflow.workflow.models import Task
from viewflow.workflow.status import PROCESS, STATUS

from .engine.migration import CaseRows
from .engine.move import OVER
from .engine.schema import block_of, node_name
from .models import Request, WorkflowDefinition, WorkflowVersion

#: Cases read at a time.
BATCH = 200
_Link = Task.previous.through


@dataclass(frozen=True)
class Running:
    """A version, how many cases run on it, and how many of them wait at each block."""

    version: WorkflowVersion
    count: int
    open_at: Mapping[str, int]


def flow_ref(version: WorkflowVersion) -> str:
    """What viewflow stores with a process on this version."""
    return f"workflows/flows.WF_{version.pk}"


def running_on(versions: Iterable[WorkflowVersion]) -> list[int]:
    """Ids of the cases that run on these versions, the oldest first."""
    refs = [flow_ref(version) for version in versions]
    running = Request.objects.filter(process__flow_class__in=refs).exclude(process__status=PROCESS.DONE)
    return list(running.order_by("pk").values_list("pk", flat=True))


def running_by_version(definition: WorkflowDefinition) -> list[Running]:
    """The versions of a workflow that cases run on, the newest first, and where their cases wait. Three
    queries.
    """
    versions = list(definition.versions.exclude(status=WorkflowVersion.Status.DRAFT).order_by("-number"))
    refs = {flow_ref(version): version for version in versions}
    running = Request.objects.filter(process__flow_class__in=refs).exclude(process__status=PROCESS.DONE)
    counts = dict(running.order_by().values_list("process__flow_class").annotate(n=Count("pk")))
    by_name = {flow_class.__name__: count for flow_class, count in counts.items()}
    open_at = _open_at(refs)
    return [
        Running(version, by_name[name], open_at.get(name, {}))
        for version in versions
        if (name := f"WF_{version.pk}") in by_name
    ]


def _open_at(refs: Iterable[str]) -> dict[str, dict[str, int]]:
    """Name of a version's class → block → running cases that wait there: at a step, or for a timer."""
    waiting = Task.objects.filter(process__flow_class__in=refs, process__request__isnull=False)
    rows = waiting.exclude(status__in=OVER).order_by().values_list("process__flow_class", "flow_task")
    counts: dict[str, dict[str, int]] = {}
    for flow_class, node, count in rows.annotate(n=Count("process", distinct=True)):
        block = block_of(node.name) if node is not None else ""
        if node is not None and node.name == node_name(block):
            counts.setdefault(flow_class.__name__, {})[block] = count
    return counts


def read_cases(request_ids: Sequence[int]) -> Iterator[tuple[Request, CaseRows]]:
    """These cases with their processes, tasks and deadlines; three queries for every ``BATCH`` of them."""
    for begin in range(0, len(request_ids), BATCH):
        batch = request_ids[begin : begin + BATCH]
        requests = list(Request.objects.filter(pk__in=batch).select_related("process").order_by("pk"))
        tasks: dict[int, list[Task]] = {}
        rows = Task.objects.filter(process__in=[request.process_id for request in requests]).order_by("pk")
        for task in rows:
            if task.flow_task is not None:
                tasks.setdefault(task.process_id, []).append(task)
        hosts = _hosts([task for found in tasks.values() for task in found])
        for request in requests:
            own, process = tasks.get(request.process_id, []), request.process
            yield request, CaseRows(request, process.flow_class, process.data or {}, own, hosts)


def read_case(request: Request) -> CaseRows:
    """One case, as it is now."""
    rows = Task.objects.filter(process_id=request.process_id).order_by("pk")
    tasks = [task for task in rows if task.flow_task is not None]
    process = request.process
    return CaseRows(request, process.flow_class, process.data or {}, tasks, _hosts(tasks))


def _hosts(tasks: Iterable[Task]) -> dict[int, int]:
    """Deadline's task → the step's task it belongs to."""
    deadlines = [
        task.pk
        for task in tasks
        if hasattr(task.flow_task, "deadline") and task.status in (STATUS.SCHEDULED, STATUS.DONE)
    ]
    links = _Link.objects.filter(from_task__in=deadlines) if deadlines else _Link.objects.none()
    return dict(links.values_list("from_task_id", "to_task_id"))
