"""The page on which a supervisor decides about cases under moved borders, and numbers by either borders."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from grid.actions.duty import assign_responsibility
from realtime.models import Event
from tests.factories import HEIGHT, NORTH, WEST, WIDTH, MemberFactory, Town
from tests.workflows.flowing import approval, begin, open_task, publish
from tests.workflows.test_borders import EDGE, at_the_edge, move_the_border, standing
from workflows import queries
from workflows.actions.borders import pass_on_case
from workflows.models import Request

PAGE, DECIDE, COUNTS = "/console/moved-cases/", "/console/moved-cases/decide/", "/console/cases/"


@pytest.fixture
def flow(town: Town) -> Town:
    publish(approval("handle", "grid_member", handler=True), approval("check", "grid_leader"))
    return town


@pytest.fixture
def desk(flow: Town, client):
    client.force_login(flow.supervisor)
    return client


def test_the_page_says_who_has_it_and_who_is_on_duty_there(flow, desk):
    case = at_the_edge(flow, text="<script>alert(1)</script>")
    move_the_border(flow)
    page = desk.get(PAGE, headers={"accept-language": "en"}).content.decode()
    assert "By the new borders this open case belongs elsewhere" in page
    assert case.number in page
    assert "<script>alert" not in page
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert re.search("Has it now .*Hepingli Grid 1 赵网格 .*By the new borders Hepingli Grid 2 钱网格", words)


def test_in_chinese_the_page_counts_the_cases(flow, desk):
    for _ in range(3):
        at_the_edge(flow)
    move_the_border(flow)
    assert "按新边界，这3件未结案件应归别处" in desk.get(PAGE).content.decode()


def test_an_empty_list_says_that_all_is_well(flow, desk):
    at_the_edge(flow)
    assert "未结案件都在该在的网格" in desk.get(PAGE).content.decode()


def test_one_case_is_kept_and_another_passed_on(flow, desk):
    kept, passed, left = (at_the_edge(flow) for _ in range(3))
    move_the_border(flow)
    assert desk.post(DECIDE, {"keep": kept.number}).url == PAGE
    answer = desk.post(DECIDE, {"pass_on": passed.number}, follow=True)
    assert "已转出1件" in answer.content.decode()
    assert [standing(case) for case in (kept, passed, left)] == [
        ("1", "2", False), ("2", "2", False), ("1", "2", True),
    ]  # fmt: skip
    assert open_task(kept, "handle").owner == flow.member1
    assert open_task(passed, "handle").owner == flow.member2
    kinds = Event.objects.filter(kind__in=("request.kept", "request.passed_on")).values_list("kind", "actor")
    assert set(kinds) == {("request.kept", flow.supervisor.pk), ("request.passed_on", flow.supervisor.pk)}


@pytest.mark.parametrize(("every", "owner"), [("keep", "member1"), ("pass_on", "member2")])
def test_all_are_decided_at_once_on_whatever_page_they_are(flow, desk, every, owner):
    cases = [at_the_edge(flow) for _ in range(23)]
    move_the_border(flow)
    desk.post(DECIDE, {"every": every})
    assert not queries.to_review(flow.supervisor).exists()
    assert {open_task(case, "handle").owner for case in cases} == {getattr(flow, owner)}


def test_one_who_comes_second_is_told(flow, desk):
    case = at_the_edge(flow)
    move_the_border(flow)
    pass_on_case(request_id=case.pk, actor=flow.administrator)
    answer = desk.post(DECIDE, {"keep": case.number}, follow=True)
    assert f"诉求{case.number}已经有人决定过了" in answer.content.decode()


@pytest.mark.parametrize("who", ["resident", "member1", "leader1", "registrar"])
def test_the_pages_are_for_who_looks_after_the_area(flow, client, who):
    case = at_the_edge(flow)
    move_the_border(flow)
    client.force_login(getattr(flow, who))
    assert [client.get(page).status_code for page in (PAGE, COUNTS)] == [403, 403]
    assert client.post(DECIDE, {"every": "pass_on"}).status_code == 403
    assert standing(case) == ("1", "2", True)


def test_a_supervisor_of_another_community_sees_and_decides_nothing_here(flow, client):
    other = MemberFactory()
    assign_responsibility(member=other, area=flow.communities[1], role="supervisor")
    case = at_the_edge(flow)
    move_the_border(flow)
    client.force_login(other.user)
    assert case.number not in client.get(PAGE).content.decode()
    for sent in ({"keep": case.number}, {"pass_on": case.number}, {"every": "pass_on"}):
        client.post(DECIDE, sent)
    assert standing(case) == ("1", "2", True)
    assert counts(client, under=flow.communities[0].code) == counts(client)


def test_a_stranger_is_asked_to_sign_in(flow, client):
    assert client.get(PAGE).url.startswith("/accounts/login/")
    assert client.get(DECIDE).status_code in (302, 405)


@pytest.mark.parametrize("page", [PAGE, COUNTS])
def test_the_pages_cost_the_same_for_two_and_for_twenty_cases(flow, desk, page):
    def cost() -> int:
        with CaptureQueriesContext(connection) as made:
            assert desk.get(page).status_code == 200
        return len(made)

    def more(number: int) -> None:
        for _ in range(number):
            at_the_edge(flow)
            x, y = flow.point_in(6)  # a pool
            begin(flow, grid=6, lon=x, lat=y, border_review=True, area_today=flow.grids[4])

    more(1)
    move_the_border(flow)
    desk.get(page)
    few = cost()
    more(9)
    Request.objects.filter(lon=EDGE[0]).update(border_review=True, area_today=flow.grids[1])
    assert cost() == few <= 15


# -- numbers by either borders -------------------------------------------------------------------------------
def counts(client, **query: str) -> dict[str, tuple[int, int, int]]:
    """End of an area's code → open, overdue, closed this month, as the page shows them."""
    page = client.get(COUNTS, query).content.decode()
    rows = re.findall(r'<tr data-area="(\d+)">(.*?)</tr>', page, re.S)
    return {
        code[9:].lstrip("0"): tuple(int(number) for number in re.findall(r'"number">(\d+)<', row))
        for code, row in rows
    }


