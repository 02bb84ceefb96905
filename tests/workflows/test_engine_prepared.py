"""A prepared query gives what its queryset gives."""

import threading

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from viewflow.workflow.models import Task
from viewflow.workflow.token import Token

from realtime.prepared import Prepared, insert, update
from tests.workflows.flowing import approval, begin, open_task, publish
from workflows.actions import moves
from workflows.models import Category, Opinion

pytestmark = pytest.mark.django_db


def everything_loaded(instance):
    return {name: value for name, value in vars(instance).items() if name != "_state"}


@pytest.mark.parametrize("grid", [1, 6, None])
def test_rows_are_the_same(town, grid):
    publish(approval("one"))
    case = begin(town, grid=grid, category=Category.objects.first(), lon=112.5, lat=37.8)
    task_id = open_task(case, "one").pk
    expected, found = moves._with_case(task_id).get(), moves._READ.get(task_id)
    for reach in ("", "process", "process.request", "process.request.area", "process.request.category"):
        one, other = expected, found
        for name in filter(None, reach.split(".")):
            one, other = getattr(one, name), getattr(other, name)
        if one is None:
            assert other is None
        else:
            assert everything_loaded(one) == everything_loaded(other)


def test_what_a_move_reads_needs_no_second_query(town, django_assert_num_queries):
    publish(approval("one"))
    task_id = open_task(begin(town), "one").pk
    moves._READ.get(task_id)
    with django_assert_num_queries(1):
        task = moves._READ.get(task_id)
        moves.case_brief(task.process.request)
        assert task.process.flow_class
        assert task.process.request.area.path


def test_there_is_no_row_for_nothing(town):
    assert moves._READ.get(0) is None
    with transaction.atomic():
        assert moves._LOCK.get(0) is None


def test_a_statement_is_compiled_once_for_all_threads():
    built = []
    prepared = Prepared(lambda: built.append(1) or Task.objects.filter(pk=0))
    prepared.get(1)

    def elsewhere():
        prepared.get(2)
        connection.close()

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    prepared.get(3)
    assert built == [1]


def test_several_values_go_in_the_order_of_the_statement(town):
    publish(approval("one"))
    task = open_task(begin(town), "one")
    prepared = Prepared(lambda: Task.objects.filter(pk=0, status=""))
    assert prepared.get(task.pk, "ASSIGNED") == task
    assert prepared.get(task.pk, "DONE") is None


def test_a_query_with_another_number_of_parameters_is_refused():
    with pytest.raises(ValueError, match="2 parameters, not 1"):
        Prepared(lambda: Task.objects.filter(pk=0, status="NEW")).get(1)


def read(table, *ids):
    """Rows as the database has them, without their ids."""
    return [
        {name: value for name, value in row.items() if name != "id"}
        for row in table.objects.filter(pk__in=ids).order_by("pk").values()
    ]


def task_of(case, **values):
    """A task with something in every kind of column: references, instants, JSON, a token."""
    some = open_task(case, "one")
    usual = {
        "process": some.process,
        "flow_task": some.flow_task,
        "flow_task_type": "HUMAN",
        "status": "ASSIGNED",
        "created": some.created,
        "assigned": some.created,
        "owner": some.owner,
        "token": Token("start/7_0"),
        "data": {"told": [1, 2], "why": "\u2028'%s' \"引\""},
    }
    return Task(**usual | values)


def test_inserted_rows_are_those_bulk_create_writes(town):
    publish(approval("one"))
    case = begin(town)
    mine, theirs = ([task_of(case), task_of(case, data={}, owner=None)] for _side in range(2))
    insert(mine)
    Task.objects.bulk_create(theirs)
    assert read(Task, *(row.pk for row in mine)) == read(Task, *(row.pk for row in theirs))
    for row in mine:
        assert (row._state.adding, row._state.db) == (False, "default")
    assert [Task.objects.get(pk=row.pk).data for row in mine] == [row.data for row in mine]


def test_more_rows_than_one_statement_takes_each_get_their_own_id(town):
    publish(approval("one"))
    case = begin(town)
    rows = [task_of(case, data={"number": number}) for number in range(150)]
    insert(rows)
    found = Task.objects.in_bulk([row.pk for row in rows])
    assert [found[row.pk].data["number"] for row in rows] == list(range(150))


def test_nothing_is_inserted_without_rows(django_assert_num_queries):
    with django_assert_num_queries(0):
        insert([])


def test_what_is_there_already_is_passed_over_only_when_asked(town):
    publish(approval("one"))
    case = begin(town)
    rows = [task_of(case), task_of(case)]
    insert(rows)
    links = [Task.previous.through(from_task=rows[1], to_task=rows[0]) for _again in range(2)]
    insert(links, ignore_conflicts=True)
    assert list(rows[1].previous.all()) == [rows[0]]
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(links)


def test_updated_rows_are_those_save_writes(town):
    publish(approval("one"))
    case = begin(town)
    rows = [task_of(case), task_of(case)]
    insert(rows)
    for row in rows:
        row.status, row.owner, row.data, row.finished = "DONE", town.checker, {"outcome": "好"}, row.created
        row.token = Token("start/9_9")
    update(rows[0], ["status", "owner", "owner_id", "data", "finished"])
    rows[1].save(update_fields=["status", "owner", "owner_id", "data", "finished"])
    mine, theirs = read(Task, *(row.pk for row in rows))
    assert mine == theirs
    assert str(mine["token"]) == "start/7_0"  # not named, not written


def test_a_row_that_is_gone_is_not_updated_in_silence(town):
    said = Opinion(pk=0, move="decide")
    with pytest.raises(DatabaseError, match="0 is not there"):
        update(said, ["move"])
