"""The console's responsibility pages: who holds what where, putting on duty, ending, sharing, the past."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from grid.actions.areas import create_area
from grid.actions.duty import appoint_stand_in, assign_responsibility, end_responsibility
from grid.actions.people import end_service
from grid.models import DutyRole, Responsibility, Sharing
from tests.factories import MemberFactory, Town, UserFactory


@pytest.fixture
def admin(client: Client, town: Town) -> Client:
    client.force_login(town.administrator)
    return client


@pytest.fixture
def local(town: Town) -> Client:
    """The administrator of the first community only."""
    user = MemberFactory(user=UserFactory(username="local", name="小杨管理")).user
    town.assign(user, "administrator", town.communities[0])
    client = Client()
    client.force_login(user)
    return client


def page(client: Client, name: str, code: str, status: int = 200, **query: str):
    response = client.get(reverse(name, args=[code]), query)
    assert response.status_code == status
    return response


def here(response, role: str):
    """The row of a role on an area's page."""
    (row,) = [row for row in response.context["roles"] if row.role.pk == role]
    return row


def post(client: Client, name: str, *args, **data):
    return client.post(reverse(name, args=args), data)


# --- Who may -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["duties", "duties_matrix", "duties_history", "duties_people"])
def test_an_administrator_opens_only_their_own_areas(local: Client, town: Town, name: str):
    page(local, name, town.grids[0].code)
    page(local, name, town.grids[4].code, status=404)
    page(local, name, town.street.code, status=404)


@pytest.mark.parametrize("person", ["resident", "member1", "supervisor"])
def test_nobody_else_opens_them(client: Client, town: Town, person: str):
    client.force_login(town.people[person])
    page(client, "duties", town.grids[0].code, status=403)
    assert post(client, "duties_assign", town.grids[0].code).status_code == 403
    assert post(client, "duties_share", town.grids[0].code).status_code == 403


def test_the_first_page_leads_to_the_outermost_area_of_ones_own(local: Client, admin: Client, town: Town):
    assert local.get(reverse("console_duties")).url == reverse("duties", args=[town.communities[0].code])
    answer = admin.get(reverse("console_duties"), {"gaps": "1"})
    assert answer.url == reverse("duties", args=[town.street.code]) + "?gaps=1"


def test_crumbs_end_where_ones_rights_end(local: Client, town: Town):
    assert page(local, "duties", town.grids[0].code).context["crumbs"] == [town.communities[0]]


# --- What is shown -----------------------------------------------------------------------------------


def test_each_role_says_who_holds_it_or_who_lends(admin: Client, town: Town):
    shown = page(admin, "duties", town.grids[0].code)
    assert [held.name for held in here(shown, "grid_member").own] == ["赵网格"]
    leader = here(shown, "grid_leader")
    assert (leader.own, leader.lender, [held.name for held in leader.lent]) == (
        [], town.communities[0], ["王书记"],
    )  # fmt: skip
    assert here(shown, "registrar").lender == town.street
    assert "由和平里社区派人" in shown.content.decode()
    empty = here(page(admin, "duties", town.grids[6].code), "grid_member")
    assert (empty.own, empty.lent, empty.is_gap) == ([], [], True)


def test_the_map_and_the_list_say_the_same(admin: Client, town: Town):
    shown = page(admin, "duties", town.communities[1].code)
    states = {unit.area.pk: (unit.state, unit.names) for unit, _link in shown.context["units"]}
    assert states == {
        town.grids[4].pk: ("own", ["周网格"]),
        town.grids[5].pk: ("own", ["吴网格", "郑网格"]),
        town.grids[6].pk: ("none", []),
    }
    features = shown.context["collection"]["features"]
    assert [one["properties"]["state"] for one in features] == ["own", "own", "none"]
    assert features[0]["properties"]["link"] == reverse("duties", args=[town.grids[4].code])
    west, south, east, north = shown.context["collection"]["bbox"]
    assert (west, south) < (east, north)
    leaders = page(admin, "duties", town.communities[1].code, role="grid_leader").context["units"]
    assert {(unit.state, unit.lender) for unit, _link in leaders} == {("lent", "新华社区")}


