"""The two sides of ``bench_engine``; imported once Django is set up."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from viewflow.workflow.models import Process, Task
from viewflow.workflow.status import STATUS
from viewflow.workflow.token import Token

from realtime.models import Event, Notification
from tests.factories import build_town
from tests.workflows.flowing import approval, publish
from workflows.actions.cases import start_case
from workflows.actions.tasks import decide_task
from workflows.brief import case_brief
from workflows.models import Opinion, Request

#: Block, who decides it, the state it puts the case in.
STEPS = [
    ("one", "member1", "handling"),
    ("two", "checker", "checking"),
    ("three", "shift_leader", "checking"),
]
ROLES = {"member1": "grid_member"}
TABLES = (Process, Task, Task.previous.through, Opinion, Event, Notification)


def prepare() -> dict[str, Any]:
    town = build_town()
    steps = [approval(block, ROLES.get(user, user), state=state) for block, user, state in STEPS]
    version = publish(*steps)
    users = {user: town.people[user] for _block, user, _state in STEPS}
    return {"town": town, "users": users, "flow": version.flow_class}


class Side:
    def __init__(self, setting: dict[str, Any]) -> None:
        self.town, self.users, self.flow = setting["town"], setting["users"], setting["flow"]
        self.cases: list[int] = []

    def new_case(self) -> Request:
        area = self.town.grids[0]
        case = Request.objects.create(
            number=uuid.uuid4().hex,
            reporter=self.town.resident,
            text="路灯不亮",
            area=area,
            area_path=area.path,
        )
        self.cases.append(case.pk)
        return case

    def new_cases(self, count: int) -> list[Request]:
        return [self.new_case() for _case in range(count)]

    def carry(self, cases: list[Request]) -> None:
        for case in cases:
            self.one(case)

    def one(self, case: Request) -> None:
        raise NotImplementedError

    def rows(self) -> dict[str, float]:
        """Rows per case in each table, and the state the cases ended in."""
        processes = set(Request.objects.filter(pk__in=self.cases).values_list("process_id", flat=True))
        of_process = {"process_id__in": processes}
        of_event = {"subject_type": "request", "subject_id__in": self.cases}
        filters: list[dict[str, Any]] = [
            {"pk__in": processes},
            of_process,
            {f"from_task__{name}": value for name, value in of_process.items()},
            {"request_id__in": self.cases},
            of_event,
            {f"event__{name}": value for name, value in of_event.items()},
        ]
        counts = {
            table.__name__: table.objects.filter(**where).count() / len(self.cases)
            for table, where in zip(TABLES, filters, strict=True)
        }
        closed = Request.objects.filter(pk__in=self.cases, state="closed", closed_at__isnull=False)
        return counts | {"closed": closed.count() / len(self.cases)}


class Ours(Side):
    def one(self, case: Request) -> None:
        with transaction.atomic():
            start_case(case, actor=self.town.resident, definition="trial")
        for _block, user, _state in STEPS:
            task = Task.objects.only("pk").get(process_id=case.process_id, status=STATUS.ASSIGNED)
            decide_task(task_id=task.pk, actor=self.users[user], outcome="done", opinion="已办")


class Plain(Side):
    """The same rows, written by somebody who knows beforehand what to write."""

    def one(self, case: Request) -> None:
        now = timezone.now()
        with transaction.atomic():
            process = Process.objects.create(flow_class=self.flow, created=now)
            start = self.task(
                process, self.flow.start_node(), "START", STATUS.DONE, finished=now, started=now
            )
            task = self.open_step(process, start, 0)
            case.process, case.state = process, STEPS[0][2]
            case.save(update_fields=["process", "state"])
            self.tell(case, "task.created", STEPS[0][0], seq=1, notify=STEPS[0][1])
        for number, (block, user, _state) in enumerate(STEPS):
            # A program that serves a request has to find the task first, whatever it does then.
            task = Task.objects.only("pk").get(process_id=process.pk, status=STATUS.ASSIGNED)
            task = self.decide(case, process, task, number, block, user)

    def decide(
        self, case: Request, process: Process, task: Task, number: int, block: str, user: str
    ) -> Task | None:
        now, actor = timezone.now(), self.users[user]
        with transaction.atomic():
            Process.objects.select_for_update().only("pk").get(pk=process.pk)
            Task.objects.filter(pk=task.pk).update(
                status=STATUS.DONE, started=now, finished=now, data={"outcome": "done", "told": [actor.pk]}
            )
            Opinion.objects.create(
                task_id=task.pk,
                request=case,
                block=block,
                move="decide",
                outcome="done",
                text="已办",
                actor=actor,
                at=now,
            )
            self.tell(case, "task.decided", block, seq=2 * number + 2)
            if number + 1 < len(STEPS):
                after = self.open_step(process, task, number + 1)
                self.tell(case, "task.created", block, seq=2 * number + 3, notify=STEPS[number + 1][1])
                if case.state != STEPS[number + 1][2]:
                    case.state = STEPS[number + 1][2]
                    case.save(update_fields=["state"])
                return after
            end = self.task(
                process, self.flow.instance.node("b_over"), "END", STATUS.DONE, finished=now, started=now
            )
            Task.previous.through.objects.create(from_task_id=end.pk, to_task_id=task.pk)
            process.status, process.finished = "DONE", now
            process.save(update_fields=["status", "finished"])
            case.state, case.closed_at = "closed", now
            case.save(update_fields=["state", "closed_at"])
            self.tell(case, "request.closed", block, seq=2 * number + 3, notify="resident")
        return None

    def open_step(self, process: Process, previous: Task, number: int) -> Task:
        block, user, _state = STEPS[number]
        task = self.task(
            process, self.flow.instance.node(f"b_{block}"), "HUMAN", STATUS.ASSIGNED,
            assigned=timezone.now(), owner=self.users[user], owner_permission="duty.x.1",
            data={"told": [self.users[user].pk], "pool": False},
        )  # fmt: skip
        Task.previous.through.objects.create(from_task_id=task.pk, to_task_id=previous.pk)
        return task

    def task(self, process: Process, node: Any, kind: str, status: str, **values: Any) -> Task:
        return Task.objects.create(
            process=process,
            flow_task=node,
            flow_task_type=kind,
            status=status,
            token=Token("start"),
            **values,
        )

    def tell(self, case: Request, kind: str, block: str, *, seq: int, notify: str = "") -> None:
        event = Event.objects.create(
            kind=kind,
            subject_type="request",
            subject_id=case.pk,
            chain_seq=seq,
            actor=self.town.resident,
            area_path=case.area_path,
            user_ids=[self.town.resident.pk],
            payload={"case": case_brief(case).model_dump(mode="json"), "block": block, "title": block},
            previous_hash="0" * 64,
            hash="0" * 64,
        )
        if notify:
            user = self.town.people[notify]
            Notification.objects.create(user=user, event=event)


def show_queries(setting: dict[str, Any]) -> None:
    """The statements of one whole case of ours, for whoever wants to make it faster."""
    ours = Ours(setting)
    ours.carry(ours.new_cases(2))
    with CaptureQueriesContext(connection) as captured:
        ours.one(ours.new_case())
    for number, query in enumerate(captured.captured_queries, start=1):
        print(number, query["time"], query["sql"][:150])
