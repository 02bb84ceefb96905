"""axe-core finds nothing on the main pages, in light, dark and large print, on a phone and on a desk."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.pages import MAIN_PAGES, Tour
from tests.services import ROOT, Product

pytestmark = pytest.mark.e2e

AXE = (ROOT / "tests" / "vendor" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
LOOKS: dict[str, list[dict[str, str]]] = {
    "light": [{"name": "theme", "value": "light"}],
    "dark": [{"name": "theme", "value": "dark"}],
    "large print": [{"name": "theme", "value": "light"}, {"name": "elder", "value": "20"}],
}


def violations(page: Page) -> list[str]:
    """What axe finds: rule, how bad, where. The page's policy does not bind what is evaluated here."""
    page.wait_for_load_state()
    page.evaluate(AXE)
    found: list[dict[str, Any]] = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")[
        "violations"
    ]
    return [
        f"{rule['id']} ({rule['impact']}): {rule['help']}\n    "
        + "\n    ".join(
            f"{node['target']} {json.dumps(node['failureSummary'], ensure_ascii=False)}"
            for node in rule["nodes"]
        )
        for rule in found
    ]


@pytest.fixture(scope="module")
def tour(shared_product: Product, browser: Browser) -> Iterator[Tour]:
    tour = Tour.prepared(browser, shared_product.url)
    yield tour
    tour.ends()


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_on_the_main_pages(look: str, tour: Tour) -> None:
    found = []
    for person in tour.people:
        person.context.add_cookies([{**cookie, "url": person.base} for cookie in LOOKS[look]])
    for page in MAIN_PAGES:
        tour.shows(page)
        shown = tour.by_name[page.who].settles()
        shown.wait_for_load_state("networkidle")
        found += [f"{page.name}: {violation}" for violation in violations(shown)]
    for person in tour.people:
        for cookie in LOOKS[look]:
            person.context.clear_cookies(name=cookie["name"])
    assert found == [], "\n" + "\n".join(found)
