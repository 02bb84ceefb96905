"""Kills the process that files or decides at every point of it, and looks at what is left.

Run as a process of its own on a database with the small town: ``python -m tests.workflows.kill_worker file``.
For n = 1, 2, 3, … a forked child begins the action and sends itself SIGKILL right before its n-th SQL
statement, right before its commit, and right after it, until one child gets through. After each death the
parent compares every row of the product with what was there before. Prints a JSON object for the test.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import uuid
from collections.abc import Callable
from typing import Any

import django

django.setup()

from django.apps import apps  # noqa: E402
from django.core.files.storage import default_storage  # noqa: E402
from django.db import connection  # noqa: E402
from viewflow.workflow.models import Task  # noqa: E402

from grid.errors import Refused  # noqa: E402
from grid.models import Area, User  # noqa: E402
from realtime.log import Subject, verify  # noqa: E402
from realtime.models import Event  # noqa: E402
from tests.factories import photo  # noqa: E402
from workflows.actions.requests import file_request  # noqa: E402
from workflows.actions.tasks import decide_task  # noqa: E402
from workflows.models import Attachment, Category, Opinion, Request  # noqa: E402
from workflows.photos import FOLDER  # noqa: E402

KEY = uuid.uuid4()
GOT_THROUGH, REFUSED = 0, 3


class Killer:
    """Counts the points of an action and ends its process at one of them."""

    def __init__(self, point: int, pipe: int) -> None:
        self.left, self.pipe = point, pipe

    def at(self, where: str) -> None:
        self.left -= 1
        if self.left == 0:
            os.write(self.pipe, where[:80].encode("utf-8", "replace"))
            os.kill(os.getpid(), signal.SIGKILL)

    def statement(self, execute: Callable, sql: str, params: Any, many: bool, context: dict) -> Any:
        self.at(sql)
        return execute(sql, params, many, context)

    def around_commits(self) -> None:
        commit = connection._commit

        def guarded() -> None:
            self.at("before COMMIT")
            commit()
            self.at("after COMMIT")

        connection._commit = guarded


def run_in_child(action: Callable[[], Any], point: int) -> tuple[int | None, str]:
    """Exit code of the child (None: killed) and where it was killed."""
    connection.close()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            killer = Killer(point, writing)
            connection.ensure_connection()
            killer.around_commits()
            with connection.execute_wrapper(killer.statement):
                try:
                    action()
                    code = GOT_THROUGH
                except Refused:
                    code = REFUSED
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        where = pipe.read().decode()
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return None, where
    return os.waitstatus_to_exitcode(status), where


def rows() -> dict[str, list]:
    """Every row of the product."""
    ours = ("grid_", "workflows_", "realtime_", "viewflow_")
    models = apps.get_models(include_auto_created=True)
    tables = {model._meta.db_table: model._base_manager.order_by("pk") for model in models}
    return {name: list(found.values_list()) for name, found in tables.items() if name.startswith(ours)}


def check_whole() -> None:
    """No event without its change, no change without its event, every chain unbroken."""
    cases = set(Request.objects.values_list("pk", flat=True))
    told = Event.objects.filter(subject_type="request")
    assert set(told.values_list("subject_id", flat=True)) == cases
    assert told.filter(kind="request.filed").count() == len(cases)
    for case in Request.objects.all():
        verify(Subject("request", case.pk))
        assert case.process is not None
        assert case.process.task_set.exclude(status__in=["DONE", "CANCELED"]).exists()
    decisions = Opinion.objects.filter(move="decide")
    assert told.filter(kind="task.decided").count() == decisions.count()
    assert all(opinion.task.status == "DONE" for opinion in decisions.select_related("task"))
    announced = sum(event.payload.get("photos", 0) for event in told)
    assert announced == Attachment.objects.count()
    for kept in Attachment.objects.all():
        assert default_storage.exists(kept.image.name)
        assert default_storage.exists(kept.thumbnail.name)


def kill_everywhere(action: Callable[[], Any]) -> dict[str, Any]:
    """Kill at every point; where it died, and how the last child ended."""
    before, places, committed = rows(), [], False
    for point in range(1, 400):
        code, where = run_in_child(action, point)
        check_whole()
        if code is not None:
            break
        places.append(where)
        committed = committed or where == "after COMMIT"
        # Nothing of it before the commit, all of it afterwards.
        assert (rows() == before) is not committed, f"killed at {where!r}"
    return {"places": places, "code": code}


def orphans() -> int:
    """Files in the folder of photos that belong to no row."""
    try:
        files = {f"{FOLDER}/{name}" for name in default_storage.listdir(FOLDER)[1]}
    except FileNotFoundError:
        return 0
    return len(
        files - {name for pair in Attachment.objects.values_list("image", "thumbnail") for name in pair}
    )


def file() -> Request:
    """A request with two photos, always from the same form."""
    return file_request(
        reporter=User.objects.get(username="resident"),
        text="井盖不见了",
        category=Category.objects.get(code="repairs-manhole"),
        area=Area.objects.get(code="149901001001001"),
        photos=[photo(), photo()],
        client_key=KEY,
    )


def decide() -> Any:
    """The member's decision on it, with a photo."""
    task = Task.objects.filter(owner__username="member1").latest("pk")
    return decide_task(
        task_id=task.pk, actor=task.owner, outcome="done", opinion="换了新井盖", photos=[photo()]
    )


def main(what: str) -> None:
    if what == "decide":
        file()
    found = kill_everywhere({"file": file, "decide": decide}[what])
    found["requests"] = Request.objects.count()
    found["decisions"] = Opinion.objects.filter(move="decide").count()
    found["orphans"] = orphans()
    # And once more, undisturbed, as a person would who saw no answer.
    try:
        {"file": file, "decide": decide}[what]()
        found["again"] = "the same"
    except Refused as refused:
        found["again"] = str(refused)
    check_whole()
    found["requests_after"] = Request.objects.count()
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
