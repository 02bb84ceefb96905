"""The hand-over on the console: preview, then the real thing; who may open it."""

import pytest
from django.test import Client
from django.urls import reverse

from grid.models import User
from realtime.models import Event
from tests.factories import MemberFactory, Town, UserFactory
from tests.workflows.flowing import approval, begin, open_task, publish

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client: Client, town: Town) -> Client:
    publish(approval("one"))
    client.force_login(town.administrator)
    return client


def send(client: Client, member: User, do: str, **data: str):
    fields = {"to": "", "reason": "调离", "ends": "service"} | data
    return client.post(reverse("member_hand_over", args=[member.member.pk]), fields | {"do": do})


def test_the_preview_says_who_gets_what_and_changes_nothing(admin: Client, town: Town):
    town.assign(
        MemberFactory(user=UserFactory(username="second", name="新网格")).user, "grid_member", town.grids[1]
    )
    cases = [begin(town, grid=1) for _ in range(3)]
    page = admin.get(reverse("member_hand_over", args=[town.member1.member.pk])).content.decode()
    assert "有 3 件没办完的任务" in page
    shown = send(admin, town.member1, "preview")
    assert shown.status_code == 200
    assert shown.context["preview"].shares == [("杨管理", 3)]
    assert "杨管理</strong>: 3 件" in shown.content.decode()
    assert [open_task(case, "one").owner for case in cases] == [town.member1] * 3
    assert not Event.objects.filter(kind__in=["task.transferred", "member.left"]).exists()
    to_one = send(admin, town.member1, "preview", to=str(town.member2.member.pk))
    assert to_one.context["preview"].shares == [("钱网格", 3)]
    # Whoever was chosen is still chosen when the preview is agreed to.
    page = to_one.content.decode()
    assert f'value="{town.member2.member.pk}" required checked' in page
    assert f'<input type="hidden" name="to" value="{town.member2.member.pk}" />' in page


def test_handing_over_moves_the_tasks_and_closes_the_account(admin: Client, town: Town):
    case = begin(town, grid=1)
    done = send(admin, town.member1, "hand_over", to=str(town.member2.member.pk))
    assert done.url == reverse("console_members")
    assert open_task(case, "one").owner == town.member2
    town.member1.refresh_from_db()
    assert not town.member1.is_active


def test_only_the_tasks_pass_on_when_nothing_ends(admin: Client, town: Town):
    case = begin(town, grid=1)
    done = send(admin, town.member1, "hand_over", to=str(town.member2.member.pk), ends="nothing")
    assert done.url == reverse("member_detail", args=[town.member1.member.pk])
    assert open_task(case, "one").owner == town.member2
    assert town.member1.member.responsibilities.in_force().exists()


@pytest.mark.parametrize("data", [{"reason": " "}, {"to": "999999"}, {"to": "x"}])
@pytest.mark.parametrize("do", ["preview", "hand_over"])
def test_what_is_missing_is_said(admin: Client, town: Town, do: str, data: dict):
    case = begin(town, grid=1)
    answer = send(admin, town.member1, do, **data)
    assert answer.status_code == 409
    assert answer.context["refused"]
    assert open_task(case, "one").owner == town.member1


def test_only_an_administrator_of_theirs_opens_it(client: Client, town: Town):
    local = MemberFactory(user=UserFactory(username="local", name="小杨")).user
    town.assign(local, "administrator", town.communities[0])
    url = reverse("member_hand_over", args=[town.member5.member.pk])
    for user, status in ((local, 404), (town.supervisor, 403), (town.member5, 403)):
        client.force_login(user)
        assert client.get(url).status_code == status
        assert send(client, town.member5, "hand_over").status_code == status
    assert User.objects.get(pk=town.member5.pk).is_active


def test_the_page_asks_no_more_for_many_tasks(admin: Client, town: Town, django_assert_max_num_queries):
    for _ in range(12):
        begin(town, grid=1)
    url = reverse("member_hand_over", args=[town.member1.member.pk])
    admin.get(url)
    with django_assert_max_num_queries(20):
        admin.get(url)
