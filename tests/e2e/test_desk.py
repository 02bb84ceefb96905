"""The desk in real browsers: what happens on a page that is open while others work.

All on one running product: each test has a grid, and members, of its own.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

from tests import factories
from tests.e2e.people import Person, files_a_request, says
from tests.services import Product

pytestmark = pytest.mark.e2e

TEXT = "楼门口的路灯坏了三天"


def place_in(column: int, row: int) -> tuple[float, float]:
    """(lon, lat) inside the grid in this column and row of the small town, both from 0."""
    return (
        factories.WEST + (column + 0.4) * factories.WIDTH,
        factories.NORTH - (row + 0.6) * factories.HEIGHT,
    )


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    """Two photos on a member's phone."""
    files = [tmp_path / "IMG_1.jpg", tmp_path / "IMG_2.jpg"]
    for file, colour in zip(files, ("#5b7f95", "#a0684c"), strict=True):
        file.write_bytes(factories.photo(size=(900, 600), colour=colour).read())
    return files


def test_a_new_case_is_announced_and_does_not_disturb_who_is_typing(
    shared_product: Product, browser: Browser
) -> None:
    base = shared_product.url
    resident = Person.sits_down(browser, base).signs_in("resident")
    member = Person.sits_down(browser, base).signs_in("member1")
    page = member.goes("/desk/")
    count = page.locator("#tab-todo .desk-count")
    expect(count).to_have_text("0")
    search = page.locator("#filter-words")
    search.focus()
    number = files_a_request(resident, TEXT, kind="路灯", pin=place_in(0, 0))
    expect(count).to_have_text("1")
    expect(page.locator("#inbox-news")).to_have_text(says("A new task has come in."))
    expect(page.locator(".task-row.is-new")).to_contain_text(number)
    expect(page.locator("#bell .count")).to_have_text("1")
    expect(search).to_be_focused()


def test_of_two_new_cases_the_first_stays_marked_when_the_second_comes(
    shared_product: Product, browser: Browser
) -> None:
    base = shared_product.url
    resident = Person.sits_down(browser, base).signs_in("resident")
    page = Person.sits_down(browser, base).signs_in("member4").goes("/desk/")
    for count in (1, 2):
        files_a_request(resident, TEXT, kind="路灯", pin=place_in(3, 0))
        expect(page.locator(".task-row.is-new")).to_have_count(count)


def test_a_new_case_is_announced_although_something_else_is_fetched_at_the_same_time(
    shared_product: Product, browser: Browser
) -> None:
    base = shared_product.url
    resident = Person.sits_down(browser, base).signs_in("resident")
    page = Person.sits_down(browser, base).signs_in("member5").goes("/desk/")
    held: list[Route] = []
    page.route("**/desk/inbox/**", lambda route: held.append(route), times=1)
    with page.expect_request("**/desk/inbox/**"):
        files_a_request(resident, TEXT, kind="路灯", pin=place_in(0, 1))
    with page.expect_request(lambda request: "bell" in request.url):
        page.evaluate("() => htmx.trigger('#bell', 'live')")
    held[0].continue_()
    expect(page.locator("#inbox-news")).to_have_text(says("A new task has come in."))
    expect(page.locator(".task-row.is-new")).to_have_count(1)


def test_a_decision_that_is_refused_keeps_the_words_and_the_photos(
    shared_product: Product, browser: Browser, pictures: list[Path]
) -> None:
    base = shared_product.url
    files_a_request(
        Person.sits_down(browser, base).signs_in("resident"), TEXT, kind="路灯", pin=place_in(1, 0)
    )
    member = Person.sits_down(browser, base).signs_in("member2")
    page = member.goes("/desk/")
    member.follows(page.locator("[data-task] a"))
    done = page.locator(".task-actions button[name=outcome]").first

    # Nothing written yet: asked for on the spot, nothing is sent.
    done.click()
    expect(page.locator("#opinion")).to_be_focused()
    expect(member.main).to_contain_text(says("Write a few words first."))

    # The camera adds to what the album gave; each photo can be left out again.
    camera, album = page.locator("[data-photo-input] input[type=file]").all()
    camera.set_input_files(pictures[0])
    album.set_input_files(pictures[1])
    previews = page.locator(".photo-previews li")
    expect(previews).to_have_count(2)
    previews.first.get_by_role("button").click()
    expect(previews).to_have_count(1)
    page.locator(".phrase").first.click()
    said = page.locator("#opinion").input_value()
    assert said

    # An outcome that does not exist (an old page, say) is refused; the form is as it was.
    done.evaluate("button => (button.value = 'gone')")
    done.click()
    expect(page.locator("#refused")).to_contain_text(says("Choose how to decide this step."))
    expect(previews).to_have_count(1)
    expect(page.locator("#opinion")).to_have_value(said)

    done.evaluate("button => (button.value = 'done')")
    done.click()
    member.sees(says("Done. The next step is on its way."))


def test_an_open_task_says_at_once_that_a_colleague_was_quicker(
    shared_product: Product, browser: Browser
) -> None:
    base = shared_product.url
    files_a_request(
        Person.sits_down(browser, base).signs_in("stranger"), TEXT, kind="路灯", pin=place_in(1, 1)
    )
    quick = Person.sits_down(browser, base).signs_in("member6")
    slow = Person.sits_down(browser, base).signs_in("member6b")
    for person in (quick, slow):
        person.goes("/desk/?tab=claim")
        person.follows(person.page.locator("[data-task] a"))
        expect(person.page.locator(".task-actions")).to_contain_text(says("Claim"))
    quick.presses(says("Claim"), within=quick.page.locator(".task-actions"))
    quick.sees(says("The task is yours now."))
    expect(slow.page.locator("#standing")).to_contain_text("吴网格")
    expect(slow.page.locator(".task-actions")).to_have_count(0)


def test_a_photo_opens_large_and_closes_by_keyboard(
    shared_product: Product, browser: Browser, pictures: list[Path]
) -> None:
    base = shared_product.url
    resident = Person.sits_down(browser, base).signs_in("resident")
    files_a_request(resident, TEXT, kind="路灯", photo=pictures[0], pin=place_in(2, 0))
    member = Person.sits_down(browser, base).signs_in("member3")
    page = member.goes("/desk/")
    member.follows(page.locator("[data-task] a"))
    thumbnail = page.locator("[data-gallery] a").first
    thumbnail.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name=says("Photos"))
    expect(dialog.locator("img")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(thumbnail).to_be_focused()
