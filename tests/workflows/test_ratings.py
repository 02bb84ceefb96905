"""Three questions once it is closed, and the way back when it is not solved."""

from datetime import timedelta

import pytest
import time_machine

from grid.errors import NotAllowed, Refused
from realtime.log import Subject, verify
from realtime.models import Event
from tests.factories import Town
from tests.workflows.desk_helpers import filed, open_task
from tests.workflows.lives import closed, handled
from workflows.actions.ratings import COMMENT_MAX, rate_request, reopen_request
from workflows.actions.tasks import decide_task
from workflows.models import Rating, Request, Source, State
from workflows.policies import OPEN_TASK, may_rate, may_reopen
from workflows.queries import ratings_by_grid, ratings_by_member

pytestmark = pytest.mark.django_db

GOOD = {"in_time": True, "solved": True, "satisfied": True}
BAD = {"in_time": False, "solved": False, "satisfied": False}


def events(case: Request, kind: str) -> list[Event]:
    return list(Event.objects.filter(subject_type="request", subject_id=case.pk, kind=kind))


def test_the_rating_ends_the_case_and_counts_for_the_member(town: Town):
    case = closed(town)
    assert case.state == State.CLOSED
    rating = rate_request(request_id=case.pk, actor=town.resident, comment="谢谢", **GOOD)
    case.refresh_from_db()
    assert case.state == State.RATED
    assert rating.member == town.member1
    assert not case.process.task_set.filter(status__in=OPEN_TASK, owner_permission__isnull=False).exists()
    (event,) = events(case, "request.rated")
    assert event.payload["case"]["state"] == "rated"
    assert (event.actor, event.payload["comment"]) == (town.resident, "谢谢")
    assert [told.user for told in event.notifications.all()] == [town.member1]
    verify(Subject("request", case.pk))


def test_nobody_but_the_requester_rates(town: Town):
    case = closed(town)
    for user in (town.member1, town.stranger, town.supervisor, town.neighbour):
        assert not may_rate(user, case)
        with pytest.raises(NotAllowed):
            rate_request(request_id=case.pk, actor=user, **GOOD)
    assert not Rating.objects.exists()


def test_an_open_case_cannot_be_rated(town: Town):
    case = filed(town)
    assert not may_rate(town.resident, case)
    with pytest.raises(Refused):
        rate_request(request_id=case.pk, actor=town.resident, **GOOD)
    assert not events(case, "request.rated")


def test_the_rating_step_cannot_be_decided_without_answers(town: Town):
    case = closed(town)
    with pytest.raises(Refused):
        decide_task(task_id=open_task(case).pk, actor=town.resident, outcome="rated")
    case.refresh_from_db()
    assert case.state == State.CLOSED


def test_a_comment_that_is_too_long_is_refused_and_nothing_written(town: Town):
    case = closed(town)
    with pytest.raises(Refused):
        rate_request(request_id=case.pk, actor=town.resident, comment="长" * (COMMENT_MAX + 1), **GOOD)
    assert not Rating.objects.exists()
    assert not events(case, "request.rated")


def test_rating_again_replaces_the_answers_but_not_the_log(town: Town):
    case = closed(town)
    rate_request(request_id=case.pk, actor=town.resident, **BAD)
    rate_request(request_id=case.pk, actor=town.resident, **GOOD)
    assert len(events(case, "request.rated")) == 2
    (row,) = ratings_by_member(Request.objects.all())
    assert (row["member__name"], row["n"], row["satisfied_share"]) == ("赵网格", 1, 1.0)


