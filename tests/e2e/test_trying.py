"""Trying a workflow in a real browser, by keyboard: the picture changes and nothing else does."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.people import DESK, Person, says
from tests.services import Product

pytestmark = pytest.mark.e2e


def test_another_outcome_and_another_pace_change_the_picture_in_place(
    shared_product: Product, browser: Browser
) -> None:
    administrator = Person.sits_down(browser, shared_product.url, viewport=DESK).signs_in("administrator")
    page = administrator.goes("/console/workflows/standard/try/")
    page.locator("#id_place").fill("149901001001001")
    page.keyboard.press("Tab")
    expect(page.locator("#try-result")).to_contain_text("赵网格")
    rework = page.locator("button[value='check:rework']")
    expect(rework).to_have_attribute("aria-pressed", "false")
    rework.focus()
    page.keyboard.press("Enter")
    expect(rework).to_have_attribute("aria-pressed", "true")
    # Whoever works by keyboard stays where they are.
    expect(rework).to_be_focused()
    expect(page.locator(".flow-round")).not_to_have_count(0)
    page.locator("input[name=pace][value=nobody]").check()
    expect(page.locator(".trial-sum")).to_contain_text(
        says("The case does not get to its end: it stays where nobody acts.")
    )
    expect(page.locator("#id_hours")).to_be_hidden()
    page.locator("input[name=case][value=past]").check()
    expect(page.locator("#id_number")).to_be_visible()
    expect(page.locator("#id_place")).to_be_hidden()
