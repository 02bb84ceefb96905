"""Redrawing borders through the action: what is stored afterwards, and that a refusal stores nothing."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
import shapely
import time_machine
from django.utils import timezone

from grid import locator
from grid.actions import history
from grid.actions.areas import create_area
from grid.actions.borders import Conflict, redraw
from grid.actions.duty import assign_responsibility
from grid.duty import on_duty
from grid.errors import NotAllowed, Refused
from grid.models import Area, AreaEdit, AreaVersion, Resident, Responsibility
from grid.topology import Coverage
from realtime.log import Subject, verify
from realtime.models import Event, Notification
from tests.factories import HEIGHT, NORTH, WEST, WIDTH, Town
from tests.grid.communities import assert_tiled, community
from tests.grid.test_topology_sequences import Editor, a_long_day

pytestmark = pytest.mark.django_db


def everything() -> list[list[tuple[Any, ...]]]:
    """Every row that redrawing might touch."""
    models = (Area, AreaEdit, AreaVersion, Responsibility, Event, Notification, Resident)
    return [list(model.objects.order_by("pk").values_list()) for model in models]


def at(column: float, row: float) -> list[float]:
    """[lon, lat] in the small town: columns of grids from the west, rows from the north."""
    return [round(WEST + column * WIDTH, 7), round(NORTH - row * HEIGHT, 7)]


def split(code: str = "149901001001001", new: str = "N1", **more: Any) -> dict[str, Any]:
    """Grid 1 cut in two from west to east."""
    return {
        "do": "split", "grid": code, "line": [at(-0.5, 0.4), at(0.5, 0.5), at(1.4, 0.4)],
        "code": new, "name": "新网格", "keep": "left",
    } | more  # fmt: skip


def ring(west: float, north: float, east: float, south: float) -> list[list[float]]:
    return [at(west, north), at(west, south), at(east, south), at(east, north)]


def merge(*numbers: int, into: int, **more: Any) -> dict[str, Any]:
    codes = {number: f"149901001001{number:03}" for number in (*numbers, into)}
    return {"do": "merge", "grids": [codes[number] for number in numbers], "into": codes[into]} | more


def save(town: Town, *operations: dict[str, Any], base: int | None = 10**9, **more: Any) -> AreaEdit:
    return redraw(
        community=town.communities[0], base=base, operations=operations, actor=town.administrator, **more
    )


def grids_of(area: Area) -> dict[str, Area]:
    found = Area.objects.in_force().filter(path__startswith=area.path, level__is_grid=True)
    return {grid.code: grid for grid in found}


def assert_history_whole() -> None:
    """Every area has one open version while it is in force, which says what the row says; none after."""
    versions = defaultdict(list)
    for version in AreaVersion.objects.order_by("since", "pk"):
        versions[version.area_id].append(version)
    for area in Area.objects.all():
        mine = [version for version in versions[area.pk] if version.until != version.since]
        still = [version for version in mine if version.until is None]
        assert len(still) == (1 if area.valid_to is None else 0)
        for version in still:
            for column in ("code", "name", "households", "geometry", "west", "south", "east", "north"):
                assert getattr(version, column) == getattr(area, column)
        assert all(earlier.until == later.since for earlier, later in pairwise(mine))


def test_a_shared_corner_moves_in_both_grids(town):
    edit = save(town, {"do": "move", "from": at(1, 1), "to": at(1.2, 1)}, note=" 沿新路 ")
    grids = grids_of(town.communities[0])
    assert (edit.kind, edit.by, edit.note) == ("reshape", town.administrator, "沿新路")
    assert_tiled([grid.geometry for grid in grids.values()], town.communities[0].geometry)
    one, two = grids["149901001001001"], grids["149901001001002"]
    assert shapely.intersects(one.geometry, shapely.Point(at(1.2, 1)))
    assert one.geometry.area > two.geometry.area
    assert (one.west, one.south, one.east, one.north) == one.geometry.bounds
    assert_history_whole()
    assert locator.locate(*at(1.1, 0.9)).code in (one.code, two.code)
    assert locator.locate(*at(1.05, 0.95)).code == one.code


def test_a_split_gives_the_new_piece_the_duties_of_the_old_grid(town):
    edit = save(town, split())
    new = Area.objects.get(code="N1")
    old = Area.objects.get(code="149901001001001")
    assert (new.name, new.level_id, new.valid_from) == ("新网格", "grid", timezone.localdate())
    assert new.path.startswith(town.communities[0].path)
    assert [post.member.user for post in new.responsibilities.all()] == town.members_of(1)
    assert [post.member.user for post in old.responsibilities.in_force()] == town.members_of(1)
    assigned = Event.objects.get(kind="responsibility.assigned")
    assert (assigned.subject_id, assigned.payload["area"]) == (new.pk, "N1")
    assert {told.user for told in Notification.objects.all()} == {town.member_of(1)}
    assert edit.kind == "split"
    assert_history_whole()
    event = Event.objects.get(kind="area.redrawn")
    assert event.payload == {
        "community": "149901001001", "name": "和平里社区", "changed": [old.code],
        "added": ["N1"], "retired": [],
    }  # fmt: skip
    assert event.area_path == town.communities[0].path
    assert verify(Subject("area", town.communities[0].pk)) == 1


def test_a_split_can_leave_the_new_piece_to_nobody(town):
    save(town, split(same_members=False))
    assert not Responsibility.objects.filter(area__code="N1").exists()


def test_a_merge_ends_the_duties_of_the_grid_that_goes(town):
    save(town, merge(1, 2, into=2))
    gone, stays = town.grids[:2]
    gone.refresh_from_db()
    stays.refresh_from_db()
    assert (gone.valid_to, gone.merged_into) == (timezone.localdate(), stays)
    assert stays.households == 800
    assert not gone.responsibilities.in_force().exists()
    assert [post.member.user.username for post in stays.responsibilities.in_force()] == ["member2"]
    assert {resident.user.username for resident in stays.residents.all()} == {"resident", "neighbour"}
    assert locator.locate(*town.point_in(1)).code == stays.code
    assert_tiled([grid.geometry for grid in grids_of(town.communities[0]).values()],
                 town.communities[0].geometry)  # fmt: skip
    assert_history_whole()


def test_a_merge_can_take_the_members_along(town):
    save(town, merge(1, 2, into=2, same_members=True))
    posts = town.grids[1].responsibilities.in_force()
    assert {post.member.user.username for post in posts} == {"member1", "member2"}


def test_several_changes_are_one_save(town):
    edit = save(
        town,
        split(),
        {"do": "rename", "grid": "N1", "name": "幸福网格", "households": 120},
        {"do": "draw", "ring": ring(2.2, 0.2, 2.8, 0.8), "code": "N2", "name": "广场"},
        {"do": "merge", "grids": ["N1", "149901001001001"], "into": "N1"},
    )  # fmt: skip
    assert edit.kind == "redraw"
    assert set(grids_of(town.communities[0])) == {
        "N1", "N2", "149901001001002", "149901001001003", "149901001001004",
    }  # fmt: skip
    renamed = Area.objects.get(code="N1")
    assert (renamed.name, renamed.households) == ("幸福网格", 520)
    assert Area.objects.get(code="149901001001001").merged_into == renamed
    assert not Responsibility.objects.filter(area__code="N2").exists()
    assert_tiled([grid.geometry for grid in grids_of(town.communities[0]).values()],
                 town.communities[0].geometry)  # fmt: skip
    assert_history_whole()


REFUSED = {
    "crosses": {"do": "move", "from": at(1, 0), "to": at(3, 0.5)},
    "outline": {"do": "move", "from": at(0, 0), "to": at(0.1, 0.1)},
    "taken here": split(new="149901001001003"),
    "taken elsewhere": split(new="149901001002005"),
    "no code": split(new=" "),
    "no name": split(name=""),
    "misses": split(line=[at(0, 2), at(3, 2)]),
    "ends inside": split(line=[at(-1, 0.5), at(0.5, 0.5)]),
    "cuts thrice": split(line=[at(-1, 0.2), at(1.2, 0.3), at(1.2, 0.6), at(-1, 0.8)]),
    "not neighbours": merge(1, 3, into=1),
    "one alone": merge(1, into=1),
    "other community": {"do": "rename", "grid": "149901001002005", "name": "x"},
    "outside": {"do": "draw", "ring": [at(9, 9), at(10, 9), at(9, 10)], "code": "N9", "name": "x"},
    "covers all": {"do": "draw", "ring": ring(-1, -1, 5, 2), "code": "N9", "name": "x"},
    "malformed": {"do": "move", "from": ["x"], "to": None},
    "unknown": {"do": "explode"},
}  # fmt: skip


def test_what_is_refused_changes_nothing(town):
    fine = {"do": "rename", "grid": "149901001001002", "name": "别名"}
    before, base = everything(), AreaEdit.objects.latest("pk").pk
    for what, operation in REFUSED.items():
        with pytest.raises(Refused, match=r"2.*[。.]$") as refusal:
            save(town, fine, operation, base=base)
        assert not isinstance(refusal.value, Conflict), what
        assert everything() == before, what


def test_nothing_to_save_is_refused(town):
    with pytest.raises(Refused):
        save(town)


def test_a_save_that_fails_later_on_is_rolled_back(town, monkeypatch):
    """Here: an upper layer refuses it inside the transaction."""

    def refuse(edit: AreaEdit) -> None:
        raise Refused("no")

    before = everything()
    monkeypatch.setattr(history, "on_borders_changed", [refuse])
    with pytest.raises(Refused, match="no"):
        save(town, split())
    assert everything() == before
    assert locator.locate(*at(0.5, 0.7), fresh=True).code == "149901001001001"


def building(grid: Area, number: int, ground: shapely.Polygon | None = None) -> Area:
    return create_area(
        code=f"B{number}", name=f"{number}号楼", level="building", parent=grid, geometry=ground
    )


def test_buildings_of_a_grid_that_is_merged_away_go_to_the_one_that_stays(town):
    grids = town.grids
    stays, moves = building(grids[1], 1), building(grids[0], 2)
    assign_responsibility(member=town.member5.member, area=moves, role="building_head")

    edit = save(town, merge(1, 2, into=2))

    moves.refresh_from_db()
    assert Area.objects.get_parent(moves) == grids[1]
    assert set(Area.objects.filter(path__startswith=grids[1].path)) == {grids[1], stays, moves}
    assert not Area.objects.in_force().filter(path__startswith=grids[0].path)
    assert set(history.touched(edit)) >= {moves}
    assert [head.user_id for head in on_duty(moves, "building_head", fresh=True)] == [town.member5.pk]
    assert_history_whole()
    assert Area.objects.find_problems() == ([], [], [], [], [])


def test_buildings_go_with_the_ground_they_stand_on(town):
    grid = town.grids[0]
    north, south = at(0.5, 0.1), at(0.5, 0.9)
    stood = {
        name: building(grid, number, shapely.Point(place).buffer(WIDTH / 50))
        for number, (name, place) in enumerate({"north": north, "south": south}.items())
    }
    unknown = building(grid, 9)

    save(town, split(new="N1"))

    new = Area.objects.get(code="N1")
    homes = {name: Area.objects.get_parent(Area.objects.get(pk=area.pk)) for name, area in stood.items()}
    assert set(homes.values()) == {grid, new}
    for name, place in {"north": north, "south": south}.items():
        assert homes[name].geometry.covers(shapely.Point(place))
    assert Area.objects.get_parent(Area.objects.get(pk=unknown.pk)) == grid
    assert Area.objects.find_problems() == ([], [], [], [], [])
    assert_history_whole()


def test_only_administrators_of_the_community_redraw_it(town):
    assign_responsibility(member=town.member5.member, area=town.communities[1], role="administrator")
    for user in (town.resident, town.member1, town.leader1, town.member5):
        with pytest.raises(NotAllowed):
            redraw(community=town.communities[0], base=None, operations=[split()], actor=user)


def test_two_people_in_different_corners_both_win(town):
    base = AreaEdit.objects.latest("pk").pk
    save(town, split(), base=base)
    save(town, {"do": "move", "from": at(3, 1), "to": at(3.2, 1)}, base=base)
    assert len(grids_of(town.communities[0])) == 5
    assert_history_whole()


def test_the_later_of_two_who_change_the_same_grid_is_told_by_whom(town):
    base = AreaEdit.objects.latest("pk").pk
    first = save(town, {"do": "move", "from": at(1, 1), "to": at(1.2, 1)}, base=base, note="沿新路")
    before = everything()
    with pytest.raises(Conflict, match=r"杨管理.*第1网格") as conflict:
        save(town, split(), base=base)
    assert everything() == before
    (edit,) = conflict.value.edits
    assert (edit.id, edit.by, edit.note, edit.grids) == (first.pk, "杨管理", "沿新路", ("第1网格",))
    save(town, split(), base=first.pk)


def test_a_grid_merged_away_in_the_meantime_is_a_conflict(town):
    base = AreaEdit.objects.latest("pk").pk
    save(town, merge(1, 2, into=2), base=base)
    with pytest.raises(Conflict, match="杨管理"):
        save(town, split(), base=base)


def test_a_community_without_an_outline_takes_the_union_of_its_grids(town):
    outline = town.communities[0].geometry
    Area.objects.filter(pk=town.communities[0].pk).update(geometry=None)
    save(town, split(), {"do": "move", "from": at(0, 0), "to": at(0.1, 0.1), "outline": True})
    grids = grids_of(town.communities[0])
    assert Area.objects.get(pk=town.communities[0].pk).geometry is None
    triangle = shapely.Polygon([at(0, 0), at(1, 0), at(0.1, 0.1), at(0, 1)])
    assert shapely.union_all([grid.geometry for grid in grids.values()]).area == pytest.approx(
        outline.area - triangle.area + shapely.Polygon([at(0.1, 0.1), at(0, 1), at(0.1, 0.1)]).area, rel=0.05
    )


def test_moving_the_outline_moves_the_communitys_own_and_keeps_off_the_next_one(town):
    community = town.communities[0]
    edit = save(town, {"do": "move", "from": at(0, 0), "to": at(-0.1, -0.1), "outline": True})
    community.refresh_from_db()
    assert shapely.intersects(community.geometry, shapely.Point(at(-0.1, -0.1)))
    assert AreaVersion.objects.filter(edit=edit, area=community).exists()
    assert_tiled([grid.geometry for grid in grids_of(community).values()], community.geometry)
    neighbour = town.communities[1].geometry
    with pytest.raises(Refused, match="新华社区"):
        save(town, {"do": "move", "from": at(0, 1), "to": at(0.5, 1.5), "outline": True})
    town.communities[1].refresh_from_db()
    assert town.communities[1].geometry == neighbour
    assert_history_whole()


def test_a_corner_where_two_grids_meet_the_outline_slides_along_it(town):
    community = town.communities[0]
    edit = save(town, {"do": "move", "from": at(1, 0), "to": at(1.3, 0)})
    community.refresh_from_db()
    assert not AreaVersion.objects.filter(edit=edit, area=community).exists()
    assert_tiled([grid.geometry for grid in grids_of(community).values()], community.geometry)


@pytest.mark.parametrize("plan", ["around a lake", "in two pieces", "one grid around another"])
def test_a_week_of_saves_keeps_stored_borders_and_their_history_whole(town, plan):
    """Random edits, saved in batches through the action by somebody who travels through the days."""
    made, rng = community(plan, seed=11), random.Random(plan)
    row = create_area(
        code="C9", name="第九社区", level="community", parent=town.street, geometry=made.outline
    )
    for code, shape in made.grids.items():
        create_area(code=code, name=code, level="grid", parent=row, geometry=shape, households=100)
    start, operations_done = timezone.now(), 0
    for day in range(1, 6):
        with time_machine.travel(start + timedelta(days=day), tick=False):
            stored = {code: grid.geometry for code, grid in grids_of(row).items()}
            operations = a_day_of(stored, made, rng, day)
            operations_done += len(operations)
            redraw(
                community=row,
                base=AreaEdit.objects.latest("pk").pk,
                operations=operations,
                actor=town.administrator,
            )
            grids = {code: grid.geometry for code, grid in grids_of(row).items()}
            assert_tiled(grids.values(), made.outline)
            assert_history_whole()
            again = Coverage.build(grids, made.outline)
            assert not again.problems()
            assert all(again.geometry(code).normalize() == shape.normalize() for code, shape in grids.items())
    assert operations_done >= 25
    first = AreaVersion.objects.in_force(start).filter(area__path__startswith=row.path, area__level="grid")
    assert {version.code for version in first} == set(made.grids)


def a_day_of(stored: dict[str, Any], made: Any, rng: random.Random, day: int) -> list[dict[str, Any]]:
    """Operations that can be done one after the other on the stored grids."""
    editor = Editor(made, stored)
    editor.prefix = f"d{day}-"
    a_long_day(editor, rng, turns=14, reach=3000)
    assert editor.operations
    return editor.operations
