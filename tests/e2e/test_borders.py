"""Redrawing the borders of a community, in a real browser on the running product."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import shapely
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests import services
from tests.e2e.people import DESK, PHONE, Person, outside, says
from tests.e2e.test_accessibility import LOOKS, violations

pytestmark = pytest.mark.e2e

COMMUNITY = "149901001001"
GRIDS = [f"{COMMUNITY}{number:03}" for number in range(1, 5)]
EDITOR = f"/console/borders/{COMMUNITY}/"
#: What is said once the server keeps the unsaved work too, after the time.
KEPT = says("Kept at %(time)s; not yet saved for everyone.").split("%(time)s")[-1].strip()
TABLET = {"width": 1024, "height": 768}
OPERATIONS = "() => document.querySelector('[data-borders]').page.work.operations"
IS_IDLE = "() => document.querySelector('[data-borders]').page.work.state === 'idle'"
#: The office's days of some moments.
DAYS = """
times => times.map(({ dateTime }) =>
  new Date(dateTime).toLocaleDateString("en-CA", { timeZone: "Asia/Shanghai" }))
"""
#: Nothing waits to be kept any more: it was written, or it was saved for everyone.
IS_KEPT = "() => document.querySelector('[data-borders]').page.keeper.isLate === false"
#: What the database holds: grids in force, where the retired ones went, whether all of it fits together.
STORED = """
import shapely
from grid.models import Area, AreaDraft
community = Area.objects.in_force().get(code="149901001001")
grids = Area.objects.filter(path__startswith=community.path, level__is_grid=True)
held = {area.code: area for area in grids if area.valid_to is None}
shapes = [area.geometry for area in held.values()]
answer = {
    "grids": {code: {"name": area.name, "households": area.households, "wkt": area.geometry.wkt}
              for code, area in held.items()},
    "merged": {area.code: area.merged_into.code for area in grids if area.merged_into},
    "drafts": AreaDraft.objects.count(),
    "fits": bool(shapely.coverage_is_valid(shapes)),
    "left": shapely.union_all(shapes).symmetric_difference(community.geometry).area,
}
"""
#: The registrar is an administrator too; and the town was surveyed in 2020.
PREPARE = """
from django.db import transaction
from grid import stamp
from grid.models import Area, AreaEdit, Member, Responsibility
from tests.factories import SINCE
with transaction.atomic():
    stamp.bump()
    Responsibility.objects.create(
        member=Member.objects.get(user__username="registrar"), area=Area.objects.get(depth=1),
        role_id="administrator", since=SINCE,
    )
    AreaEdit.objects.update(at=SINCE)
"""
REDRAW_YESTERDAY = """
from datetime import datetime, timedelta, UTC
import time_machine
from django.utils import timezone
from grid.actions.borders import redraw
from grid.models import Area, AreaEdit, User
with time_machine.travel(datetime.now(UTC) - timedelta(days=1)):
    answer = timezone.localdate().isoformat()
    redraw(
        community=Area.objects.in_force().get(code=%r), base=AreaEdit.objects.latest("pk").pk,
        operations=%r, actor=User.objects.get(username="administrator"), note="<b>昨天</b>",
    )
"""


def stored(product: services.Product) -> dict[str, Any]:
    return product.office.do(STORED)


def shape(state: dict[str, Any], number: int) -> shapely.Geometry:
    return shapely.from_wkt(state["grids"][GRIDS[number - 1]]["wkt"])


def differs(before: dict[str, Any], after: dict[str, Any], number: int) -> bool:
    """Whether a grid's ground is another one, by more than the rounding of coordinates."""
    return shape(before, number).symmetric_difference(shape(after, number)).area > 1e-10


@pytest.fixture
def product(start_product) -> services.Product:
    product = start_product()
    product.office.do(PREPARE)
    return product


