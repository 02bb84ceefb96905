"""What the journeys share besides what every test may ask for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser


@pytest.fixture(autouse=True)
def _devices_are_put_away(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a test opened is closed after it: on a product of the whole module it would go on listening."""
    if "browser" not in request.fixturenames:
        yield
        return
    browser: Browser = request.getfixturevalue("browser")
    before = browser.contexts
    yield
    for context in browser.contexts:
        if context not in before:
            context.close()
