"""The console's forms about people, leave, branches and areas."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from grid.actions.duty import appoint_stand_in, assign_responsibility
from grid.actions.people import create_branch, enrol_member, update_branch, update_member
from grid.duty import on_duty, who_serves
from grid.errors import NotAllowed, Refused
from grid.models import Area, Branch, Member, StandIn, User
from tests.factories import MemberFactory, Town, UserFactory, photo


@pytest.fixture
def admin(client: Client, town: Town) -> Client:
    client.force_login(town.administrator)
    return client


@pytest.fixture
def local(town: Town) -> Client:
    """The administrator of the first community only."""
    user = MemberFactory(user=UserFactory(username="local", name="小杨管理")).user
    town.assign(user, "administrator", town.communities[0])
    town.people["local"] = user
    client = Client()
    client.force_login(user)
    return client


def get(client: Client, name: str, /, *args, status: int = 200, **query):
    response = client.get(reverse(name, args=args), query)
    assert response.status_code == status
    return response


def post(client: Client, name: str, /, *args, **data):
    return client.post(reverse(name, args=args), data)


# --- Members -----------------------------------------------------------------------------------------


def test_a_new_member_gets_an_account_and_a_password_that_works_once_shown(admin: Client, town: Town):
    branch = Branch.objects.get(code="B1")
    answer = post(
        admin, "member_new",
        name="新网格", phone="139 1234 5678", branch=branch.pk, is_party_member="on",
        pledge="随叫随到", public_phone="0351-5550111", photo=photo(),
    )  # fmt: skip
    assert answer.status_code == 200
    enrolled = answer.context["enrolled"]
    member = enrolled.member
    assert (member.user.phone, member.branch, member.pledge) == ("+8613912345678", branch, "随叫随到")
    assert member.photo
    assert enrolled.password in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert Client().login(username=member.user.username, password=enrolled.password)
    assert enrolled.password not in get(admin, "member_detail", member.pk).content.decode()


def test_somebody_with_an_account_becomes_a_member_without_a_new_password(admin: Client, town: Town):
    answer = post(admin, "member_new", name="何居民", username="resident")
    assert answer.status_code == 302
    assert Member.objects.get(user=town.resident)


def test_a_number_of_somebody_of_another_name_says_nothing_about_them(admin: Client, town: Town):
    answer = post(admin, "member_new", name="张三", phone=town.resident.phone)
    assert answer.status_code == 409
    assert "何居民" not in answer.content.decode()
    with pytest.raises(Refused):
        enrol_member(name="张三", username="resident")
    with pytest.raises(Refused):
        enrol_member(name="张三")
    with pytest.raises(Refused):
        enrol_member(name=" ", phone="139 1234 5678")


def test_changing_a_member_reaches_everybody_who_reads_their_name(admin: Client, town: Town):
    member = town.member1.member
    data = {"name": "赵新名", "phone": "139 0000 0009", "pledge": "新承诺", "public_phone": ""}
    assert post(admin, "member_edit", member.pk, **data).status_code == 302
    member.refresh_from_db()
    user = User.objects.get(pk=member.user_id)
    assert (user.name, user.phone, user.phone_verified) == ("赵新名", "+8613900000009", False)
    assert (member.pledge, member.public_phone, member.branch, member.is_party_member) == (
        "新承诺",
        "",
        None,
        False,
    )
    (serving, *_rest) = who_serves(town.grids[0])
    assert serving.name == "赵新名"
    assert on_duty(town.grids[0], "grid_member")[0].name == "赵新名"


@pytest.mark.parametrize("change", [{"phone": "13800000002"}, {"phone": "12"}, {"name": ""}, {"photo": "x"}])
def test_what_cannot_be_is_refused_and_nothing_changes(admin: Client, town: Town, change: dict):
    from django.core.files.uploadedfile import SimpleUploadedFile

    if "photo" in change:
        change = {"photo": SimpleUploadedFile("x.jpg", b"<svg onload=alert(1)>")}
    member = town.member1.member
    data = {"name": "赵新名", "phone": "13800000001", "pledge": "新承诺"} | change
    assert post(admin, "member_edit", member.pk, **data).status_code == 409
    member.refresh_from_db()
    assert member.pledge != "新承诺"
    assert User.objects.get(pk=member.user_id).name == "赵网格"


def test_an_administrator_changes_only_those_they_look_after(local: Client, town: Town):
    get(local, "member_detail", town.member1.member.pk)
    get(local, "member_detail", town.member5.member.pk, status=404)
    assert post(local, "member_edit", town.member5.member.pk, name="x").status_code == 404
    root = MemberFactory(user=UserFactory(username="root", name="根", is_superuser=True))
    with pytest.raises(NotAllowed):
        update_member(member=root, changes={"phone": "13900000001"}, actor=town.people["local"])


def test_a_branch_that_is_not_theirs_is_neither_given_nor_taken(local: Client, town: Town):
    member = town.member1.member
    assert member.branch is not None  # the street's
    assert post(local, "member_edit", member.pk, name="赵网格", branch="", pledge="p").status_code == 302
    member.refresh_from_db()
    assert (member.branch.code, member.pledge) == ("B1", "p")
    other = create_branch(code="B2", name="二支部", areas=[town.grids[4]])
    assert post(local, "member_edit", member.pk, name="赵网格", branch=other.pk).status_code == 409
    with pytest.raises(NotAllowed):
        update_member(member=member, changes={"branch": other}, actor=town.people["local"])


# --- Leave -------------------------------------------------------------------------------------------


def test_a_member_plans_their_own_leave_in_local_days(client: Client, town: Town, time_machine):
    time_machine.move_to("2026-11-20 09:00:00+08:00", tick=False)
    client.force_login(town.member1)
    page = get(client, "my_leave")
    assert town.member2.member in page.context["choices"]
    data = {"since": "2026-12-01", "last_day": "2026-12-03", "stand_in": town.member2.member.pk}
    assert post(client, "my_leave", **data).status_code == 302
    leave = StandIn.objects.get()
    assert leave.since == datetime(2026, 11, 30, 16, tzinfo=UTC)
    assert leave.until == datetime(2026, 12, 3, 16, tzinfo=UTC)
    assert "钱网格" in get(client, "my_leave").content.decode()
    client.force_login(town.member2)
    assert "赵网格" in get(client, "my_leave").content.decode()
    time_machine.move_to("2026-12-02 09:00:00+08:00", tick=False)
    assert on_duty(town.grids[0], "grid_member")[0].stand_in_user_id == town.member2.pk
    client.force_login(town.member1)
    assert post(client, "leave_end", leave.pk).url == reverse("my_leave")
    assert on_duty(town.grids[0], "grid_member")[0].stand_in_user_id is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"stand_in": ""}, "请选择代理人"),
        ({"since": ""}, "第一天和最后一天"),
        ({"since": "2026-11-01"}, "不能从过去开始"),
        ({"since": "2026-12-05", "last_day": "2026-12-01"}, "结束"),
        ({"since": "2026-12-20", "last_day": "2027-01-05"}, "钱网格"),
    ],
)
def test_what_is_wrong_with_a_leave_is_said_in_words(client: Client, town: Town, time_machine, change, words):
    time_machine.move_to("2026-11-20 09:00:00+08:00", tick=False)
    appoint_stand_in(
        member=town.member1.member, stand_in=town.member2.member,
        since=datetime(2026, 12, 24, tzinfo=UTC), until=datetime(2026, 12, 31, tzinfo=UTC),
    )  # fmt: skip
    client.force_login(town.member1)
    data = {"since": "2026-12-01", "last_day": "2026-12-03", "stand_in": town.member3.member.pk}
    answer = post(client, "my_leave", **(data | change))
    assert answer.status_code == 409
    assert words in answer.context["refused"]
    assert StandIn.objects.count() == 1


def test_the_administrator_does_it_for_somebody_who_cannot(admin: Client, town: Town):
    member, today = town.member1.member, timezone.localdate()
    data = {
        "since": today.isoformat(),
        "last_day": (today + timedelta(days=3)).isoformat(),
        "stand_in": town.member2.member.pk,
    }
    assert post(admin, "member_leave", member.pk, **data).status_code == 302
    page = get(admin, "member_detail", member.pk).content.decode()
    assert "由 钱网格 代理" in page
    assert post(admin, "member_leave", member.pk, **data).status_code == 409
    assert post(admin, "leave_end", StandIn.objects.get().pk).status_code == 302


def test_nobody_else_touches_a_leave(local: Client, client: Client, town: Town):
    now = timezone.now()
    leave = appoint_stand_in(
        member=town.member5.member, stand_in=town.member2.member, since=now, until=now + timedelta(days=2)
    )
    client.force_login(town.member1)
    assert post(client, "leave_end", leave.pk).status_code == 403
    assert post(local, "leave_end", leave.pk).status_code == 403
    assert client.get(reverse("leave_people", args=[town.member5.member.pk])).status_code == 403
    client.force_login(town.resident)
    get(client, "my_leave", status=403)
    assert "my_leave" not in get(client, "preferences").content.decode()


def test_settings_and_desk_lead_to_the_leave(client: Client, town: Town):
    client.force_login(town.member1)
    for name in ("preferences", "desk"):
        assert reverse("my_leave") in get(client, name).content.decode()


# --- Branches ----------------------------------------------------------------------------------------


def test_branches_are_added_linked_and_show_their_members(admin: Client, town: Town):
    root = Branch.objects.get(code="B1")
    data = {
        "parent": root.pk,
        "code": "B1-1",
        "name": "和平里支部",
        "areas": [town.grids[0].pk, town.grids[1].pk],
    }
    assert post(admin, "branch_new", **data).status_code == 302
    branch = Branch.objects.get(code="B1-1")
    assert set(branch.areas.all()) == {town.grids[0], town.grids[1]}
    assert "和平里支部" in get(admin, "console_branches").content.decode()
    update_member(member=town.member1.member, changes={"branch": branch})
    page = get(admin, "branch_detail", branch.pk)
    assert list(page.context["people"]) == [town.member1.member]
    assert post(admin, "branch_detail", branch.pk, name="新名", areas=[town.grids[2].pk]).status_code == 302
    branch.refresh_from_db()
    assert (branch.name, list(branch.areas.all())) == ("新名", [town.grids[2]])
    assert post(admin, "branch_new", **data).status_code == 409


def test_branches_of_others_are_read_only_or_not_seen(local: Client, town: Town):
    inside = create_branch(code="B3", name="里", areas=[town.grids[0]])
    across = create_branch(code="B4", name="跨", areas=[town.grids[0], town.grids[4]])
    outside = create_branch(code="B5", name="外", areas=[town.grids[4]])
    assert get(local, "branch_detail", inside.pk).context["form"] is not None
    assert get(local, "branch_detail", across.pk).context["form"] is None
    get(local, "branch_detail", outside.pk, status=404)
    post(local, "branch_detail", across.pk, name="改", areas=[])
    across.refresh_from_db()
    assert across.name == "跨"
    assert post(local, "branch_detail", inside.pk, name="里", areas=[town.grids[4].pk]).status_code == 409
    with pytest.raises(NotAllowed):
        update_branch(branch=inside, name="里", areas=[town.grids[4]], actor=town.people["local"])


# --- Areas -------------------------------------------------------------------------------------------


def test_an_areas_name_and_households_are_changed(admin: Client, town: Town):
    grid = town.grids[0]
    data = {"name": "新名网格", "name_en": "New grid", "households": "350"}
    assert post(admin, "area_edit", grid.code, **data).status_code == 302
    grid.refresh_from_db()
    assert (grid.name, grid.name_en, grid.households) == ("新名网格", "New grid", 350)
    assert post(admin, "area_edit", grid.code, name="", households="-1").status_code == 409


def test_an_area_ends_unless_others_lie_in_it(admin: Client, town: Town):
    tomorrow = (timezone.localdate() + timedelta(days=1)).isoformat()
    answer = post(admin, "area_retire", town.communities[0].code, on=tomorrow, sure="on")
    assert answer.status_code == 409
    assert post(admin, "area_retire", town.grids[6].code, on=tomorrow).status_code == 409
    assert post(admin, "area_retire", town.grids[6].code, on=tomorrow, sure="on").status_code == 302
    town.grids[6].refresh_from_db()
    assert town.grids[6].valid_to.isoformat() == tomorrow


def test_a_building_is_added_to_a_grid(admin: Client, town: Town):
    level = get(admin, "area_add", town.grids[0].code).context["form"].fields["level"]
    assert [one.pk for one in level.queryset] == ["building"]
    data = {"name": "三号楼", "code": "B-3", "level": "building", "households": "60"}
    assert post(admin, "area_add", town.grids[0].code, **data).status_code == 302
    made = Area.objects.get(code="B-3")
    assert (made.path.startswith(town.grids[0].path), made.geometry, made.households) == (True, None, 60)
    assert post(admin, "area_add", town.grids[0].code, **data).status_code == 409


@pytest.mark.parametrize("name", ["area_edit", "area_retire", "area_add"])
def test_foreign_areas_have_no_forms(local: Client, client: Client, town: Town, name: str):
    get(local, name, town.grids[0].code)
    get(local, name, town.grids[4].code, status=404)
    assert post(local, name, town.grids[4].code, name="x").status_code == 404
    client.force_login(town.supervisor)
    get(client, name, town.grids[0].code, status=403)


# --- What it costs -----------------------------------------------------------------------------------


def test_a_members_page_costs_the_same_with_one_post_and_with_many(
    admin: Client, town: Town, django_assert_max_num_queries
):
    for grid in town.grids[1:]:
        assign_responsibility(member=town.member1.member, area=grid, role="building_head")
    get(admin, "member_detail", town.member1.member.pk)
    with django_assert_max_num_queries(15):
        get(admin, "member_detail", town.member1.member.pk)
