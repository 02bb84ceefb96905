"""What stands out, and the replay on the live map, in a real browser on the running product."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from tests import services
from tests.e2e.people import DESK, PHONE, Person, says
from tests.e2e.test_accessibility import violations

pytestmark = pytest.mark.e2e

#: A lattice of grids with a cluster, and one case that was handled in an hour three days ago.
PAST = """
from datetime import timedelta
import time_machine
from django.core.management import call_command
from django.utils import timezone
from tests.factories import Town
from tests.maps.lattice import add_lattice, filed
from tests.workflows.desk_helpers import filed as file_case, open_task
from workflows.actions.tasks import decide_task
town = Town.found()
for place, grid in enumerate(add_lattice(town)):
    filed(grid, range(1, 25, 4) if place in (7, 8, 9, 13, 14, 15, 19, 20, 21) else [40 + place % 9])
start = timezone.now() - timedelta(days=3)
with time_machine.travel(start, tick=False) as clock:
    case = file_case(town)
    clock.move_to(start + timedelta(hours=1))
    decide_task(task_id=open_task(case).pk, actor=town.member1, outcome="done", opinion="好了")
call_command("find_what_stands_out", verbosity=0)
answer = case.number
"""
STATES = """
(number) => [...document.querySelector('.map-frame').markers.points.values()]
  .filter((one) => one.number === number).map((one) => one.state)
"""


@pytest.fixture(scope="module")
def number(shared_product: services.Product) -> str:
    """The number of the handled case."""
    return shared_product.office.do(PAST)


def sits_down(browser: Browser, product: services.Product, viewport: dict[str, int]) -> Person:
    person = Person.sits_down(browser, product.url, viewport=viewport).signs_in("supervisor")
    person.page.on("pageerror", lambda error: pytest.fail(str(error)))
    return person


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_list_and_map_of_what_stands_out_point_at_each_other(
    viewport: dict[str, int], browser: Browser, shared_product: services.Product, number: str
) -> None:
    person = sits_down(browser, shared_product, viewport)
    theme = "dark" if viewport == PHONE else "light"
    person.context.add_cookies([{"name": "theme", "value": theme, "url": shared_product.url}])
    page = person.goes("/map/standing-out/")
    item = page.locator("[data-item]").first
    expect(item).to_contain_text("噪音")
    shown = item.get_by_role("button", name=says("Show on the map"))
    expect(shown).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    shown.click()
    expect(item).to_have_class(re.compile("is-chosen"))
    expect(page.locator(".foresight-map path").first).to_be_visible()
    assert violations(page) == []
    person.follows(item.get_by_role("link"))
    expect(page.locator(".foresight-weeks li")).to_have_count(12)
    assert violations(page) == []
    person.goes("/map/next-week/")
    expect(page.locator("[data-grid]").first).to_be_visible()
    assert violations(page) == []
    person.leaves()


def test_a_past_period_is_played_on_the_live_map_and_the_present_comes_back(
    browser: Browser, shared_product: services.Product, number: str
) -> None:
    person = sits_down(browser, shared_product, DESK)
    page = person.goes("/map/live/")
    page.locator(f"#live-list [data-number='{number}']").wait_for()
    page.get_by_role("button", name=says("Play back")).click()
    panel = page.locator("[data-replay-panel]")
    expect(panel.locator("[data-replay-counts]")).to_contain_text("未办结")
    assert page.evaluate(STATES, number) == []  # a week ago
    panel.locator("summary").click()
    panel.get_by_label(says("Speed")).select_option("604800")
    panel.get_by_role("button", name=says("Play")).click()
    expect(panel.get_by_role("button", name=says("Play"))).to_be_visible()  # it has come to the end
    page.wait_for_function("() => document.querySelector('[data-replay-slider]').value === '1000'")
    assert page.evaluate(STATES, number) == ["checking"]
    slider = panel.get_by_label(says("Instant"))
    slider.focus()
    page.keyboard.press("Home")
    assert page.evaluate(STATES, number) == []
    seen = set()
    for _ in range(100):
        page.keyboard.press("PageUp")
        seen |= set(page.evaluate(STATES, number))
        if slider.input_value() == "1000":
            break
    assert "checking" in seen
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    page.wait_for_function(
        "(number) => [...document.querySelector('.map-frame').markers.points.values()]"
        ".some((one) => one.number === number)",
        arg=number,
    )
    person.leaves()