class Clerk(Person):
    """An administrator in front of the page."""

    wrong: list[str]

    def listens(self) -> Clerk:
        """Remember whatever the policy blocked, whatever broke, whoever else was asked."""
        self.wrong = []
        self.page.on(
            "console",
            lambda message: "Content Security Policy" in message.text and self.wrong.append(message.text),
        )
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("dialog", lambda dialog: self.wrong.append(dialog.message))
        self.page.on(
            "request", lambda request: outside(request, self.base) and self.wrong.append(request.url)
        )
        return self

    def opens(self) -> Page:
        page = self.goes(EDITOR)
        expect(page.locator("[data-borders][data-ready]")).to_be_visible()
        self.rests()
        return page

    def rests(self) -> None:
        """Until the server has said what it thinks of the last change."""
        self.page.wait_for_function(IS_IDLE)

    @property
    def operations(self) -> list[dict[str, Any]]:
        return self.page.evaluate(OPERATIONS)

    def picks(self, number: int) -> None:
        self.page.locator(f".grid-row[data-code='{GRIDS[number - 1]}']").click()

    def takes(self, tool: str) -> None:
        self.page.locator(f"[data-tool={tool}]").click()
        expect(self.page.locator(f"[data-tool={tool}]")).to_have_attribute("aria-pressed", "true")

    def drags(self, handle: Locator, right: int, down: int) -> None:
        self.grips(handle, right, down)
        self.page.mouse.up()
        self.rests()

    def grips(self, handle: Locator, right: int, down: int) -> None:
        handle.hover()  # the map may still be moving to the grid that was picked
        box = handle.bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + right / 2, y + down / 2, steps=3)
        self.page.mouse.move(x + right, y + down, steps=3)

    def bends(self, number: int) -> None:
        """Give the border of a grid at the row's end one more point, some way into the grid beside it."""
        self.picks(number)
        self.takes("reshape")
        self.drags(self.page.locator(".border-handle-middle").first, 30, 10)

    def clicks(self, *points: tuple[float, float]) -> None:
        """Click on the map, at places within the chosen grid's frame: 0…1 from its left and its top."""
        box = self.page.locator("path.border-grid.is-picked").bounding_box()
        assert box is not None
        for across, down in points:
            x, y = box["x"] + box["width"] * across, box["y"] + box["height"] * down
            self.page.mouse.move(x, y, steps=3)
            self.page.mouse.click(x, y)

    def confirms(self) -> None:
        self.page.locator(".borders-form .btn-primary").click()
        self.rests()

    def saves(self, note: str = "") -> None:
        self.page.locator("[data-note]").fill(note)
        self.page.locator("[data-save]").click()
        expect(self.page.locator("[data-notes] .note-success")).to_be_visible()
        self.rests()


@pytest.fixture
def clerks(browser: Browser, product: services.Product) -> Iterator[Any]:
    """``clerks("administrator")``: signed in, with nothing wrong until the end."""
    people: list[Clerk] = []

    def sits_down(username: str = "administrator", **options: Any) -> Clerk:
        options.setdefault("viewport", DESK)
        clerk = Clerk.sits_down(browser, product.url, **options)
        people.append(clerk)
        clerk.signs_in(username)
        return clerk.listens()

    yield sits_down
    assert [each for clerk in people for each in clerk.wrong] == []
    for clerk in people:
        clerk.leaves()


def test_a_common_point_takes_both_grids_along(clerks, product: services.Product):
    before = stored(product)
    clerk = clerks()
    page = clerk.opens()
    clerk.bends(1)
    paths = [page.locator(f"path.border-grid[data-code='{code}']") for code in GRIDS[:3]]
    shown = [path.get_attribute("d") for path in paths]
    clerk.grips(page.locator(".border-handle-free.is-shared").first, 25, -15)
    following = [path.get_attribute("d") != was for path, was in zip(paths, shown, strict=True)]
    assert following == [True, True, False], "both grids follow while the point is dragged"
    expect(page.locator("[data-grid-size-was]")).not_to_be_empty()
    page.mouse.up()
    clerk.rests()
    assert [operation["do"] for operation in clerk.operations] == ["insert", "move"]
    clerk.saves("新路通车")

    after = stored(product)
    assert after["fits"]
    assert after["left"] < 1e-12
    common = set(shape(after, 1).exterior.coords) & set(shape(after, 2).exterior.coords)
    assert len(common) == 3, "the two corners and the point between them"
    assert [differs(before, after, number) for number in (1, 2, 3, 4)] == [True, True, False, False]
    assert after["drafts"] == 0


