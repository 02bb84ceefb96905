"""The side of SpiffWorkflow in ``bench_engine --peer``; imported once Django is set up.

What a program would do that runs its cases on SpiffWorkflow with the state as JSON, as that library's own
documentation describes: read the state under the case's lock, run the step, write the state back. Beside
it the rows our side writes as well, because a product needs them whatever engine it has: what was said, the
events, who is told, and one row a step in a list of work, without which nobody could find what is theirs.
"""

from __future__ import annotations

from django.db import connection, transaction
from django.utils import timezone
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.util.task import TaskState
from viewflow.workflow.models import Process, Task
from viewflow.workflow.status import STATUS

from workflows.models import Opinion, Request

from .engine_sides import STEPS, Plain

_FLOWS = "".join(
    f'<sequenceFlow id="f{number}" sourceRef="{source}" targetRef="{target}"/>'
    for number, (source, target) in enumerate(
        zip(["start", *(step[0] for step in STEPS)], [*(step[0] for step in STEPS), "over"], strict=True)
    )
)
_STEPS = "".join(f'<userTask id="{block}" name="{block}"/>' for block, _user, _state in STEPS)
DIAGRAM = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="bench">'
    f'<process id="trial" isExecutable="true"><startEvent id="start"/>{_STEPS}<endEvent id="over"/>{_FLOWS}'
    "</process></definitions>"
)


class Peer(Plain):
    """SpiffWorkflow 3.2; the state is one JSON text a case."""

    def __init__(self, setting: dict) -> None:
        super().__init__(setting)
        parser = BpmnParser()
        parser.add_bpmn_str(DIAGRAM.encode())
        self.spec = parser.get_spec("trial")
        self.serializer = BpmnWorkflowSerializer()
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE TABLE IF NOT EXISTS peer_state (id bigint PRIMARY KEY, state text NOT NULL)"
            )

    def one(self, case: Request) -> None:
        now = timezone.now()
        with transaction.atomic():
            process = Process.objects.create(flow_class=self.flow, created=now)
            workflow = BpmnWorkflow(self.spec)
            workflow.do_engine_steps()
            with connection.cursor() as cursor:
                state = self.serializer.serialize_json(workflow)
                cursor.execute("INSERT INTO peer_state (id, state) VALUES (%s, %s)", [process.pk, state])
            self.work(process, 0)
            case.process, case.state = process, STEPS[0][2]
            case.save(update_fields=["process", "state"])
            self.tell(case, "task.created", STEPS[0][0], seq=1, notify=STEPS[0][1])
        for number, (block, user, _state) in enumerate(STEPS):
            task = Task.objects.only("pk").get(process_id=process.pk, status=STATUS.ASSIGNED)
            self.move(case, process, task, number, block, user)

    def work(self, process: Process, number: int) -> Task:
        block, user, _state = STEPS[number]
        return self.task(
            process, self.flow.instance.node(f"b_{block}"), "HUMAN", STATUS.ASSIGNED,
            assigned=timezone.now(), owner=self.users[user], owner_permission="duty.x.1", data={},
        )  # fmt: skip

    def move(self, case: Request, process: Process, task: Task, number: int, block: str, user: str) -> None:
        now, actor = timezone.now(), self.users[user]
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT state FROM peer_state WHERE id = %s FOR UPDATE", [process.pk])
                workflow = self.serializer.deserialize_json(cursor.fetchone()[0])
                step = workflow.get_next_task(state=TaskState.READY, manual=True)
                step.data["outcome"] = "done"
                step.run()
                workflow.do_engine_steps()
                state = self.serializer.serialize_json(workflow)
                cursor.execute("UPDATE peer_state SET state = %s WHERE id = %s", [state, process.pk])
            Task.objects.filter(pk=task.pk).update(status=STATUS.DONE, finished=now)
            Opinion.objects.create(
                task_id=task.pk, request=case, block=block, move="decide", outcome="done", text="已办",
                actor=actor, at=now,
            )  # fmt: skip
            self.tell(case, "task.decided", block, seq=2 * number + 2)
            if workflow.is_completed():
                process.status, process.finished = "DONE", now
                process.save(update_fields=["status", "finished"])
                case.state, case.closed_at = "closed", now
                case.save(update_fields=["state", "closed_at"])
                self.tell(case, "request.closed", block, seq=2 * number + 3, notify="resident")
                return
            self.work(process, number + 1)
            self.tell(case, "task.created", block, seq=2 * number + 3, notify=STEPS[number + 1][1])
            if case.state != STEPS[number + 1][2]:
                case.state = STEPS[number + 1][2]
                case.save(update_fields=["state"])
