"""Random sound workflows, moved at random by everybody who may: nothing hangs, nothing is lost.

``LINLI_MACHINE_RUNS`` asks for more runs than the 500 of every test run, ``LINLI_RANDOM=1`` for others than
those, which are the same for the same code.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, given, note, seed, settings
from hypothesis import strategies as st

from grid.errors import Refused
from tests.factories import Town
from tests.workflows.definitions import ROLES, definitions
from tests.workflows.flowing import approval as step
from tests.workflows.flowing import begin, publish
from tests.workflows.machine import World, broken, limited, trace
from tests.workflows.test_race import processes
from workflows.actions.definitions import publish_version

pytestmark = pytest.mark.django_db

RUNS = int(os.environ.get("LINLI_MACHINE_RUNS", "500"))
#: Side by side on as many processors as there are.
PARTS = 5
MOVES = 12
MORNING = datetime(2026, 6, 1, 2, tzinfo=UTC)
#: Workflows on which four processes race, three cases each.
RACES = max(10, RUNS // 50)
ALLOWED = ["transfer", "delegate", "sign_before", "sign_after", "remove_signer", "co_handle"]


def allow_everything(block: object) -> object:
    """Let every step of a definition (JSON) allow every move that it can."""
    if isinstance(block, list):
        for one in block:
            allow_everything(one)
    elif isinstance(block, dict):
        if block.get("type") == "approval":
            block["moves"] = [*ALLOWED, *(["return"] if "return" in block.get("moves", ()) else [])]
        for value in block.values():
            allow_everything(value)
    return block


def numbered(part: int) -> Callable[[Any], Any]:
    """Each part draws its own examples, and the same ones each time."""
    return (lambda test: test) if os.environ.get("LINLI_RANDOM") else seed(part)


@pytest.mark.parametrize("part", range(PARTS))
def test_no_move_by_anybody_ever_breaks_a_case(part: int, town: Town, settings_of_machine: None) -> None:
    people = [town.people[name] for name in ("member1", "leader1", *ROLES[2:], "administrator", "department")]
    publish(step("inside", "checker"), key="other")

    @numbered(part)
    @settings(
        max_examples=RUNS // PARTS,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(body=definitions(), data=st.data())
    def run(body: dict, data: st.DataObject) -> None:
        allow_everything(body)
        # The clock stands but for a minute a move: the same moves make the same case on any machine.
        with time_machine.travel(MORNING, tick=False) as clock, transaction.atomic():
            publish_version(body=body)
            case, other = (begin(town, key=body["key"], **limited(MORNING)) for _case in range(2))
            world = World(case, people, [other], clock)
            assert broken(case) == []
            for number in range(MOVES):
                choices = world.choices(ends=number > MOVES // 2)
                if not choices:
                    break
                # The kind first, so that rare moves are as likely as frequent ones.
                kind = data.draw(st.sampled_from(sorted({name for name, _act in choices})))
                act = data.draw(st.sampled_from([act for name, act in choices if name == kind]))
                before = trace(case)
                clock.shift(timedelta(minutes=1))
                try:
                    with transaction.atomic():
                        act()
                except Refused as refusal:
                    note(f"{kind}: refused, {refusal}")
                    assert trace(case) == before
                else:
                    note(kind)
                assert broken(case) == []
            transaction.set_rollback(True)

    run()


@pytest.fixture
def settings_of_machine(settings) -> None:
    settings.LINLI_WEBHOOKS = {"city-hall": {"url": "http://127.0.0.1:9/", "secret": "x" * 40}}


# --- Four processes at once --------------------------------------------------------------------------
@pytest.mark.postgres
def test_four_processes_that_move_the_same_cases_at_random_break_none(environment_of) -> None:
    environment = environment_of("postgres") | {
        "LINLI_WEBHOOKS": '{"city-hall": {"url": "http://127.0.0.1:9/", "secret": "' + "x" * 40 + '"}}'
    }
    with processes(environment, 4, "tests.workflows.machine_worker") as workers:
        people = workers[0]("prepare")

        @settings(max_examples=RACES, deadline=None, suppress_health_check=list(HealthCheck))
        @given(body=definitions(), seed=st.integers(0, 2**32))
        def run(body: dict, seed: int) -> None:
            cases = workers[0]("begin", body=allow_everything(body), count=3)
            for number, worker in enumerate(workers):
                worker.order("play", cases=cases, people=people, seed=seed + number, moves=MOVES)
            played = [worker.answer() for worker in workers]
            note(str(played))
            assert [one["failed"] for one in played] == [[], [], [], []]
            assert workers[0]("look", cases=cases) == [[], [], []]

        run()
