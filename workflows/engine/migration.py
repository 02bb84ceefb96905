"""Moving a running case to another version of its workflow: what fits where, and what would be stranded.

A version never changes, so a case that is to follow a new one has its process and its tasks referred to that
version's nodes. :class:`Mover` plans this for one case from its rows and writes nothing; the action
(``workflows.actions.migration``) writes the plan under the case's lock.

The rules, for every case:

* every open step and wait, and every fork it lies in, has a counterpart of the same kind; branches that are
  different stay different, and nothing gets into a fork it was not split by or out of one it was;
* what was decided so far keeps its meaning: seats' outcomes are known, a straight way back still leads
  somewhere, steps sent back to and the handler's step are among those the case has been through;
* what later conditions and steps ask for is there, or will be filled in;
* people keep what they have. Deadlines that are the same keep their moment; new ones count from the beginning
  of the step, or from now where that moment has passed already: nothing is decided for anybody out of the
  blue. One that has gone off does not go off again.

Steps that are over and have no counterpart stay with the version they were done on: they are history.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from workflows import conditions, limits
from workflows.models import Request

from . import schema
from .counterparts import by_id, counterparts, drawn_before, kind_of, optional, places
from .move import OPEN, OVER
from .nodes.timers import limit_ends
from .schema import Approval, Condition, Inclusive, Limit, Parallel, Timer, node_name
from .vocabulary import names_of


@dataclass(frozen=True)
class Problem:
    """Why a case cannot be moved. ``block`` is the step of the old version it is about, "" for none."""

    block: str
    message: str


@dataclass(frozen=True)
class Arming:
    """A deadline of the new version to be armed for an open step."""

    host: Task
    node: Any
    at: datetime


@dataclass
class CasePlan:
    """What becomes of one case: the new node of each task by its id, changed data, deadlines, the process's
    data.

    Nothing may be written of a plan with problems.
    """

    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    at: list[str] = field(default_factory=list)
    nodes: dict[int, Any] = field(default_factory=dict)
    data: dict[int, dict[str, Any]] = field(default_factory=dict)
    scheduled: dict[int, datetime] = field(default_factory=dict)
    disarm: list[int] = field(default_factory=list)
    arm: list[Arming] = field(default_factory=list)
    process_data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CaseRows:
    """A running case as read: its row, its version's class, its process's data, its tasks in order, and
    deadline's task → host's task."""

    request: Request
    flow_class: Any
    process_data: Mapping[str, Any]
    tasks: Sequence[Task]
    hosts: Mapping[int, int]


# --- one case ----------------------------------------------------------------------------------------
class Mover:
    """Plans the way of cases from one version (``old``, a flow class) to another.

    ``chosen`` says for blocks of the old version what they become; those not named keep their counterparts,
    and "" means they have none.
    """

    def __init__(self, old: Any, new: Any, chosen: Mapping[str, str] | None = None) -> None:
        self.old, self.new = old, new
        self.before, self.after = by_id(old.definition), by_id(new.definition)
        found = counterparts(old.definition, new.definition) | dict(chosen or {})
        self.mapping = {code: other for code, other in found.items() if other in self.after}
        self.old_places, self.new_places = places(old.definition.body), places(new.definition.body)
        self.names = names_of(new.definition)
        self.drawn_before = drawn_before(new.definition.body)
        self.nodes = {node.name: node for node in new.instance.nodes()}

    def plan(self, case: CaseRows, now: datetime) -> CasePlan:
        return _Planner(self, case, now).plan()

    def title(self, code: str) -> str:
        """What a block of the old version is called."""
        return str(getattr(self.before.get(code), "title", "") or code)

    def new_title(self, code: str) -> str:
        return str(getattr(self.after.get(code), "title", "") or code)


class _Planner:
    def __init__(self, mover: Mover, case: CaseRows, now: datetime) -> None:
        self.mover, self.case, self.now = mover, case, now
        self.made = CasePlan(process_data={**case.process_data})
        self.mapping = dict(mover.mapping)
        self.open = [task for task in case.tasks if task.status not in OVER and self.is_stay(task)]
        self.steps = [task for task in self.open if task.status in OPEN]

    def plan(self) -> CasePlan:
        made = self.made
        made.at = list(dict.fromkeys(_block(task) for task in self.open))
        self.check_open()
        if not made.problems:
            self.check_places()
        self.map_tasks()
        if not made.problems:
            self.check_said()
            self.check_ahead()
            self.rename()
            self.plan_deadlines()
        return made

    def problem(self, block: str, message: str) -> None:
        found = Problem(block, message)
        if found not in self.made.problems:
            self.made.problems.append(found)

    def is_over_deadline(self, task: Task) -> bool:
        return hasattr(task.flow_task, "deadline") and task.status in OVER

    def has_problem(self, block: str) -> bool:
        return any(found.block == block for found in self.made.problems)

    def is_stay(self, task: Task) -> bool:
        """Whether the case waits at this task: a step or a wait, not a join and not a deadline."""
        return bool(task.flow_task.name == node_name(_block(task)))

    # --- where it is -------------------------------------------------------------------------------
    def check_open(self) -> None:
        """Every open step and wait has a counterpart of its kind."""
        for task in self.open:
            code = _block(task)
            other = self.mapping.get(code)
            if other is None:
                text = _("“%(step)s” is open, and the new version has nothing that corresponds to it.")
            elif kind_of(self.mover.before[code]) != kind_of(self.mover.after[other]):
                text = _("“%(step)s” is open, and what corresponds to it is of another kind.")
            else:
                continue
            self.problem(code, text % {"step": self.mover.title(code)})

    def check_places(self) -> None:
        """Forks around open steps correspond one to one, branch by branch."""
        forks: dict[str, str] = {}
        branches: dict[tuple[str, int], tuple[str, int]] = {}
        for task in self.open:
            code = _block(task)
            old, new = self.mover.old_places[code], self.mover.new_places[self.mapping[code]]
            fits = len(old) == len(new)
            for (fork, branch), (other, its_branch) in zip(old, new, strict=False):
                fits &= kind_of(self.mover.before[fork]) == kind_of(self.mover.after[other])
                fits &= forks.setdefault(fork, other) == other
                fits &= branches.setdefault((fork, branch), (other, its_branch)) == (other, its_branch)
            if not fits:
                text = _("“%(step)s” lies in other branches in the new version than the case was split into.")
                self.problem(code, text % {"step": self.mover.title(code)})
        if len(set(forks.values())) < len(forks) or len(set(branches.values())) < len(branches):
            self.problem("", _("Branches that are open side by side would become one."))
        self.mapping |= forks
        self.note_new_branches(forks, branches)

    def note_new_branches(
        self, forks: Mapping[str, str], branches: Mapping[tuple[str, int], tuple[str, int]]
    ) -> None:
        """A branch that is only in the new version is not run by a case that was split before."""
        for fork, other in forks.items():
            before = len(schema.children(self.mover.before[fork]))
            after = len(schema.children(self.mover.after[other]))
            if after > before and isinstance(self.mover.after[other], Parallel):
                text = _("“%(step)s” has more branches now; this case does not go through them.")
                self.made.notes.append(text % {"step": self.mover.new_title(other)})

    def map_tasks(self) -> None:
        """Every task to the node of the new version that corresponds to its own, where there is one.

        Deadlines of open steps have rules of their own (:meth:`rearm`).
        """
        waiting = {task.pk for task in self.open}
        for task in self.case.tasks:
            name = task.flow_task.name
            code = _block(task)
            part = name.removeprefix(node_name(code))
            if self.case.hosts.get(task.pk) in waiting or self.is_over_deadline(task):
                continue
            other = self.mapping.get(code)
            node = self.mover.nodes.get(node_name(other) + part if other else name)
            if other is None and code in self.mover.before:
                node = None
            if node is not None and type(node) is type(task.flow_task):
                self.made.nodes[task.pk] = node
            elif task.status not in OVER and task not in self.open and not self.has_problem(code):
                text = _("At “%(step)s” something is open that the new version has no place for.")
                self.problem(code, text % {"step": self.mover.title(code)})

    # --- what was said so far ------------------------------------------------------------------------
    def check_said(self) -> None:
        for task in self.case.tasks:
            data, code = task.data or {}, _block(task)
            new = self.mover.after.get(self.mapping.get(code, ""))
            if "resume" in data and task.status not in OVER:
                self.check_target(code, data["resume"]["block"])
            if (
                isinstance(new, Approval)
                and new.for_several
                and self.is_stay(task)
                and task.status == STATUS.DONE
                and any(_block(seat) == code for seat in self.steps)
                and data.get("outcome")
                and new.outcome(data["outcome"]) is None
            ):
                text = _("“%(step)s” was decided by somebody with an outcome the new version does not know.")
                self.problem(code, text % {"step": self.mover.title(code)})
            block = self.mover.before.get(code)
            if (
                isinstance(block, Approval)
                and block.handler
                and task.status == STATUS.DONE
                and task.pk not in self.made.nodes
                and task.flow_task.flow_class is self.mover.old
            ):
                text = _("“%(step)s” was done and is gone: if reopened, the case could not go back there.")
                self.problem(code, text % {"step": self.mover.title(code)})

    def check_target(self, code: str, target: str) -> None:
        if target not in self.mapping:
            text = _("“%(step)s” was to go straight back to “%(target)s”, which is gone.")
            names = {"step": self.mover.title(code), "target": self.mover.title(target)}
            self.problem(code, text % names)

    # --- what is still to come -------------------------------------------------------------------------
    def check_ahead(self) -> None:
        """Steps that will come are never sent back to a step that was passed by; what they ask for is
        there.
        """
        here = {self.mapping[_block(task)] for task in self.open}
        passed = frozenset().union(*(self.mover.drawn_before[code] for code in here)) - here
        ahead = [
            self.mover.after[code]
            for code, before in self.mover.drawn_before.items()
            if code in here or here & before
        ]
        done = {
            _block_name(self.made.nodes[task.pk])
            for task in self.case.tasks
            if task.pk in self.made.nodes and task.status == STATUS.DONE
        }
        skippable = optional(self.mover.new.definition.body)
        for block in ahead:
            if not isinstance(block, Approval):
                continue
            for outcome in block.outcomes:
                target = outcome.returns_to
                if target and target in passed and target not in done and target not in skippable:
                    text = _("“%(step)s” may be sent back to “%(target)s”, which the case has not been to.")
                    names = {"step": block.title, "target": self.mover.new_title(target)}
                    self.problem("", text % names)
        self.check_fields(ahead)

    def check_fields(self, ahead: Sequence[Any]) -> None:
        has = set(self.case.process_data.get("fields", {}))
        to_come = {part.code for block in ahead for part in getattr(block, "fields", ())}
        required = {part.code: part for part in self.mover.new.definition.fields if part.required}
        for block in self.mover.after.values():
            required |= {part.code: part for part in getattr(block, "fields", ()) if part.required}
        for code in sorted(set(_asked(ahead, self.mover.names)) - has - to_come):
            if code in required:
                text = _("“%(field)s” is asked for later on, and this case has no value for it.")
                self.problem("", text % {"field": required[code].title})

    # --- what changes ------------------------------------------------------------------------------------
    def rename(self) -> None:
        """Ids of blocks in data, and the outcomes that only the new version's conditions ask for."""
        outcomes = dict(self.case.process_data.get("outcomes", {}))
        renamed = {self.mapping.get(code, code): said for code, said in outcomes.items()}
        for task in self.case.tasks:
            code = self.mapping.get(_block(task), "")
            outcome = (task.data or {}).get("outcome")
            block = self.mover.after.get(code)
            settles = isinstance(block, Approval) and block.for_several and self.is_stay(task)
            asked = code in self.mover.new.asked_outcomes and not settles
            if outcome and task.status == STATUS.DONE and asked:
                renamed[code] = {"outcome": outcome}
        if renamed != outcomes:
            self.made.process_data["outcomes"] = renamed
        for task in self.case.tasks:
            data = task.data or {}
            if task.pk in self.made.nodes and "resume" in data:
                resume = data["resume"]
                target = self.mapping.get(resume["block"], resume["block"])
                if target != resume["block"]:
                    self.made.data[task.pk] = {**data, "resume": {**resume, "block": target}}

    def plan_deadlines(self) -> None:
        for task in self.open:
            block = self.mover.after[self.mapping[_block(task)]]
            if isinstance(block, Timer):
                old = self.mover.before[_block(task)]
                if old.after != block.after:
                    self.made.scheduled[task.pk] = self.ends(task.created, block.after)
            elif isinstance(block, Approval):
                self.rearm(task, self.made.nodes[task.pk])

    def ends(self, start: datetime, limit: Limit) -> datetime:
        """When a limit of the case is over, without the time it stood still."""
        case = self.case.request
        return limit_ends(start, limit, case, limits.pauses_of(case))

    def rearm(self, host: Task, node: Any) -> None:
        own = [task for task in self.case.tasks if self.case.hosts.get(task.pk) == host.pk]
        armed = {_same(task.flow_task.deadline): task for task in own if task.status == STATUS.SCHEDULED}
        gone_off = {_same(task.flow_task.deadline) for task in own if task.status == STATUS.DONE}
        for timer in node._boundary_events:
            same = _same(timer.deadline)
            if same in armed:
                self.made.nodes[armed.pop(same).pk] = timer
            elif same not in gone_off:
                at = self.ends(host.created, timer.deadline.after)
                if at <= self.now:
                    at = self.ends(self.now, timer.deadline.after)
                self.made.arm.append(Arming(host, timer, at))
        self.made.disarm += [task.pk for task in armed.values()]


def _block(task: Task) -> str:
    return _block_name(task.flow_task)


def _block_name(node: Any) -> str:
    return schema.block_of(node.name)


def _same(deadline: schema.Deadline) -> tuple[Any, ...]:
    """What makes two deadlines one: when, and what then happens."""
    return (deadline.after, deadline.action, deadline.outcome)


def _asked(blocks: Iterable[Any], names: conditions.Names) -> Iterator[str]:
    """Codes of form fields that conditions and steps ask for."""
    for block in blocks:
        if isinstance(block, Condition | Inclusive):
            for case in block.cases:
                for name in conditions.fields(conditions.parse(case.when, names, longest=len(case.when))):
                    if name.startswith("fields."):
                        yield name.removeprefix("fields.")
        for who in getattr(block, "who", ()):
            if who.field:
                yield who.field