def test_a_supervisor_reads_the_numbers_by_the_borders_then_or_today(flow, desk):
    for _ in range(3):
        at_the_edge(flow)
    begin(flow, grid=2, lon=WEST + 1.5 * WIDTH, lat=NORTH - HEIGHT / 2)
    move_the_border(flow)
    under = flow.communities[0].code
    then, today = counts(desk, under=under), counts(desk, under=under, borders="today")
    assert (then["1001"][0], then["1002"][0]) == (3, 1)
    assert (today["1001"][0], today["1002"][0]) == (0, 4)
    assert counts(desk) == counts(desk, borders="today") == {"": (4, 0, 0)}


def test_a_case_passed_on_counts_where_it_went_in_both_readings(flow, desk):
    case = at_the_edge(flow)
    move_the_border(flow)
    pass_on_case(request_id=case.pk, actor=flow.supervisor)
    under = flow.communities[0].code
    assert counts(desk, under=under)["1002"][0] == counts(desk, under=under, borders="today")["1002"][0] == 1


def test_the_maps_read_by_either_borders(flow, desk):
    at_the_edge(flow)
    move_the_border(flow)
    old, new = flow.grids[0].code, flow.grids[1].code
    box = {"bbox": f"{WEST - 1},{NORTH - 1},{WEST + 1},{NORTH + 1}", "zoom": "16"}

    def watched(**query: str) -> int:
        return desk.get("/map/data/cases/", box | query).json()["counts"]["total"]

    def public(code: str, **query: str) -> int:
        return desk.get("/map/data/tallies/", box | query).json()[code]["open"]

    assert (watched(area=old), watched(area=new)) == (1, 0)
    assert (watched(area=old, borders="today"), watched(area=new, borders="today")) == (0, 1)
    assert (public(old), public(new)) == (1, 0)
    assert (public(old, borders="today"), public(new, borders="today")) == (0, 1)
