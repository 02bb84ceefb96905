"""Borders move under cases: who has them keeps them, until somebody decides otherwise."""

from datetime import UTC, date, datetime, timedelta

import pytest
import shapely
import time_machine
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from viewflow.workflow.models import Task

from grid import stamp
from grid.actions import history
from grid.actions.areas import create_area, retire_area, update_area
from grid.actions.borders import redraw as redraw_borders
from grid.actions.duty import assign_responsibility
from grid.errors import NotAllowed, Refused
from grid.models import Area, AreaEdit
from realtime.log import Subject, verify
from realtime.models import Event, Notification
from tests import services
from tests.factories import HEIGHT, NORTH, WEST, WIDTH, MemberFactory, Town
from tests.workflows.flowing import approval, begin, open_task, publish
from workflows import limits, queries
from workflows.actions.borders import follow_time, keep_case, pass_on_case, review_cases
from workflows.actions.requests import file_request
from workflows.actions.tasks import decide_task
from workflows.models import Request
from workflows.timeline import timeline

#: A point of grid 1 close to its border with grid 2.
EDGE = (WEST + 0.9 * WIDTH, NORTH - HEIGHT / 2)


def strip(begin: float, end: float) -> shapely.Polygon:
    """Part of the row of grids 1–4, in widths of a grid from the west."""
    return shapely.box(WEST + begin * WIDTH, NORTH - HEIGHT, WEST + end * WIDTH, NORTH)


def move_the_border(town: Town) -> None:
    """The edge of grid 1 becomes grid 2's."""
    with transaction.atomic():
        update_area(area=town.grids[0], changes={"geometry": strip(0, 0.8)})
        update_area(area=town.grids[1], changes={"geometry": strip(0.8, 2)})


def at_the_edge(town: Town, **more) -> Request:
    """A case that grid 1 has, at a place that grid 2 is about to get."""
    return begin(town, grid=1, **({"lon": EDGE[0], "lat": EDGE[1]} | more))


def standing(request: Request) -> tuple[str, str, bool]:
    """Numbers of the grid that has a case and of the one it lies in today, and whether it is listed."""
    request.refresh_from_db()
    areas = (request.area, request.area_today)
    numbers = [area.code[12:].lstrip("0") if area else "" for area in areas]
    assert request.area_path == (request.area.path if request.area else "")
    assert request.path_today == (request.area_today.path if request.area_today else "")
    return numbers[0], numbers[1], request.border_review


@pytest.fixture
def flow(town: Town) -> Town:
    publish(approval("handle", "grid_member", handler=True), approval("check", "grid_leader"))
    return town


# -- following the borders -----------------------------------------------------------------------------------
def test_an_open_case_stays_with_whoever_has_it_and_is_listed(flow):
    case = at_the_edge(flow)
    elsewhere = begin(flow, grid=1, lon=WEST + 0.2 * WIDTH, lat=EDGE[1])
    move_the_border(flow)
    assert standing(case) == ("1", "2", True)
    assert standing(elsewhere) == ("1", "1", False)
    assert open_task(case, "handle").owner == flow.member1
    assert list(queries.to_review(flow.supervisor)) == [case]


def test_a_new_request_goes_by_the_new_borders(flow):
    move_the_border(flow)
    case = file_request(reporter=flow.resident, text="路灯不亮", lon=EDGE[0], lat=EDGE[1])
    assert standing(case) == ("2", "2", False)


def test_a_border_that_moves_while_a_request_is_being_filed_counts(flow, monkeypatch):
    """The place is found before the photos are taken in and the case is written."""
    set_limit = limits.set_limit

    def meanwhile(*arguments):
        move_the_border(flow)
        return set_limit(*arguments)

    monkeypatch.setattr(limits, "set_limit", meanwhile)
    case = file_request(reporter=flow.resident, text="路灯不亮", lon=EDGE[0], lat=EDGE[1])
    assert standing(case) == ("2", "2", False)


def test_a_grid_chosen_from_the_list_that_ends_meanwhile_is_refused(flow, monkeypatch):
    set_limit = limits.set_limit

    def meanwhile(*arguments):
        retire_area(area=flow.grids[0])
        return set_limit(*arguments)

    monkeypatch.setattr(limits, "set_limit", meanwhile)
    with pytest.raises(Refused):
        file_request(reporter=flow.resident, text="路灯不亮", area=flow.grids[0])
    assert not Request.objects.exists()


