"""Which workflow a request runs on: category, area, day; the most specific counts, by one rule."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import IntegrityError
from django.utils import timezone

from grid.errors import NotAllowed, Refused
from realtime.log import Subject, verify
from realtime.models import Event
from tests.workflows.flowing import approval, new_request, open_blocks, publish
from workflows.actions.bindings import bind_workflow, cancel_binding
from workflows.actions.requests import file_request
from workflows.bindings import workflow_for
from workflows.models import Category, WorkflowBinding, WorkflowDefinition

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _workflows(request):
    """Four workflows named after where they are bound."""
    if "town" in request.fixturenames:
        request.getfixturevalue("town")
        for key in ("town", "kind", "exact", "place"):
            publish(approval(key, handler=True), key=key)


@pytest.fixture
def child(town):
    """A category under another one."""
    return Category.objects.filter(dictionary="resident", depth=2).first()


@pytest.fixture
def parent(child):
    return Category.objects.get_parent(child)


def definition_of(key):
    return WorkflowDefinition.objects.get(key=key)


def bind(key, category=None, area=None, days=0):
    return bind_workflow(
        category=category,
        area=area,
        definition=definition_of(key) if key else None,
        since=timezone.localdate() + timedelta(days=days),
    )


def answer(category=None, area=None, days=0):
    return workflow_for(category, area, timezone.localdate() + timedelta(days=days)).key


def test_without_a_binding_it_is_the_standard_one(town, parent, child):
    assert answer(child, town.grids[0]) == "standard"
    assert answer() == "standard"


def test_a_binding_holds_for_the_categories_below_and_the_areas_inside(town, parent, child):
    bind("kind", parent)
    bind("place", child, town.communities[0])
    assert answer(child, town.grids[6]) == "kind"
    assert answer(parent, town.grids[0]) == "kind"
    assert answer(child, town.grids[0]) == "place"
    assert answer(None, town.grids[0]) == "standard"
    assert answer(child, None) == "kind"


def test_the_deeper_area_counts_before_the_deeper_category(town, parent, child):
    bind("town")
    assert answer(child, town.grids[0]) == "town"
    bind("kind", parent)
    assert answer(child, town.grids[0]) == "kind"
    bind("exact", child)
    assert answer(child, town.grids[0]) == "exact"
    bind("place", None, town.communities[0])
    assert answer(child, town.grids[0]) == "place"
    bind("kind", parent, town.communities[0])
    assert answer(child, town.grids[0]) == "kind"
    bind("town", None, town.grids[0])
    assert answer(child, town.grids[0]) == "town"
    found = workflow_for(child, town.grids[0], timezone.localdate())
    assert [binding.definition.key for binding in found.passed] == ["kind", "place", "exact", "kind", "town"]


def test_a_binding_counts_from_its_day_on_until_another_takes_over(town, parent, child):
    bind("town", parent)
    bind("kind", parent, days=7)
    bind("exact", parent, days=14)
    assert [answer(child, None, days) for days in (-1, 0, 6, 7, 13, 14, 400)] == [
        "standard", "town", "town", "kind", "kind", "exact", "exact",
    ]  # fmt: skip


def test_ending_a_binding_lets_the_less_specific_one_answer(town, parent, child):
    bind("town")
    bind("exact", child)
    bind(None, child, days=3)
    assert (answer(child, None, 2), answer(child, None, 3)) == ("exact", "town")
    unbound = Event.objects.get(kind="workflow.unbound")
    assert (unbound.payload["definition"], unbound.payload["category"]) == ("exact", child.code)
    with pytest.raises(Refused):
        bind(None, parent)


def test_the_last_word_of_a_day_counts(town, parent, child):
    bind("town", parent)
    bind("kind", parent)
    assert WorkflowBinding.objects.count() == 1
    assert answer(parent) == "kind"
    with pytest.raises(IntegrityError):
        WorkflowBinding.objects.create(category=parent, since=timezone.localdate())


def test_what_is_not_in_force_yet_can_be_taken_back(town, parent, child):
    now, later = bind("town", parent), bind("kind", parent, days=2)
    cancel_binding(binding_id=later.pk, actor=town.administrator)
    assert answer(parent, None, 2) == "town"
    assert Event.objects.get(kind="workflow.unbound").payload["cancelled"] is True
    with pytest.raises(Refused):
        cancel_binding(binding_id=now.pk, actor=town.administrator)


def test_days_that_have_passed_and_workflows_that_are_not_published_are_refused(town, parent, child):
    with pytest.raises(Refused):
        bind("town", parent, days=-1)
    WorkflowDefinition.objects.create(key="drawn", name="草稿")
    with pytest.raises(Refused):
        bind("drawn", parent)


def test_an_area_is_bound_by_its_administrators_and_the_town_by_its_own(town, parent, child):
    town.assign(town.leader1, "administrator", town.communities[0])
    today, place = timezone.localdate(), definition_of("place")
    for area in (None, town.street, town.communities[1]):
        with pytest.raises(NotAllowed):
            bind_workflow(category=None, area=area, definition=place, since=today, actor=town.leader1)
    bind_workflow(category=None, area=town.grids[0], definition=place, since=today, actor=town.leader1)
    bind_workflow(category=None, area=None, definition=place, since=today, actor=town.administrator)
    assert verify(Subject("workflow", place.pk)) == 3


def test_a_request_runs_on_what_is_bound_where_and_when_it_was_filed(town, parent, child):
    bind("exact", child, town.communities[0])
    bind("kind", child, days=1)
    lon, lat = town.point_in(1)
    here = file_request(reporter=town.resident, text="灯坏了", category=child, lon=lon, lat=lat)
    lon, lat = town.point_in(6)
    there = file_request(reporter=town.resident, text="灯坏了", category=child, lon=lon, lat=lat)
    assert open_blocks(here) == ["exact"]
    assert here.process.flow_class.definition.key == "exact"
    there.refresh_from_db()
    assert there.process.flow_class.definition.key == "standard"


def test_a_version_keeps_for_which_requests_it_was_published(town, parent, child):
    bind("kind", parent)
    bind("kind", None, town.communities[0], days=3)
    bind("town", child)
    version = publish(approval("kind", handler=True), approval("more", "checker"), key="kind")
    today = timezone.localdate()
    assert version.bound_to == [
        {"category": parent.code, "area": "", "since": today.isoformat()},
        {"category": "", "area": town.communities[0].code, "since": (today + timedelta(days=3)).isoformat()},
    ]


def test_an_unplaced_request_without_a_category_runs_on_what_is_bound_to_all(town, parent, child):
    bind("town")
    bind("place", None, town.street)
    bind("kind", parent)
    request = new_request(town, grid=None)
    assert workflow_for(request.category, request.area, timezone.localdate()).key == "town"


# --- what was set before -----------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_what_categories_said_before_means_the_same_after_the_migration():
    executor = MigrationExecutor(connection)
    before, after = (_migration(executor, name) for name in ("publishing", "bindings_so_far"))
    executor.migrate([before])
    try:
        old = executor.loader.project_state([before]).apps
        Category, Definition = (
            old.get_model("workflows", name) for name in ("Category", "WorkflowDefinition")
        )
        standard = Definition.objects.create(key="standard", name="标准")
        special = Definition.objects.create(key="special", name="特别")

        def category(path, definition=None):
            return Category.objects.create(
                path=path, depth=len(path) // 4, numchild=0, code=path, name=path, definition=definition
            )

        bound = category("0001", special)
        silent = category("00010001")
        category("00010002", special)
        category("0002")
        executor.loader.build_graph()
        executor.migrate([after])
        new = executor.loader.project_state([after]).apps
        rows = new.get_model("workflows", "WorkflowBinding").objects.order_by("category__path")
        assert list(rows.values_list("category_id", "definition_id", "area_id", "since")) == [
            (bound.pk, special.pk, None, date(2000, 1, 1)),
            (silent.pk, standard.pk, None, date(2000, 1, 1)),
        ]
    finally:
        executor.loader.build_graph()
        executor.migrate(executor.loader.graph.leaf_nodes())


def _migration(executor: MigrationExecutor, name: str) -> tuple[str, str]:
    """The migration of this name, whatever number it has been given."""
    (found,) = [
        node for node in executor.loader.graph.nodes if node[0] == "workflows" and node[1][5:] == name
    ]
    return found
