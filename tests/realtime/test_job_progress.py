"""``/ws/workflow-job/<id>/``: how far a replay is, told by the server while another thread of it works."""

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