WHILE_FILING = """
import threading, time
from types import SimpleNamespace
from django.db import connection
from grid.models import Area, User
from tests.workflows.test_borders import EDGE, move_the_border
from workflows.actions import requests
from workflows.models import Request

grids = list(Area.objects.filter(level="grid").order_by("code"))
finished = threading.Event()

def redraw():
    move_the_border(SimpleNamespace(grids=grids))
    finished.set()
    connection.close()

editor = threading.Thread(target=redraw)
start_case = requests.start_case

def in_the_middle(*arguments, **named):
    editor.start()
    print("finished while the case was being written:", finished.wait(2))
    return start_case(*arguments, **named)

requests.start_case = in_the_middle
requests.file_request(
    reporter=User.objects.get(username="resident"), text="路灯不亮", lon=EDGE[0], lat=EDGE[1]
)
editor.join()
case = Request.objects.get()
print(case.area == grids[0], case.area_today == grids[1], case.border_review)
"""


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_an_edit_waits_for_a_case_that_is_being_written_and_then_sees_it(environment_of, kind):
    said = services.python(WHILE_FILING, environment_of(kind)).splitlines()
    assert said[-2:] == ["finished while the case was being written: False", "True True True"]


def test_moving_the_border_back_takes_the_case_off_the_list(flow):
    case = at_the_edge(flow)
    move_the_border(flow)
    update_area(area=flow.grids[1], changes={"geometry": strip(1, 2)})
    update_area(area=flow.grids[0], changes={"geometry": strip(0, 1)})
    assert standing(case) == ("1", "1", False)


def test_nothing_is_left_of_an_edit_that_was_rolled_back(flow):
    case = at_the_edge(flow)
    with transaction.atomic():
        move_the_border(flow)
        assert standing(case) == ("1", "2", True)
        transaction.set_rollback(True)
    assert standing(case) == ("1", "1", False)


def test_a_case_near_a_border_follows_though_it_lies_outside(flow):
    """It was taken as lying in the nearest grid."""
    south = NORTH - 2.1 * HEIGHT  # 33 metres south of the town
    case = begin(flow, grid=5, lon=WEST + WIDTH / 2, lat=south, placed="snapped")
    update_area(area=flow.grids[4], changes={"geometry": shapely.box(
        WEST, NORTH - 1.5 * HEIGHT, WEST + WIDTH, NORTH - HEIGHT)})  # fmt: skip
    assert standing(case) == ("5", "", True)


def test_a_case_placed_by_its_address_follows_a_merge_and_nothing_else(flow):
    """Somebody said which grid it is, and knew better than the point."""
    case = at_the_edge(flow, placed="chosen")
    without_point = begin(flow, grid=1, placed="chosen")
    move_the_border(flow)
    assert standing(case) == standing(without_point) == ("1", "1", False)
    with transaction.atomic():
        merged, into = flow.grids[:2]
        Area.objects.filter(pk=merged.pk).update(merged_into=into)
        retire_area(area=merged)
    assert standing(case) == standing(without_point) == ("1", "2", True)


def test_a_case_in_a_building_that_went_to_another_grid_is_listed_and_can_go_with_it(flow):
    building = create_area(code="B1", name="1号楼", level="building", parent=flow.grids[0])
    case = begin(flow, grid=1, area=building, area_path=building.path, placed="chosen")
    (first, second) = (grid.code for grid in flow.grids[:2])
    merge = {"do": "merge", "grids": [first, second], "into": second}
    seen = AreaEdit.objects.latest("pk").pk
    redraw_borders(community=flow.communities[0], base=seen, operations=[merge], actor=flow.administrator)

    case.refresh_from_db()
    assert open_task(case, "handle").owner == flow.member1
    assert case.area == case.area_today == building
    assert case.border_review
    assert case.path_today.startswith(flow.grids[1].path)

    pass_on_case(request_id=case.pk, actor=flow.supervisor)

    case.refresh_from_db()
    assert case.area_path == case.path_today
    assert not case.border_review
    assert open_task(case, "handle").owner == flow.member_of(2)


def test_a_case_of_a_grid_that_ended_without_a_successor_can_only_stay(flow):
    case = begin(flow, grid=1, placed="chosen")
    retire_area(area=flow.grids[0])
    assert standing(case) == ("1", "", True)
    with pytest.raises(Refused, match=case.number):
        pass_on_case(request_id=case.pk, actor=flow.supervisor)
    keep_case(request_id=case.pk, actor=flow.supervisor)
    assert standing(case) == ("1", "", False)