def test_a_grid_is_divided_by_a_line(clerks, product: services.Product):
    before = stored(product)
    clerk = clerks()
    page = clerk.opens()
    clerk.picks(2)
    clerk.takes("split")
    clerk.clicks((0.3, 0.0), (0.35, 0.5), (0.3, 1.0))
    form = page.locator(".borders-form")
    expect(form.locator("[name=code]")).to_have_value(f"{COMMUNITY}005")
    expect(form.locator("[name=name]")).to_have_value("第5网格")
    expect(page.locator("[data-new-size]")).not_to_be_empty()
    form.locator("[name=name]").fill("<img src=x onerror=alert(1)>")
    form.locator("[name=households]").fill("120")
    clerk.confirms()
    expect(page.locator(f".grid-row[data-code='{COMMUNITY}005']")).to_contain_text(
        "<img src=x onerror=alert(1)>"
    )
    clerk.saves()

    after = stored(product)
    assert after["fits"]
    assert after["left"] < 1e-12
    new = after["grids"][f"{COMMUNITY}005"]
    assert (new["name"], new["households"]) == ("<img src=x onerror=alert(1)>", 120)
    pieces = shapely.from_wkt(new["wkt"]), shape(after, 2)
    assert shapely.union_all(pieces).symmetric_difference(shape(before, 2)).area < 1e-12
    assert pieces[0].area < pieces[1].area, "the larger piece keeps the code"


def test_neighbours_are_joined_and_undone_and_joined_again(clerks, product: services.Product):
    clerk = clerks()
    page = clerk.opens()
    clerk.picks(3)
    clerk.takes("merge")
    clerk.picks(1)
    page.locator(".borders-form .btn-primary").click()
    expect(page.locator(".borders-form [data-error]")).to_have_text(
        says("These grids do not touch each other. Only neighbours can be joined.")
    )
    clerk.picks(1)
    clerk.picks(4)
    page.locator(f".borders-form [name=into][value='{GRIDS[3]}']").check()
    clerk.confirms()
    expect(page.locator(".grid-row")).to_have_count(3)
    page.keyboard.press("Control+z")
    expect(page.locator(".grid-row")).to_have_count(4)
    assert clerk.operations == []
    page.keyboard.press("Control+y")
    expect(page.locator(".grid-row")).to_have_count(3)
    clerk.rests()
    clerk.saves()

    after = stored(product)
    assert after["merged"] == {GRIDS[2]: GRIDS[3]}
    assert after["fits"]


def test_a_new_grid_is_cut_out_and_renamed(clerks, product: services.Product):
    clerk = clerks()
    page = clerk.opens()
    clerk.picks(2)
    page.locator("[data-tool=draw]").click()
    box = page.locator(f"path.border-grid[data-code='{GRIDS[1]}']").bounding_box()
    assert box is not None
    for across, down in ((0.3, 0.3), (0.7, 0.3), (0.7, 0.7), (0.3, 0.7), (0.3, 0.3)):
        x, y = box["x"] + box["width"] * across, box["y"] + box["height"] * down
        page.mouse.move(x, y, steps=3)
        page.mouse.click(x, y)
    clerk.confirms()
    clerk.takes("rename")
    page.locator(".borders-form [name=name]").fill("市场网格")
    page.locator(".borders-form [name=households]").fill("77")
    clerk.confirms()
    clerk.saves()
    after = stored(product)
    assert after["fits"]
    assert after["left"] < 1e-12
    new = after["grids"][f"{COMMUNITY}005"]
    assert (new["name"], new["households"]) == ("市场网格", 77)
    assert len(shape(after, 2).interiors) == 1


