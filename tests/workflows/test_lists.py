"""Lists of tasks and cases: what is in them, in which order, at what cost."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from tests.factories import Town
from tests.workflows.desk_helpers import filed, open_task
from tests.workflows.lives import handled
from workflows import queries
from workflows.actions.tasks import claim_task
from workflows.models import Category, Request, Urgency

pytestmark = pytest.mark.django_db


def under(code: str) -> Category:
    return Category.objects.get(code=code)


def cases(tasks) -> list[Request]:
    return [task.process.request for task in tasks]


def test_the_inbox_begins_with_what_is_late_then_yellow_then_urgent_then_due_first(town: Town):
    now = timezone.now()
    with time_machine.travel(now - timedelta(minutes=130), tick=False):
        late = filed(town, category=under("repairs-manhole"))  # 2 urgent hours
    with time_machine.travel(now - timedelta(minutes=110), tick=False):
        yellow = filed(town, category=under("repairs-manhole"))
    with time_machine.travel(now, tick=False):
        unlimited = filed(town, category=Category.objects.add_root({"code": "free", "name": "其他"}))
        slow = filed(town, category=under("care-equipment"))  # 15 working days
        urgent = filed(town, category=under("care-equipment"), urgency=Urgency.URGENT)
        soon = filed(town, category=under("repairs-manhole"))
        assert cases(queries.inbox(town.member1)) == [late, yellow, urgent, soon, slow, unlimited]
        assert list(queries.by_light(Request.objects.all())) == [late, yellow, urgent, soon, slow, unlimited]


def test_the_inbox_is_one_s_own_and_pools_are_to_claim(town: Town):
    mine, pooled = filed(town, grid=1), filed(town, grid=6)
    assert cases(queries.inbox(town.member1)) == [mine]
    assert cases(queries.to_claim(town.member1)) == []
    for member in (town.member6, town.member6b):
        assert cases(queries.to_claim(member)) == [pooled]
        assert cases(queries.inbox(member)) == []
    claim_task(task_id=open_task(pooled).pk, actor=town.member6)
    assert cases(queries.inbox(town.member6)) == [pooled]
    assert cases(queries.to_claim(town.member6b)) == []


def test_what_is_done_moves_to_the_list_of_done(town: Town):
    case = handled(town, filed(town))
    assert cases(queries.inbox(town.member1)) == []
    assert cases(queries.done_by(town.member1)) == [case]
    assert cases(queries.inbox(town.checker)) == [case]


def test_my_requests_are_mine_and_the_newest_first(town: Town):
    first, second = filed(town), filed(town)
    filed(town, reporter=town.neighbour)
    assert list(queries.my_requests(town.resident)) == [second, first]


def test_those_who_could_claim_are_named(town: Town):
    task = open_task(filed(town, grid=6))
    assert queries.pool_names(task.owner_permission) == ["吴网格", "郑网格"]
    for nonsense in (None, "", "user.1", "duty.grid_member.x", "duty.grid_member.999999"):
        assert queries.pool_names(nonsense) == []


@pytest.mark.parametrize("name", ["inbox", "done_by", "my_requests", "to_claim"])
def test_a_list_costs_one_query_for_its_rows_however_many(town: Town, name, django_assert_num_queries):
    person = {"my_requests": town.resident, "to_claim": town.member6}.get(name, town.member1)
    for _ in range(3):
        case = filed(town, grid=6 if name == "to_claim" else 1)
        if name == "done_by":
            handled(town, case)
    rows = getattr(queries, name)(person)
    with django_assert_num_queries(1):
        shown = list(rows)
        for row in shown:
            case = row if isinstance(row, Request) else row.process.request
            assert all((str(case.category), str(case.area), case.number))
    assert len(shown) == 3
