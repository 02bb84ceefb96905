"""离职转办: nothing that a member had open is lost, nothing has two owners, everybody concerned is told."""

from datetime import timedelta

import pytest
from django.utils import timezone
from viewflow.workflow.models import Task

from grid.actions.duty import end_responsibility
from grid.actions.people import end_service
from grid.actions.sharing import share_work
from grid.errors import NotAllowed, Refused
from grid.models import DutyRole, Responsibility
from realtime.models import Event
from tests.factories import MemberFactory, UserFactory
from tests.workflows.flowing import approval, begin, events, open_task, publish, told
from workflows.actions.handover import hand_over, open_tasks_of, preview_hand_over
from workflows.actions.orphans import pass_on_orphans
from workflows.actions.tasks import claim_task, decide_task
from workflows.models import Opinion

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(town):
    """Grid 1 with a second member; three cases with the first, and one in grid 2 that was given to them."""
    publish(approval("one", handler=True, moves=["transfer"]))
    return town


def leave(town, member, to=None, **more):
    return hand_over(
        member=member.member,
        to=to.member if to else None,
        actor=town.administrator,
        reason="调离",
        **({"end_duties": True} | more),
    )


def owner_of(case):
    return open_task(case, "one").owner


def test_everything_open_goes_to_one_person_with_its_event(office):
    cases = [begin(office, grid=1) for _ in range(3)]
    handed = leave(office, office.member1, office.member2)
    assert [owner_of(case) for case in cases] == [office.member2] * 3
    assert handed.shares == [("钱网格", 3)]
    assert handed.duties == 1
    for case in cases:
        (event,) = events(case, "task.transferred")
        assert (event.payload["to"], event.payload["reason"], event.actor) == (
            "钱网格", "调离", office.administrator,
        )  # fmt: skip
        assert told(event) == {office.member2}
        case.refresh_from_db()
        assert case.handler == office.member2
    assert Opinion.objects.filter(move="hand_over", on_behalf_of=None).count() == 3
    decide_task(task_id=open_task(cases[0], "one").pk, actor=office.member2, outcome="done")


def test_without_a_name_each_goes_to_whoever_else_is_on_duty_for_its_grid(office):
    office.assign(office.member1, "grid_member", office.grids[1])
    alone = begin(office, grid=1)  # only member1 holds grid 1
    end_responsibility(
        responsibility=Responsibility.objects.get(area=office.grids[1], member=office.member2.member)
    )
    other = begin(office, grid=2)
    assert (owner_of(alone), owner_of(other)) == (office.member1, office.member1)
    office.assign(office.member3, "grid_member", office.grids[1])
    handed = leave(office, office.member1)
    assert owner_of(other) == office.member3
    assert owner_of(alone) == office.administrator  # nobody up the tree is a grid member
    assert sorted(handed.shares) == sorted([("孙网格", 1), ("杨管理", 1)])


def test_a_pool_that_stays_gets_the_task_and_a_pool_left_empty_is_emptied(office):
    mine, theirs = begin(office, grid=6), begin(office, grid=6)
    claim_task(task_id=open_task(mine, "one").pk, actor=office.member6)
    leave(office, office.member6)
    assert owner_of(mine) == office.member6b
    assert owner_of(theirs) is None  # member6b may still claim it
    handed = leave(office, office.member6b)
    assert owner_of(theirs) == owner_of(mine) == office.administrator
    assert len(handed.tasks) == 2


def test_shared_work_is_dealt_out_by_the_rule(office):
    for name in ("a", "b"):
        office.assign(
            MemberFactory(user=UserFactory(username=name, name=name)).user, "grid_member", office.grids[0]
        )
    cases = [begin(office, grid=1) for _ in range(4)]
    for case in cases:
        claim_task(task_id=open_task(case, "one").pk, actor=office.member1)
    share_work(area=office.grids[0], role=DutyRole.objects.get(pk="grid_member"), how="fewest")
    handed = leave(office, office.member1)
    assert sorted(handed.shares) == [("a", 2), ("b", 2)]