def test_what_cannot_be_done_is_said_and_leaves_no_trace(clerks):
    clerk = clerks()
    page = clerk.opens()
    clerk.picks(2)
    clerk.takes("split")
    clerk.clicks((0.3, 0.3), (0.6, 0.6))
    page.locator("[data-finish]").click()
    expect(page.locator("[data-notes] .note-error")).to_be_visible()
    expect(page.locator(".borders-form")).to_have_count(0)
    expect(page.locator("[data-tool=split]")).to_have_attribute("aria-pressed", "true")
    assert clerk.operations == []
    page.keyboard.press("Escape")
    expect(page.locator("[data-tool=split]")).to_have_attribute("aria-pressed", "false")


def test_unsaved_work_survives_a_reload_and_another_device(clerks, product: services.Product):
    clerk = clerks()
    page = clerk.opens()
    clerk.bends(1)
    made = clerk.operations
    page.reload()
    dialog = page.locator("dialog[open]")
    expect(dialog).to_contain_text(says("You have unsaved changes"))
    page.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    clerk.presses(says("Go on"), within=dialog)
    expect(page.locator("[data-borders][data-ready]")).to_be_visible()
    clerk.rests()
    assert clerk.operations == made
    expect(page.locator(".change")).to_contain_text("第1网格、第2网格")
    expect(page.locator("[data-kept]")).to_contain_text(KEPT)

    elsewhere = clerks()
    other = elsewhere.goes(EDITOR)
    clerk_dialog = other.locator("dialog[open]")
    expect(clerk_dialog).to_be_visible()
    elsewhere.presses(says("Go on"), within=clerk_dialog)
    expect(other.locator("[data-borders][data-ready]")).to_be_visible()
    elsewhere.rests()
    assert elsewhere.operations == made
    elsewhere.saves()
    assert stored(product)["drafts"] == 0


def test_a_draft_that_is_slow_does_not_outlive_what_was_saved(clerks, product: services.Product):
    clerk = clerks()
    page = clerk.opens()
    held: list[Route] = []
    asked: list[str] = []
    page.on("request", lambda request: request.url.endswith("/draft/") and asked.append(request.method))
    page.route("**/draft/", lambda route: held.append(route), times=1)
    with page.expect_request("**/draft/"):
        clerk.bends(1)
    page.locator("[data-save]").click()
    page.wait_for_function(IS_KEPT)
    assert asked == ["PUT"]
    held[0].continue_()
    expect(page.locator("[data-notes] .note-success")).to_be_visible()
    assert asked == ["PUT", "DELETE"]
    assert stored(product)["drafts"] == 0


def test_a_lost_connection_loses_nothing(clerks, product: services.Product):
    clerk = clerks()
    page = clerk.opens()
    clerk.picks(1)
    clerk.takes("reshape")
    clerk.context.set_offline(True)
    clerk.grips(page.locator(".border-handle-middle").first, 30, 10)
    page.mouse.up()
    expect(page.locator("[data-check]")).to_have_text(
        says("Not checked yet: there is no connection. Your changes are kept on this device.")
    )
    clerk.context.set_offline(False)
    expect(page.locator("[data-check]")).to_have_text(says("Checked: everything fits."))
    clerk.saves()
    assert stored(product)["fits"]


