"""A grid with open cases is split, and split again, while its members decide them in other processes."""

from __future__ import annotations

import time

import pytest
import shapely

from tests.grid.communities import assert_tiled
from tests.workflows.test_race import KINDS, processes

MEMBERS = ["member6", "member6b", "member1"]
CASES, AT_ONCE = 30, 5


@pytest.fixture(params=KINDS)
def workers(request, environment_of):
    """An administrator's process and three members', on one database with the town in it."""
    with processes(environment_of(request.param), 4, "tests.workflows.split_worker") as started:
        yield started


def test_splitting_a_grid_with_30_open_cases_loses_none_while_members_decide_them(workers):
    administrator, *members = workers
    begun = administrator("cases", racers=MEMBERS, count=CASES)
    cases, grid, bounds = begun["cases"], begun["grid"], begun["bounds"]
    before = administrator("look")
    assert len(before["cases"]) == CASES
    won: dict[int, str] = {}
    tasks = [case["task"] for case in cases]
    saves, base = redrawings(grid, *bounds), administrator("newest")
    # The last five cases are nobody's turn: they stay open through it all.
    for number, operations in enumerate(saves):
        batch = tasks[number * AT_ONCE : (number + 1) * AT_ONCE]
        at = time.time() + 0.05
        administrator.order("save", operations=operations, base=base, at=at)
        for turn, (worker, user) in enumerate(zip(members, MEMBERS, strict=True)):
            worker.order("decide", tasks=batch[turn:] + batch[:turn], user=user, at=at)
        answers = [answer for worker in members for answer in worker.answer()]
        base = administrator.answer()["edit"]
        assert len(answers) == len(batch) * len(MEMBERS)
        for answer in answers:
            if "refused" in answer:
                assert answer["refused"]
            else:
                assert answer["task"] not in won, "decided twice"
                won[answer["task"]] = answer["user"]
    after = members[0]("look")
    assert set(won) == set(tasks[: len(saves) * AT_ONCE])
    assert set(after["cases"]) == set(before["cases"])
    for case in cases:
        seen = after["cases"][str(case["case"])]
        decided = case["task"] in won
        assert (seen["area"], seen["area_path"], seen["pool"], seen["ones"]) == (grid, True, True, 1)
        assert seen["owner"] == (won[case["task"]] if decided else case["holder"])
        assert case["holder"] in (None, seen["owner"])
        assert seen["open"] == (["two"] if decided else ["one"])
        assert (seen["opinions"], seen["decided"]) == ((1, 1) if decided else (0, 0))
        assert seen["chain"]
    assert set(after["grids"]) - set(before["grids"]) == {"S1", "S3", "S4"}
    assert set(before["grids"]) <= set(after["grids"])
    outline = shapely.union_all([shapely.from_wkt(grid) for grid in before["grids"].values()])
    assert_tiled([shapely.from_wkt(grid) for grid in after["grids"].values()], outline)


def test_two_administrators_save_at_the_same_instant(workers):
    """In different corners both win; on the same grid one does, and the other learns of it."""
    first, second, *_rest = workers
    begun = first("cases", racers=MEMBERS, count=1)
    grid, (west, south, east, _north) = begun["grid"], begun["bounds"]
    width, base = east - west, first("newest")

    def nudge(column: int, share: float) -> dict:
        """Move the border east of a grid where it meets the community's own."""
        lon = west + width * column
        return {"do": "move", "from": [round(lon, 7), south], "to": [round(lon + width * share, 7), south]}

    def both(one: dict, other: dict) -> list[dict]:
        at = time.time() + 0.05
        first.order("save", operations=[one], base=base, at=at)
        second.order("save", operations=[other], base=base, at=at)
        return [first.answer(), second.answer()]

    answers = both(nudge(1, 0.1), nudge(3, 0.1))
    assert all("edit" in answer for answer in answers), answers
    base = first("newest")
    answers = both({"do": "rename", "grid": grid, "name": "甲"}, {"do": "rename", "grid": grid, "name": "乙"})
    (winner,) = [answer["edit"] for answer in answers if "edit" in answer]
    (loser,) = [answer for answer in answers if "conflict" in answer]
    assert loser["edits"] == [winner]


def redrawings(grid: str, west: float, south: float, east: float, north: float) -> list[list[dict]]:
    """Five saves: the grid loses a piece with four of them, and gets one back with one."""

    def cut(share: float, code: str) -> dict:
        lon = west + (east - west) * share
        line = [[lon, south - 0.001], [lon + 0.0001, north + 0.001]]
        return {"do": "split", "grid": grid, "line": line, "code": code, "name": code, "keep": "right"}

    return [
        [cut(0.1, "S1")],
        [cut(0.3, "S2")],
        [{"do": "merge", "grids": [grid, "S2"], "into": grid}],
        [cut(0.5, "S3"), {"do": "rename", "grid": "S3", "name": "西片", "households": 80}],
        [cut(0.7, "S4")],
    ]