def test_ratings_are_counted_per_member_and_per_grid_with_their_number(town: Town):
    first, second, third = closed(town), closed(town), closed(town, grid=2)
    rate_request(request_id=first.pk, actor=town.resident, **GOOD)
    rate_request(request_id=second.pk, actor=town.resident, in_time=True, solved=False, satisfied=False)
    rate_request(request_id=third.pk, actor=town.resident, **BAD)
    by_member = {row["member__name"]: row for row in ratings_by_member(Request.objects.all())}
    assert (by_member["赵网格"]["n"], by_member["赵网格"]["in_time_share"]) == (2, 1.0)
    assert by_member["赵网格"]["solved_share"] == 0.5
    assert by_member["钱网格"]["satisfied_share"] == 0.0
    by_grid = {row["request__area__code"]: row["n"] for row in ratings_by_grid(Request.objects.all())}
    assert by_grid == {town.grids[0].code: 2, town.grids[1].code: 1}
    only_second_grid = Request.objects.filter(area=town.grids[1])
    assert [row["member__name"] for row in ratings_by_member(only_second_grid)] == ["钱网格"]


def test_an_anonymous_requester_rates_without_being_named_in_the_log(town: Town):
    case = closed(town, anonymous=True)
    rate_request(request_id=case.pk, actor=town.resident, **GOOD)
    assert not Event.objects.filter(subject_id=case.pk, subject_type="request", actor=town.resident).exists()


def test_what_a_member_filed_for_someone_without_account_the_member_rates(town: Town):
    case = closed(town, reporter=None, filed_by=town.member1, source=Source.ON_BEHALF)
    assert may_rate(town.member1, case)
    rating = rate_request(request_id=case.pk, actor=town.member1, **GOOD)
    assert list(case.ratings.all()) == [rating]


# --- reopening ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("rated_first", [False, True])
def test_reopening_brings_it_back_to_the_handler_with_a_new_limit(town: Town, rated_first, monday):
    case = closed(town)
    if rated_first:
        rate_request(request_id=case.pk, actor=town.resident, **BAD)
    due_before = case.due_at
    monday.shift(timedelta(days=3))
    reopen_request(request_id=case.pk, actor=town.resident, reason="又不亮了")
    case.refresh_from_db()
    assert case.is_open
    assert case.closed_at is None
    assert open_task(case).owner == town.member1
    assert case.reopened_count == 1
    assert case.due_at > due_before
    assert case.light_told == ""
    (event,) = events(case, "request.reopened")
    assert (event.payload["reason"], event.payload["to"]) == ("又不亮了", "赵网格")
    verify(Subject("request", case.pk))


def test_reopening_is_possible_for_as_many_days_as_the_setting_says(town: Town, settings):
    settings.LINLI_REOPEN_DAYS = 15
    case = closed(town)
    with time_machine.travel(case.closed_at + timedelta(days=15, minutes=1), tick=False):
        assert not may_reopen(town.resident, case)
        with pytest.raises(Refused):
            reopen_request(request_id=case.pk, actor=town.resident, reason="又不亮了")
    with time_machine.travel(case.closed_at + timedelta(days=14, hours=23), tick=False):
        assert may_reopen(town.resident, case)
        reopen_request(request_id=case.pk, actor=town.resident, reason="又不亮了")


def test_nobody_but_the_requester_reopens_and_an_open_case_cannot_be(town: Town):
    case = closed(town)
    for user in (town.stranger, town.member1, town.supervisor):
        with pytest.raises(NotAllowed):
            reopen_request(request_id=case.pk, actor=user, reason="又不亮了")
    still_open = filed(town)
    with pytest.raises(Refused):
        reopen_request(request_id=still_open.pk, actor=town.resident, reason="快点")


def test_reopening_takes_a_reason(town: Town):
    case = closed(town)
    with pytest.raises(Refused):
        reopen_request(request_id=case.pk, actor=town.resident, reason="  ")
    case.refresh_from_db()
    assert case.state == State.CLOSED


def test_a_reopened_case_goes_the_whole_way_again(town: Town):
    case = closed(town)
    reopen_request(request_id=case.pk, actor=town.resident, reason="又不亮了")
    handled(town, case)
    decide_task(task_id=open_task(case).pk, actor=town.checker, outcome="pass")
    decide_task(task_id=open_task(case).pk, actor=town.shift_leader, outcome="close")
    rate_request(request_id=case.pk, actor=town.resident, **GOOD)
    case.refresh_from_db()
    assert (case.state, case.reopened_count) == (State.RATED, 1)
    assert len(events(case, "request.closed")) == 2
