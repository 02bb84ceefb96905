"""A process killed in the middle of filing or deciding leaves nothing half-done.

What is killed where is in :mod:`tests.workflows.kill_worker`; it checks every row after every death.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage

from tests import services

BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(params=BOTH)
def killing(request, environment_of) -> Callable[[str], dict]:
    environment = environment_of(request.param)

    def run(what: str) -> dict:
        done = subprocess.run(
            [sys.executable, "-m", "tests.workflows.kill_worker", what],
            cwd=services.ROOT,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout.splitlines()[-1]) | {"environment": environment}

    return run


def died_at(found: dict, words: str) -> bool:
    return any(words in place for place in found["places"])


def test_killed_while_filing_at_every_statement(killing):
    found = killing("file")
    for words in (
        "number",
        "workflows_request",
        "workflows_attachment",
        "realtime_event",
        "viewflow",
        "COMMIT",
    ):
        assert died_at(found, words), words
    assert len(found["places"]) > 15
    # Killed right after its commit it stands; the same form sent again gives the same request.
    assert (found["requests"], found["again"], found["requests_after"]) == (1, "the same", 1)
    orphan_files_are_swept(found)


def test_killed_while_deciding_at_every_statement(killing):
    found = killing("decide")
    for words in ("workflows_opinion", "viewflow", "workflows_attachment", "realtime_event", "COMMIT"):
        assert died_at(found, words), words
    assert len(found["places"]) > 15
    assert found["decisions"] == 1
    assert "赵网格" in found["again"]  # who decided it already
    orphan_files_are_swept(found)


def orphan_files_are_swept(found: dict) -> None:
    """Files cannot be rolled back: those of the killed are left without a row until the sweep."""
    assert found["orphans"] > 0
    media = Path(found["environment"]["LINLI_DATA_DIR"]) / "media"
    names = FileSystemStorage(location=media).listdir("requests")[1]
    long_ago = time.time() - 7 * 86_400
    for name in names:
        os.utime(media / "requests" / name, (long_ago, long_ago))
    services.manage("sweep_photos", environment=found["environment"])
    left = FileSystemStorage(location=media).listdir("requests")[1]
    assert len(left) == len(names) - found["orphans"]
