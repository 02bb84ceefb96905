"""Three sweepers race on a real database, and one is killed: everything is told once and only once."""

from __future__ import annotations

import signal
import time

import pytest

from tests.workflows.test_race import KINDS, processes

CASES = 12
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(params=KINDS)
def sweepers(request, environment_of):
    """Three processes on one database with the town in it, and cases that fall due."""
    with processes(environment_of(request.param), 3, "tests.workflows.sweep_worker") as started:
        assert started[0]("prepare", count=CASES) == {"cases": 2 * CASES}
        yield started


def all_sweep(sweepers, hours):
    """Everybody sweeps at the same instant; how much each job did in all."""
    at = time.time() + 0.1
    for sweeper in sweepers:
        sweeper.order("sweep", hours=hours, at=at)
    answers = [sweeper.answer() for sweeper in sweepers]
    return {job: sum(answer[job] for answer in answers) for job in answers[0]}


def settle(sweepers, hours):
    """Sweep until nothing is left: a case one sweeper holds is passed over by the others."""
    total: dict[str, int] = {}
    while any((done := all_sweep(sweepers, hours)).values()):
        total = {job: total.get(job, 0) + count for job, count in done.items()}
    return total


def test_everything_is_told_once_and_only_once(sweepers):
    # Wednesday, just past 80 % of two working days: nine and a half hours before the deadline.
    told = settle(sweepers, 38.5)
    assert told == {"resume_due": 0, "follow_calendar": 0, "fire_timers": 0, "tell_deadlines": CASES} | {
        "tell_unanswered": 0
    }
    # Thursday: overdue, an order unanswered, a reminder of the step.
    told = settle(sweepers, 71)
    assert (told["tell_deadlines"], told["fire_timers"], told["tell_unanswered"]) == (CASES, CASES, CASES)
    # Friday and Saturday: daily reminders.
    assert settle(sweepers, 73)["tell_deadlines"] == CASES
    assert settle(sweepers, 97)["tell_deadlines"] == CASES
    # The next Monday: the others go on; the step of the first passes to the leader.
    told = settle(sweepers, 7 * 24 - 8)
    assert told["resume_due"] == CASES
    # The calendar changes for the rest; nothing is told twice.
    sweepers[0]("change_calendar", first="2026-11-17")
    time.sleep(1.1)  # another process sees it within LINLI_STAMP_SECONDS
    assert settle(sweepers, 7 * 24 - 8)["follow_calendar"] == CASES
    seen = sweepers[0]("look")
    assert seen["once"]["deadline.approached"] == CASES
    assert seen["once"]["deadline.breached"] == CASES
    assert seen["once"]["order.overdue"] == CASES
    assert seen["once"]["request.resumed"] == CASES
    assert seen["once"]["deadline.moved"] == CASES
    assert {kind for kind in seen["once"] if kind.startswith("deadline.overdue")} >= {
        "deadline.overdue 1",
        "deadline.overdue 2",
    }
    assert not any(kind.startswith(("deadline", "order", "request.resumed")) for kind in seen["often"])
    assert seen["twice"] == 0


def test_a_killed_sweeper_loses_nothing_and_repeats_nothing(sweepers):
    for point in (2, CASES + 3):
        victim = sweepers.pop()
        victim.order("sweep", hours=71, at=time.time(), die_after=point)
        assert victim.process.wait(timeout=60) == -signal.SIGKILL
    told = settle(sweepers, 71)
    assert told["tell_deadlines"] > 0
    seen = sweepers[0]("look")
    assert seen["once"]["deadline.breached"] == CASES
    assert seen["once"]["order.overdue"] == CASES
    assert not any(kind.startswith(("deadline", "order")) for kind in seen["often"])
