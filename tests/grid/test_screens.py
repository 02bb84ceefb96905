"""Screens on a wall in the console: who may allow them, for what, and how they are taken back."""

from __future__ import annotations

import re

import pytest

from grid.actions.screens import allow_screen, withdraw_screen
from grid.errors import NotAllowed
from grid.models import Responsibility, Screen, User
from realtime.models import Event
from tests.factories import SINCE, MemberFactory, Town

pytestmark = pytest.mark.django_db

PAGE = "/console/screens/"


@pytest.fixture
def of_one_community(town: Town) -> User:
    """An administrator of the first community only."""
    member = MemberFactory(user__name="秦管理")
    Responsibility.objects.create(
        member=member, area=town.communities[0], role_id="administrator", since=SINCE
    )
    return member.user


def wish(town: Town, **more: object) -> dict[str, object]:
    return {"name": "指挥中心左侧", "area": town.communities[0].code, "days": 31, **more}


def test_an_administrator_makes_an_address_that_is_shown_once_and_kept_nowhere(client, town: Town):
    client.force_login(town.administrator)
    page = client.post(PAGE, wish(town)).content.decode()
    address = re.search(r"http://testserver/wall/open/#(linliwall_[\w-]+)", page)
    assert address
    later = client.get(PAGE).content.decode()
    assert "指挥中心左侧" in later
    assert address[1] not in later
    assert address[1] != Screen.objects.get().digest
    assert address[1] not in str(list(Event.objects.values("kind", "payload")))


def test_taking_a_screen_back_removes_it_and_is_in_the_log(client, town: Town):
    screen, _key = allow_screen(area=town.street, name="左", days=31, actor=town.administrator)
    client.force_login(town.administrator)
    client.post(f"{PAGE}{screen.pk}/withdraw/")
    assert not Screen.objects.exists()
    kinds = Event.objects.filter(subject_type="screen").order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["screen.allowed", "screen.withdrawn"]


def test_an_administrator_allows_screens_for_their_own_areas_only(town: Town, of_one_community: User):
    with pytest.raises(NotAllowed):
        allow_screen(area=town.communities[1], name="左", days=31, actor=of_one_community)
    with pytest.raises(NotAllowed):
        allow_screen(area=town.street, name="左", days=31, actor=of_one_community)
    allow_screen(area=town.communities[0], name="左", days=31, actor=of_one_community)


def test_an_administrator_sees_and_takes_back_screens_of_their_own_areas_only(
    client, town: Town, of_one_community: User
):
    others, _ = allow_screen(area=town.communities[1], name="新华厅", days=31, actor=town.administrator)
    own, _ = allow_screen(area=town.communities[0], name="和平厅", days=31, actor=town.administrator)
    client.force_login(of_one_community)
    page = client.get(PAGE).content.decode()
    assert "和平厅" in page
    assert "新华厅" not in page
    with pytest.raises(NotAllowed):
        withdraw_screen(screen_id=others.pk, actor=of_one_community)
    withdraw_screen(screen_id=own.pk, actor=of_one_community)
    assert list(Screen.objects.all()) == [others]


@pytest.mark.parametrize("who", ["supervisor", "member1", "resident"])
def test_others_allow_no_screens(client, town: Town, who: str):
    user = town.people[who]
    with pytest.raises(NotAllowed):
        allow_screen(area=town.communities[0], name="左", days=31, actor=user)
    client.force_login(user)
    assert client.get(PAGE).status_code == 403


@pytest.mark.parametrize("wrong", [{"name": " "}, {"days": 3650}, {"area": "nowhere"}])
def test_what_is_wrong_in_the_form_is_said(client, town: Town, wrong: dict[str, object]):
    client.force_login(town.administrator)
    answer = client.post(PAGE, wish(town, **wrong))
    assert answer.status_code == 400
    assert "invalid-feedback" in answer.content.decode() or "field-error" in answer.content.decode()
    assert not Screen.objects.exists()
