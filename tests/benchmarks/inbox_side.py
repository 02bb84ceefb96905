"""What ``bench_inbox`` runs in processes of their own: writing a city's tasks, looking at a desk."""

from __future__ import annotations

import time
import uuid
from datetime import timedelta

from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from viewflow.workflow.models import Process, Task
from viewflow.workflow.token import Token

from grid.models import User
from tests.factories import Town, UserFactory, build_town
from tests.workflows.flowing import approval, publish
from workflows.models import Opinion, Request

#: A case has come through so many steps.
STEPS = 5
PEOPLE = 100
OPEN_SHARE = 20
CHUNK = 4_000
#: What the person who looks has: to do, to claim, done.
TO_DO, TO_CLAIM, DONE = 30, 10, 400


def fill(size: int) -> None:
    """Write ``size`` tasks of a street: one in twenty open, the others long done."""
    town = build_town()
    flow = publish(*[approval(f"s{number}") for number in range(STEPS)]).flow_class
    people = [UserFactory(username=f"busy{number}").pk for number in range(PEOPLE)]
    cases = size // STEPS
    for first in range(0, cases, CHUNK):
        _write(town, flow, range(first, min(first + CHUNK, cases)), people, cases)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


@transaction.atomic
def _write(town: Town, flow: type, numbers: range, people: list[int], cases: int) -> None:
    now, grids = timezone.now(), town.grids
    is_open = {number: number % (OPEN_SHARE // STEPS) == 0 for number in numbers}
    processes = Process.objects.bulk_create(
        [
            Process(flow_class=flow, status="NEW" if is_open[number] else "DONE", data={}, created=now)
            for number in numbers
        ]
    )
    requests = Request.objects.bulk_create(
        [
            Request(
                number=f"N{number:08}", client_key=uuid.uuid4(), reporter=town.resident,
                text="路灯不亮，晚上走路看不清" * 3, area=grids[number % 7], area_path=grids[number % 7].path,
                state="handling" if is_open[number] else "rated", process=process,
                filed_at=now - timedelta(minutes=number), due_at=now + timedelta(minutes=number % 5000 - 500),
                yellow_at=now + timedelta(minutes=number % 5000 - 900),
                closed_at=None if is_open[number] else now,
            )
            for number, process in zip(numbers, processes, strict=True)
        ]
    )  # fmt: skip
    tasks = [
        task
        for number, process in zip(numbers, processes, strict=True)
        for task in _tasks(flow, number, process, is_open[number], people, cases, town)
    ]
    Task.objects.bulk_create(tasks)
    done = [task for task in tasks if task.status == "DONE"]
    case_of = {process.pk: case for process, case in zip(processes, requests, strict=True)}
    Opinion.objects.bulk_create(
        [
            Opinion(
                task=task, request=case_of[task.process_id], block="s1", move="decide", actor_id=task.owner_id
            )
            for task in done
        ]
    )


def _tasks(
    flow: type, number: int, process: Process, is_open: bool, people: list[int], cases: int, town: Town
):
    now = timezone.now()
    for step in range(STEPS):
        waits = is_open and step == STEPS - 1
        pooled = waits and number % 3 == 0
        owner = None if pooled else people[(number + step) % PEOPLE]
        permission = f"duty.grid_member.{10_000 + number % 500}"
        # Evenly spread over the whole history: the desk of the person who looks.
        order = number * STEPS + step
        if waits:
            rank = number // (OPEN_SHARE // STEPS)
            every = max(1, cases // (OPEN_SHARE // STEPS) // (TO_DO + TO_CLAIM))
            if rank % every == 0:
                pooled = rank // every % 4 == 3
                owner = None if pooled else town.member6.pk
                permission = f"duty.grid_member.{town.grids[5].pk}"
        elif order % max(1, cases * STEPS // DONE) == 0:
            owner = town.member6.pk
        yield Task(
            process=process, flow_task=flow.instance.node(f"b_s{step}"), flow_task_type="HUMAN",
            status=("NEW" if pooled else "ASSIGNED") if waits else "DONE", owner_id=owner,
            owner_permission=permission, token=Token("start"), created=now - timedelta(minutes=number),
            finished=None if waits else now - timedelta(minutes=order), data={"told": [], "pool": pooled},
        )  # fmt: skip


def measure(rounds: int) -> None:
    """Seconds for the desk's first page, one a line; the lists are the same however large the city."""
    client = Client()
    client.force_login(User.objects.get(username="member6"))
    desk = reverse("desk")
    page = client.get(desk).content.decode()
    shown = page.count('class="task-row"')
    if not 20 <= shown <= TO_DO:
        raise SystemExit(f"the desk shows {shown} tasks")
    for _round in range(rounds):
        began = time.perf_counter()
        client.get(desk)
        print(time.perf_counter() - began)
