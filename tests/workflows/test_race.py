"""Real processes racing on a real database: exactly one wins, and the others learn who it was."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from tests.services import ROOT

RACERS = ["member6", "member6b", "member1", "member2"]
ROUNDS = 40
KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


class Worker:
    """A process of its own with the product in it."""

    def __init__(self, environment: dict[str, str], stack: ExitStack, module: str) -> None:
        self.process = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", module],
                cwd=ROOT,
                env=environment,
                text=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        )

    def order(self, do: str, **order: Any) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps({"do": do, **order}) + "\n")
        self.process.stdin.flush()

    def answer(self) -> Any:
        assert self.process.stdout
        return json.loads(self.process.stdout.readline())

    def end(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()

    def __call__(self, do: str, **order: Any) -> Any:
        self.order(do, **order)
        return self.answer()


@contextmanager
def processes(
    environment: dict[str, str], count: int, module: str = "tests.workflows.race_worker"
) -> Iterator[list[Worker]]:
    """Processes of their own that start, and end, side by side."""
    with ExitStack() as stack:
        workers = [Worker(environment, stack, module) for _number in range(count)]
        for worker in workers:
            assert worker.answer() == "ready"
        yield workers
        for worker in workers:
            worker.end()


@pytest.fixture(params=KINDS)
def workers(request, environment_of):
    """Four processes on one database with the town in it."""
    with processes(environment_of(request.param), len(RACERS)) as started:
        yield started


def at_once(orders: list[tuple[Worker, dict[str, Any]]]) -> list[Any]:
    """Let the workers decide at the same instant; their answers."""
    at = time.time() + 0.05
    for worker, order in orders:
        worker.order("decide", at=at, **order)
    return [worker.answer() for worker, _order in orders]


def test_four_processes_race_to_decide_one_task(workers):
    names = workers[0]("prepare", racers=RACERS)["names"]
    for _round in range(ROUNDS):
        started = workers[0]("start", definition="pool")
        task = started["tasks"]["one"]
        answers = at_once(
            [(worker, {"task": task, "user": user}) for worker, user in zip(workers, RACERS, strict=True)]
        )
        winners = [answer["user"] for answer in answers if "refused" not in answer]
        assert len(winners) == 1, answers
        losers = [answer["refused"] for answer in answers if "refused" in answer]
        assert all(names[winners[0]] in refusal for refusal in losers), answers
        seen = workers[0]("look", case=started["case"])
        assert (seen["open"], seen["owners"]) == (["two"], winners)
        assert (seen["opinions"], seen["decided"], seen["chain"]) == (1, 1, True)


def test_two_branches_that_close_at_the_same_instant_join_once(workers):
    workers[0]("prepare", racers=RACERS)
    for _round in range(ROUNDS):
        started = workers[0]("start", definition="fork")
        tasks = started["tasks"]
        answers = at_once(
            [
                (workers[0], {"task": tasks["left"], "user": "checker"}),
                (workers[1], {"task": tasks["right"], "user": "shift_leader"}),
            ]
        )
        assert not any("refused" in answer for answer in answers), answers
        seen = workers[2]("look", case=started["case"])
        assert (seen["open"], seen["joins"]) == (["after"], ["DONE"])
        assert (seen["opinions"], seen["decided"], seen["chain"]) == (2, 2, True)


def test_any_sign_is_settled_once_however_many_sign_at_the_same_instant(workers):
    names = workers[0]("prepare", racers=RACERS)["names"]
    for _round in range(ROUNDS // 2):
        started = workers[0]("start", definition="any")
        answers = at_once(
            [
                (worker, {"task": started["seats"][user], "user": user})
                for worker, user in zip(workers, RACERS, strict=True)
            ]
        )
        winners = [answer["user"] for answer in answers if "refused" not in answer]
        assert len(winners) == 1, answers
        losers = [answer["refused"] for answer in answers if "refused" in answer]
        assert all(names[winners[0]] in refusal for refusal in losers), answers
        seen = workers[1]("look", case=started["case"])
        assert (seen["open"], seen["owners"], seen["joins"]) == (["two"], winners, ["DONE"])
        assert (seen["opinions"], seen["decided"], seen["settled"], seen["chain"]) == (1, 1, 1, True)
