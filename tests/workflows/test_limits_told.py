"""Deadlines announce themselves, once each, to those who can do something about it."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from realtime.log import Subject, verify
from realtime.models import Event
from tests.factories import Town
from tests.workflows.desk_helpers import filed
from tests.workflows.lives import closed
from workflows.actions import deadlines
from workflows.actions.deadlines import tell_deadlines
from workflows.models import Category, Request, State

pytestmark = pytest.mark.django_db


def manhole(town: Town, **more) -> Request:
    """Two urgent hours: yellow after 96 minutes."""
    return filed(town, category=Category.objects.get(code="repairs-manhole"), **more)


def kinds(case: Request) -> list[str]:
    told = Event.objects.filter(subject_type="request", subject_id=case.pk, kind__startswith="deadline.")
    return list(told.order_by("chain_seq").values_list("kind", flat=True))


def sweep_after(case: Request, minutes: float) -> int:
    with time_machine.travel(case.filed_at + timedelta(minutes=minutes), tick=False):
        return tell_deadlines()


def test_yellow_and_red_are_told_once_each(town: Town):
    case = manhole(town)
    assert sweep_after(case, 95) == 0
    assert sweep_after(case, 97) == 1
    assert sweep_after(case, 98) == 0
    assert kinds(case) == ["deadline.approached"]
    assert sweep_after(case, 121) == 1
    assert sweep_after(case, 500) == 0
    assert kinds(case) == ["deadline.approached", "deadline.breached"]
    verify(Subject("request", case.pk))


def test_at_the_very_end_of_the_limit_it_is_not_late_yet(town: Town):
    case = manhole(town)
    assert sweep_after(case, 120) == 1
    assert kinds(case) == ["deadline.approached"]


def test_a_case_found_late_is_told_red_only(town: Town):
    case = manhole(town)
    assert sweep_after(case, 600) == 1
    assert sweep_after(case, 601) == 0
    assert kinds(case) == ["deadline.breached"]


def test_the_member_who_has_it_and_their_leader_are_told_and_everyone_s_screens_change(town: Town):
    case = manhole(town)
    sweep_after(case, 121)
    event = Event.objects.get(subject_type="request", subject_id=case.pk, kind="deadline.breached")
    assert {told.user for told in event.notifications.all()} == {town.member1, town.leader1}
    assert set(event.user_ids) == {town.resident.pk, town.member1.pk, town.leader1.pk}
    assert event.area_path == town.grids[0].path


def test_closed_cases_and_cases_without_a_limit_are_left_alone(town: Town):
    case = closed(town)
    unlimited = filed(town, category=None)
    with time_machine.travel(timezone.now() + timedelta(days=60), tick=False):
        tell_deadlines()
    assert kinds(case) == kinds(unlimited) == []


def test_a_suspended_case_stands_still(town: Town):
    case = manhole(town)
    Request.objects.filter(pk=case.pk).update(state=State.SUSPENDED)
    assert sweep_after(case, 500) == 0


def test_one_failure_does_not_stop_the_sweep(town: Town, monkeypatch, caplog):
    broken, sound = manhole(town), manhole(town, grid=2)
    tell_one = deadlines._tell

    def tell(request_id: int) -> int:
        if request_id == broken.pk:
            raise RuntimeError("the disk is full")
        return tell_one(request_id)

    monkeypatch.setattr(deadlines, "_tell", tell)
    assert sweep_after(sound, 130) == 1
    assert (kinds(broken), kinds(sound)) == ([], ["deadline.breached"])
    assert "the disk is full" in caplog.text


def test_the_sweep_costs_one_query_when_there_is_nothing_to_tell(town: Town, django_assert_num_queries):
    manhole(town)
    with django_assert_num_queries(1):
        assert tell_deadlines() == 0
