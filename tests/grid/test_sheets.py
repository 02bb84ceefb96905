"""QR codes and sheets for the stairwell: what they lead to, what they show, who may print many."""

import io

import pytest
import zxingcpp
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from grid import qr
from grid.models import Area, Member
from tests.factories import Town

pytestmark = pytest.mark.django_db


def read(png: bytes) -> str:
    (code,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(png)))
    return code.text


def test_the_code_of_a_grid_leads_to_the_filing_form_placed_in_it(client: Client, town: Town) -> None:
    response = client.get(reverse("grid_qr_png", args=[town.grids[0].code]))
    assert response["Content-Type"] == "image/png"
    assert read(response.content) == f"http://testserver/requests/new/?grid={town.grids[0].code}"


def test_the_address_can_be_set_for_those_who_print_from_inside(client: Client, town: Town, settings) -> None:
    settings.LINLI_PUBLIC_URL = "https://linli.example.gov.cn/"
    response = client.get(reverse("grid_qr_png", args=[town.grids[0].code]))
    assert read(response.content) == f"https://linli.example.gov.cn/requests/new/?grid={town.grids[0].code}"


def test_the_vector_picture_is_a_picture(client: Client, town: Town) -> None:
    response = client.get(reverse("grid_qr", args=[town.grids[0].code]))
    assert response["Content-Type"] == "image/svg+xml"
    assert response.content.lstrip().startswith(b"<?xml")


def test_the_code_drawn_on_a_sheet_says_the_same_as_the_picture() -> None:
    address = "https://linli.example.gov.cn/requests/new/?grid=%E7%94%B2%2F1"
    drawn = qr.drawn(address)
    image = Image.new("L", (drawn.size, drawn.size), 255)
    for run in drawn.path.strip("M").split("M"):
        place, length, *_rest = run.replace("v1", "").split("h")
        x, y = map(int, place.split())
        image.paste(0, (x, y, x + int(length), y + 1))
    stream = io.BytesIO()
    image.resize((drawn.size * 6, drawn.size * 6), Image.Resampling.NEAREST).save(stream, "PNG")
    assert read(stream.getvalue()) == address


@pytest.mark.parametrize("name", ["grid_qr", "grid_qr_png", "grid_sheet"])
def test_there_is_no_code_for_what_is_no_grid(client: Client, town: Town, name: str) -> None:
    for code in (town.communities[0].code, "no-such-grid"):
        assert client.get(reverse(name, args=[code])).status_code == 404


def test_a_sheet_shows_who_serves_in_chinese_and_english_whoever_prints_it(
    client: Client, town: Town
) -> None:
    for language in ("zh-hans", "en"):
        response = client.get(
            reverse("grid_sheet", args=[town.grids[0].code]), headers={"accept-language": language}
        )
        sheet = response.content.decode()
        sheet = sheet[sheet.index("<article") :]
        member = town.member_of(1)
        for text in ("第1网格", "Grid 1", "清河街道 / 和平里社区", "Hepingli", "网格员", "扫码", "Scan"):
            assert text in sheet
        assert member.name in sheet
        assert member.member.pledge in sheet
        assert member.member.public_phone in sheet


def test_a_number_that_is_not_published_is_not_printed(client: Client, town: Town) -> None:
    Member.objects.update(public_phone="")
    sheet = client.get(reverse("grid_sheet", args=[town.grids[0].code])).content.decode()
    assert "0351" not in sheet
    assert town.member_of(1).phone not in sheet


def test_the_sheet_of_a_retired_grid_says_what_became_of_it(client: Client, town: Town) -> None:
    Area.objects.filter(pk=town.grids[0].pk).update(valid_to=timezone.localdate())
    response = client.get(reverse("grid_sheet", args=[town.grids[0].code]))
    assert response["Location"] == reverse("grid_page", args=[town.grids[0].code])


def test_an_administrator_prints_a_sheet_for_every_grid_of_a_community(client: Client, town: Town) -> None:
    client.force_login(town.administrator)
    page = client.get(reverse("console_sheets", args=[town.communities[0].code])).content.decode()
    assert page.count("<article") == 4
    for grid in town.grids:
        assert (f"grid={grid.code}</footer>" in page) == (grid in town.grids[:4])


def test_many_sheets_take_as_many_queries_as_one(client: Client, town: Town) -> None:
    client.force_login(town.administrator)
    few, many = (reverse("console_sheets", args=[area.code]) for area in (town.grids[0], town.street))
    client.get(few)
    numbers = []
    for address, sheets in ((few, 1), (many, 7)):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).content.decode().count("<article") == sheets
        numbers.append(len(queries))
    assert numbers[0] == numbers[1] <= 15


def test_only_administrators_print_many_and_only_of_their_own(client: Client, town: Town) -> None:
    address = reverse("console_sheets", args=[town.communities[0].code])
    assert client.get(address).status_code == 302
    client.force_login(town.resident)
    assert client.get(address).status_code == 403
    administrator = town.member_of(5)
    town.assign(administrator, "administrator", town.communities[1])
    client.force_login(administrator)
    assert client.get(address).status_code == 404
