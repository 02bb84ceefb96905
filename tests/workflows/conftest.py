"""What the tests of workflows may ask for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine

from tests.workflows.office import local


@pytest.fixture
def monday() -> Iterator[time_machine.Traveller]:
    """An ordinary Monday at nine, which stands still: no public holiday anywhere near."""
    with time_machine.travel(local("2026-11-09 09:00"), tick=False) as traveller:
        yield traveller
