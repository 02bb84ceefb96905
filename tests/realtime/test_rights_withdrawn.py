"""A right that ends closes what is open, also where no event tells of it."""

import pytest

from tests import services


@pytest.mark.parametrize(
    "scenario",
    ["whoever_loses_a_right_is_shown_out", "a_case_that_is_closed_to_neighbours_is_heard_no_longer"],
)
def test_what_is_open_closes_when_a_right_ends(scenario, environment_of):
    services.python(
        f"from tests.realtime import rights_scenarios; rights_scenarios.{scenario}()",
        environment_of("sqlite"),
    )
