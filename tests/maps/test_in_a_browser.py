"""The maps in a real browser, on the running product: what is drawn, heard and pressed."""

from __future__ import annotations

import json
import re
from threading import Event

import pytest
from playwright.sync_api import Browser, Route, WebSocketRoute, expect

from grid.datums import wgs84_to_gcj02
from tests import services
from tests.e2e.people import DESK, PHONE, Person, outside, says

pytestmark = pytest.mark.e2e

#: Cases drawn as single markers, by number.
MARKERS = "[...document.querySelector('.map-frame').markers.points.values()].map((one) => one.number)"
FILE = """
from grid.models import Area, User
from workflows.actions.requests import file_request
from workflows.models import Category
place = Area.objects.get(code={code!r}).geometry.representative_point()
filed = file_request(
    reporter=User.objects.get(username="resident"),
    text="<img src=x onerror=alert(1)> ${{alert(1)}} {{{{ 7*7 }}}}",
    category=Category.objects.filter(numchild=0, dictionary="resident").first(),
    lon=place.x,
    lat=place.y,
)
answer = filed.number
"""
GRID_1, GRID_5 = "149901001001001", "149901001002005"


def files(product: services.Product, code: str) -> str:
    """File a request in another process; its number."""
    return product.office.do(FILE.format(code=code))


@pytest.fixture
def product(start_product) -> services.Product:
    return start_product()


@pytest.fixture
def watcher(browser: Browser, product: services.Product):
    person = Person.sits_down(browser, product.url, viewport=DESK).signs_in("supervisor")
    person.left = []
    person.page.on(
        "request", lambda request: outside(request, product.url) and person.left.append(request.url)
    )
    person.page.on("pageerror", lambda error: pytest.fail(str(error)))
    person.page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    yield person
    assert person.left == []
    person.leaves()


def is_live(person: Person) -> None:
    """Wait for the socket: nothing is missed from then on."""
    expect(person.page.locator("[data-status]")).to_have_text(says("Live"))


def watches(person: Person) -> None:
    person.goes("/map/live/")
    is_live(person)
    has_read(person)


def has_read(person: Person) -> None:
    """Wait for what the page reads once it is live."""
    expect(person.page.locator("[data-cases]")).to_have_attribute("data-cases", "shown")
    expect(person.page.locator("[data-feed]")).to_have_attribute("data-news", "shown")


def chooses_community(person: Person, name: str) -> None:
    """From the list that has it: lists are replaced when their areas have come."""
    page = person.page
    has_it = page.locator("option", has_text=name)
    page.locator("[data-areas] select", has=has_it).select_option(label=name)


def test_a_new_case_appears_without_reloading(watcher: Person, product: services.Product):
    watches(watcher)
    page = watcher.page
    assert page.evaluate(MARKERS) == []
    number = files(product, GRID_1)
    row = page.locator(f"#live-list [data-number='{number}']")
    expect(row).to_be_visible()
    assert number in page.evaluate(MARKERS)
    expect(page.locator("#live-feed [data-kind='request.filed']")).to_be_visible()
    expect(row).to_contain_text("第1网格")


def test_what_is_told_while_older_news_are_read_stays(watcher: Person, product: services.Product):
    page, asked, is_told = watcher.page, [], Event()
    older = page.request.get(f"{product.url}/map/data/news/").json()

    def is_asked(route: Route) -> None:
        if is_told.is_set():
            route.fulfill(json=older)
        else:
            asked.append(route)

    page.route("**/map/data/news/", is_asked)
    watcher.goes("/map/live/")
    is_live(watcher)
    files(product, GRID_1)
    line = page.locator("#live-feed [data-kind='request.filed']")
    expect(line).to_have_count(1)
    is_told.set()
    for route in asked:
        route.fulfill(json=older)
    has_read(watcher)
    expect(line).to_have_count(1)


def test_what_was_read_before_it_is_told_stands_there_once(watcher: Person, product: services.Product):
    page, pages, kept, is_told = watcher.page, [], [], Event()

    def hears(frame: str) -> None:
        waits = json.loads(frame)["type"] == "events" and not is_told.is_set()
        (kept.append if waits else pages[0].send)(frame)

    def connects(socket: WebSocketRoute) -> None:
        pages.append(socket)
        socket.connect_to_server().on_message(hears)

    page.route_web_socket(re.compile("/ws/map/"), connects)
    watches(watcher)
    files(product, GRID_1)
    pages[0].send(json.dumps({"type": "resync", "token": ""}))
    line = page.locator("#live-feed [data-kind='request.filed']")
    expect(line).to_have_count(1)
    is_told.set()
    for frame in kept:
        pages[0].send(frame)
    files(product, GRID_5)
    expect(line.filter(has_text="第5网格")).to_have_count(1)
    expect(line).to_have_count(2)


def test_a_filter_also_holds_for_what_the_socket_brings(watcher: Person, product: services.Product):
    watches(watcher)
    page = watcher.page
    page.locator("[data-light=red]").click()
    number = files(product, GRID_1)
    expect(page.locator("#live-feed [data-kind='request.filed']")).to_be_visible()
    expect(page.locator("[data-light=green] [data-count]")).to_have_text("1")
    assert number not in page.evaluate(MARKERS)
    expect(page.locator("#live-list li")).to_have_count(0)
    page.locator("[data-light=red]").click()
    expect(page.locator(f"#live-list [data-number='{number}']")).to_be_visible()


