"""Several requests about one thing: the hint, joining instead of filing, and joining cases."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from grid.errors import NotAllowed, Refused
from realtime.log import Subject, verify
from tests.workflows.desk_helpers import open_task
from tests.workflows.flowing import events, told
from tests.workflows.lives import closed
from tests.workflows.office import lamp, manhole
from workflows import policies, similar
from workflows.actions.duplicates import join_request, merge_case
from workflows.actions.requests import file_request
from workflows.models import Category, Joiner, Request, State

pytestmark = pytest.mark.django_db

METRE = 1 / 111_195.0


def beside(town, case, metres, **more):
    """Another request so many metres north of a case."""
    return file_request(
        reporter=more.pop("reporter", town.neighbour),
        text="路灯又坏了",
        category=more.pop("category", case.category),
        lon=case.lon,
        lat=case.lat + metres * METRE,
        **more,
    )


# --- the hint ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(("metres", "found"), [(0, True), (49, True), (51, False)])
def test_a_case_of_the_same_kind_within_fifty_metres_may_be_the_same(town, metres, found):
    case = lamp(town)
    other = beside(town, case, metres)
    assert similar.like(other) == ([case] if found else [])
    assert similar.like(case) == ([other] if found else [])


@pytest.mark.parametrize(("hours", "found"), [(23.9, True), (24.1, False)])
def test_a_case_of_the_last_day_may_be_the_same(town, hours, found):
    case = lamp(town)
    with time_machine.travel(case.filed_at + timedelta(hours=hours), tick=False):
        assert similar.like(beside(town, case, 5)) == ([case] if found else [])


def test_another_kind_an_ended_case_and_one_without_a_place_are_not_the_same(town):
    case = lamp(town)
    assert similar.like(beside(town, case, 1, category=Category.objects.get(code="repairs-manhole"))) == []
    other = beside(town, case, 1)
    closed(town, case)
    assert similar.like(other) == []
    assert similar.near(case.category, None, None, timezone.now()) == []


def test_residents_are_offered_public_matters_only_and_nobodys_who_hides_their_name(town):
    case = lamp(town)
    assert similar.to_join(case.category, case.lon, case.lat) == [case]
    Request.objects.filter(pk=case.pk).update(anonymous=True)
    assert similar.to_join(case.category, case.lon, case.lat) == []
    quarrel = Category.objects.filter(dictionary="resident", maps_to=None).first()
    private = lamp(town, grid=2)
    Request.objects.filter(pk=private.pk).update(category=quarrel)
    assert similar.to_join(quarrel, private.lon, private.lat) == []


# --- 同问 --------------------------------------------------------------------------------------------
def test_a_neighbour_joins_and_hears_of_the_outcome(town):
    case = lamp(town)
    for _twice in range(2):
        join_request(request_id=case.pk, actor=town.neighbour)
    (event,) = events(case, "request.joined")
    assert (event.payload["people"], event.actor, told(event)) == (2, None, {town.member1})
    closed(town, case)
    (shared,) = events(case, "outcome.shared")
    assert told(shared) == {town.neighbour}
    verify(Subject("request", case.pk))


def test_whoever_joined_sees_where_it_stands_and_nothing_of_who_and_what(town):
    case = lamp(town)
    assert not policies.may_view_request(town.stranger, case)
    join_request(request_id=case.pk, actor=town.stranger)
    assert policies.may_view_request(town.stranger, case)
    seen = policies.sight(town.stranger, case)
    assert not any(
        (seen.identity, seen.place, seen.photos, seen.staff_names, seen.internal, seen.words, seen.about)
    )


def test_what_may_not_be_joined_is_not_joined(town):
    hidden = lamp(town, anonymous=True)
    with pytest.raises(NotAllowed):
        join_request(request_id=hidden.pk, actor=town.neighbour)
    with pytest.raises(Refused):
        join_request(request_id=lamp(town).pk, actor=town.resident)
    over = closed(town, lamp(town, grid=2))
    with pytest.raises(NotAllowed):
        join_request(request_id=over.pk, actor=town.neighbour)


# --- 并案 --------------------------------------------------------------------------------------------
def test_a_duplicate_is_joined_with_its_case_and_nothing_is_lost(town):
    case = lamp(town)
    other = beside(town, case, 3)
    merge_case(request_id=other.pk, into_id=case.pk, actor=town.member1)
    other.refresh_from_db()
    assert (other.state, other.merged_into, other.text) == (State.MERGED, case, "路灯又坏了")
    assert other.closed_at is not None
    assert Joiner.objects.get(request=case).duplicate == other
    (merged,) = events(other, "request.merged")
    # Whoever did it needs no telling.
    assert (merged.payload["into"], told(merged)) == (case.number, {town.neighbour})
    (added,) = events(case, "duplicate.added")
    assert added.payload["number"] == other.number
    closed(town, case)
    assert told(events(case, "outcome.shared")[0]) == {town.neighbour}
    for each in (case, other):
        verify(Subject("request", each.pk))


def test_whoever_had_joined_a_duplicate_follows_it_to_its_case(town):
    first, second = lamp(town), lamp(town, reporter=town.neighbour)
    join_request(request_id=second.pk, actor=town.stranger)
    third = lamp(town, reporter=town.stranger)
    merge_case(request_id=third.pk, into_id=second.pk, actor=town.supervisor)
    merge_case(request_id=second.pk, into_id=first.pk, actor=town.supervisor)
    asking = {joiner.user: joiner.duplicate for joiner in Joiner.objects.filter(request=first)}
    assert asking.keys() == {town.neighbour, town.stranger}
    assert set(Request.objects.filter(merged_into=first)) == {second, third}


def test_only_open_cases_are_joined_and_only_by_those_who_have_them_or_superiors(town):
    first, second = lamp(town), manhole(town, grid=2)
    for actor in (town.resident, town.stranger, town.member1):
        with pytest.raises(NotAllowed):
            merge_case(request_id=second.pk, into_id=first.pk, actor=actor)
    with pytest.raises(Refused):
        merge_case(request_id=first.pk, into_id=first.pk, actor=town.supervisor)
    closed(town, first)
    with pytest.raises(Refused):
        merge_case(request_id=second.pk, into_id=first.pk, actor=town.supervisor)
    assert open_task(second)


def test_a_member_joins_no_case_they_may_not_see(town):
    with pytest.raises(NotAllowed):
        merge_case(request_id=lamp(town).pk, into_id=lamp(town, grid=5).pk, actor=town.member1)
