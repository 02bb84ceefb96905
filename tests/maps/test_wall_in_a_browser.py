"""A wall that hangs for weeks, in a real browser: it holds no more, says when it is stale, and comes back."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests import services
from tests.benchmarks.wall_week import Week, grown
from tests.e2e.people import Person, says
from tests.maps.test_in_a_browser import FILE, GRID_1

pytestmark = pytest.mark.e2e

SCREEN = {"width": 1920, "height": 1080}
HOURS = 9
#: Bytes that the heap may grow over the last three hours, in which 600 events are told: half a kB of each.
HEAP = 300_000
ALLOW = """
from grid.actions.screens import allow_screen, withdraw_screen
from grid.models import Area, User
administrator = User.objects.get(username="administrator")
screen, answer = allow_screen(area=Area.objects.get(depth=1), name="左", days=31, actor=administrator)
"""


def stands_before_a_wall(browser: Browser, product: services.Product) -> Person:
    return Person.sits_down(browser, product.url, viewport=SCREEN)


def open_cases(person: Person) -> int:
    """The number on the wall, once it is there."""
    number = person.page.locator("[data-today=open]")
    expect(number).not_to_have_text("–")
    return int(number.text_content() or "")


def test_a_wall_holds_no_more_after_many_hours_and_nights(browser: Browser, shared_product: services.Product):
    watcher = stands_before_a_wall(browser, shared_product).signs_in("supervisor")
    week = Week(watcher.page)
    week.begin()
    held = list(week.hours(HOURS))
    assert grown(held, heap=HEAP) == []
    assert week.connections > HOURS  # each sleep has cost a connection
    # It began in the afternoon of the 23rd.
    expect(watcher.page.locator("[data-date]")).to_contain_text("11月24日")
    watcher.leaves()


def test_a_screen_shows_the_wall_until_it_is_taken_back(browser: Browser, shared_product: services.Product):
    key = shared_product.office.do(ALLOW)
    screen = stands_before_a_wall(browser, shared_product)
    page = screen.page
    page.goto(f"/wall/open/#{key}")
    expect(page.locator("[data-status]")).to_have_text(says("Live"))
    assert key not in page.url
    before = open_cases(screen)
    shared_product.office.do(FILE.format(code=GRID_1))
    expect(page.locator("[data-today=open]")).to_have_text(str(before + 1))
    shared_product.office.do("withdraw_screen(screen_id=screen.pk, actor=administrator)")
    expect(page.locator("main [role=alert]")).to_contain_text("网址已经失效")
    expect(page.locator("[data-today]")).to_have_count(0)
    screen.leaves()


def test_a_wall_says_since_when_it_is_stale_and_comes_back_by_itself(
    browser: Browser, shared_product: services.Product
):
    watcher = stands_before_a_wall(browser, shared_product).signs_in("supervisor")
    page = watcher.page
    page.clock.install()
    page.goto("/wall/")
    expect(page.locator("[data-status]")).to_have_text(says("Live"))
    before = open_cases(watcher)
    assert shared_product.process
    services.stop(shared_product.process)
    expect(page.locator("[data-status]")).not_to_have_text(says("Live"))
    page.clock.fast_forward(200_000)
    band = page.locator("[data-stale]")
    expect(band).to_be_visible()
    expect(band).to_contain_text(says("The data stopped at %(time)s", time="").strip())
    shared_product.office.do(FILE.format(code=GRID_1))
    shared_product.start()
    page.clock.fast_forward(60_000)  # the longest wait before it tries again
    expect(band).to_be_hidden()
    expect(page.locator("[data-status]")).to_have_text(says("Live"))
    expect(page.locator("[data-today=open]")).to_have_text(str(before + 1))
    watcher.leaves()