def test_a_grids_page_shows_its_neighbours_and_a_streets_page_counts(admin: Client, town: Town):
    grid = page(admin, "duties", town.grids[0].code)
    assert grid.context["frame"] == town.communities[0]
    assert [unit.area for unit, _link in grid.context["units"]] == town.grids[:4]
    street = page(admin, "duties", town.street.code)
    counts = {unit.area.name: (unit.grids, unit.gaps) for unit, _link in street.context["units"]}
    assert counts == {"和平里社区": (4, 0), "新华社区": (3, 1)}


def test_gaps_are_shown_in_the_list_and_on_the_map(admin: Client, town: Town):
    shown = page(admin, "duties", town.street.code, gaps="1")
    assert [unit.area for unit, _link in shown.context["units"]] == [town.grids[6]]
    roles = [one["properties"]["role"] for one in shown.context["collection"]["features"]]
    assert roles == ["area", "parent", "parent"]
    assert "1 个网格没有自己的网格员" in shown.content.decode()
    overview = admin.get(reverse("console")).content.decode()
    assert reverse("console_duties") + "?gaps=1" in overview
    assert reverse("console_areas") + "?gaps=1" in overview


def test_a_grid_without_a_border_is_in_the_list_only(admin: Client, town: Town):
    create_area(code="B1", name="一号楼", level="building", parent=town.grids[0])
    shown = page(admin, "duties", "B1")
    assert [unit.area.name for unit, _link in shown.context["units"]] == ["一号楼"]
    assert shown.context["collection"] is None


def test_the_matrix_names_who_answers_in_each_cell(admin: Client, town: Town):
    matrix = page(admin, "duties_matrix", town.communities[1].code).context["matrix"]
    assert [role.pk for role in matrix.roles] == ["grid_member", "grid_leader", "building_head"]
    cells = {grid.pk: [(cell.names, cell.lender) for cell in cells] for grid, _place, cells in matrix.rows}
    leader = (["冯书记"], "新华社区")
    assert cells == {
        town.grids[4].pk: [(["周网格"], ""), leader, ([], "")],
        town.grids[5].pk: [(["吴网格", "郑网格"], ""), leader, ([], "")],
        town.grids[6].pk: [([], ""), leader, ([], "")],
    }
    town.assign(town.member1, "department", town.grids[4])
    matrix = page(admin, "duties_matrix", town.communities[1].code).context["matrix"]
    assert matrix.roles[-1].pk == "department"


def test_somebody_on_leave_is_shown_with_who_stands_in(admin: Client, town: Town, time_machine):
    time_machine.move_to("2026-11-30 10:00:00+08:00", tick=False)
    appoint_stand_in(
        member=town.member1.member,
        stand_in=town.member2.member,
        since=timezone.now(),
        until=datetime(2026, 12, 3, 16, tzinfo=UTC),  # midnight after 3 December in China
    )
    shown = page(admin, "duties", town.grids[0].code).content.decode()
    assert "请假至 2026年12月3日，由 钱网格 代理" in shown
    assert "赵网格（请假）" in shown
    assert "赵网格（请假）" in page(admin, "duties_matrix", town.communities[0].code).content.decode()


# --- Putting on duty and ending ----------------------------------------------------------------------


def test_putting_on_duty_for_a_period_in_local_days(admin: Client, town: Town, time_machine):
    time_machine.move_to("2026-11-20 23:30:00+08:00", tick=False)
    member = town.member1.member
    answer = post(
        admin, "duties_assign", town.grids[6].code,
        role="grid_member", member=member.pk, since="2026-12-01", until="2026-12-31",
    )  # fmt: skip
    assert answer.status_code == 302
    made = Responsibility.objects.get(area=town.grids[6], role="grid_member")
    assert made.since == datetime(2026, 11, 30, 16, tzinfo=UTC)
    assert made.until == datetime(2026, 12, 31, 16, tzinfo=UTC)
    shown = page(admin, "duties", town.grids[6].code)
    assert [held.name for held in here(shown, "grid_member").coming] == ["赵网格"]
    assert here(shown, "grid_member").is_gap
    text = shown.content.decode()
    assert "从 2026年12月1日 起" in text
    assert "到 2026年12月31日 止" in text
    time_machine.move_to("2026-12-01 00:00:00+08:00", tick=False)
    shown = page(admin, "duties", town.grids[6].code)
    assert [held.name for held in here(shown, "grid_member").own] == ["赵网格"]


