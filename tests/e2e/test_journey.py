"""The main job, end to end, in three real browsers at once, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests import factories
from tests.e2e.people import DESK, MARKER, Person, answers, decides, files_a_request, says
from tests.services import Product

pytestmark = pytest.mark.e2e

TEXT = "3号楼门口的路灯坏了三天，晚上漆黑一片。"
PLACE = (factories.WEST + 0.4 * factories.WIDTH, factories.NORTH - 0.6 * factories.HEIGHT)  # in grid 1


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A photo on the resident's phone."""
    file = tmp_path / "IMG_0001.jpg"
    file.write_bytes(factories.photo(size=(1200, 900)).read())
    return file


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_a_request_reaches_its_member_moves_on_the_map_and_comes_back_when_reopened(
    database: str, start_product: Callable[..., Product], browser: Browser, picture: Path
) -> None:
    base = start_product(database).url
    resident = Person.sits_down(browser, base).signs_in("resident")
    member = Person.sits_down(browser, base).signs_in("member1")
    colleague = Person.sits_down(browser, base).signs_in("member2")
    checker = Person.sits_down(browser, base).signs_in("checker")
    shift = Person.sits_down(browser, base).signs_in("shift_leader")
    supervisor = Person.sits_down(browser, base, viewport=DESK).signs_in("supervisor")

    supervisor.goes("/map/live/")
    expect(supervisor.page.locator("[data-status]")).to_have_text(says("Live"))
    for person in (member, colleague):
        person.goes("/desk/")
        expect(person.main.locator("[data-task]")).to_have_count(0)

    number = files_a_request(resident, TEXT, kind="路灯", photo=picture, pin=PLACE)

    # The member on duty has it without reloading; nobody else has.
    expect(member.main.locator("[data-task]")).to_have_count(1)
    expect(member.main.locator("[data-task]")).to_contain_text("路灯")
    expect(member.main.locator("[data-task] img")).to_be_visible()
    expect(colleague.main.locator("[data-task]")).to_have_count(0)
    colleague.goes("/desk/")
    expect(colleague.main.locator("[data-task]")).to_have_count(0)
    assert colleague.page.goto(f"/requests/{number}/").status in {403, 404}

    # The supervisor sees a marker where there was none, and a row beside the map.
    supervisor.page.wait_for_function(f"place => ({MARKER})(place)", arg=list(PLACE))
    handling = supervisor.page.evaluate(MARKER, list(PLACE))
    row = supervisor.page.locator("[data-list] button").first
    expect(row).to_contain_text(says("Being handled"))
    row.click()
    drawer = supervisor.page.locator("[data-drawer]")
    expect(drawer).to_contain_text(TEXT)

    # The member handles it; the marker changes while the supervisor watches, the resident reads it.
    decides(member, member.main.locator("[data-task] a"), "处置完成", "灯泡已换，亮了。")
    supervisor.page.wait_for_function(
        f"([place, before]) => {{ const now = ({MARKER})(place); return now && now !== before; }}",
        arg=[list(PLACE), handling],
    )
    expect(row).to_contain_text(says("To be checked"))
    expect(resident.main).to_contain_text("灯泡已换，亮了。")

    checker.goes("/desk/")
    decides(checker, checker.main.locator("[data-task] a"), "核查通过", "现场亮了。")
    shift.goes("/desk/")
    decides(shift, shift.main.locator("[data-task] a"), "同意结案")

    # The resident, still on the same page, has seen every step and who took it.
    expect(resident.main).to_contain_text(says("Closed"))
    for step in ("赵网格", "灯泡已换，亮了。", "卫核查", "现场亮了。", "蒋值班"):
        expect(resident.main.locator(".story")).to_contain_text(step)

    # Three answers; then it turns out not to be solved: back to the handler, not to anybody else.
    for question in ("in_time", "solved", "satisfied"):
        answers(resident, question, "yes")
    resident.presses(says("Send my rating"))
    resident.sees(says("Your rating"))
    resident.page.locator("details.move summary", has_text=says("It is not solved")).click()
    resident.page.locator("textarea[name=reason]").fill("又灭了。")
    resident.presses(says("Open it again"))
    resident.sees(says("Reopened"))

    member.goes("/desk/")
    expect(member.main.locator("[data-task]")).to_have_count(1)
    member.follows(member.main.locator("[data-task] a"))
    expect(member.main.locator(".story")).to_contain_text("又灭了。")
    for person in (colleague, checker, shift):
        person.goes("/desk/")
        expect(person.main.locator("[data-task]")).to_have_count(0)
    expect(row).to_contain_text(says("Reopened"))
