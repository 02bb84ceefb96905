"""The demo: whole or not at all, the same every time, real events, and traffic that leaves visitors alone."""

from __future__ import annotations

from collections import Counter

import pytest
from django.conf import global_settings
from django.utils import timezone
from viewflow.workflow.models import Task

from demo import build, simulator, town
from grid.models import Area, Member, User
from realtime.log import Subject, verify
from realtime.models import Event
from workflows.models import Category, Request, State

CASES = 60


@pytest.fixture(scope="module")
def demo(django_db_setup, django_db_blocker):
    """A demo town with a short history, for all tests of this file; gone afterwards."""
    from django.db import transaction

    with django_db_blocker.unblock():
        outer = transaction.atomic()
        outer.__enter__()
        try:
            build.build(cases=CASES)
            yield
        finally:
            transaction.set_rollback(True)
            outer.__exit__(None, None, None)


@pytest.fixture
def in_demo(demo, db):
    """Each test's own changes are taken back."""


def test_the_town_has_its_areas_members_and_sign_ins(in_demo, settings) -> None:
    settings.PASSWORD_HASHERS = global_settings.PASSWORD_HASHERS  # written before a test could change them
    assert Counter(Area.objects.values_list("level", flat=True)) == {
        "street": 1, "community": 20, "grid": 200, "building": 1000,
    }  # fmt: skip
    assert Member.objects.count() == 60
    for person in town.SIGN_INS:
        assert User.objects.get(username=person.account).check_password(town.PASSWORD)
    others = User.objects.exclude(username__in=[person.account for person in town.SIGN_INS])
    assert not any(user.has_usable_password() for user in others)


def test_its_history_is_real_events_in_the_order_of_time(in_demo) -> None:
    assert Request.objects.count() == CASES
    for request in Request.objects.all():
        assert verify(Subject("request", request.pk)) >= 2
        kinds = list(Event.objects.filter(subject_type="request", subject_id=request.pk).order_by("pk"))
        assert kinds[0].kind == "request.filed"
        assert [event.at for event in kinds] == sorted(event.at for event in kinds)
    moments = list(Event.objects.filter(subject_type="request").order_by("pk").values_list("at", flat=True))
    assert moments == sorted(moments)
    assert moments[-1] <= timezone.now()
    states = Counter(Request.objects.values_list("state", flat=True))
    assert states[State.RATED] > 0
    assert states[State.CLOSED] > 0
    assert states[State.HANDLING] > 0


def test_something_waits_for_whoever_tries_it(in_demo) -> None:
    member = User.objects.get(username="member")
    assert Task.objects.filter(owner=member, status="ASSIGNED").count() >= 3
    own = Counter(User.objects.get(username="resident").requests.values_list("state", flat=True))
    assert own[State.HANDLING] >= 1
    assert own[State.CLOSED] >= 1


def test_the_simulator_never_acts_as_a_sign_in_and_leaves_their_cases_alone(in_demo) -> None:
    traffic = simulator.Simulator(seed=1)
    before = Event.objects.latest("pk").pk
    theirs = {request.pk: request.state for request in Request.objects.filter(reporter__in=traffic.ours)}
    import time_machine

    with time_machine.travel(timezone.now(), tick=False) as clock:
        happened = []
        for _ in range(60):
            clock.shift(30)
            happened.append(traffic.tick())
    assert sum("filed" in what for what in happened) > 3
    assert sum("handle" in what or "check" in what for what in happened) > 3
    acted = set(Event.objects.filter(pk__gt=before).values_list("actor", flat=True))
    assert not acted & traffic.ours
    for request in Request.objects.filter(pk__in=theirs):
        assert request.state == theirs[request.pk]


def test_every_story_names_a_category_and_condition_of_the_dictionary(in_demo) -> None:
    from demo.phrases import STORIES

    for story in STORIES:
        category = Category.objects.get(code=story.category)
        if story.condition:
            assert category.conditions.filter(text=story.condition).exists(), story
