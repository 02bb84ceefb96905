"""How a process comes to know what another has changed: by what has changed, without a restart."""

import json
import random
import threading
import time
import urllib.request
from collections.abc import Callable

import pytest
import shapely
from django.db import connection, transaction
from django.utils import timezone

from grid import locator, snapshot, stamp
from grid.actions import history
from grid.actions.areas import create_area, retire_area, update_area
from grid.actions.duty import assign_responsibility
from grid.models import Area, AreaEdit
from tests import services
from tests.factories import HEIGHT, NORTH, WEST, WIDTH, MemberFactory, Town, build_town


def strip(begin: float, end: float) -> shapely.Polygon:
    """Part of the row of grids 1–4, in widths of a grid from the west."""
    return shapely.box(WEST + begin * WIDTH, NORTH - HEIGHT, WEST + end * WIDTH, NORTH)


#: Seconds after which something that must happen is held not to.
PATIENCE = 60
EDGE = (WEST + 0.9 * WIDTH, NORTH - HEIGHT / 2)


def move_the_border(town: Town) -> None:
    """The edge of grid 1 becomes grid 2's."""
    with transaction.atomic():
        update_area(area=town.grids[0], changes={"geometry": strip(0, 0.8)})
        update_area(area=town.grids[1], changes={"geometry": strip(0.8, 2)})


@pytest.fixture
def committed_town(transactional_db) -> Town:
    return build_town()


def everywhere(known: snapshot.Snapshot) -> list:
    """Where points all over the town lie, on borders and off the town too."""
    return [
        known.locator.locate(WEST + x * WIDTH / 10, NORTH - y * HEIGHT / 4)
        for x in range(-1, 42)
        for y in range(-1, 10)
    ]


def outlines(known: snapshot.Snapshot) -> dict[str, int]:
    return {
        located.code: id(geometry)
        for located, geometry in zip(known.locator._inside, known.locator._geometries, strict=True)
    }


def test_a_border_that_moved_is_read_and_nothing_else(committed_town: Town, django_assert_num_queries):
    before = locator.current()
    move_the_border(committed_town)
    # The stamp; the edits since; the areas in them; those that are grids.
    with django_assert_num_queries(4):
        after = locator.current()
    assert after.roster is before.roster
    old, new = outlines(before), outlines(after)
    assert {code for code in new if new[code] != old[code]} == {
        grid.code for grid in committed_town.grids[:2]
    }
    assert everywhere(after) == everywhere(snapshot.read(after.stamp))
    assert everywhere(after) != everywhere(before)


def test_somebody_new_on_duty_leaves_the_map_as_it_is(committed_town: Town):
    before = locator.current()
    assign_responsibility(member=MemberFactory(), area=committed_town.grids[6], role="grid_member")
    after = locator.current()
    assert after.locator is before.locator
    assert len(after.roster.holders(committed_town.grids[6].path, "grid_member", timezone.now())) == 1


def test_a_change_without_a_trace_makes_everything_be_read_anew(town: Town):
    locator.current()
    with transaction.atomic():
        stamp.bump(duties=False)
        Area.objects.filter(pk=town.grids[0].pk).update(geometry=strip(10, 11))
    assert locator.locate(WEST + 10.5 * WIDTH, NORTH - HEIGHT / 2).code == town.grids[0].code


def test_following_any_edits_leads_to_what_reading_all_gives(town: Town):
    chance = random.Random(3)
    known = locator.current()
    for number in range(40):
        grids = list(Area.objects.in_force().filter(level="grid"))
        grid = chance.choice(grids)
        what = chance.choice(["move", "move", "add", "end"])
        at = chance.uniform(0, 4)
        if what == "move":
            update_area(area=grid, changes={"geometry": strip(at, at + chance.random())})
        elif what == "add":
            community = Area.objects.get(pk=town.communities[0].pk)
            code = f"{chance.randint(0, 9)}-{number}"  # before, between or after the others
            create_area(code=code, name="新", level="grid", parent=community, geometry=strip(at, at + 1))
        elif len(grids) > 2:
            retire_area(area=grid)
        known = snapshot.follow(known, stamp.now())
        assert everywhere(known) == everywhere(snapshot.read(stamp.now())), (number, what)


def test_an_edit_that_was_rolled_back_is_forgotten_even_if_its_number_comes_again(committed_town: Town):
    before = everywhere(locator.current())
    with transaction.atomic():
        move_the_border(committed_town)
        first = AreaEdit.objects.first().pk
        assert locator.locate(*EDGE, fresh=True).code == committed_town.grids[1].code
        transaction.set_rollback(True)
    assert everywhere(locator.current(fresh=True)) == before
    update_area(area=committed_town.grids[5], changes={"name": "改名"})
    update_area(area=committed_town.grids[5], changes={"name": "又改名"})
    if connection.vendor == "sqlite":
        assert AreaEdit.objects.first().pk == first
    assert everywhere(locator.current(fresh=True)) == before