def test_it_can_leave_the_duties_or_end_the_service(office):
    begin(office, grid=1)
    leave(office, office.member1, office.member2, end_duties=False)
    assert Responsibility.objects.in_force().filter(member=office.member1.member).exists()
    case = begin(office, grid=1)
    leave(office, office.member1, office.member2, leaves=True)
    office.member1.refresh_from_db()
    assert not office.member1.is_active
    assert not Responsibility.objects.in_force().filter(member=office.member1.member).exists()
    assert owner_of(case) == office.member2
    assert owner_of(begin(office, grid=1)) == office.administrator


def test_what_a_member_asked_for_as_a_resident_stays_theirs(office):
    publish(approval("one", [{"person": "reporter"}]), key="asked")
    case = begin(office, grid=2, key="asked", reporter=office.member1)
    assert open_tasks_of(office.member1.member) == 0
    assert leave(office, office.member1).tasks == []
    assert owner_of(case) == office.member1


def test_a_preview_says_the_same_and_keeps_nothing(office):
    cases = [begin(office, grid=6) for _ in range(3)]
    for case in cases:
        claim_task(task_id=open_task(case, "one").pk, actor=office.member6)
    share_work(area=office.street, role=DutyRole.objects.get(pk="grid_member"), how="turn")
    before = (Event.objects.count(), Opinion.objects.count(), list(Task.objects.values_list("owner", "data")))
    shown = preview_hand_over(
        member=office.member6.member, to=None, actor=office.administrator, reason="x", end_duties=True
    )
    after = (Event.objects.count(), Opinion.objects.count(), list(Task.objects.values_list("owner", "data")))
    assert before == after
    assert shown == leave(office, office.member6)
    assert shown.shares == [("郑网格", 3)]


def test_who_may_and_to_whom(office):
    begin(office, grid=1)
    with pytest.raises(NotAllowed):
        hand_over(
            member=office.member1.member, to=None, actor=office.supervisor, reason="x", end_duties=False
        )
    with pytest.raises(Refused):
        leave(office, office.member1, office.member1)
    idle = MemberFactory(user=UserFactory(username="idle", name="闲网格")).user
    with pytest.raises(Refused):
        leave(office, office.member1, idle)
    with pytest.raises(Refused):
        hand_over(
            member=office.member1.member, to=None, actor=office.administrator, reason=" ", end_duties=False
        )
    assert Responsibility.objects.in_force().filter(member=office.member1.member).exists()


def test_nothing_moves_when_the_end_is_refused(office):
    case = begin(office, grid=1)
    office.assign(office.member1, "administrator", office.street)
    with pytest.raises(NotAllowed):  # nobody ends their own service
        hand_over(
            member=office.member1.member, to=office.member2.member, actor=office.member1, reason="x",
            end_duties=True, leaves=True,
        )  # fmt: skip
    assert owner_of(case) == office.member1
    assert not events(case, "task.transferred")


# --- What was left behind ----------------------------------------------------------------------------


def test_a_pool_that_empties_at_midnight_is_dealt_out_by_the_sweep(office, time_machine):
    time_machine.move_to("2026-11-30 12:00:00+08:00", tick=False)
    case = begin(office, grid=6)
    midnight = timezone.now() + timedelta(hours=12)
    for post in Responsibility.objects.filter(area=office.grids[5]):
        end_responsibility(responsibility=post, at=midnight)
    assert pass_on_orphans() == 0
    time_machine.move_to("2026-12-01 00:00:00+08:00", tick=False)
    assert pass_on_orphans() == 1
    assert owner_of(case) == office.administrator
    (event,) = events(case, "task.transferred")
    assert (event.payload["to"], event.actor, told(event)) == ("杨管理", None, {office.administrator})
    assert pass_on_orphans() == 0


def test_what_a_closed_account_still_had_goes_on(office):
    case = begin(office, grid=1)
    publish(approval("one", [{"person": "reporter"}]), key="asked")
    asked = begin(office, grid=2, key="asked", reporter=office.member1)
    end_service(member=office.member1.member)
    assert pass_on_orphans() == 1
    assert owner_of(case) == office.administrator
    assert owner_of(asked) == office.member1


def test_while_there_is_nobody_at_all_the_sweep_keeps_still(office):
    Responsibility.objects.all().delete()
    case = begin(office, grid=7)
    assert open_task(case, "one").owner_permission == f"duty.administrator.{office.street.pk}"
    assert pass_on_orphans() == 0
    assert not events(case, "task.transferred")
