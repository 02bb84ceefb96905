"""Limits, conditions and workflows in words; the small drawing of a place."""

import json
from decimal import Decimal

import pytest
from django.utils import translation

from tests.factories import Town
from tests.workflows.desk_helpers import filed
from workflows import minimap
from workflows.condition_words import in_words
from workflows.engine import schema
from workflows.management.commands.load_workflows import SHIPPED
from workflows.outline import outline
from workflows.words import limit_in_words


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


@pytest.mark.parametrize(
    ("limit", "clock", "words"),
    [
        (Decimal("2.00"), "urgent_hours", "2 urgent hours"),
        (Decimal("1.00"), "work_days", "1 working day"),
        (Decimal("0.50"), "work_hours", "0.5 working hours"),
        (Decimal("15"), "calendar_days", "15 calendar days"),
        (Decimal("100"), "work_hours", "100 working hours"),
        (None, "work_days", ""),
        (Decimal(1), "", ""),
    ],
)
def test_limits_are_said_as_people_say_them(limit: Decimal | None, clock: str, words: str):
    assert limit_in_words(limit, clock) == words


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("urgent = true", "urgent"),
        ("located = false", "not: the area is known"),
        ("not (urgent = true)", "not: urgent"),
        ("category = null or reopened >= 2", "category code is not given or times reopened is at least 2"),
        ('source in ("portal", "hotline")', "where it came from is one of “Resident portal”, “Hotline”"),
        ('placed != "unplaced"', "how the area was found is not “not placed yet”"),
        ('check.outcome = "minor" and urgent', "the decision on “Check” is “minor” and urgent"),
        ("this is (not a condition", "this is (not a condition"),
    ],
)
def test_conditions_are_said_in_words(condition: str, words: str):
    assert in_words(condition, {"check": "Check"}) == words


@pytest.mark.parametrize("file", sorted(SHIPPED.glob("*.json")), ids=lambda file: file.stem)
def test_every_step_of_a_shipped_workflow_is_read_aloud(file):
    definition = schema.Definition.model_validate(json.loads(file.read_text(encoding="utf-8")))
    lines = outline(definition, {"grid_member": "Grid member", "checker": "Checker"})
    titles = [line.title for line in lines]
    for block in schema.blocks(definition.body):
        if isinstance(block, schema.Approval):
            assert block.title in titles
    assert max(line.depth for line in lines) >= 1


def test_the_roles_and_ways_of_a_step_are_named():
    definition = schema.Definition.model_validate(
        json.loads((SHIPPED / "standard.json").read_text(encoding="utf-8"))
    )
    lines = outline(definition, {"checker": "Checker"})
    check = next(line for line in lines if line.title == "Check")
    assert check.details[0] == "Goes to Checker"
    assert "Send back to be redone (back to Handle)" in check.details[1]
    assert check.details[2] == "After 1 working day a reminder"


@pytest.mark.django_db
def test_a_place_is_drawn_inside_its_grid_with_the_grids_around_it(town: Town):
    case = filed(town, grid=2)
    drawing = minimap.of_request(case)
    assert drawing is not None
    x, y = (float(number) for number in drawing.pin)
    corners = [
        tuple(float(number) for number in corner.split(" ")) for corner in drawing.grid.strip("MZ").split("L")
    ]
    assert min(cx for cx, _cy in corners) < x < max(cx for cx, _cy in corners)
    assert min(cy for _cx, cy in corners) < y < max(cy for _cx, cy in corners)
    # Grids 1 and 3 beside it, 5 to 7 below it (they share a corner or a border).
    assert len(drawing.neighbours) == 5


@pytest.mark.django_db
def test_north_is_up_in_the_drawing_and_it_stays_in_its_box(town: Town):
    case = filed(town, grid=2)
    south = minimap.of_request(case)
    case.lat += 0.001
    north = minimap.of_request(case)
    assert float(north.pin[1]) < float(south.pin[1])
    for x, y in (north.pin, south.pin):
        assert 0 <= float(x) <= north.width
        assert 0 <= float(y) <= north.height


@pytest.mark.django_db
def test_without_an_area_there_is_nothing_to_draw(town: Town):
    case = filed(town)
    case.area = None
    assert minimap.of_request(case) is None
