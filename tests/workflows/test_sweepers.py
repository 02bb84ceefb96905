"""Many sweepers on one database: every timer fires once, every message to another system arrives once."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.workflows.test_race import KINDS, processes

SWEEPERS, CASES = 3, 12


@pytest.fixture
def arrived() -> Iterator[tuple[int, Counter[str]]]:
    """The port of another system on this machine, and how often each message arrived there."""
    keys: Counter[str] = Counter()

    class Other(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            keys[self.headers["Linli-Delivery"]] += 1
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Other)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port, keys
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("kind", KINDS)
def test_three_sweepers_at_once_do_everything_once(kind, arrived, environment_of):
    port, keys = arrived
    hooks = {"other": {"url": f"http://127.0.0.1:{port}/", "secret": "a-secret-of-both-sides"}}
    with processes(environment_of(kind, LINLI_WEBHOOKS=json.dumps(hooks)), SWEEPERS) as workers:
        cases = workers[0]("late", cases=CASES)
        fired = sent = 0
        # A case that another sweeper is just moving is left to the next sweep.
        for _sweep in range(CASES):
            at = time.time() + 0.1
            for worker in workers:
                worker.order("sweep", at=at)
            answers = [worker.answer() for worker in workers]
            fired += sum(answer["fired"] for answer in answers)
            sent += sum(answer["sent"] for answer in answers)
            if fired == CASES and sent == CASES:
                break
        seen = workers[0]("reminded", cases=cases)
    assert (fired, sent) == (CASES, CASES)
    assert seen == {"told": [1] * CASES, "armed": [1] * CASES, "chain": True}
    assert sorted(keys.values()) == [1] * CASES
