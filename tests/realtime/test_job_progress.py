"""``/ws/workflow-job/<id>/`` and ``/ws/figures/<id>/``: how far it is, told while another thread works."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests import services
from tests.realtime.conftest import PATIENCE, Socket
from tests.realtime.office import Office

BEGIN = """
from datetime import date
from grid.models import User
from tests.factories import Town
from tests.workflows.flowing import approval, begin, publish
from workflows.actions import workflow_jobs
from workflows.models import WorkflowJob
from workflows.trial.bodies import Body
workflow_jobs.AT_ONCE[WorkflowJob.Kind.REPLAY] = 0
version = publish(approval("one"), approval("two", "checker"))
for _turn in range(5):
    begin(Town.found())
job = workflow_jobs.start_replay(
    definition=version.definition, tried=Body("1", "x", version.body, version), against=version,
    since=date(2020, 1, 1), until=date(2100, 1, 1), actor=User.objects.get(username="administrator"),
)
print(job.pk)
"""


def test_progress_comes_to_whoever_asked_for_it_until_the_end(
    environment: dict[str, str], product: services.Product, listen: Callable[..., Socket], office: Office
):
    """Queued by another process, done in a thread of the server, told over the socket."""
    job = services.python(BEGIN, environment).split()[-1]
    address = f"/ws/workflow-job/{job}/"
    frames = []
    socket = listen(address, office.sign_in("administrator"))
    while not frames or not frames[-1]["is_done"]:
        frames.append(json.loads(socket.connection.recv(2 * PATIENCE)))
    assert socket.close_code() == 1000
    assert frames[-1]["stage"] == "done"
    assert frames[-1]["progress"] == 100
    assert listen(address).close_code() == 4401
    assert listen(address, office.sign_in("supervisor")).close_code() == 4403


ASK = """
from django.utils import timezone
from grid.models import User
from maps.indicators.actions.jobs import start_file
from maps.indicators.periods import Period
from maps.indicators.reading import Question
user = User.objects.get(username="supervisor")
question = Question(user, Period.month(timezone.localdate()))
print(start_file(question=question, kind="csv", actor=user).pk)
"""


def test_a_file_with_figures_is_made_by_the_server_and_told_to_whoever_asked(
    environment: dict[str, str], product: services.Product, listen: Callable[..., Socket], office: Office
):
    job = services.python(ASK, environment).split()[-1]
    address = f"/ws/figures/{job}/"
    frames = []
    socket = listen(address, office.sign_in("supervisor"))
    while not frames or not frames[-1]["is_done"]:
        frames.append(json.loads(socket.connection.recv(2 * PATIENCE)))
    assert socket.close_code() == 1000
    assert frames[-1]["stage"] == "done"
    assert listen(address).close_code() == 4401
    assert listen(address, office.sign_in("administrator")).close_code() == 4403
