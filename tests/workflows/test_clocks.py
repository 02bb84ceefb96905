"""The four clocks: examples people can check by hand, and laws that hold for every instant and limit."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows import clocks
from workflows.calendar import calendar_by_settings, check_calendar, official_until, parse_hours
from workflows.clocks import CALENDAR_DAYS, URGENT_HOURS, WORK_DAYS, WORK_HOURS, OutsideCalendar

SHANGHAI = ZoneInfo("Asia/Shanghai")
CLOCKS = st.sampled_from([URGENT_HOURS, WORK_HOURS, WORK_DAYS, CALENDAR_DAYS])
INSTANTS = st.datetimes(
    datetime.fromisoformat("2004-01-01"),
    datetime.fromisoformat("2030-12-31"),
    timezones=st.just(SHANGHAI),
).map(lambda instant: instant.replace(microsecond=0))
LIMITS = st.decimals(Decimal("0.05"), Decimal("60"), places=2)


@pytest.fixture(scope="module")
def calendar():
    return calendar_by_settings()


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("clock", "limit", "start", "end"),
    [
        # A missing manhole cover at three on a Saturday night: two hours, whatever the day.
        (URGENT_HOURS, 2, "2026-05-02 03:00", "2026-05-02 05:00"),
        # Over the lunch break, over night, over the weekend.
        (WORK_HOURS, 4, "2026-05-13 10:00", "2026-05-13 16:00"),
        (WORK_HOURS, 4, "2026-05-13 16:00", "2026-05-14 10:00"),
        (WORK_HOURS, 8, "2026-05-15 17:00", "2026-05-18 17:00"),
        # Reported in the lunch break: the clock starts at two.
        (WORK_HOURS, 1, "2026-05-13 12:30", "2026-05-13 15:00"),
        # A limit that ends with the working day ends then, not next morning.
        (WORK_HOURS, 4, "2026-05-13 14:00", "2026-05-13 18:00"),
        (WORK_DAYS, 1, "2026-05-15 10:00", "2026-05-18 10:00"),
        (WORK_DAYS, 5, "2026-05-13 10:00", "2026-05-20 10:00"),
        # Reported on a Sunday: the clock starts with Monday.
        (WORK_DAYS, 1, "2026-05-17 15:00", "2026-05-19 00:00"),
        (CALENDAR_DAYS, 15, "2026-05-13 10:00", "2026-05-28 10:00"),
        # National Day 2025: 1–8 October off; Sunday 28 September and Saturday 11 October are worked.
        (WORK_DAYS, 1, "2025-09-27 09:00", "2025-09-29 00:00"),
        (WORK_DAYS, 1, "2025-09-30 10:00", "2025-10-09 10:00"),
        (WORK_DAYS, 3, "2025-09-30 10:00", "2025-10-11 10:00"),
        (WORK_HOURS, 2, "2025-09-30 17:00", "2025-10-09 09:00"),
        # Spring Festival 2026: 15–23 February off; Saturday 14 and Saturday 28 February are worked.
        (WORK_DAYS, 1, "2026-02-14 10:00", "2026-02-24 10:00"),
    ],
)
def test_a_limit_ends_when_the_calendar_says(calendar, clock, limit, start, end):
    assert clocks.due(local(start), limit, clock, calendar) == local(end)


def test_the_end_is_the_earliest_instant_at_which_the_limit_has_run(calendar):
    due = clocks.due(local("2026-05-13 14:00"), 4, WORK_HOURS, calendar)
    assert due == local("2026-05-13 18:00")
    due = clocks.due(local("2026-05-15 00:00"), 1, WORK_DAYS, calendar)
    assert due == local("2026-05-16 00:00")


@given(start=INSTANTS, limit=LIMITS, clock=CLOCKS)
def test_exactly_the_limit_runs_until_it_is_due(calendar, start, limit, clock):
    due = clocks.due(start, limit, clock, calendar)
    assert clocks.elapsed(start, due, clock, calendar) == pytest.approx(float(limit))
    just_before = due - timedelta(seconds=1)
    assert clocks.elapsed(start, just_before, clock, calendar) < float(limit)


@given(start=INSTANTS, later=st.integers(0, 30 * 86_400), limit=LIMITS, clock=CLOCKS)
def test_filing_later_is_never_due_earlier(calendar, start, later, limit, clock):
    first = clocks.due(start, limit, clock, calendar)
    assert first <= clocks.due(start + timedelta(seconds=later), limit, clock, calendar)


@given(start=INSTANTS, limit=LIMITS, more=LIMITS, clock=CLOCKS)
def test_a_longer_limit_is_due_later(calendar, start, limit, more, clock):
    assert clocks.due(start, limit, clock, calendar) < clocks.due(start, limit + more, clock, calendar)


@given(start=INSTANTS, limit=LIMITS, clock=CLOCKS)
def test_yellow_begins_at_four_fifths_on_the_same_clock(calendar, start, limit, clock):
    yellow = clocks.yellow(start, limit, clock, calendar)
    share = clocks.elapsed(start, yellow, clock, calendar) / float(limit)
    assert share == pytest.approx(0.8, abs=1 / clocks.seconds(limit, clock))
    assert start < yellow <= clocks.due(start, limit, clock, calendar)


@given(start=INSTANTS, first=st.integers(0, 10**7), second=st.integers(0, 10**7), clock=CLOCKS)
def test_time_that_ran_adds_up(calendar, start, first, second, clock):
    middle = start + timedelta(seconds=first)
    end = middle + timedelta(seconds=second)
    parts = clocks.elapsed(start, middle, clock, calendar) + clocks.elapsed(middle, end, clock, calendar)
    assert parts == pytest.approx(clocks.elapsed(start, end, clock, calendar))


@given(start=INSTANTS, limit=LIMITS, clock=st.sampled_from([WORK_DAYS, WORK_HOURS]))
def test_nothing_falls_due_on_a_day_off(calendar, start, limit, clock):
    last_second = clocks.due(start, limit, clock, calendar) - timedelta(seconds=1)
    assert calendar.is_working(last_second.astimezone(SHANGHAI).date())


@given(start=INSTANTS, limit=LIMITS, clock=CLOCKS)
def test_the_light_goes_green_yellow_red(calendar, start, limit, clock):
    yellow = clocks.yellow(start, limit, clock, calendar)
    due = clocks.due(start, limit, clock, calendar)
    second = timedelta(seconds=1)
    assert clocks.light(yellow - second, yellow, due) == "green"
    assert clocks.light(due, yellow, due) == "yellow"
    assert clocks.light(due + second, yellow, due) == "red"
    assert clocks.light(due + second, yellow, due, ended_at=due) == "green"
    assert clocks.light(due + second, yellow, due, ended_at=due + second) == "red"


def test_a_case_without_a_limit_shows_no_light():
    assert clocks.light(datetime.now(UTC), None, None) == "none"


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        ("2025-10-01", False),
        ("2025-09-28", True),
        ("2025-10-11", True),
        ("2026-02-14", True),
        ("2026-05-16", False),
    ],
)
def test_holidays_and_make_up_days_are_those_of_the_official_notice(calendar, day, worked):
    assert calendar.is_working(date.fromisoformat(day)) is worked


def test_after_the_last_notice_days_count_by_weekday_and_the_calendar_says_so(calendar):
    beyond = date(official_until().year + 3, 1, 1)
    assert not calendar.knows(beyond)
    assert calendar.knows(official_until())
    assert calendar.is_working(beyond) == (beyond.weekday() < 5)


def test_the_system_check_tells_when_the_notices_run_out(time_machine):
    time_machine.move_to(
        datetime.combine(official_until() - timedelta(days=10), datetime.min.time(), tzinfo=UTC)
    )
    assert [message.id for message in check_calendar(None)] == ["workflows.I001"]
    time_machine.move_to(
        datetime.combine(official_until() - timedelta(days=90), datetime.min.time(), tzinfo=UTC)
    )
    assert check_calendar(None) == []


def test_local_days_off_and_on_come_before_the_official_ones(settings):
    settings.LINLI_HOLIDAYS = ["2026-05-13"]
    settings.LINLI_MAKE_UP_DAYS = ["2025-10-01"]
    calendar = calendar_by_settings()
    assert not calendar.is_working(date(2026, 5, 13))
    assert calendar.is_working(date(2025, 10, 1))


def test_working_hours_follow_the_setting(settings):
    settings.LINLI_WORK_HOURS = "09:00-17:00"
    due = clocks.due(local("2026-05-13 16:00"), 2, WORK_HOURS, calendar_by_settings())
    assert due == local("2026-05-14 10:00")


@pytest.mark.parametrize("text", ["", "8-12", "12:00-08:00", "08:00-12:00,11:00-14:00", "20:00-25:00"])
def test_working_hours_that_make_no_sense_are_refused(settings, text):
    with pytest.raises(ValueError):
        parse_hours(text)
    settings.LINLI_WORK_HOURS = text
    assert [message.id for message in check_calendar(None)] == ["workflows.E001"]


def test_a_date_beyond_the_calendar_is_an_error_not_a_guess(calendar):
    with pytest.raises(OutsideCalendar):
        clocks.due(datetime(2100, 12, 30, tzinfo=UTC), 30, WORK_DAYS, calendar)
    with pytest.raises(OutsideCalendar):
        clocks.elapsed(
            datetime(1999, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC), WORK_DAYS, calendar
        )
