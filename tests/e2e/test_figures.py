"""The charts of the figures in a browser: drawn from the tables beside them, as the page's policy allows."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.pages import PLACE, TEXT
from tests.e2e.people import DESK, Person, files_a_request
from tests.services import Product

pytestmark = pytest.mark.e2e


def test_charts_are_drawn_and_follow_the_choice(shared_product: Product, browser: Browser) -> None:
    resident = Person.sits_down(browser, shared_product.url, viewport=DESK).signs_in("resident")
    files_a_request(resident, TEXT, kind="路灯", pin=PLACE)
    supervisor = Person.sits_down(browser, shared_product.url, viewport=DESK).signs_in("supervisor")
    complaints: list[str] = []
    supervisor.page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    supervisor.goes("/figures/")
    page = supervisor.page
    for chart in ("[data-chart=course]", "#areas-chart", "#categories-chart"):
        expect(page.locator(f"{chart}[data-drawn] canvas")).to_have_count(1)
    page.locator("[data-choose=areas-chart]").select_option("filed")
    expect(page.locator("#areas-chart")).to_have_attribute("data-drawn", "filed")
    page.locator("#areas-table tbody tr").first.locator("[data-indicator=filed] a").click()
    expect(page.locator("[data-number]")).to_have_count(1)
    assert complaints == []
    for person in (resident, supervisor):
        person.leaves()
