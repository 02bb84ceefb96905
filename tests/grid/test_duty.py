"""Who answers for an area: inheritance, periods, stand-ins, and who holds which rights."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from grid import duty, locator, policies
from grid.actions.areas import create_area, retire_area
from grid.actions.duty import (
    appoint_stand_in,
    assign_responsibility,
    end_responsibility,
    end_stand_in,
)
from grid.actions.people import add_member, end_service
from grid.errors import NotAllowed, Refused
from grid.models import Responsibility, StandIn, User
from realtime.log import Subject, verify
from realtime.models import Event, Notification
from tests.factories import SINCE, MemberFactory, Town, UserFactory

MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def names(found: list[duty.OnDuty]) -> list[str]:
    return [person.name for person in found]


def test_the_member_of_the_grid_itself_answers(town: Town):
    (found,) = duty.on_duty(town.grids[0], "grid_member")
    assert (found.name, found.user_id, found.area_id, found.stand_in_user_id) == (
        "赵网格", town.member1.pk, town.grids[0].pk, None,
    )  # fmt: skip


def test_two_members_of_one_grid_both_answer(town: Town):
    assert names(duty.on_duty(town.grids[5], "grid_member")) == ["吴网格", "郑网格"]


def test_the_nearest_ancestor_with_the_role_answers_when_the_grid_has_none(town: Town):
    (leader,) = duty.on_duty(town.grids[6], "grid_leader")
    assert (leader.name, leader.area_id) == ("冯书记", town.communities[1].pk)
    (registrar,) = duty.on_duty(town.grids[6], "registrar")
    assert registrar.area_id == town.street.pk


def test_nobody_answers_for_a_role_that_nobody_up_to_the_root_holds(town: Town):
    assert duty.on_duty(town.grids[6], "grid_member") == []


def test_a_nearer_holder_hides_the_ancestors_until_the_last_second(town: Town):
    town.assign(town.leader2, "grid_member", town.communities[1])
    post = assign_responsibility(
        member=MemberFactory(user__name="孙替班"),
        area=town.grids[6],
        role="grid_member",
        since=MONDAY,
        until=MONDAY + timedelta(hours=8),
    )
    for at, expected in [
        (post.since - SECOND, ["冯书记"]),
        (post.since, ["孙替班"]),
        (post.until - SECOND, ["孙替班"]),
        (post.until, ["冯书记"]),
    ]:
        assert names(duty.on_duty(town.grids[6], "grid_member", at)) == expected


def test_a_question_about_years_ago_is_answered_from_the_database(town: Town):
    old = MemberFactory(user__name="旧网格员")
    Responsibility.objects.create(
        member=old, area=town.grids[6], role_id="grid_member", since=datetime(2021, 1, 1, tzinfo=UTC),
        until=datetime(2022, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    at = datetime(2021, 6, 1, tzinfo=UTC)
    assert at < locator.current_roster().known_since
    assert names(duty.on_duty(town.grids[6], "grid_member", at)) == ["旧网格员"]
    assert names(duty.on_duty(town.grids[6], "registrar", at)) == ["陈受理"]
    assert duty.on_duty(town.grids[6], "grid_member", datetime(2022, 1, 1, tzinfo=UTC)) == []


def test_after_the_first_question_duty_costs_no_query(town: Town, django_assert_num_queries):
    duty.on_duty(town.grids[0], "grid_member")
    with django_assert_num_queries(0):
        located = locator.locate(*town.point_in(3))
        assert located.area_id == town.grids[2].pk
        assert names(duty.on_duty(town.grids[2], "grid_member")) == ["孙网格"]
        assert policies.scope(town.supervisor, "supervisor") == [town.street.path]


def test_a_fresh_question_sees_what_another_process_committed(town: Town, django_assert_num_queries):
    """Another process's change is one this process did not announce to itself."""
    duty.on_duty(town.grids[6], "grid_member")
    known = locator._current
    town.assign(town.member1, "grid_member", town.grids[6])
    locator._current = known
    assert duty.on_duty(town.grids[6], "grid_member") == []
    assert names(duty.on_duty(town.grids[6], "grid_member", fresh=True)) == ["赵网格"]


def stands_in_for(town: Town, since: datetime, *, days: int) -> StandIn:
    """The second member stands in for the first."""
    return appoint_stand_in(
        member=town.member1.member,
        stand_in=town.member2.member,
        since=since,
        until=since + timedelta(days=days),
        actor=town.member1,
    )


def test_who_stood_in_for_whom_years_ago_is_known(town: Town):
    with time_machine.travel(datetime(2019, 3, 4, 4, tzinfo=UTC), tick=False):
        row = stands_in_for(town, timezone.now(), days=1)
    assert duty.principals_of(town.member2, row.until - SECOND) == {town.member1.pk}
    assert duty.stand_ins_of([town.member1.pk], row.until - SECOND) == {town.member2.pk}
    assert duty.principals_of(town.member2, row.until) == set()
    assert duty.principals_of(town.member2) == set()


def test_a_process_sees_its_own_changes_at_once(town: Town):
    assert duty.on_duty(town.grids[6], "grid_member") == []
    post = town.assign(town.member1, "grid_member", town.grids[6])
    assert names(duty.on_duty(town.grids[6], "grid_member")) == ["赵网格"]
    end_responsibility(responsibility=post)
    assert duty.on_duty(town.grids[6], "grid_member") == []