def test_an_unplaced_case_learns_of_a_grid_drawn_around_it(flow):
    lon, lat = WEST + 5.5 * WIDTH, NORTH - HEIGHT / 2
    case = begin(flow, grid=None, lon=lon, lat=lat)
    create_area(
        code="149901001001008", name="第8网格", level="grid",
        parent=Area.objects.get(pk=flow.communities[0].pk), geometry=strip(5, 6),
    )  # fmt: skip
    assert standing(case) == ("", "8", True)


def test_closed_cases_follow_for_the_numbers_and_are_not_listed(flow):
    case = at_the_edge(flow, state="closed", closed_at=datetime(2026, 1, 1, tzinfo=UTC))
    move_the_border(flow)
    assert standing(case)[:2] == ("1", "2")
    assert not queries.to_review(flow.supervisor).exists()


def test_borders_planned_for_a_day_to_come_are_followed_when_the_day_has_come(flow):
    noon = datetime(2026, 3, 2, 4, tzinfo=UTC)
    with time_machine.travel(noon, tick=False):
        case = begin(flow, grid=1, placed="chosen")
        assert follow_time() == 0
        retire_area(area=flow.grids[0], on=date(2026, 3, 4))
        assert standing(case) == ("1", "1", False)
    with time_machine.travel(noon + timedelta(days=1), tick=False):
        assert follow_time() == 0
    with time_machine.travel(noon + timedelta(days=2), tick=False):
        assert follow_time() == 1
        assert standing(case) == ("1", "", True)
        assert follow_time() == 0


def redraw(town: Town, border: float) -> None:
    """Grids 1 and 2 meet here, in one edit."""
    with transaction.atomic():
        stamp.bump()
        edit = history.begin_edit(kind=AreaEdit.Kind.REDRAW, actor=None)
        for grid, geometry in zip(town.grids, (strip(0, border), strip(border, 2)), strict=False):
            grid.geometry = geometry
            grid.west, _, grid.east, _ = geometry.bounds
            grid.save()
        history.record(edit=edit, areas=town.grids[:2])
        history.finish_edit(edit=edit)


def test_following_costs_the_same_for_ten_cases_and_for_forty(flow):
    def cost(border: float) -> int:
        with CaptureQueriesContext(connection) as made:
            redraw(flow, border)
        return len(made)

    for _ in range(10):
        at_the_edge(flow)
    few = cost(0.8)
    assert queries.to_review(flow.supervisor).count() == 10
    for _ in range(30):
        at_the_edge(flow, area_today=flow.grids[1], path_today=flow.grids[1].path)
    assert cost(1) == few
    assert not queries.to_review(flow.supervisor).exists()


def test_a_large_edit_is_followed_in_batches_within_the_box_around_it(flow, monkeypatch):
    for name, value in (("_BOXES", 1), ("_BATCH", 2), ("_IDS", 2)):
        monkeypatch.setattr(f"workflows.actions.borders.{name}", value)
    cases = [at_the_edge(flow) for _ in range(7)]
    redraw(flow, 0.8)
    assert {standing(case) for case in cases} == {("1", "2", True)}


# -- deciding ------------------------------------------------------------------------------------------------
def test_to_keep_a_case_is_told_to_those_who_work_on_it_and_to_nobody_else(flow):
    case = at_the_edge(flow)
    move_the_border(flow)
    keep_case(request_id=case.pk, actor=flow.supervisor)
    assert standing(case) == ("1", "2", False)
    assert open_task(case, "handle").owner == flow.member1
    event = Event.objects.get(kind="request.kept")
    assert (event.actor, event.payload["to_code"]) == (flow.supervisor, flow.grids[1].code)
    assert verify(Subject("request", case.pk)) > 0
    assert "request.kept" in [entry.kind for entry in timeline(case, flow.member1)]
    assert "request.kept" not in [entry.kind for entry in timeline(case, flow.resident)]


def test_a_case_that_was_kept_is_listed_again_when_the_border_moves_on(flow):
    case = at_the_edge(flow)
    move_the_border(flow)
    keep_case(request_id=case.pk, actor=flow.supervisor)
    update_area(area=flow.grids[1], changes={"name": "又改名"})
    assert standing(case) == ("1", "2", False)
    update_area(area=flow.grids[1], changes={"geometry": strip(1.5, 2)})
    update_area(area=flow.grids[2], changes={"geometry": strip(0.85, 3)})
    assert standing(case) == ("1", "3", True)