def test_what_was_changed_without_a_trace_and_taken_back_is_not_built_upon(committed_town: Town):
    before = everywhere(locator.current())
    with transaction.atomic():
        stamp.bump(duties=False)
        Area.objects.filter(pk=committed_town.grids[0].pk).update(geometry=strip(10, 11))
        assert everywhere(locator.current(fresh=True)) != before
        transaction.set_rollback(True)
    assign_responsibility(member=MemberFactory(), area=committed_town.grids[6], role="grid_member")
    assert everywhere(locator.current(fresh=True)) == before


def test_what_an_edit_does_after_it_was_recorded_is_known_when_it_is_finished(town: Town):
    seen = []

    def listener(edit: AreaEdit) -> None:
        seen.append(locator.locate(*EDGE, fresh=True).code)

    history.on_borders_changed.append(listener)
    try:
        with transaction.atomic():
            stamp.bump(duties=False)
            edit = history.begin_edit(kind=AreaEdit.Kind.RESHAPE, actor=None)
            assert locator.locate(*EDGE, fresh=True).code == town.grids[0].code
            for grid, geometry in zip(town.grids, (strip(0, 0.8), strip(0.8, 2)), strict=False):
                grid.geometry = geometry
                grid.save()
            history.record(edit=edit, areas=town.grids[:2])
            history.finish_edit(edit=edit)
    finally:
        history.on_borders_changed.remove(listener)
    assert seen == [town.grids[1].code]


class Gate:
    """Holds up the making of a new picture, which is otherwise the real one, until it is opened."""

    def __init__(self, follow: Callable) -> None:
        self.follow, self.opened, self.reached = follow, threading.Event(), threading.Event()
        self.passed = 0

    def __call__(self, *arguments):
        self.passed += 1
        self.reached.set()
        assert self.opened.wait(PATIENCE)
        return self.follow(*arguments)


def test_pages_go_on_with_the_old_picture_while_the_new_one_is_made(
    committed_town: Town, settings, monkeypatch
):
    settings.LINLI_STAMP_SECONDS = 0
    monkeypatch.setattr(locator, "PATIENCE", 3600)
    assert locator.locate(*EDGE).code == committed_town.grids[0].code
    gate = Gate(snapshot.follow)
    monkeypatch.setattr(snapshot, "follow", gate)
    known = locator._current
    move_the_border(committed_town)
    locator._current = known  # as in a process that did not make the change
    for _ in range(5):
        assert locator.locate(*EDGE).code == committed_town.grids[0].code
    assert gate.reached.wait(PATIENCE)
    found: list[str] = []
    decision = threading.Thread(
        target=lambda: (found.append(locator.locate(*EDGE, fresh=True).code), connection.close())
    )
    decision.start()
    gate.opened.set()
    decision.join()
    assert found == [committed_town.grids[1].code]  # who decides something by it has waited
    locator._renewing.join()
    assert locator.locate(*EDGE).code == committed_town.grids[1].code
    assert gate.passed == 1  # and nobody has made it twice


def test_whose_picture_has_not_been_checked_for_long_waits_for_the_new_one(
    committed_town: Town, settings, monkeypatch
):
    settings.LINLI_STAMP_SECONDS = 0
    monkeypatch.setattr(locator, "PATIENCE", 0)
    assert locator.locate(*EDGE).code == committed_town.grids[0].code
    known = locator._current
    move_the_border(committed_town)
    locator._current = known
    assert locator.locate(*EDGE).code == committed_town.grids[1].code


def test_two_servers_both_answer_by_the_borders_that_a_third_process_moved(start_product):
    first = start_product()
    second = services.Product(first.environment, first.data_dir)
    try:
        second.start()

        def ask(product: services.Product) -> str:
            with urllib.request.urlopen(f"{product.url}/api/locate/?lon={EDGE[0]}&lat={EDGE[1]}") as answer:
                return json.load(answer)["grid"]["name"]

        assert [ask(first), ask(second)] == ["第1网格", "第1网格"]
        services.python(
            "from types import SimpleNamespace\n"
            "from grid.models import Area\n"
            "from tests.grid.test_renewal import move_the_border\n"
            "move_the_border(SimpleNamespace(grids=list(Area.objects.filter(level='grid').order_by('code'))))",
            first.environment,
        )
        # The promise: whoever asks two seconds after a change gets the new answer, if only by waiting for it.
        time.sleep(2)
        assert [ask(first), ask(second)] == ["第2网格", "第2网格"]
    finally:
        second.stop()
