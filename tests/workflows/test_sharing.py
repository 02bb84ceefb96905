"""Several people on duty for one area: a pool, the fewest open tasks, or one after the other."""

from datetime import timedelta

import pytest
from django.utils import timezone

from grid.actions.duty import appoint_stand_in
from grid.actions.sharing import share_work
from grid.errors import NotAllowed, Refused
from grid.models import DutyRole, Sharing
from realtime.models import Event
from tests.factories import MemberFactory, UserFactory
from tests.workflows.flowing import approval, begin, events, open_task, publish, told
from workflows.actions.tasks import decide_task, transfer_task

pytestmark = pytest.mark.django_db


@pytest.fixture
def pool(town):
    """Grid 6 of the town, where two members are on duty, and a workflow of one step for them."""
    publish(approval("one", moves=["transfer"]))
    return town


def share(town, how, area=None):
    role = DutyRole.objects.get(pk="grid_member")
    share_work(area=area or town.grids[5], role=role, how=how, actor=town.administrator)


def owners(town, cases, **more):
    return [open_task(begin(town, grid=6, **more), "one").owner for _ in range(cases)]


def test_without_a_rule_whoever_claims_it_first_has_it(pool):
    assert owners(pool, 2) == [None, None]


def test_in_turn_everybody_gets_one_after_the_other(pool):
    share(pool, "turn")
    assert owners(pool, 5) == [pool.member6, pool.member6b, pool.member6, pool.member6b, pool.member6]


def test_a_case_dealt_out_is_told_to_the_one_who_got_it(pool):
    share(pool, "turn")
    case = begin(pool, grid=6)
    (event,) = events(case, "task.created")
    assert told(event) == {pool.member6}
    assert open_task(case, "one").owner_permission == f"duty.grid_member.{pool.grids[5].pk}"


def test_the_one_with_the_fewest_open_tasks_gets_the_next(pool):
    first, second = begin(pool, grid=6), begin(pool, grid=6)  # still a pool: nobody has them
    for case in (first, second):
        decide_task(task_id=open_task(case, "one").pk, actor=pool.member6, outcome="done")
    share(pool, "turn")
    assert owners(pool, 2) == [pool.member6, pool.member6b]
    case = begin(pool, grid=6)  # member6 has two now
    transfer_task(task_id=open_task(case, "one").pk, actor=pool.member6, to=pool.member6b, reason="x")
    share(pool, "fewest")
    # member6 has one, member6b two; then equal, and member6b's last one lies further back.
    assert owners(pool, 3) == [pool.member6, pool.member6b, pool.member6]


def test_with_equal_loads_the_one_whose_last_task_lies_longest_back_gets_it(pool):
    share(pool, "fewest")
    for _ in range(3):
        case = begin(pool, grid=6)
        task = open_task(case, "one")
        decide_task(task_id=task.pk, actor=task.owner, outcome="done")
    assert owners(pool, 1) == [pool.member6b]


def test_what_one_filed_oneself_is_no_load(pool):
    share(pool, "fewest")
    publish(approval("ask", [{"person": "reporter"}]), key="question")
    begin(pool, grid=1, key="question", reporter=pool.member6)
    assert owners(pool, 1) == [pool.member6]


def test_the_nearest_rule_up_the_tree_answers(pool):
    share(pool, "turn", pool.street)
    assert owners(pool, 1) == [pool.member6]
    share(pool, "pool", pool.communities[1])
    assert owners(pool, 1) == [None]
    share(pool, None, pool.communities[1])
    assert owners(pool, 1) == [pool.member6b]


def test_somebody_new_gets_the_next_one_and_somebody_gone_none(pool):
    share(pool, "turn")
    assert owners(pool, 2) == [pool.member6, pool.member6b]
    newcomer = MemberFactory(user=UserFactory(username="new", name="新网格")).user
    pool.assign(newcomer, "grid_member", pool.grids[5])
    assert owners(pool, 2) == [newcomer, pool.member6]
    from grid.actions.people import end_service

    end_service(member=pool.member6b.member)
    assert owners(pool, 3) == [newcomer, pool.member6, newcomer]


def test_somebody_away_keeps_their_turn_and_the_stand_in_works_on_it(pool):
    share(pool, "turn")
    now = timezone.now()
    appoint_stand_in(
        member=pool.member6.member, stand_in=pool.member1.member, since=now, until=now + timedelta(days=3)
    )
    case = begin(pool, grid=6)
    assert open_task(case, "one").owner == pool.member6
    (event,) = events(case, "task.created")
    assert told(event) == {pool.member6, pool.member1}
    decide_task(task_id=open_task(case, "one").pk, actor=pool.member1, outcome="done")


def test_only_the_areas_administrator_sets_the_rule_and_it_is_logged_once(pool):
    with pytest.raises(NotAllowed):
        share_work(
            area=pool.grids[5], role=DutyRole.objects.get(pk="grid_member"), how="turn", actor=pool.supervisor
        )
    with pytest.raises(Refused):
        share(pool, "lottery")
    share(pool, "turn")
    share(pool, "turn")
    assert Event.objects.filter(kind="sharing.changed").count() == Sharing.objects.count() == 1
