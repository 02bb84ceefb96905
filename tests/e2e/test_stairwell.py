"""The QR code in the stairwell, read from the sheet by a real decoder, leads to the right grid."""

from __future__ import annotations

import io
import re
from urllib.parse import parse_qs, urlsplit

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests import factories, services
from tests.e2e.people import DESK, FIND_MAP, Person, is_kept, says, sends

pytestmark = pytest.mark.e2e
#: Grid 3 of the small town, and the longitudes of its edges, degrees; grids 6 and 5.
GRID = "149901001001003"
EDGES = (factories.WEST + 2 * factories.WIDTH, factories.WEST + 3 * factories.WIDTH)
OTHER, THIRD = "149901001002006", "149901001002005"
MEMBER, THIRD_MEMBER = "孙网格", "周网格"


@pytest.fixture
def product(shared_product: services.Product) -> services.Product:
    return shared_product


def scanned(png: bytes) -> list[str]:
    """What a phone's camera would make of a picture."""
    return [code.text for code in zxingcpp.read_barcodes(Image.open(io.BytesIO(png)))]


def middle_of_map(page: Page) -> tuple[float, float]:
    centre = page.evaluate(
        f"() => {{ const map = ({FIND_MAP})(); const {{ lng, lat }} = map.getCenter(); return [lng, lat]; }}"
    )
    return centre[0], centre[1]


def test_a_scanned_code_files_a_request_in_its_grid_with_its_member(
    product: services.Product, browser: Browser
) -> None:
    printer = Person.sits_down(browser, product.url)
    page = printer.goes(f"/grids/{GRID}/")
    printer.sees(MEMBER)
    printer.follows(page.get_by_role("link", name=says("Sheet for the stairwell")))
    expect(page.locator("article.sheet")).to_contain_text(MEMBER)
    (address,) = scanned(page.screenshot(full_page=True))
    page.emulate_media(media="print")
    # Whoever holds a phone before a page that is just being laid out for print tries again.
    assert any(scanned(page.screenshot(full_page=True)) == [address] for _attempt in range(20))
    printer.leaves()

    # Someone who lives in grid 5, not signed in, stands in the stairwell.
    resident = Person.sits_down(browser, product.url)
    page = resident.goes(address.removeprefix(product.url))
    assert page.url == address
    expect(page.locator("#place")).to_contain_text(MEMBER)
    expect(page.locator("#area-2")).to_have_value(GRID)
    page.wait_for_function(f"() => ({FIND_MAP})().getZoom() > 15")
    assert EDGES[0] < middle_of_map(page)[0] < EDGES[1]
    page.get_by_label(says("Tell us what is the matter")).fill("三层楼道的路灯坏了")
    resident.presses("路灯", within=page.locator("#suggestions"))
    page.locator("#send").click()
    page.wait_for_url(re.compile("/login/"))
    page.locator("input[name=login]").fill("stranger")
    page.locator("input[name=password]").fill(factories.PASSWORD)
    resident.main.locator("form button:not([type=button])").first.click()
    # It goes out by itself: its author had pressed "send".
    page.wait_for_url(re.compile(r"/requests/\d{10,}/"))
    number = page.url.rstrip("/").split("/")[-1]
    expect(resident.main).to_contain_text("第3网格")
    resident.leaves()

    for member, has_it in (("member3", 1), ("member5", 0)):
        person = Person.sits_down(browser, product.url).signs_in(member)
        person.goes("/desk/")
        task = person.main.locator("[data-task]", has_text=number)
        expect(task).to_have_count(has_it)
        if has_it:
            person.follows(task.locator("a"))
            person.sees(number)
        person.leaves()


def test_what_was_begun_elsewhere_keeps_its_words_and_takes_the_place_of_the_code(
    product: services.Product, browser: Browser
) -> None:
    resident = Person.sits_down(browser, product.url).signs_in("resident")
    page = resident.goes(f"/requests/new/?grid={OTHER}")
    page.get_by_label(says("Tell us what is the matter")).fill("楼道里堆了东西")
    is_kept(page, "楼道里堆了东西")
    page = resident.goes(f"/requests/new/?grid={GRID}")
    expect(page.locator("#draft-note")).to_be_visible()
    expect(page.get_by_label(says("Tell us what is the matter"))).to_have_value("楼道里堆了东西")
    expect(page.locator("#area-2")).to_have_value(GRID)
    expect(page.locator("#place")).to_contain_text(MEMBER)

    # The place is still theirs to change, and a reload does not bring the code's place back.
    page.locator("#area-1").select_option(THIRD[:12])
    page.locator("#area-2").select_option(THIRD)
    expect(page.locator("#place")).to_contain_text(THIRD_MEMBER)
    is_kept(page, THIRD)
    page.reload()
    expect(page.locator("#area-2")).to_have_value(THIRD)
    number = sends(resident)
    assert number
    resident.sees("第5网格")
    resident.leaves()


def test_the_page_and_the_form_of_a_code_work_without_scripts(
    product: services.Product, browser: Browser
) -> None:
    resident = Person.sits_down(browser, product.url, java_script_enabled=False).signs_in("resident")
    page = resident.goes(f"/grids/{GRID}/")
    resident.sees(MEMBER)
    expect(page.locator("svg.portrait .portrait-own")).to_be_visible()
    page.get_by_role("link", name=says("File a request here")).click()
    expect(page.locator("#area-2")).to_have_value(GRID)
    page.locator("textarea[name=text]").fill("三层的灯坏了")
    page.locator("#send").click()
    resident.sees("第3网格")
    resident.leaves()


def test_signing_in_from_the_form_of_a_code_comes_back_to_its_grid(
    product: services.Product, browser: Browser
) -> None:
    resident = Person.sits_down(browser, product.url, viewport=DESK)
    page = resident.goes(f"/requests/new/?grid={GRID}")
    link = page.locator("a.tool-sign-in").get_attribute("href") or ""
    assert parse_qs(urlsplit(link).query)["next"] == [f"/requests/new/?grid={GRID}"]
    page.locator("a.tool-sign-in").click()
    sign_up = resident.main.locator("a[href*='signup']").get_attribute("href") or ""
    assert parse_qs(urlsplit(sign_up).query)["next"] == [f"/requests/new/?grid={GRID}"]
    page.locator("input[name=login]").fill("stranger")
    page.locator("input[name=password]").fill(factories.PASSWORD)
    resident.main.locator("form button:not([type=button])").first.click()
    page.wait_for_url(f"**/requests/new/?grid={GRID}")
    expect(page.locator("#area-2")).to_have_value(GRID)
    resident.leaves()