def test_the_later_of_two_sees_what_changed_and_loses_nothing(clerks, product: services.Product):
    first, second = clerks("administrator"), clerks("registrar")
    first.opens()
    page = second.opens()
    expect(page.locator("[data-status]")).to_have_text(says("Live"))
    second.bends(1)
    second.picks(4)
    second.takes("rename")
    page.locator(".borders-form [name=name]").fill("东门网格")
    second.confirms()
    mine = second.operations

    first.picks(1)
    first.takes("merge")
    first.picks(2)
    first.confirms()
    first.saves("两格合并")

    notes = page.locator("[data-notes]")
    expect(notes).to_contain_text("杨管理")
    expect(notes).to_contain_text("两格合并")
    expect(notes).to_contain_text("第1网格")
    expect(notes).to_contain_text("第2网格")
    expect(page.locator("path.border-grid.is-theirs")).to_have_attribute("data-code", GRIDS[0])
    expect(page.locator("[data-theirs-key]")).to_be_visible()
    second.rests()
    assert second.operations == mine, "nothing was lost"
    failed = page.locator(".change-failed")
    expect(failed).to_have_count(1)
    expect(failed).to_have_attribute("data-do", "insert")
    expect(page.locator("[data-save]")).to_have_attribute("aria-disabled", "true")
    second.presses(says("Take out"), within=failed)
    expect(failed).to_have_count(0)
    second.rests()
    second.saves()
    after = stored(product)
    assert after["grids"][GRIDS[3]]["name"] == "东门网格"
    assert after["merged"] == {GRIDS[1]: GRIDS[0]}


def test_whoever_was_told_nothing_is_told_when_saving(clerks, product: services.Product):
    first, second = clerks("administrator"), clerks("registrar")
    second.page.route_web_socket("**/ws/map/**", lambda silent: None)
    page = second.opens()
    page.route("**/data/", lambda route: route.abort())  # nor does it learn of it by asking now and then
    second.bends(1)
    mine = second.operations
    expect(page.locator("[data-kept]")).to_contain_text(KEPT)
    first.opens()
    expect(first.page.locator("[data-notes]")).to_contain_text("陈受理")
    first.bends(1)
    first.saves()

    page.locator("[data-save]").click()
    page.unroute("**/data/")
    expect(page.locator("[data-notes]")).to_contain_text("杨管理")
    second.rests()
    assert second.operations == mine
    expect(page.locator(".change-failed")).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(page.locator(".change")).to_have_count(0)
    second.rests()
    page.keyboard.press("Escape")
    second.bends(3)
    second.saves()
    assert stored(product)["fits"]


def step_back_to(page: Page, day: str) -> None:
    """Move the slider, by its keys, from where it stands to a day: it has a step for each that it knows."""
    days = set(page.locator("[data-versions] time").evaluate_all(DAYS))
    steps = sorted(days | {page.locator("[data-day]").get_attribute("max") or ""})
    slider = page.locator("[data-slider]")
    expect(slider).to_have_attribute("max", str(len(steps) - 1))
    slider.focus()
    for _step in range(steps.index(day), int(slider.input_value())):
        page.keyboard.press("ArrowLeft")


def test_the_slider_shows_the_borders_of_earlier_days(clerks, product: services.Product):
    middle = {"do": "insert", "edge": [[112.554, 37.876], [112.554, 37.873]], "at": [112.5545, 37.8745]}
    yesterday = date.fromisoformat(product.office.do(REDRAW_YESTERDAY % (COMMUNITY, [middle])))
    clerk = clerks()
    page = clerk.opens()
    clerk.picks(1)
    clerk.takes("reshape")
    clerk.drags(page.locator(".border-handle-free.is-shared").first, -60, 0)
    clerk.saves()
    path = page.locator(f"path.border-grid[data-code='{GRIDS[0]}']")
    today = path.get_attribute("d")

    page.locator("[data-past] summary").click()
    expect(page.locator("[data-versions]")).to_contain_text("<b>昨天</b>")
    # Of the survey, of yesterday and of today; of tomorrow too, if midnight has come in between.
    step_back_to(page, yesterday.isoformat())
    banner = page.locator("[data-banner]")
    expect(banner).to_be_visible()
    expect(banner).to_contain_text(f"{yesterday.year}年{yesterday.month}月{yesterday.day}日")
    expect(path).not_to_have_attribute("d", today or "")
    as_of_yesterday = path.get_attribute("d")
    expect(page.locator("[data-tool=reshape]")).to_be_disabled()

    page.locator("[data-day]").fill("2021-03-04")
    page.locator("[data-day]").dispatch_event("change")
    expect(banner).to_contain_text("2021年3月4日")
    expect(path).not_to_have_attribute("d", as_of_yesterday or "")

    clerk.presses(says("Back to today"), within=banner)
    expect(banner).to_be_hidden()
    expect(path).to_have_attribute("d", today or "")
    expect(page.locator("[data-tool=reshape]")).to_be_enabled()


