"""Layers, link, search, measuring, pictures and acting on the live map, in real browsers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests import services
from tests.e2e.people import DESK, Person, outside, says
from tests.e2e.test_accessibility import violations

from .test_in_a_browser import GRID_1, GRID_5, MARKERS, files, watches

pytestmark = pytest.mark.e2e

GRID_6 = "149901001002006"
#: What is looked at: zoom, and the middle to five places (a metre).
VIEW = """(() => {
  const { lat, lng } = map_live.getCenter();
  return [map_live.getZoom(), lat.toFixed(5), lng.toFixed(5)];
})()"""
#: Where a case's marker is, in pixels of the page.
PLACE = """
(number) => {
  const { points } = document.querySelector(".map-frame").markers;
  const one = [...points.values()].find((one) => one.number === number);
  const frame = map_live.getContainer().getBoundingClientRect();
  const { x, y } = map_live.latLngToContainerPoint([one.lat, one.lon]);
  return [frame.x + x, frame.y + y];
}
"""


def sits_down(browser: Browser, product: services.Product, username: str) -> Person:
    """Somebody who fails the test when a script fails, or anything is asked of another host."""
    person = Person.sits_down(browser, product.url, viewport=DESK).signs_in(username)
    person.page.on("pageerror", lambda error: pytest.fail(str(error)))
    person.page.on(
        "request",
        lambda asked: outside(asked, product.url) and "autonavi" not in asked.url and pytest.fail(asked.url),
    )
    person.context.route(re.compile("autonavi"), lambda route: route.abort())
    return person


def dark(person: Person) -> None:
    person.context.add_cookies([{"name": "theme", "value": "dark", "url": person.base}])


def opens(page: Page, panel: str) -> None:
    page.locator(f"[aria-controls=map-{panel}]").click()
    expect(page.locator(f"#map-{panel}")).to_be_visible()


def tick(page: Page, layer: str) -> None:
    page.locator("#map-layers label", has=page.locator(f"input[value={layer}]")).click()


def part(page: Page, layer: str):
    return page.locator(f"[data-legends] [data-layer={layer}]")


def test_layers_are_remembered_a_link_shows_the_same_and_the_search_leads_there(
    browser: Browser, shared_product: services.Product, tmp_path: Path
):
    number = files(shared_product, GRID_6)
    supervisor = sits_down(browser, shared_product, "supervisor")
    supervisor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    watches(supervisor)
    page = supervisor.page

    opens(page, "layers")
    page.locator("#layer-figure").select_option("load")
    for layer in ("members", "gaps", "heat", "due", "standing"):
        tick(page, layer)
    expect(part(page, "figure")).to_contain_text(says("no data"))
    expect(part(page, "gaps")).to_contain_text(says("%(n)s grids in view have no member of their own", n=1))
    for layer in ("members", "heat", "due", "standing"):
        expect(part(page, layer)).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(page.locator("#map-layers")).to_be_hidden()

    dark(supervisor)
    page.goto("/map/live/")
    expect(part(page, "figure")).to_be_visible()
    expect(part(page, "heat")).to_be_visible()
    opens(page, "layers")
    expect(page.locator("#layer-figure")).to_have_value("load")
    assert violations(page) == []
    for layer in ("heat", "due", "standing"):
        tick(page, layer)
    expect(part(page, "heat")).to_have_count(0)
    page.keyboard.press("Escape")

    box = page.locator("#map-search")
    box.fill("新华 第6")
    expect(page.locator("#map-found [role=option]")).to_have_count(1)
    box.press("ArrowDown")
    assert violations(page) == []
    before = page.evaluate(VIEW)
    box.press("Enter")
    page.wait_for_function(f"(before) => String({VIEW}) !== String(before)", arg=before)
    box.fill(number)
    expect(page.locator("#map-found [role=option]")).to_contain_text(number)
    box.press("Enter")
    drawer = page.locator("[data-drawer] .drawer-case")
    expect(drawer).to_have_attribute("data-number", number)
    page.locator("[data-drawer] [data-close]").click()

    page.locator(".light-chip[data-light=green]").click()
    opens(page, "more")
    assert violations(page) == []
    page.locator("[data-tool=copy]").click()
    expect(page.locator("[data-tools-said]")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    with page.expect_download() as saved:
        page.locator("[data-tool=picture]").click()
    picture = Image.open(saved.value.path())
    width, height = page.evaluate("[map_live.getSize().x, map_live.getSize().y]")
    assert (picture.format, picture.width) == ("PNG", width)
    assert picture.height > height
    middle = picture.convert("RGB").crop((width // 4, height // 4, width * 3 // 4, height * 3 // 4))
    assert len(middle.getcolors(1 << 24)) > 3

    colleague = sits_down(browser, shared_product, "administrator")
    colleague.page.goto(link)
    expect(part(colleague.page, "figure")).to_be_visible()
    expect(part(colleague.page, "gaps")).to_be_visible()
    expect(colleague.page.locator(".light-chip[data-light=green]")).to_have_attribute("aria-pressed", "true")
    assert colleague.page.evaluate(VIEW) == page.evaluate(VIEW)
    # What a colleague is shown is not what they have chosen for themselves.
    colleague.page.goto("/map/")
    colleague.page.goto("/map/live/")
    opens(colleague.page, "layers")
    expect(colleague.page.locator("#layer-figure")).to_have_value("")
    for person in (supervisor, colleague):
        person.leaves()


def test_cases_drawn_around_are_urged_and_another_browser_sees_it_at_once(browser: Browser, start_product):
    """On a base map in GCJ-02, so that what is drawn is known to be put right."""
    product = start_product(LINLI_BASE_MAP="amap")
    number, elsewhere = files(product, GRID_1), files(product, GRID_5)
    supervisor, colleague = (sits_down(browser, product, who) for who in ("supervisor", "administrator"))
    watches(supervisor)
    watches(colleague)
    page = supervisor.page
    expect(page.locator("#live-list li")).to_have_count(2)
    assert set(page.evaluate(MARKERS)) == {number, elsewhere}

    page.locator("[data-tool=choose]").click()
    x, y = page.evaluate(PLACE, number)
    page.mouse.move(x - 30, y - 30)
    page.mouse.down()
    page.mouse.move(x + 30, y + 30, steps=3)
    page.mouse.up()
    drawer = page.locator("[data-drawer]")
    expect(drawer.locator("h2")).to_be_focused()
    expect(drawer.locator("[name=number]")).to_have_count(1)
    expect(drawer.locator("[name=number]")).to_have_value(number)
    drawer.locator("[data-act=urge]").click()
    assert violations(page) == []
    drawer.locator("#act-urge textarea").fill("请今天去看看")
    drawer.locator("#act-urge .btn-primary").click()
    expect(drawer.locator(f"[data-result='{number}']")).to_have_class(re.compile("is-done"))
    feed = colleague.page.locator("#live-feed [data-kind='request.urged']")
    expect(feed).to_have_count(1)

    # Without a pointer: all that the list holds. The one just urged cannot be urged again so soon.
    page.locator("[data-drawer] [data-close]").click()
    page.locator("[data-tool=choose-listed]").focus()
    page.keyboard.press("Enter")
    expect(drawer.locator("[name=number]")).to_have_count(2)
    drawer.locator("[data-act=urge]").press("Enter")
    drawer.locator("#act-urge .btn-primary").press("Enter")
    expect(drawer.locator(f"[data-result='{elsewhere}']")).to_have_class(re.compile("is-done"))
    expect(drawer.locator(f"[data-result='{number}']")).to_have_class(re.compile("is-refused"))
    expect(feed).to_have_count(2)

    # A distance, by keyboard: along the middles of the map.
    page.locator("[data-drawer] [data-close]").click()
    opens(page, "more")
    page.locator("[data-tool=measure]").click()
    region = page.locator(".map-frame .folium-map")
    expect(region).to_be_focused()
    expect(page.locator("[data-pen-hint]")).to_be_visible()
    region.press("Enter")
    metres = page.evaluate(
        """() => {
          const from = map_live.getCenter();
          map_live.panBy([200, 0], { animate: false });
          return map_live.distance(from, map_live.getCenter());
        }"""
    )
    region.press("Enter")
    expect(page.locator("[data-pen-said]")).to_contain_text(
        f"{metres:.0f}" if metres < 1000 else f"{metres / 1000:.2f}"
    )
    page.keyboard.press("Escape")
    expect(page.locator("[data-pen]")).to_be_hidden()
    for person in (supervisor, colleague):
        person.leaves()
