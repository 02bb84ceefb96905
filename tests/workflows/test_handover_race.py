"""Somebody leaves while others decide and file: real processes on a real database."""

from __future__ import annotations

import time

import pytest

from tests.workflows.test_race import KINDS, processes

CASES, MORE = 24, 12


@pytest.fixture(params=KINDS)
def workers(request, environment_of):
    """Four processes on one database with the town in it."""
    with processes(environment_of(request.param), 4, "tests.workflows.handover_worker") as started:
        yield started


@pytest.mark.parametrize("rule", ["turn", "fewest"])
def test_no_task_is_lost_and_none_has_two_owners(workers, rule):
    one, two, filer, office = workers
    one("prepare", rule=rule)
    one("start", cases=CASES, at=0)
    tasks = one("open_tasks")["tasks"]
    assert len(tasks) == CASES
    at = time.time() + 0.3
    one.order("work", tasks=tasks[::2], at=at)
    two.order("work", tasks=tasks[1::2], at=at)
    filer.order("start", cases=MORE, at=at)
    # In the middle of it: some steps are decided, some are being decided, some cases are just filed.
    office.order("leave", username="member6", at=at + 0.15)
    worked = [one.answer(), two.answer()]
    filer.answer()
    handed = office.answer()
    seen = office("look")["cases"]
    assert len(seen) == CASES + MORE
    assert sum(one["decided"] for one in worked) + sum(len(one["refused"]) for one in worked) == CASES
    for case in seen:
        assert len(case["open"]) == 1, case
        assert len(set(case["ran"])) == len(case["ran"]), case
        ((_block, owner, active),) = case["open"]
        assert (owner, active) == ("member6b", True), case
        assert case["chain"]
        for to, told in case["told"]:
            assert (to, told) == ("郑网格", ["member6b"])
    assert sum(len(case["told"]) for case in seen) == len(handed["tasks"])
    assert handed["shares"] == ([["郑网格", len(handed["tasks"])]] if handed["tasks"] else [])


@pytest.mark.parametrize("rule", ["turn", "fewest"])
def test_cases_filed_at_the_same_instant_are_dealt_out_evenly(workers, rule):
    workers[0]("prepare", rule=rule)
    at = time.time() + 0.3
    for worker in workers:
        worker.order("start", cases=5, at=at)
    for worker in workers:
        worker.answer()
    owners = [case["open"][0][1] for case in workers[0]("look")["cases"]]
    assert (owners.count("member6"), owners.count("member6b")) == (10, 10)
