"""Filing through the portal: with and without scripts, signed in and not yet, whole and faulty."""

import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tests.factories import PASSWORD, Town, photo
from tests.workflows.desk_helpers import HOSTILE, page, signed_in
from workflows.models import Category, Request, Urgency, Visibility

pytestmark = pytest.mark.django_db
SCRIPTED = {"HTTP_ACCEPT": "application/json"}


def words(**more: Any) -> dict[str, Any]:
    return {"text": "路灯不亮，晚上看不见路", "client_key": str(uuid.uuid4()), **more}


def send(client: Client, data: dict[str, Any], **extra: Any):
    return client.post(reverse("request_new"), data, **extra)


def test_a_request_with_a_pin_goes_to_the_grid_under_it(town: Town) -> None:
    lon, lat = town.point_in(2)
    response = send(signed_in(town.resident), words(lon=lon, lat=lat))
    filed = Request.objects.get()
    assert response["Location"] == reverse("request_detail", args=[filed.number])
    assert filed.area == town.grids[1]
    assert filed.reporter == town.resident
    assert filed.placed == Request.Placed.INSIDE


def test_a_request_without_a_map_goes_to_the_grid_chosen_from_the_lists(town: Town) -> None:
    community, grid = town.communities[1], town.grids[5]
    send(signed_in(town.resident), words(area=[community.code, grid.code], address="5号楼"))
    filed = Request.objects.get()
    assert (filed.area, filed.placed, filed.address) == (grid, Request.Placed.CHOSEN, "5号楼")


def test_everything_the_form_offers_arrives(town: Town) -> None:
    lon, lat = town.point_in(1)
    category = Category.objects.filter(dictionary="resident", depth=2).first()
    data = words(
        lon=lon, lat=lat, category=category.pk, urgent="on", anonymous="on",
        visibility=Visibility.NEIGHBOURS, contact_phone="13800000000", photos=[photo(), photo("b.jpg")],
    )  # fmt: skip
    send(signed_in(town.resident), data)
    filed = Request.objects.get()
    assert filed.category == category
    assert filed.urgency == Urgency.URGENT
    assert filed.anonymous
    assert filed.visibility == Visibility.NEIGHBOURS
    assert filed.contact_phone == "13800000000"
    assert filed.attachments.count() == 2


def test_the_form_says_who_it_goes_to(town: Town, client: Client) -> None:
    lon, lat = town.point_in(3)
    shown = page(client, "request_place", lon=lon, lat=lat)
    assert town.member_of(3).name in shown
    assert f'value="{town.grids[2].code}" selected' in shown


def test_a_grid_without_a_member_of_its_own_names_who_answers(town: Town, client: Client) -> None:
    lon, lat = town.point_in(7)
    assert town.leader2.name in page(client, "request_place", lon=lon, lat=lat)


def test_a_point_outside_all_grids_says_so(town: Town, client: Client) -> None:
    assert "不在任何网格内" in page(client, "request_place", lon=116.0, lat=40.0)


@pytest.mark.parametrize("lon", ["nan", "inf", "abc", "999", ""])
def test_a_point_that_is_none_is_no_error(town: Town, client: Client, lon: str) -> None:
    assert "选好地点" in page(client, "request_place", lon=lon, lat="37.8")


def test_changing_the_community_forgets_the_grid_of_the_other(town: Town, client: Client) -> None:
    shown = page(client, "request_place", area=[town.communities[1].code, town.grids[0].code])
    assert town.grids[4].code in shown
    assert "selected" not in shown.split('id="area-2"')[1]


def test_a_form_sent_twice_is_filed_once(town: Town) -> None:
    lon, lat = town.point_in(1)
    client, data = signed_in(town.resident), words(lon=lon, lat=lat)
    first, second = send(client, data), send(client, data)
    assert first["Location"] == second["Location"]
    assert Request.objects.count() == 1


def test_a_scripted_form_is_told_where_the_request_is(town: Town) -> None:
    lon, lat = town.point_in(1)
    response = send(signed_in(town.resident), words(lon=lon, lat=lat), **SCRIPTED)
    assert response.json() == {"url": reverse("request_detail", args=[Request.objects.get().number])}


