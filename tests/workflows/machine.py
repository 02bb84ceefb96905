"""Cases moved at random by anybody who may, and what must hold whatever they do.

``World`` knows every move that the screens offer on a case now; ``broken`` looks at its rows and says what is
wrong with them. Used by ``test_machine`` (one process) and by ``machine_worker`` (four at once).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import time_machine
from django.utils import timezone
from viewflow.workflow.models import Task
from viewflow.workflow.status import PROCESS, STATUS

from grid.models import User
from realtime.log import Subject, verify
from realtime.models import Event
from tests.workflows import machine_cases
from tests.workflows.machine_cases import Choice, Whole
from workflows import policies
from workflows.actions.cases import reopen_case
from workflows.actions.delegation import answer_task, ask_for_help, delegate_task
from workflows.actions.signers import add_signer, remove_signer
from workflows.actions.suspension import resume_due
from workflows.actions.taking_back import take_back_task
from workflows.actions.tasks import claim_task, decide_task, return_task, transfer_task, unclaim_task
from workflows.actions.timers import fire_timers
from workflows.engine import hands, seats
from workflows.engine.describe import describe
from workflows.engine.move import OPEN, OVER
from workflows.models import Opinion, Request, State

ARMED = (*OPEN, STATUS.SCHEDULED)


class World:
    """Everybody who may act, one case, and others it may be joined with.

    ``clock``, if there is one, stands still but for what ``wait`` adds; without it the time is the machine's.
    """

    def __init__(
        self, case: Request, people: list[User], others: Sequence[Request] = (), clock: Any = None
    ) -> None:
        self.case, self.people, self.clock = case, people, clock
        self.whole = Whole(case, people, list(others))

    def choices(self, *, ends: bool = True) -> list[Choice]:
        """Every kind of move that is open on the case now, as the screens would offer it.

        Those that end it where it stands only with ``ends``: otherwise hardly any case would come far.
        """
        found: list[Choice] = []
        for task in self.tasks().filter(status__in=OPEN, flow_task_type="HUMAN"):
            found += self._on(task)
        said = Opinion.objects.filter(request=self.case).order_by("pk").select_related("task", "actor")
        for last in {opinion.task_id: opinion for opinion in said}.values():
            if last.actor in self.people:
                found.append(("take_back", self._call(take_back_task, last.task, last.actor)))
        case = Request.objects.get(pk=self.case.pk)
        if case.reporter and policies.may_reopen(case.reporter, case):
            found.append(
                ("reopen", lambda: reopen_case(request_id=case.pk, actor=case.reporter, reason="又坏了"))
            )
        found += self.whole.choices(case, ends=ends)
        if self._next() is not None:
            found.append(("time", self.wait))
        return found

    def tasks(self) -> Any:
        return (
            Task.objects.filter(process=self.case.process_id)
            .select_related("process", "owner")
            .order_by("pk")
        )

    def wait(self) -> None:
        """Let time pass until something of the case is due by itself, and sweep."""
        due = self._next()
        if due is None:  # another process has swept meanwhile
            return
        later = max(due, timezone.now()) + timedelta(seconds=1)
        if self.clock:
            self.clock.move_to(later)
            self._sweep()
        else:
            with time_machine.travel(later, tick=False):
                self._sweep()

    def _next(self) -> datetime | None:
        """When the first timer of the case fires, or it runs on after it stood still."""
        timers = self.tasks().filter(status=STATUS.SCHEDULED).values_list("scheduled", flat=True)
        pauses = self.case.applications.filter(began_at__isnull=False, ended_at=None)
        return min([*timers, *pauses.values_list("until", flat=True)], default=None)

    def _sweep(self) -> None:
        resume_due()
        fire_timers()

    def _on(self, task: Task) -> Iterator[Choice]:
        actor = task.owner or next((one for one in self.people if policies.may_act(one, task)), None)
        if actor is None:
            return
        sheet = describe(task)
        others = [one for one in self.people if one.pk not in (actor.pk, task.owner_id)]
        to = others[(task.pk + len(others)) % len(others)]
        for outcome in sheet.outcomes:
            yield (
                f"decide {outcome.code}",
                self._call(decide_task, task, actor, outcome=outcome.code, opinion="好"),
            )
        for block, _title in sheet.return_targets:
            for resume in ("onward", "straight_back"):
                yield (
                    f"return {resume}",
                    self._call(return_task, task, actor, to_block=block, reason="再看看", resume=resume),
                )
        given = {"to": to, "reason": "请你看看"}
        simple: dict[str, Choice] = {
            "claim": ("claim", self._call(claim_task, task, actor)),
            "unclaim": ("unclaim", self._call(unclaim_task, task, actor)),
            "answer": ("answer", self._call(answer_task, task, actor, opinion="我看可以")),
            "transfer": ("transfer", self._call(transfer_task, task, actor, **given)),
            "delegate": ("delegate", self._call(delegate_task, task, actor, **given)),
            "co_handle": ("co_handle", self._call(ask_for_help, task, actor, **given)),
            "sign_before": ("sign_before", self._call(add_signer, task, actor, place="before", **given)),
            "sign_after": ("sign_after", self._call(add_signer, task, actor, place="after", **given)),
        }
        for name in sorted(sheet.moves & simple.keys()):
            yield simple[name]
        if "remove_signer" in sheet.moves:
            signer = User.objects.get(pk=seats.removable(task)[0])
            yield "remove_signer", self._call(remove_signer, task, actor, signer=signer, reason="不必了")

    def _call(self, action: Callable[..., Any], task: Task, actor: User, **given: Any) -> Callable[[], Any]:
        return lambda: action(task_id=task.pk, actor=actor, **given)


def limited(start: datetime) -> dict[str, Any]:
    """Two days from ``start``, around the clock, for a case that is not written yet."""
    times = {"limit_from": start, "filed_at": start, "yellow_at": start + timedelta(hours=38)}
    return times | {"limit": 48, "clock": "urgent_hours", "due_at": start + timedelta(hours=48)}


def broken(case: Request) -> list[str]:
    """What is wrong with the rows of a case; nothing, if all is well."""
    case = Request.objects.select_related("process", "merged_into").get(pk=case.pk)
    tasks = list(Task.objects.filter(process=case.process_id).order_by("pk"))
    return [
        *_ended(case, tasks), *_owners(tasks), *_joins(tasks), *_timers(tasks), *_story(case),
        *machine_cases.broken(case),
    ]  # fmt: skip


def _ended(case: Request, tasks: list[Task]) -> Iterator[str]:
    active = [task for task in tasks if task.status not in OVER]
    if case.state not in State.values:
        yield f"the state is {case.state!r}"
    if case.process.status in (PROCESS.DONE, PROCESS.CANCELED):
        yield from (f"{_name(task)} is {task.status} in an ended case" for task in active)
        if case.closed_at is None:
            yield "the case has ended and was never closed"
        return
    waiting = [task for task in active if _can_be_moved(task)]
    if not waiting:
        yield f"nothing can ever happen any more; left over: {[_name(task) for task in active]}"


def _can_be_moved(task: Task) -> bool:
    """A person can act on it, or it goes on by itself at some time."""
    if task.flow_task_type == "HUMAN":
        return task.status in OPEN and not hands.asks_for_help(task)
    return task.flow_task_type == "TIMER" and task.status == STATUS.SCHEDULED


def _owners(tasks: list[Task]) -> Iterator[str]:
    people = [task for task in tasks if task.flow_task_type == "HUMAN" and task.status in OPEN]
    for task in people:
        if (task.owner_id is None) != (task.status == STATUS.NEW):
            yield f"{_name(task)} is {task.status} with owner {task.owner_id}"
        if not task.owner_permission:
            yield f"{_name(task)} is in everybody's list"
    steps = Counter((_name(task), str(task.token)) for task in people if not hands.asks_for_help(task))
    yield from (
        f"{name} is open {number} times at once" for (name, _token), number in steps.items() if number > 1
    )


def _joins(tasks: list[Task]) -> Iterator[str]:
    for join in tasks:
        if join.flow_task_type == "JOIN" and join.status == STATUS.STARTED:
            branches = join.data["branches"]
            if not any(str(task.token).startswith(branches) and task.status not in OVER for task in tasks):
                yield f"{_name(join)} waits for nothing"


def _timers(tasks: list[Task]) -> Iterator[str]:
    by_id = {task.pk: task for task in tasks}
    for timer in tasks:
        if (
            timer.flow_task_type == "TIMER"
            and timer.status == STATUS.SCHEDULED
            and "__deadline" in _name(timer)
        ):
            hosts = [by_id[pk] for pk in timer.previous.values_list("pk", flat=True)]
            if not any(host.status in OPEN for host in hosts):
                yield f"{_name(timer)} is armed for a step that is over"


def _story(case: Request) -> Iterator[str]:
    subject = Subject("request", case.pk)
    events = Event.objects.filter(subject_type="request", subject_id=case.pk)
    if verify(subject) != events.count():
        yield "the chain of events is broken"
    decided = events.filter(kind="task.decided").count()
    said = Opinion.objects.filter(request=case, move="decide").count()
    if decided < said:
        yield f"{said} decisions were made and {decided} told"


def _name(task: Task) -> str:
    return str(task.flow_task.name)


def trace(case: Request) -> dict[str, int]:
    """How much a case has left behind: to see that a refused move left nothing."""
    return {
        "tasks": Task.objects.filter(process=case.process_id).count(),
        "events": Event.objects.filter(subject_type="request", subject_id=case.pk).count(),
        "opinions": Opinion.objects.filter(request=case).count(),
    }
