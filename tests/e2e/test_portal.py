"""Filing under difficult conditions: without a map, with interruptions, in another language."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.people import Person, is_kept, says, sends
from tests.e2e.test_desk import place_in
from tests.services import Product

pytestmark = pytest.mark.e2e

ABOUT_A_PLACE = re.compile("/requests/new/(place|similar)/")
MOVE_THE_PIN = "([lon, lat]) => document.querySelector('[data-picker]').picker.place(L.latLng(lat, lon))"
#: Counts what the page wants to ask, also what has to wait until it may be asked.
COUNTS_QUESTIONS = """
() => {
  window.questions = { place: 0, similar: 0 };
  document.addEventListener("htmx:confirm", ({ detail }) => {
    window.questions[detail.path.match("(place|similar)/[?]")[1]] += 1;
  });
}
"""


@pytest.fixture
def product(shared_product: Product) -> Product:
    """Each device keeps a draft of its own, and nobody looks at what others file."""
    return shared_product


def test_a_request_is_filed_by_the_address_list_alone(product: Product, browser: Browser) -> None:
    resident = Person.sits_down(browser, product.url).signs_in("resident")
    page = resident.goes("/requests/new/")
    page.get_by_label(says("Tell us what is the matter")).fill("楼道里的灯不亮了。")
    for name in ("新华社区", "第5网格"):
        level = page.locator("#place select").filter(has=page.locator("option", has_text=name))
        with page.expect_response(re.compile("/requests/new/place/")):
            level.select_option(label=name)
        expect(page.locator("#place option[selected]", has_text=name)).to_have_count(1)
    expect(page.locator("#place .place-answer")).to_contain_text("周网格")
    sends(resident)
    expect(resident.main).to_contain_text("第5网格")


def test_a_pin_moved_twice_names_who_serves_where_it_is_now(product: Product, browser: Browser) -> None:
    """Also when the first answer is late, and what is asked about the neighbourhood comes in between."""
    resident = Person.sits_down(browser, product.url).signs_in("resident")
    page = resident.goes("/requests/new/")
    page.get_by_label(says("Kind")).select_option(label="　路灯")
    page.evaluate(COUNTS_QUESTIONS)
    held: list[Route] = []
    page.route(ABOUT_A_PLACE, lambda route: held.append(route))
    for count, place in ((1, place_in(1, 0)), (2, place_in(0, 1))):
        page.evaluate(MOVE_THE_PIN, place)
        page.wait_for_function("(count) => window.questions.similar === count", arg=count)
    with page.expect_request(re.compile(rf"/similar/.*lon={place_in(0, 1)[0]}")):
        page.unroute(ABOUT_A_PLACE)  # lets go what was held
    expect(page.locator("#place .place-answer")).to_contain_text("周网格")


def test_a_draft_survives_a_reload_and_is_gone_once_sent(product: Product, browser: Browser) -> None:
    resident = Person.sits_down(browser, product.url).signs_in("resident")
    page = resident.goes("/requests/new/")
    words = page.get_by_label(says("Tell us what is the matter"))
    words.press_sequentially("写了一半的话")
    is_kept(page, "写了一半的话")
    page.reload()
    expect(words).to_have_value("写了一半的话")
    expect(page.get_by_role("status").filter(has_text=says("We kept what you had begun."))).to_be_visible()
    page.locator("#place select").last.select_option(index=1)
    sends(resident)
    resident.goes("/requests/new/")
    expect(page.get_by_label(says("Tell us what is the matter"))).to_have_value("")


def test_send_pressed_while_a_draft_still_comes_back_sends_all_of_it(
    product: Product, browser: Browser
) -> None:
    resident = Person.sits_down(browser, product.url).signs_in("resident")
    page = resident.goes("/requests/new/")
    words = page.get_by_label(says("Tell us what is the matter"))
    words.press_sequentially("草稿还没回来")
    with page.expect_response(re.compile("/requests/new/place/")):
        page.locator("#place select").last.select_option(index=1)
    is_kept(page, "草稿还没回来")
    held: list[Route] = []
    page.route(re.compile("/requests/new/place/"), lambda route: held.append(route))
    page.reload()
    expect(words).to_have_value("草稿还没回来")
    page.locator("#send").click()
    while not held:
        page.wait_for_timeout(20)
    expect(page).to_have_url(re.compile("/requests/new/"))
    held[0].continue_()
    page.wait_for_url(re.compile(r"/requests/\d{10,}/"))


def test_a_place_chosen_before_the_connection_went_is_still_sent(product: Product, browser: Browser) -> None:
    resident = Person.sits_down(browser, product.url).signs_in("resident")
    page = resident.goes("/requests/new/")
    page.get_by_label(says("Tell us what is the matter")).press_sequentially("断网前选好了地方")
    with page.expect_response(re.compile("/requests/new/place/")):
        page.locator("#place select").last.select_option(index=1)
    is_kept(page, "断网前选好了地方")
    page.route(re.compile("/requests/new/place/"), lambda route: route.abort())
    with page.expect_event("requestfailed"):
        page.reload()
    sends(resident)


def test_the_language_changes_on_the_spot_and_stays(product: Product, browser: Browser) -> None:
    resident = Person.sits_down(browser, product.url, viewport={"width": 1280, "height": 800})
    page = resident.goes("/")
    expect(page.locator("html")).to_have_attribute("lang", re.compile("zh"))
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    resident.goes("/accounts/login/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(says("Sign in"))


def test_a_visitor_is_asked_to_sign_in_when_sending_and_nothing_typed_is_lost(
    product: Product, browser: Browser
) -> None:
    visitor = Person.sits_down(browser, product.url)
    page = visitor.goes("/requests/new/")
    if "/login/" in page.url:
        pytest.fail("filing begins before signing in")
    page.get_by_label(says("Tell us what is the matter")).press_sequentially("门口的井盖裂了。")
    is_kept(page, "门口的井盖裂了。")
    visitor.signs_in_by_password("resident")
    visitor.goes("/requests/new/")
    expect(page.get_by_label(says("Tell us what is the matter"))).to_have_value("门口的井盖裂了。")


def test_a_place_is_chosen_by_the_keyboard_alone(product: Product, browser: Browser) -> None:
    """From the words to the lists by Tab, through the lists by letters and arrows, to the button by Tab."""
    resident = Person.sits_down(browser, product.url).signs_in("resident")
    page = resident.goes("/requests/new/")
    page.get_by_label(says("Tell us what is the matter")).focus()
    page.keyboard.type("楼道里的灯不亮了。")
    tabs_to(page, "area-1")
    with page.expect_response(re.compile("/requests/new/place/")):
        page.keyboard.press("ArrowDown")
    expect(page.locator("#area-1 option:checked")).to_have_text("新华社区")
    # The lists are drawn anew, and the focus is where it was.
    expect(page.locator("#area-2 option", has_text="第5网格")).to_have_count(1)
    expect(page.locator("#area-1")).to_be_focused()
    tabs_to(page, "area-2")
    with page.expect_response(re.compile("/requests/new/place/")):
        page.keyboard.press("ArrowDown")
    expect(page.locator("#place .place-answer")).to_contain_text("周网格")
    expect(page.locator("#area-2")).to_be_focused()
    tabs_to(page, "send")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/requests/\d{10,}/"))
    expect(resident.main).to_contain_text("第5网格")


def tabs_to(page: Page, control: str) -> None:
    for _step in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.id") == control:
            return
    raise AssertionError(f"{control} cannot be reached by Tab")
