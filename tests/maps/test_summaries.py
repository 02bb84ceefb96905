"""The maps' sums are what a recount says, whatever is written, by however many, whoever is killed."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter
from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from maps.actions.summaries import begin_rebuild, follow_tree, keep_up, rebuild
from maps.models import Change, Fold, Spot
from maps.queries import cases, summaries
from tests import services
from tests.factories import Town
from workflows.models import Request

from . import writing
from .cases import at, case, spread

happened: Counter[str] = Counter()


@pytest.mark.django_db
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    operations=st.lists(st.sampled_from(["files"] * 5 + ["decides"] * 6 + writing.OPERATIONS), max_size=20),
    seed=st.integers(0, 2**32),
    hours=st.lists(st.integers(0, 40), min_size=3, max_size=3),
)
@example(["files"] * 6 + ["decides"] * 9 + ["closes", "merges", "withdraws"], 1, [1, 30, 40])
@example(["files"] * 8 + ["moves_a_border", "decides_about_a_moved_case", "reopens"], 2, [0, 2, 9])
def test_sums_equal_a_recount_after_any_run_of_writes(town: Town, operations, seed, hours):
    with time_machine.travel(at(2026, 3, 2), tick=False) as clock, transaction.atomic():
        writing.prepare()
        rebuild()  # so that cells tell the streets, communities and grids of this town apart
        writer = writing.Writer(Town.found(), seed)
        third = max(1, len(operations) // 3)
        for number, what in enumerate(operations):
            writer.does(what)
            if number % third == 0:
                clock.shift(timedelta(hours=hours[number // third % 3]))
        happened.update(writer.done)
        writing.assert_right(writer.town, seed)  # with what waits to be folded
        keep_up()
        writing.assert_right(writer.town, seed + 1)
        writing.assert_cells_are_right()
        writing.assert_rebuilding_changes_nothing()
        transaction.set_rollback(True)


def test_the_runs_above_did_all_kinds_of_things():
    if happened:
        assert {"files", "decides", "closes", "merges", "withdraws", "moves_a_border"} <= set(happened)


@pytest.mark.django_db
def test_the_command_builds_the_same_sums_from_the_cases(town: Town, capsys):
    spread(town, 40)
    case(town, 2, due=-1)
    case(town, 3, lon=None, lat=None)
    rebuild()
    before = writing.tables()
    Spot.objects.filter(pk__in=Spot.objects.values("pk")[:7]).update(area="", light="none")
    call_command("rebuild_map")
    assert "42" in capsys.readouterr().out
    assert writing.tables() == before


@pytest.mark.django_db
def test_while_the_sums_are_built_maps_count_the_cases(town: Town):
    spread(town, 30)
    case(town, 2, due=-1)
    begin_rebuild()
    assert summaries.look(timezone.now()) is None
    seen = cases.picture([town.street.path], cases.Filters(), writing.VIEWS[1], timezone.now())
    assert seen.counts.total == 31
    case(town, 2)  # written meanwhile
    while Fold.objects.get().built_to is not None:
        keep_up()
    keep_up()
    assert not Change.objects.exists()
    writing.assert_right(town)


@pytest.mark.django_db
def test_far_too_much_to_fold_is_counted_from_the_cases_instead(town: Town, monkeypatch):
    monkeypatch.setattr(summaries, "MOST_WAITING", 20)
    spread(town, 30)
    assert summaries.look(timezone.now()) is None
    seen = cases.picture([town.street.path], cases.Filters(), writing.VIEWS[1], timezone.now())
    assert seen.counts.total == 30


@pytest.mark.django_db
def test_sums_read_while_somebody_folds_are_read_again(town: Town, monkeypatch):
    spread(town, 30)
    asked = []

    def look(now, really=summaries.look):
        found = really(now)
        if not asked:
            keep_up()  # in between: what was waiting is in the sums by now
        asked.append(found)
        return found

    monkeypatch.setattr(summaries, "look", look)
    seen = cases.picture([town.street.path], cases.Filters(), writing.VIEWS[1], timezone.now())
    assert seen.counts.total == 30
    assert len(asked) == 2


@pytest.mark.django_db
def test_when_the_tree_has_grown_cells_tell_areas_apart_at_another_depth(town: Town):
    case(town, 1)
    Fold.objects.update(depth=1)
    follow_tree()
    while Fold.objects.get().built_to is not None:
        keep_up()
    assert Fold.objects.get().depth == 3
    writing.assert_right(town)


@pytest.mark.django_db
def test_a_write_that_is_rolled_back_is_not_noted(town: Town):
    keep_up()
    with transaction.atomic():
        case(town, 1)
        transaction.set_rollback(True)
    assert not Change.objects.exists()


@pytest.mark.django_db
def test_a_write_that_changes_no_map_is_not_noted(town: Town):
    one = case(town, 1)
    keep_up()
    Request.objects.filter(pk=one.pk).update(text="换个说法", contact_phone="")
    assert not Change.objects.exists()
    Request.objects.filter(pk=one.pk).update(state="checking")
    assert list(Change.objects.values_list("request_id", flat=True)) == [one.pk]
    one.delete()
    keep_up()
    assert not Spot.objects.exists()


@pytest.mark.django_db
def test_a_large_town_is_answered_from_the_sums_in_as_many_queries_as_a_small_one(town: Town):
    asked = []
    for more in (1, 600):
        spread(town, more)
        rebuild()
        with CaptureQueriesContext(connection) as captured:
            seen = cases.picture([town.street.path], cases.Filters(), writing.VIEWS[1], timezone.now())
        asked.append(len(captured))
        assert not any("COUNT" in query["sql"] and "workflows_request" in query["sql"] for query in captured)
    assert seen.counts.total == 601
    assert asked[0] == asked[1]


# --- In processes of their own -----------------------------------------------------------------
class Worker:
    """``tests.maps.summing_worker`` doing one thing."""

    def __init__(self, environment: dict[str, str], *arguments: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.maps.summing_worker", *map(str, arguments)],
            cwd=services.ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def ends(self, code: int = 0) -> dict:
        out, errors = self.process.communicate(timeout=services.PATIENCE * 2)
        assert self.process.returncode == code, out + errors
        return json.loads(out.splitlines()[-1]) if code == 0 else {}


@pytest.mark.postgres
def test_sums_are_right_with_concurrent_writers_and_killed_folders_on_postgresql(environment_of):
    environment = environment_of("postgres")
    Worker(environment, "prepare").ends()
    chance = random.Random(7)
    writers = [Worker(environment, "write", seed, 60) for seed in (1, 2)]
    # Each kills itself right before one of the statements of a fold; the others go on.
    for _ in range(3):
        Worker(environment, "fold-and-die", chance.randint(2, 14)).ends(-9)
    Worker(environment, "write-and-die", 3, chance.randint(150, 300)).ends(-9)
    done = sum((Counter(writer.ends()) for writer in writers), Counter())
    assert done["files"] > 10
    assert done["decides"] > 10
    assert Worker(environment, "check").ends() == {"right": True}
