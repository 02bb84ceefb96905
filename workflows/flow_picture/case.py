"""What a case did on its workflow, read from its tasks: for the picture of the flow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from viewflow.workflow.models import Task
from viewflow.workflow.status import PROCESS, STATUS

from grid.models import DutyRole

from .. import pools
from ..engine import schema
from ..models import Request
from ..outline import titles_of
from ..policies import OPEN_TASK, Sight, sight
from .cards import Remark, State, Stay, Trace, Who
from .draw import consequence, passed_over

_PEOPLE = "HUMAN"


def trace_of(request: Request, definition: schema.Definition, viewer: Any) -> Trace:
    """The case's way so far, as one viewer may know it. Four queries, however long it is."""
    return _Tracer(request, definition, sight(viewer, request)).trace()


class _Tracer:
    def __init__(self, request: Request, definition: schema.Definition, seen: Sight) -> None:
        self.request, self.definition, self.seen = request, definition, seen
        self.blocks = {
            block.id: block for block in schema.blocks(definition.body) if getattr(block, "id", None)
        }
        self.titles = titles_of(definition)
        self.roles = {role.code: str(role) for role in DutyRole.objects.all()}
        tasks = Task.objects.filter(process_id=request.process_id).select_related("owner").order_by("pk")
        self.tasks = [task for task in tasks if task.flow_task is not None]
        open_pools = {
            task.owner_permission for task in self.tasks if task.owner_id is None and task.status in OPEN_TASK
        }
        #: Rounds of steps for several people by the fork that gave out their seats, and how they were
        #: settled.
        self.rounds: dict[str, Stay] = {}
        self.settled: list[tuple[str, str]] = []
        self.pools = pools.names(open_pools) if seen.staff_names else {}

    def trace(self) -> Trace:
        stays: dict[str, list[Stay]] = {}
        outcomes: dict[str, set[str]] = {}
        for task in self.tasks:
            block = self.blocks.get(schema.block_of(task.flow_task.name))
            if block is not None and self.is_passed_over(block, task):
                stays.setdefault(block.id, []).append(
                    Stay("done", task.created, task.finished, remarks=[passed_over("")])
                )
            # Parts of a block (joins, deadlines) are no stays of their own.
            if block is None or task.flow_task.name != schema.node_name(block.id):
                continue
            if isinstance(block, schema.Approval) and block.for_several:
                self.seat(block, task, stays.setdefault(block.id, []))
                continue
            stays.setdefault(block.id, []).append(self.stay(block, task))
            if code := (task.data or {}).get("outcome"):
                outcomes.setdefault(block.id, set()).add(code)
        for block_id, code in self.settled:
            outcomes.setdefault(block_id, set()).add(code)
        process = self.request.process
        return Trace(
            stays=stays,
            taken={block.id: self.taken(block, stays) for block in self.blocks.values() if block.id in stays},
            outcomes={block: frozenset(codes) for block, codes in outcomes.items()},
            is_over=process is not None and process.status == PROCESS.DONE,
        )

    def stay(self, block: Any, task: Task) -> Stay:
        if task.flow_task_type != _PEOPLE:
            waiting = task.status == STATUS.SCHEDULED
            stay = Stay("now" if waiting else _over(task), task.created, task.finished)
            if waiting and task.scheduled:
                stay.remarks.append(Remark(_("Goes on by itself"), "hourglass", "wait", task.scheduled))
            return stay
        is_open = task.status in OPEN_TASK
        stay = Stay(
            "now" if is_open else _over(task),
            (task.assigned or task.created) if is_open else task.created,
            None if is_open else task.finished,
            who=self.who(task),
            pool=task.owner_id is None,
        )
        if task.status == STATUS.DONE and task.finished is not None:
            stay.took = (task.finished - task.created).total_seconds()
        if why := (task.data or {}).get("skipped"):
            stay.took, stay.who = None, []
            stay.remarks.append(passed_over(why))
        self.decided(stay, block, task)
        if is_open:
            stay.remarks += self.deadlines(task)
        return stay

    def seat(self, block: schema.Approval, task: Task, stays: list[Stay]) -> None:
        """One seat of a step for several people: they are one stay, with a word about each of them."""
        prefix = task.token.token.rsplit("_", 1)[0] + "_"
        stay = self.rounds.get(prefix)
        if stay is None:
            stay = self.rounds[prefix] = Stay("now", task.created)
            stays.append(stay)
            self.settle(stay, block, prefix)
        for who in self.who(task):
            stay.who.append(Who(who.name, self.said(block, task)))
        if task.status in OPEN_TASK:
            stay.remarks += self.deadlines(task)

    def is_passed_over(self, block: Any, task: Task) -> bool:
        """Whether this is the fork of a step for several people that gave out no seat."""
        if task.flow_task.name != schema.node_name(getattr(block, "id", ""), "fork"):
            return False
        return task.status == STATUS.DONE and not (task.data or {}).get("given")

    def said(self, block: schema.Approval, task: Task) -> str:
        if task.status in OPEN_TASK:
            return _("still to decide")
        outcome = block.outcome((task.data or {}).get("outcome", ""))
        return (
            outcome.title if outcome is not None and task.status == STATUS.DONE else _("not needed any more")
        )

    def settle(self, stay: Stay, block: schema.Approval, prefix: str) -> None:
        """How the round ended, from the join that settled it; or void, when the case was sent back."""
        join = next((task for task in self.tasks if (task.data or {}).get("branches") == prefix), None)
        seats = [task for task in self.tasks if task.token.token.startswith(prefix)]
        if join is not None and join.status == STATUS.DONE:
            stay.state, stay.until = "done", join.finished
            stay.took = (join.finished - stay.at).total_seconds() if join.finished else None
            code = join.data.get("outcome", "")
            if outcome := block.outcome(code):
                stay.outcome, stay.style = outcome.title, outcome.style
                self.settled.append((block.id, code))
        elif not any(task.status in OPEN_TASK for task in seats):
            stay.state, stay.until = (
                "void",
                max((task.finished for task in seats if task.finished), default=None),
            )

    def decided(self, stay: Stay, block: Any, task: Task) -> None:
        data = task.data or {}
        outcome = block.outcome(data.get("outcome", "")) if isinstance(block, schema.Approval) else None
        if outcome is not None:
            stay.outcome, stay.style = outcome.title, outcome.style
        elif target := data.get("back_to"):
            stay.outcome = _("Sent back to “%(step)s”") % {"step": self.titles.get(target, target)}
            stay.style = "danger"

    def who(self, task: Task) -> list[Who]:
        """Whoever has it or had it, as far as the viewer may know."""
        mark = (task.owner_permission or "").split(".")
        role = self.roles.get(mark[1], "") if mark[0] == "duty" and len(mark) == 3 else ""
        if task.owner_id is not None and task.owner_id == self.request.reporter_id:
            return [Who(_("the resident who asked"))]
        if not self.seen.staff_names:
            return [Who(role)] if role else []
        if task.owner is not None:
            return [Who(str(task.owner), role)]
        return [Who(name) for name in self.pools.get(task.owner_permission or "", [])]

    def deadlines(self, host: Task) -> Sequence[Remark]:
        """What happens if nobody acts: the deadlines armed for this step."""
        token = host.token.token
        armed = [
            task
            for task in self.tasks
            if task.status == STATUS.SCHEDULED
            and hasattr(task.flow_task, "deadline")
            and schema.block_of(task.flow_task.name) == schema.block_of(host.flow_task.name)
            and task.token.token == token
        ]
        return [
            Remark(
                consequence(host.flow_task.block, task.flow_task.deadline, self.roles, self.titles),
                "clock",
                "wait",
                task.scheduled,
            )
            for task in sorted(armed, key=lambda task: task.scheduled)
        ]

    def taken(self, block: Any, stays: dict[str, list[Stay]]) -> frozenset[int]:
        """The branches of a fork in which the case was seen. An empty branch leaves no trace: it was taken if
        no other was."""
        match block:
            case schema.Condition() | schema.Inclusive():
                bodies = [case.body for case in block.cases] + [block.otherwise]
            case schema.Parallel(branches=branches):
                return frozenset(range(len(branches)))
            case _:
                return frozenset()
        found = frozenset(number for number, body in enumerate(bodies) if _seen(body, stays))
        return found or frozenset({len(bodies) - 1})


def _seen(body: Any, stays: dict[str, list[Stay]]) -> bool:
    return any(getattr(block, "id", None) in stays for block in schema.blocks(body))


def _over(task: Task) -> State:
    return "void" if task.status == STATUS.CANCELED else "done"
