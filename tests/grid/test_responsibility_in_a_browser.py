"""The responsibility pages in a real browser: the map, choosing by typing, the keyboard, axe."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.clerk import fits
from tests.e2e.people import DESK, PHONE, Person, outside, says
from tests.e2e.test_accessibility import violations
from tests.services import Product

pytestmark = pytest.mark.e2e

COMMUNITY, GRID_6, GRID_7 = "149901001002", "149901001002006", "149901001002007"
#: Where a grid's middle is in the window, once the map has drawn it.
MIDDLE = """
(code) => {
  const { map, collection } = document.querySelector("[data-duty-map]").dutyMap;
  const area = collection.features.find(({ properties }) => properties.code === code);
  const point = map.latLngToContainerPoint(area.properties.label.toReversed());
  const frame = map.getContainer().getBoundingClientRect();
  return [frame.x + point.x, frame.y + point.y];
}
"""
PAGES = [
    f"/console/duties/{COMMUNITY}/",
    f"/console/duties/{GRID_6}/",
    "/console/duties/149901001/?gaps=1",
    f"/console/duties/{COMMUNITY}/matrix/",
    f"/console/duties/{GRID_6}/history/?on=2026-01-01",
    "/console/members/",
    "/console/members/1/",
    "/console/members/1/edit/",
    "/console/members/1/hand-over/",
    "/console/branches/",
    "/console/branches/new/",
    "/console/roster/",
    f"/console/areas/{GRID_6}/edit/",
    f"/console/areas/{GRID_6}/retire/",
    "/leave/",
]


@pytest.fixture
def person(browser: Browser, start_product) -> Iterator[Person]:
    running: Product = start_product()
    who = Person.sits_down(browser, running.url, viewport=DESK).signs_in("administrator")
    left: list[str] = []
    who.page.on("request", lambda request: outside(request, running.url) and left.append(request.url))
    who.page.on("pageerror", lambda error: pytest.fail(str(error)))
    who.page.on("console", lambda said: said.type == "error" and pytest.fail(said.text))
    yield who
    assert left == []
    who.leaves()


def click_on_the_map(page: Page, code: str) -> None:
    page.locator("[data-duty-map] canvas").first.wait_for()
    x, y = page.evaluate(MIDDLE, code)
    page.mouse.click(x, y)


def test_a_grid_is_chosen_on_the_map_and_a_member_by_typing(person: Person):
    page = person.goes(f"/console/duties/{COMMUNITY}/")
    page.locator("[data-duty-map]").scroll_into_view_if_needed()
    click_on_the_map(page, GRID_7)
    page.wait_for_url(re.compile(f"/{GRID_7}/$"))
    expect(page.locator(".duty-role-gap")).to_contain_text(says("Nobody of its own"))
    page.locator("#assign [type=search]").press_sequentially("吴")
    choices = page.locator("#candidates .member-choice")
    expect(choices).to_have_count(1)
    choices.locator("input").check()
    person.follows(page.locator("#assign .btn-primary"))
    expect(page.locator("#messages")).to_contain_text("吴网格")
    expect(page.locator(".duty-person")).to_contain_text("吴网格")
    page.wait_for_function(
        "(code) => document.querySelector('[data-duty-map]')?.dutyMap?.collection.features"
        ".find(({ properties }) => properties.code === code)?.properties.state === 'own'",
        arg=GRID_7,
    )


def test_the_matrix_is_walked_by_keyboard_and_is_a_list_on_a_phone(person: Person):
    page = person.goes(f"/console/duties/{COMMUNITY}/matrix/")
    cell = page.locator(".matrix-none").first
    cell.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"/{GRID_7}/\\?role=grid_member#assign$"))
    expect(page.locator("#assign-role")).to_have_value("grid_member")
    page.set_viewport_size(PHONE)
    person.goes(f"/console/duties/{COMMUNITY}/matrix/")
    expect(page.locator(".matrix-role").first).to_be_visible()
    assert fits(page)


def test_axe_finds_nothing_wide_or_narrow_light_or_dark(person: Person):
    found = []
    for viewport, theme in ((DESK, "light"), (PHONE, "dark")):
        person.context.add_cookies([{"name": "theme", "value": theme, "url": person.base}])
        person.page.set_viewport_size(viewport)
        for path in PAGES:
            page = person.goes(path)
            page.wait_for_load_state("networkidle")
            found += [f"{path} {theme}: {one}" for one in violations(page)]
            if not fits(page):
                found.append(f"{path} {viewport}: wider than the screen")
            if page.locator("main .btn-primary:visible").count() > 1:
                found.append(f"{path}: more than one primary action")
    assert found == [], "\n".join(found)