def test_putting_on_duty_today_holds_at_once(admin: Client, town: Town):
    today = timezone.localdate().isoformat()
    data = {"role": "grid_member", "member": town.member1.member.pk, "since": today, "until": ""}
    assert post(admin, "duties_assign", town.grids[6].code, **data).status_code == 302
    assert [held.name for held in here(page(admin, "duties", town.grids[6].code), "grid_member").own] == [
        "赵网格"
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"member": ""}, "请选择由谁负责"),
        ({"member": "999999"}, "请选择由谁负责"),
        ({"role": "emperor"}, "请选择岗位"),
        ({"since": "yesterday"}, "不是日期"),
        ({"since": "2026-13-45"}, "不是日期"),
        ({"since": "0001-01-01"}, "不是日期"),
        ({"since": "2026-12-10", "until": "2026-12-01"}, "结束"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(admin: Client, town: Town, change: dict, words: str):
    data = {"role": "grid_leader", "member": str(town.member1.member.pk), "since": "2026-12-01", "until": ""}
    before = Responsibility.objects.count()
    answer = post(admin, "duties_assign", town.grids[6].code, **(data | change))
    assert answer.status_code == 409
    assert words in answer.context["refused"]
    assert Responsibility.objects.count() == before
    if "since" not in change:
        assert 'value="2026-12-01"' in answer.content.decode()


def test_holding_it_already_is_refused_in_words(admin: Client, town: Town):
    data = {"role": "grid_member", "member": town.member1.member.pk}
    answer = post(admin, "duties_assign", town.grids[0].code, **data)
    assert answer.status_code == 409
    assert "赵网格" in answer.context["refused"]


def test_a_member_whom_the_administrator_does_not_see_cannot_be_chosen(local: Client, town: Town):
    data = {"role": "grid_member", "member": town.member5.member.pk}
    assert post(local, "duties_assign", town.grids[0].code, **data).status_code == 409
    assert "周网格" not in page(local, "duties_people", town.grids[0].code, q="周").content.decode()
    assert post(local, "duties_assign", town.grids[4].code, **data).status_code == 404


def test_ending_now_and_on_a_day(admin: Client, town: Town, time_machine):
    time_machine.move_to("2026-11-20 12:00:00+08:00", tick=False)
    first = Responsibility.objects.get(area=town.grids[0], role="grid_member")
    second = Responsibility.objects.get(area=town.grids[1], role="grid_member")
    assert post(admin, "duty_end", first.pk, when="now").status_code == 302
    assert post(admin, "duty_end", second.pk, when="day", last_day="2026-11-30").status_code == 302
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.until == timezone.now()
    assert second.until == datetime(2026, 11, 30, 16, tzinfo=UTC)
    assert post(admin, "duty_end", first.pk, when="now").status_code == 409
    for wrong in ("", "2026-11-19", "soon"):
        third = Responsibility.objects.get(area=town.grids[2], role="grid_member")
        assert post(admin, "duty_end", third.pk, when="day", last_day=wrong).status_code == 409


def test_somebody_elses_responsibility_cannot_be_ended(local: Client, town: Town):
    theirs = Responsibility.objects.get(area=town.grids[4], role="grid_member")
    assert post(local, "duty_end", theirs.pk, when="now").status_code == 404
    theirs.refresh_from_db()
    assert theirs.until is None


def test_sharing_is_set_in_words_and_taken_back(admin: Client, town: Town):
    grid = town.grids[5]
    assert post(admin, "duties_share", grid.code, role="grid_member", how="turn").status_code == 302
    shown = page(admin, "duties", grid.code)
    assert "轮流派给每个人" in shown.content.decode()
    assert here(shown, "grid_member").how_from == grid
    assert post(admin, "duties_share", grid.code, role="grid_member", how="").status_code == 302
    assert not Sharing.objects.exists()
    assert post(admin, "duties_share", grid.code, role="grid_member", how="lottery").status_code == 409
    post(admin, "duties_share", town.street.code, role="grid_member", how="fewest")
    inherited = here(page(admin, "duties", grid.code), "grid_member")
    assert (inherited.how, inherited.how_from) == ("fewest", town.street)


# --- The past ----------------------------------------------------------------------------------------


def test_who_was_responsible_on_a_day_is_answered_at_its_end(admin: Client, town: Town, time_machine):
    grid, role = town.grids[6], DutyRole.objects.get(pk="grid_member")
    time_machine.move_to("2026-03-01 09:00:00+08:00", tick=False)
    first = assign_responsibility(member=town.member1.member, area=grid, role=role)
    time_machine.move_to("2026-06-10 15:00:00+08:00", tick=False)
    end_responsibility(responsibility=first)
    assign_responsibility(member=town.member2.member, area=grid, role=role)
    time_machine.move_to("2026-11-20 12:00:00+08:00", tick=False)
    end_service(member=town.member1.member)

    def on(day: str) -> tuple[list[str], str]:
        shown = page(admin, "duties_history", grid.code, on=day)
        rows = [row for row in shown.context["answer"] if row.role.pk == "grid_member"]
        return ([held.name for held in rows[0].own], "") if rows else ([], "nobody")

    assert on("2026-02-28") == ([], "nobody")
    assert on("2026-03-01") == (["赵网格"], "")
    assert on("2026-06-09") == (["赵网格"], "")  # left since, and still the answer
    assert on("2026-06-10") == (["钱网格"], "")
    assert on("2026-11-20") == (["钱网格"], "")
    periods = page(admin, "duties_history", grid.code).context["periods"]
    assert [held.name for held in periods] == ["钱网格", "赵网格"]


@pytest.mark.parametrize("day", ["x", "2026-02-30", "0001-01-01", "9999999-01-01"])
def test_a_day_that_is_none_is_said_to_be_none(admin: Client, town: Town, day: str):
    shown = page(admin, "duties_history", town.grids[0].code, on=day)
    assert shown.context["on"] is None
    assert "请填写日期" in shown.content.decode()


def test_names_show_as_text(admin: Client, town: Town):
    nasty = "</script><img src=x onerror=alert(1)>{{ 7*7 }}"
    type(town.member1).objects.filter(pk=town.member1.pk).update(name=nasty)
    from grid.actions.areas import update_area

    update_area(area=town.grids[1], changes={"name": nasty})
    for name, code in (("duties", town.grids[0].code), ("duties_matrix", town.communities[0].code)):
        shown = page(admin, name, code).content.decode()
        assert "<img src=x" not in shown
        assert shown.count("</script>") == shown.count("<script")


def test_a_far_future_last_day_does_not_break_the_page(admin: Client, town: Town):
    data = {"role": "grid_leader", "member": town.member1.member.pk, "since": "9999-12-31"}
    assert post(admin, "duties_assign", town.grids[0].code, **data).status_code == 409
    held = timezone.now() + timedelta(days=20000)
    assign_responsibility(member=town.member1.member, area=town.grids[0], role="grid_leader", until=held)
    page(admin, "duties", town.grids[0].code)


def test_more_areas_than_fit_are_said_to_be_more(admin: Client, town: Town, monkeypatch):
    monkeypatch.setattr("grid.staffing.MOST_UNITS", 2)
    shown = page(admin, "duties", town.communities[0].code)
    assert (len(shown.context["units"]), shown.context["more"]) == (2, True)
    assert "只显示前 2 条" in shown.content.decode()
    town.assign(town.member1, "grid_leader", town.grids[0])
    gaps = page(admin, "duties", town.street.code, gaps="1", role="grid_leader")
    assert (len(gaps.context["units"]), gaps.context["missing"], gaps.context["more"]) == (2, 6, True)