def test_a_scripted_form_is_told_what_is_wrong_field_by_field(town: Town) -> None:
    response = send(signed_in(town.resident), words(text=" "), **SCRIPTED)
    assert response.status_code == 422
    ((error,),) = response.json()["errors"].values()
    assert "几句话" in error["message"]
    assert not Request.objects.exists()


def test_a_refused_form_keeps_everything_typed(town: Town) -> None:
    broken = SimpleUploadedFile("x.jpg", b"this is no photo", content_type="image/jpeg")
    community, grid = town.communities[0], town.grids[1]
    data = words(
        address="3号楼", area=[community.code, grid.code], contact_phone="13912345678", photos=[broken]
    )
    response = send(signed_in(town.resident), data)
    assert response.status_code == 422
    shown = response.content.decode()
    assert 'role="alert"' in shown
    for kept in (data["text"], "3号楼", "13912345678", data["client_key"], f'value="{grid.code}" selected'):
        assert kept in shown
    assert not Request.objects.exists()


def test_the_next_list_is_shown_without_scripts_and_without_complaints(town: Town) -> None:
    data = {"text": "", "address": "3号楼", "area": town.communities[1].code, "step": "1"}
    shown = send(signed_in(town.resident), data).content.decode()
    assert town.grids[5].code in shown
    assert "3号楼" in shown
    assert "field-error" not in shown


def test_what_was_typed_before_signing_in_is_there_afterwards(town: Town, client: Client) -> None:
    grid = town.grids[4]
    data = words(area=[town.communities[1].code, grid.code], urgent="on")
    response = send(client, data)
    assert response["Location"].startswith(reverse("account_login"))
    assert not Request.objects.exists()
    response = client.post(response["Location"], {"login": "resident", "password": PASSWORD})
    assert response["Location"] == reverse("request_new")
    shown = page(client, "request_new")
    for kept in (data["text"], data["client_key"], f'value="{grid.code}" selected'):
        assert kept in shown
    send(client, data)
    assert Request.objects.get().reporter == town.resident
    assert data["text"] not in page(client, "request_new")


def test_a_scripted_form_is_sent_to_sign_in_and_back(town: Town, client: Client) -> None:
    response = send(client, words(), **SCRIPTED)
    assert response.status_code == 401
    assert response.json()["login"] == f"{reverse('account_login')}?next={reverse('request_new')}"


def test_hostile_words_come_back_as_words(town: Town) -> None:
    data = words(text=HOSTILE, contact_phone="1" * 50)
    shown = send(signed_in(town.resident), data).content.decode()
    assert "<img src=x" not in shown
    assert "&lt;img src=x" in shown


def test_too_many_words_are_refused_and_kept(town: Town) -> None:
    data = words(text="长" * 10_001)
    response = send(signed_in(town.resident), data)
    assert response.status_code == 422
    assert data["text"] in response.content.decode()


def test_a_form_of_somebody_else_s_key_is_not_theirs_to_see(town: Town) -> None:
    lon, lat = town.point_in(1)
    data = words(lon=lon, lat=lat)
    send(signed_in(town.resident), data)
    response = send(signed_in(town.stranger), data)
    assert response.status_code == 422
    assert Request.objects.get().number not in response.content.decode()


def test_words_suggest_a_kind(town: Town, client: Client) -> None:
    response = client.get(reverse("suggest"), {"text": "三单元门口的路灯不亮"})
    names = [category["name"] for category in response.json()["categories"]]
    assert names[0] == "路灯"


def test_words_that_mean_nothing_suggest_nothing(town: Town, client: Client) -> None:
    assert client.get(reverse("suggest"), {"text": "嗯"}).json() == {"categories": []}


def test_only_what_residents_choose_from_is_offered(town: Town, client: Client) -> None:
    standard = Category.objects.filter(dictionary="standard").first()
    assert f'<option value="{standard.pk}"' not in page(client, "request_new")
    Category.objects.filter(code="repairs-streetlight").update(is_active=False)
    names = client.get(reverse("suggest"), {"text": "路灯"}).json()["categories"]
    assert "路灯" not in [category["name"] for category in names]