def test_points_are_chosen_moved_and_removed_by_keyboard(clerks):
    clerk = clerks()
    page = clerk.opens()
    page.locator(f".grid-row[data-code='{GRIDS[0]}']").focus()
    page.keyboard.press("Enter")
    page.locator("[data-tool=reshape]").focus()
    page.keyboard.press("Enter")
    page.locator("[data-points] summary").focus()
    page.keyboard.press("Enter")
    page.locator(
        ".borders-points button",
        has_text=says("Point %(n)s, on the community's border: slides along it").split("%(n)s")[-1].strip(),
    ).first.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Insert")
    clerk.rests()
    words = says("Point %(n)s, shared with %(names)s").split("%(n)s")[-1].replace("%(names)s", "第2网格")
    point = page.locator(".borders-points button", has_text=words.strip())
    point.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".border-handle:focus")).to_have_count(1)
    for _press in range(3):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    clerk.rests()
    assert [operation["do"] for operation in clerk.operations] == ["insert", "move"]
    expect(page.locator(".border-handle:focus")).to_have_count(1)
    page.keyboard.press("Delete")
    clerk.rests()
    assert [operation["do"] for operation in clerk.operations] == ["insert", "move", "remove"]
    expect(page.locator(".border-handle-free")).to_have_count(0)


def test_a_line_can_be_drawn_with_the_cross(clerks):
    clerk = clerks(viewport=TABLET)
    page = clerk.opens()
    clerk.picks(2)
    clerk.takes("split")
    cross = page.locator("[data-point-here]")
    page.evaluate("map_borders.panBy([0, -400], { animate: false })")
    cross.click()
    page.evaluate("map_borders.panBy([0, 800], { animate: false })")
    cross.click()
    if page.locator("[data-finish]").is_visible():
        page.locator("[data-finish]").click()
    expect(page.locator(".borders-form [name=code]")).to_have_value(f"{COMMUNITY}005")
    clerk.confirms()
    assert [operation["do"] for operation in clerk.operations] == ["split"]


def test_on_a_phone_borders_are_looked_at(clerks):
    clerk = clerks(viewport=PHONE)
    page = clerk.opens()
    expect(page.locator("[data-hint]")).to_have_text(
        says(
            "On a phone you can look at the borders and their history. "
            "To redraw them, use a tablet or a computer."
        )
    )
    expect(page.locator("[data-tool=reshape]")).to_be_hidden()
    clerk.picks(2)
    expect(page.locator("[data-grid-name]")).to_have_text("第2网格")
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing(look: str, clerks):
    clerk = clerks()
    clerk.context.add_cookies([{**cookie, "url": clerk.base} for cookie in LOOKS[look]])
    clerk.goes("/console/borders/")
    found = violations(clerk.page)
    page = clerk.opens()
    clerk.bends(1)
    page.locator("[data-past] summary").click()
    page.locator("[data-points] summary").click()
    found += violations(page)
    clerk.takes("rename")
    found += violations(page)
    assert found == [], "\n" + "\n".join(found)


def test_others_may_not_open_it(clerks, product: services.Product):
    supervisor = clerks("supervisor")
    answer = supervisor.page.goto(EDITOR)
    assert answer is not None
    assert answer.status == 403
    administrator = clerks()
    for code in (GRIDS[0], "149901001", "nothing"):
        answer = administrator.page.goto(f"/console/borders/{code}/")
        assert answer is not None
        assert answer.status == 404, code