def test_an_area_can_be_chosen_from_the_lists(watcher: Person, product: services.Product):
    here, elsewhere = files(product, GRID_1), files(product, GRID_5)
    watches(watcher)
    page = watcher.page
    expect(page.locator("#live-list li")).to_have_count(2)
    page.locator(".live-more summary").click()
    chooses_community(watcher, "新华社区")
    expect(page.locator(f"#live-list [data-number='{elsewhere}']")).to_be_visible()
    expect(page.locator(f"#live-list [data-number='{here}']")).to_have_count(0)


def test_the_list_opens_a_case_by_keyboard_and_gives_the_focus_back(
    watcher: Person, product: services.Product
):
    number = files(product, GRID_1)
    watches(watcher)
    page = watcher.page
    button = page.locator(f"#live-list [data-number='{number}'] button")
    button.focus()
    page.keyboard.press("Enter")
    drawer = page.locator("[data-drawer]")
    expect(drawer.locator(".drawer-case")).to_be_visible()
    expect(drawer).to_contain_text("<img src=x onerror=alert(1)> ${alert(1)} {{ 7*7 }}")
    expect(drawer.locator("h2")).to_be_focused()
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    expect(button).to_be_focused()


def test_a_click_on_the_marker_opens_the_case(watcher: Person, product: services.Product):
    number = files(product, GRID_1)
    watches(watcher)
    page = watcher.page
    expect(page.locator(f"#live-list [data-number='{number}']")).to_be_visible()
    place = page.evaluate(
        """() => {
          const [one] = document.querySelector(".map-frame").markers.points.values();
          const frame = map_live.getContainer().getBoundingClientRect();
          const { x, y } = map_live.latLngToContainerPoint([one.lat, one.lon]);
          return [frame.x + x, frame.y + y];
        }"""
    )
    page.mouse.click(*place)
    expect(page.locator("[data-drawer] .drawer-case")).to_have_attribute("data-number", number)


def test_a_light_turns_by_itself_and_is_announced(watcher: Person, product: services.Product):
    number = files(product, GRID_1)
    watcher.page.clock.install()
    watches(watcher)
    page = watcher.page
    row = page.locator(f"#live-list [data-number='{number}']")
    expect(row).to_have_attribute("data-light", "green")
    page.clock.fast_forward(60 * 86_400_000)
    expect(page.locator("[data-announce]")).not_to_be_empty()


def test_the_wall_shows_numbers_the_feed_and_who_waits(watcher: Person, product: services.Product):
    number = files(product, GRID_1)
    page = watcher.goes("/wall/")
    expect(page.locator("[data-today=filed]")).to_have_text("1")
    expect(page.locator(f"[data-waiting] [data-number='{number}']")).to_be_visible()
    expect(page.locator("[data-feed] [data-kind='request.filed']")).to_be_visible()
    files(product, GRID_5)
    expect(page.locator("[data-today=filed]")).to_have_text("2")


def test_the_public_map_counts_along_and_names_who_serves(browser: Browser, product: services.Product):
    visitor = Person.sits_down(browser, product.url, viewport=PHONE)
    page = visitor.goes(f"/map/?area={GRID_1}")
    is_live(visitor)
    expect(page.locator("[data-panel]")).to_contain_text("赵网格")
    expect(page.locator("[data-open]")).to_have_text("0")
    files(product, GRID_1)
    expect(page.locator("[data-open]")).to_have_text("1")
    chooses_community(visitor, "新华社区")
    expect(page.locator("[data-panel]")).to_contain_text("冯书记")
    expect(page).to_have_url(re.compile("area=149901001002"))
    visitor.leaves()


def test_the_picker_writes_where_the_pin_is(browser: Browser, product: services.Product):
    resident = Person.sits_down(browser, product.url, viewport=DESK).signs_in("resident")
    page = resident.goes("/requests/new/")
    picker = page.locator("[data-picker]")
    picker.scroll_into_view_if_needed()
    picker.locator("[data-middle]").click()
    lon, lat = (float(page.locator(f"#id_{name}").input_value()) for name in ("lon", "lat"))
    middle = page.evaluate("map_picker.getCenter()")
    assert (lon, lat) == (pytest.approx(middle["lng"], abs=1e-6), pytest.approx(middle["lat"], abs=1e-6))
    expect(picker.locator(".picker-icon")).to_be_visible()
    resident.leaves()


def test_data_in_wgs84_lies_right_on_tiles_in_gcj02(browser: Browser, start_product):
    product = start_product(LINLI_BASE_MAP="amap")
    visitor = Person.sits_down(browser, product.url, viewport=DESK)
    visitor.context.route(re.compile(r"autonavi"), lambda route: route.abort())
    page = visitor.goes("/map/")
    for lon, lat in ((112.55, 37.87), (121.47, 31.23), (87.6, 43.8), (-122.4, 37.8)):
        drawn = page.evaluate(
            """([lon, lat]) => {
              const drawn = L.CRS.GCJ02.projection.project(L.latLng(lat, lon));
              const plain = L.Projection.SphericalMercator.unproject(drawn);
              const back = L.CRS.GCJ02.projection.unproject(drawn);
              return [plain.lng, plain.lat, back.lng, back.lat];
            }""",
            [lon, lat],
        )
        shifted = [float(degrees) for degrees in wgs84_to_gcj02(lon, lat)]
        assert drawn == pytest.approx([*shifted, lon, lat], abs=1e-8)
    visitor.leaves()