def test_a_stand_in_acts_in_the_period_and_not_a_second_longer(town: Town):
    row = stands_in_for(town, MONDAY, days=2)
    for at, stands_in in [
        (row.since - SECOND, False),
        (row.since, True),
        (row.until - SECOND, True),
        (row.until, False),
    ]:
        (found,) = duty.on_duty(town.grids[0], "grid_member", at)
        assert found.user_id == town.member1.pk
        assert found.stand_in_user_id == (town.member2.pk if stands_in else None)
        assert duty.principals_of(town.member2, at) == ({town.member1.pk} if stands_in else set())
        assert duty.stand_ins_of([town.member1.pk], at) == ({town.member2.pk} if stands_in else set())


def test_standing_in_gives_no_role(town: Town):
    before = duty.roles_of(town.member2)
    appoint_stand_in(
        member=town.supervisor.member,
        stand_in=town.member2.member,
        since=timezone.now(),
        until=timezone.now() + timedelta(days=1),
    )
    assert duty.principals_of(town.member2) == {town.supervisor.pk}
    assert duty.roles_of(town.member2) == before == {"grid_member": [town.grids[1].path]}


def test_a_stand_in_may_be_taken_back(town: Town):
    now = timezone.now()
    row = appoint_stand_in(
        member=town.member1.member, stand_in=town.member2.member, since=now, until=now + timedelta(days=1)
    )
    end_stand_in(stand_in=row, actor=town.member1)
    assert duty.principals_of(town.member2) == set()
    with pytest.raises(Refused):
        end_stand_in(stand_in=row, actor=town.member1)


@pytest.mark.parametrize(("shift", "refused"), [(-1, True), (0, True), (1, True), (2, False), (-2, False)])
def test_two_stand_ins_never_overlap(town: Town, shift: int, refused: bool):
    def appoint(days: int, stand_in: User) -> None:
        since = MONDAY + timedelta(days=days)
        appoint_stand_in(
            member=town.member1.member, stand_in=stand_in.member, since=since, until=since + timedelta(days=2)
        )

    appoint(0, town.member2)
    if refused:
        with pytest.raises(Refused, match="钱网格"):
            appoint(shift, town.member3)
    else:
        appoint(shift, town.member3)


def test_the_same_post_is_not_given_twice_at_a_time(town: Town):
    with pytest.raises(Refused, match="赵网格"):
        assign_responsibility(member=town.member1.member, area=town.grids[0], role="grid_member")
    end_responsibility(responsibility=Responsibility.objects.get(member=town.member1.member))
    assign_responsibility(member=town.member1.member, area=town.grids[0], role="grid_member")
    assert names(duty.on_duty(town.grids[0], "grid_member")) == ["赵网格"]


def test_giving_and_ending_a_post_tells_the_member_and_keeps_the_chain(town: Town):
    post = assign_responsibility(
        member=town.member1.member, area=town.grids[6], role="grid_leader", actor=town.administrator
    )
    end_responsibility(responsibility=post, actor=town.administrator)
    kinds = list(Event.objects.order_by("pk").values_list("kind", "area_path", "user_ids"))[-2:]
    path = town.grids[6].path
    assert kinds == [
        ("responsibility.assigned", path, [town.member1.pk]),
        ("responsibility.ended", path, [town.member1.pk]),
    ]
    assert Notification.objects.filter(user=town.member1).count() == 2
    assert verify(Subject("area", town.grids[6].pk)) == 2


def test_a_member_who_left_holds_nothing_from_then_on_but_then_did(town: Town):
    before = timezone.now()
    end_service(member=town.member1.member, actor=town.administrator)
    assert duty.on_duty(town.grids[0], "grid_member") == []
    assert duty.roles_of(town.member1) == {}
    post = Responsibility.objects.get(member=town.member1.member)
    assert post.since == SINCE
    assert post.until >= before


def test_nobody_ends_their_own_service(town: Town):
    with pytest.raises(NotAllowed):
        end_service(member=town.administrator.member, actor=town.administrator)


def test_duties_end_with_their_area(town: Town):
    retire_area(area=town.grids[0], actor=town.administrator)
    assert locator.locate(*town.point_in(1)).area_id is None
    assert duty.roles_of(town.member1) == {}


def test_an_area_begins_at_midnight_without_anybody_doing_anything(town: Town):
    with time_machine.travel(datetime(2026, 5, 1, 12, 0, tzinfo=UTC), tick=False):
        grid = create_area(
            code="X1",
            name="新网格",
            level="grid",
            parent=town.communities[0],
            geometry=town.grids[0].geometry,
            valid_from=datetime(2026, 5, 3, tzinfo=UTC).date(),
        )
        retire_area(area=town.grids[0], on=grid.valid_from)
        assert locator.locate(*town.point_in(1)).area_id == town.grids[0].pk
    # Midnight in Shanghai is 16:00 UTC.
    with time_machine.travel(datetime(2026, 5, 2, 15, 59, 59, tzinfo=UTC), tick=False):
        assert locator.locate(*town.point_in(1)).area_id == town.grids[0].pk
    with time_machine.travel(datetime(2026, 5, 2, 16, 0, tzinfo=UTC), tick=False):
        assert locator.locate(*town.point_in(1)).area_id == grid.pk


def test_who_serves_shows_public_roles_only_and_no_private_number(town: Town):
    serving = duty.who_serves(town.grids[0])
    assert [(person.name, person.role, person.area_name) for person in serving] == [
        ("赵网格", "grid_member", "第1网格"),
        ("王书记", "grid_leader", "和平里社区"),
    ]
    assert {person.phone for person in serving} == {"0351-5550100"}
    assert town.member1.phone not in str(serving)


def test_adding_a_member_twice_is_refused(town: Town):
    user = UserFactory()
    add_member(user=user, actor=town.administrator)
    with pytest.raises(Refused):
        add_member(user=user, actor=town.administrator)
