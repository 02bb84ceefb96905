"""Case numbers, and forms that arrive twice at once: atomic on both databases."""

import json
from datetime import UTC, datetime

import pytest

from tests import services
from workflows.numbers import check_pattern, next_number, next_numbers

BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]

#: Eight threads, each with a connection of its own, as eight requests would have.
AT_ONCE = """
import json, threading, uuid
from concurrent.futures import ThreadPoolExecutor
from django.db import connection, transaction
from django.utils import timezone

def at_once(work, workers=8):
    barrier = threading.Barrier(workers)
    def one(n):
        barrier.wait()
        try:
            return work(n)
        finally:
            connection.close()
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(one, range(workers)))
"""


@pytest.mark.django_db
def test_a_number_is_area_day_and_counter():
    # Half past midnight in Shanghai, still the day before in UTC.
    at = datetime(2026, 5, 12, 16, 30, tzinfo=UTC)
    assert next_number("110101001001001", at) == "110101202605130001"
    assert next_number("110101001002003", at) == "110101202605130002"
    assert next_number("120102001001001", at) == "120102202605130001"
    assert next_number("", at) == "000000202605130001"
    assert next_numbers("110101001001001", at, 3) == [f"11010120260513000{n}" for n in (3, 4, 5)]


@pytest.mark.django_db
def test_the_counter_grows_beyond_its_width(settings):
    settings.LINLI_CASE_NUMBER = "{yymmdd}-{seq:02}"
    at = datetime(2026, 5, 12, 4, tzinfo=UTC)
    assert next_numbers("", at, 101)[-1] == "260512-101"


@pytest.mark.django_db
def test_a_code_of_letters_gives_a_number_that_can_stand_in_an_address():
    assert next_number("社区/7 a?", datetime(2026, 5, 12, 4, tzinfo=UTC)) == "7a0000202605120001"


@pytest.mark.parametrize(
    "pattern",
    ["{yyyymmdd}", "{seq}{seq}", "{city}{seq}", "{seq:zz}", "{seq}/{yyyy}", "案件{seq}", "{", "{}{seq}"],
)
def test_a_pattern_that_cannot_work_is_an_error_of_the_check(settings, pattern):
    settings.LINLI_CASE_NUMBER = pattern
    assert [message.id for message in check_pattern(None)] == ["workflows.E002"]


@pytest.mark.parametrize("pattern", ["{area6}{yyyymmdd}{seq:04}", "{seq}", "LL-{area12}-{yyyy}-{seq:06}"])
def test_patterns_that_work_pass_the_check(settings, pattern):
    settings.LINLI_CASE_NUMBER = pattern
    assert check_pattern(None) == []


@pytest.mark.parametrize("kind", BOTH)
def test_numbers_taken_at_once_are_all_different(environment_of, kind):
    printed = services.python(
        AT_ONCE
        + """
from workflows.numbers import next_number
def take(n):
    numbers = []
    for _ in range(10):
        with transaction.atomic():
            numbers.append(next_number("110101", timezone.now()))
    return numbers
print(json.dumps(sum(at_once(take), [])))
""",
        environment_of(kind),
    )
    numbers = json.loads(printed.splitlines()[-1])
    assert len(set(numbers)) == 80


@pytest.mark.parametrize("kind", BOTH)
def test_one_form_that_arrives_eight_times_at_once_is_one_request(environment_of, kind):
    printed = services.python(
        AT_ONCE
        + """
from grid.models import Area, User
from realtime.log import Subject, verify
from realtime.models import Event
from workflows.actions.requests import file_request
from workflows.models import Request
key, reporter = uuid.uuid4(), User.objects.get(username="resident")
area = Area.objects.get(code="149901001001001")
connection.close()
def send(n):
    return file_request(reporter=reporter, text="漏水", area=area, client_key=key).number
numbers = at_once(send)
case = Request.objects.get()
print(json.dumps({
    "numbers": numbers,
    "filed": Event.objects.filter(kind="request.filed").count(),
    "chain": verify(Subject("request", case.pk)),
    "steps": case.process.task_set.filter(owner_permission__isnull=False).count(),
}))
""",
        environment_of(kind),
    )
    found = json.loads(printed.splitlines()[-1])
    assert len(found["numbers"]) == 8
    assert len(set(found["numbers"])) == 1
    assert (found["filed"], found["steps"]) == (1, 1)
    assert found["chain"] > 1
