"""Publishing under load: a case begun at that moment runs on one version or the other, never on none."""

from __future__ import annotations

import time

import pytest

from tests.workflows.test_race import processes

CASES, PUBLICATIONS = 40, 15


@pytest.mark.postgres
def test_cases_begun_while_versions_follow_each_other_run_on_one_of_them(environment_of):
    """On PostgreSQL: SQLite lets one process write at a time anyway."""
    with processes(environment_of("postgres"), 4, "tests.workflows.publish_worker") as workers:
        assert workers[0]("prepare") == "prepared"
        for worker in workers[2:]:
            worker("file_many", count=1, at=0)  # what the first one reads and compiles is no part of the race
        at = time.time() + 0.2
        for number, worker in enumerate(workers[:2]):
            worker.order("publish_many", first=1 + number * 1000, count=PUBLICATIONS, at=at)
        for worker in workers[2:]:
            worker.order("file_many", count=CASES, at=at)
        published = sum(worker.answer() for worker in workers[:2])
        cases = [case for worker in workers[2:] for case in worker.answer()]
        assert (published, len(cases)) == (2 * PUBLICATIONS, 2 * CASES)
        seen = workers[0]("look", cases=cases)
        assert seen["fitting"] == len(cases)
        assert seen["on"] > 1, "no case began between two publications: nothing was tried"
        assert seen["numbers"] == list(range(1, 2 * PUBLICATIONS + 2))
        assert (seen["in_force"], seen["chain"]) == (1, 2 * PUBLICATIONS + 2)