def test_a_case_passed_on_is_the_new_grids_for_good(flow):
    case = at_the_edge(flow)
    move_the_border(flow)
    pass_on_case(request_id=case.pk, actor=flow.supervisor)
    assert standing(case) == ("2", "2", False)
    task = open_task(case, "handle")
    assert (task.owner, case.handler) == (flow.member2, flow.member2)
    event = Event.objects.get(kind="request.passed_on")
    assert event.payload["from_code"] == flow.grids[0].code
    assert event.payload["to"] == ["钱网格"]
    told = set(Notification.objects.filter(event=event).values_list("user__username", flat=True))
    assert told == {"member1", "member2"}
    with pytest.raises(Refused):
        decide_task(task_id=task.pk, actor=flow.member1, outcome="done")
    decide_task(task_id=task.pk, actor=flow.member2, outcome="done")
    assert open_task(case, "check").owner_permission.endswith(f".{flow.communities[0].pk}")
    story = [entry for entry in timeline(case, flow.resident) if entry.kind == "request.passed_on"]
    assert "第2网格" in story[0].title


def test_who_is_on_duty_in_both_grids_keeps_the_step(flow):
    assign_responsibility(member=flow.member1.member, area=flow.grids[1], role="grid_member")
    case = at_the_edge(flow)
    move_the_border(flow)
    pass_on_case(request_id=case.pk, actor=flow.supervisor)
    assert open_task(case, "handle").owner == flow.member1
    assert Event.objects.get(kind="request.passed_on").payload["to"] == []


def test_a_pool_of_the_old_grid_becomes_the_new_ones(flow):
    case = begin(flow, grid=6, lon=flow.point_in(6)[0], lat=flow.point_in(6)[1])
    assert open_task(case, "handle").owner is None
    for grid, geometry in ((flow.grids[5], strip(9, 10)), (flow.grids[4], flow.grids[5].geometry)):
        update_area(area=grid, changes={"geometry": geometry})
    pass_on_case(request_id=case.pk, actor=flow.administrator)
    assert open_task(case, "handle").owner == flow.member_of(5)


def test_the_second_of_two_who_decide_is_refused(flow):
    case = at_the_edge(flow)
    move_the_border(flow)
    pass_on_case(request_id=case.pk, actor=flow.supervisor)
    with pytest.raises(Refused, match=case.number):
        keep_case(request_id=case.pk, actor=flow.administrator)


@pytest.mark.parametrize("who", ["member1", "member2", "leader1", "registrar", "resident"])
def test_only_who_looks_after_the_area_decides(flow, who):
    case = at_the_edge(flow)
    move_the_border(flow)
    actor = getattr(flow, who)
    assert not queries.to_review(actor).exists()
    for decide in (keep_case, pass_on_case):
        with pytest.raises(NotAllowed):
            decide(request_id=case.pk, actor=actor)
    assert standing(case) == ("1", "2", True)


def test_a_supervisor_of_another_community_decides_nothing_here(flow):
    other = MemberFactory()
    assign_responsibility(member=other, area=flow.communities[1], role="supervisor")
    case = at_the_edge(flow)
    move_the_border(flow)
    with pytest.raises(NotAllowed):
        keep_case(request_id=case.pk, actor=other.user)


def test_one_that_cannot_be_passed_on_does_not_keep_the_others(flow):
    stranded = begin(flow, grid=4, placed="chosen")
    case = at_the_edge(flow)
    move_the_border(flow)
    retire_area(area=flow.grids[3])
    done = review_cases(request_ids=[stranded.pk, case.pk], passing_on=True, actor=flow.supervisor)
    assert done.decided == 1
    assert stranded.number in done.refused[0]
    assert [standing(stranded), standing(case)] == [("4", "", True), ("2", "2", False)]


def test_a_case_without_a_workflow_can_be_decided_about_as_well(flow):
    case = Request.objects.create(
        number="OLD1", text="旧案", area=flow.grids[0], area_path=flow.grids[0].path, placed="inside",
        area_today=flow.grids[0], path_today=flow.grids[0].path, lon=EDGE[0], lat=EDGE[1],
    )  # fmt: skip
    move_the_border(flow)
    pass_on_case(request_id=case.pk, actor=flow.supervisor)
    assert standing(case) == ("2", "2", False)
    assert not Task.objects.filter(process=None).exists()
