"""``/ws/import/<id>/``: how far an import is, told by the process that serves while another thread works."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import services
from tests.grid import files
from tests.realtime.conftest import PATIENCE, Socket
from tests.realtime.office import Office

BEGIN = """
from pathlib import Path
from django.core.files.uploadedfile import SimpleUploadedFile
from grid.actions import imports
from grid.models import Area, ImportJob, User
file = Path({file!r})
boss = User.objects.get(username="administrator")
street = Area.objects.get(depth=1)
job = imports.start_import(file=SimpleUploadedFile(file.name, file.read_bytes()), actor=boss, parent=street)
imports.check_job(job=job, actor=boss, wishes={{"crs": "EPSG:4326", "parent": street.code}})
print(job.pk)
"""
APPLY = """
from grid.actions import imports
from grid.models import ImportJob
job = ImportJob.objects.get(pk={pk!r})
imports.apply_job(job=job, actor=job.by)
"""


@pytest.fixture(scope="module")
def job(environment: dict[str, str], product: services.Product, tmp_path_factory) -> str:
    """An import that was checked, by the administrator, in a process of its own."""
    folder: Path = tmp_path_factory.mktemp("upload")
    return services.python(BEGIN.format(file=str(files.many(folder, 400))), environment).split()[-1]


def test_only_who_began_an_import_hears_of_it(listen: Callable[..., Socket], office: Office, job: str):
    assert listen(f"/ws/import/{job}/").close_code() == 4401
    assert listen(f"/ws/import/{job}/", office.sign_in("supervisor")).close_code() == 4403
    unknown = "00000000-0000-4000-8000-000000000000"
    assert listen(f"/ws/import/{unknown}/", office.sign_in("administrator")).close_code() == 4403


def test_progress_comes_in_order_until_the_end(
    environment: dict[str, str], listen: Callable[..., Socket], office: Office, job: str
):
    """Queued by another process, done in a thread of the server, told over the socket."""
    frames = []
    # Nothing is imported before the socket is there to hear of it.
    with services.alone(Path(environment["LINLI_DATA_DIR"]) / "imports" / "applying.lock"):
        services.python(APPLY.format(pk=job), environment)
        socket = listen(f"/ws/import/{job}/", office.sign_in("administrator"))
        frames.append(json.loads(socket.connection.recv(2 * PATIENCE)))
        assert not frames[0]["is_done"]
    while not frames[-1]["is_done"]:
        frames.append(json.loads(socket.connection.recv(2 * PATIENCE)))
    assert socket.close_code() == 1000
    assert {frame["type"] for frame in frames} == {"progress"}
    shares = [frame["progress"] for frame in frames]
    assert shares == sorted(shares)
    assert len(frames) >= 2
    assert (frames[-1]["stage"], frames[-1]["progress"]) == ("applied", 100)
    assert "400" in frames[-1]["words"]
