"""The BPMN pages in a real browser: nothing for axe to find, steps reached by keyboard, a file taken over."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests import factories
from tests.e2e.people import DESK, PHONE, Person, files_a_request, says
from tests.e2e.test_accessibility import violations
from tests.services import Product

pytestmark = pytest.mark.e2e
FILE = Path(__file__).parent.parent / "workflows" / "bpmn_files" / "camunda_leave.bpmn"
PLACE = (factories.WEST + 0.4 * factories.WIDTH, factories.NORTH - 0.6 * factories.HEIGHT)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_case_on_its_diagram_by_keyboard_wide_and_narrow(
    theme: str, start_product: Callable[..., Product], browser: Browser
) -> None:
    base = start_product("sqlite").url
    resident = Person.sits_down(browser, base, viewport=PHONE).signs_in("resident")
    number = files_a_request(resident, "三号楼门口的路灯坏了", kind="路灯", pin=PLACE)
    resident.leaves()
    for viewport in (DESK, PHONE):
        member = Person.sits_down(browser, base, viewport=viewport).signs_in("member1")
        member.context.add_cookies([{"name": "theme", "value": theme, "url": base}])
        member.goes(f"/cases/{number}/")
        member.follows(member.main.get_by_role("link", name=says("BPMN view, for those who know it")))
        now = member.main.locator(".bpmn-shape.is-now")
        expect(now).to_have_count(1)
        expect(now).to_have_attribute("aria-label", re.compile("处置"))
        now.focus()
        expect(now).to_be_focused()
        assert violations(member.page) == []
        wide = member.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= viewport["width"]
        member.leaves()


def test_a_file_is_taken_over_and_its_report_read(
    start_product: Callable[..., Product], browser: Browser
) -> None:
    base = start_product("sqlite").url
    clerk = Person.sits_down(browser, base, viewport=PHONE).signs_in("administrator")
    clerk.goes("/console/workflows/")
    clerk.follows(clerk.main.get_by_role("link", name=says("Take over a BPMN file")))
    assert violations(clerk.page) == []
    clerk.main.get_by_label(says("BPMN file")).set_input_files(FILE)
    clerk.presses(says("Read the file"))
    clerk.sees(says("Element by element"))
    clerk.sees(says("A workflow runs no scripts."))
    assert violations(clerk.page) == []
    clerk.goes("/console/workflows/standard/1/bpmn/")
    assert violations(clerk.page) == []
    clerk.leaves()
