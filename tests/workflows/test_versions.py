"""Fifty cases on each of five versions: they finish on their own, or are moved and finish on the latest."""

import pytest

from tests.workflows.test_race import KINDS, processes

#: On each version. What PostgreSQL adds, its locks and types, shows with fewer.
CASES = {"sqlite": 50, "postgres": 16}


@pytest.fixture(params=KINDS)
def database(request):
    return request.param


@pytest.fixture
def worker(database, environment_of):
    with processes(environment_of(database), 1, "tests.workflows.versions_worker") as started:
        yield started[0]


@pytest.mark.timeout(900)
def test_fifty_cases_on_each_of_five_versions_finish_on_their_own_or_are_moved_and_finish(worker, database):
    count = CASES[database]
    begun = worker("start", count=count)
    assert set(begun["versions"]) == {"1", "2", "3", "4", "5"}
    assert all(running > count // 2 for running in begun["versions"].values())

    # Every second case is left to its own version.
    own = begun["cases"][::2]
    finished = worker("finish", cases=own)
    assert finished["hanging"] == []
    assert set(finished["versions"].values()) == {count // 2}

    # A version without the panel would strand those that are with it, and names each of them.
    number = worker("without_panel")["number"]
    with_panel, before = worker("at", block="panel"), worker("on_versions")
    report = worker("migrate", target=number, more="right")
    assert 0 < len(with_panel) < sum(before.values())
    assert sorted(case["number"] for case in report["stranded"]) == sorted(with_panel)
    assert all("步骤panel" in case["why"][0] for case in report["stranded"])
    assert (report["moved"], worker("on_versions")) == (0, before)

    # The one before it has a place for everybody, once somebody has said what one step corresponds to.
    extra = worker("at", block="more")
    assert sorted(case["number"] for case in worker("check", target=5)["stranded"]) == sorted(extra)
    assert worker("on_versions") == before
    report = worker("migrate", target=5, more="right")
    running = sum(before.values())
    assert (report["moved"], report["stranded"], report["left"]) == (running - before["5"], [], [])
    assert worker("on_versions") == {version: running if version == "5" else 0 for version in before}
    rest = worker("finish", cases=begun["cases"][1::2])
    assert rest["hanging"] == []
    assert worker("verified", cases=begun["cases"])
