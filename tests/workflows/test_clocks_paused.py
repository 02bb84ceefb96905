"""Pauses, extensions and seasons on the four clocks, against a clock told minute by minute."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workflows import slow_clock
from workflows import clocks
from workflows.clocks import CALENDAR_DAYS, URGENT_HOURS, WORK_DAYS, WORK_HOURS, Season, WorkCalendar

SHANGHAI = ZoneInfo("Asia/Shanghai")
FIRST, DAYS = date(2026, 4, 20), 60
USUAL = ((8 * 3600, 12 * 3600), (14 * 3600, 18 * 3600))
ALL_CLOCKS = [URGENT_HOURS, WORK_HOURS, WORK_DAYS, CALENDAR_DAYS]
CLOCKS = st.sampled_from(ALL_CLOCKS)
SPANS = st.sampled_from(
    [
        ((8 * 3600, 12 * 3600), (14 * 3600 + 1800, 18 * 3600 + 1800)),
        ((9 * 3600, 12 * 3600),),
        ((0, 86_400),),
    ]
)


def at(minutes):
    return datetime(2026, 4, 27, tzinfo=SHANGHAI) + timedelta(minutes=minutes)


MOMENTS = st.integers(0, 10 * 1440).map(at)
PAUSES = st.lists(
    st.builds(
        lambda begin, length: (begin, begin + timedelta(minutes=length)), MOMENTS, st.integers(0, 4 * 1440)
    ),
    max_size=3,
)


@st.composite
def calendars(draw):
    """A calendar with days off wherever and a season of other hours; and its hours by day, said plainly."""
    off = draw(st.sets(st.integers(0, DAYS - 1), max_size=20))
    begin, length, spans = draw(st.integers(0, 30)), draw(st.integers(0, 20)), draw(SPANS)
    season = Season(FIRST + timedelta(days=begin), FIRST + timedelta(days=begin + length), spans)
    calendar = WorkCalendar(
        first=FIRST,
        last=FIRST + timedelta(days=400),
        is_working=lambda day: (day - FIRST).days not in off,
        zone=SHANGHAI,
        hours=USUAL,
        seasons=[season],
    )
    return calendar, lambda day: spans if season.first <= day <= season.last else USUAL


@settings(max_examples=150)
@given(town=calendars(), start=MOMENTS, minutes=st.integers(1, 3 * 1440), clock=CLOCKS, pauses=PAUSES)
def test_the_end_is_where_the_slow_clock_says(town, start, minutes, clock, pauses):
    calendar, hours = town
    limit = Decimal(minutes * 60) / clocks.UNIT[clock]
    expected = slow_clock.due(start, minutes, clock, calendar, hours, pauses)
    due = clocks.due(start, limit, clock, calendar, pauses)
    assert due == expected
    assert clocks.elapsed(start, due, clock, calendar, pauses) == pytest.approx(float(limit))


@given(
    town=calendars(),
    start=MOMENTS,
    minutes=st.integers(1, 3 * 1440),
    clock=CLOCKS,
    began=st.integers(0, 5_000),
)
def test_a_pause_leaves_exactly_what_was_left(town, start, minutes, clock, began):
    """What has not run when the pause begins runs after it ends, on the same clock, however long it was."""
    calendar, _hours = town
    limit = Decimal(minutes * 60) / clocks.UNIT[clock]
    begin = start + timedelta(minutes=began)
    end = begin + timedelta(days=9, minutes=77)
    due = clocks.due(start, limit, clock, calendar, [(begin, end)])
    ran = clocks.elapsed(start, begin, clock, calendar)
    if round(ran * clocks.UNIT[clock]) >= minutes * 60:
        assert due == clocks.due(start, limit, clock, calendar)
        assert due <= begin
    else:
        assert clocks.elapsed(end, due, clock, calendar) == pytest.approx(float(limit) - ran)
        assert due > end


@given(town=calendars(), start=MOMENTS, minutes=st.integers(1, 1440), clock=CLOCKS, pauses=PAUSES)
def test_every_extension_adds_one_original_limit(town, start, minutes, clock, pauses):
    calendar, _hours = town
    limit = Decimal(minutes * 60) / clocks.UNIT[clock]
    ends = [clocks.due(start, limit * (1 + times), clock, calendar, pauses) for times in range(3)]
    for before, after in pairwise(ends):
        assert clocks.elapsed(before, after, clock, calendar, pauses) == pytest.approx(float(limit))


@given(town=calendars(), start=MOMENTS, minutes=st.integers(1, 1440), clock=CLOCKS, pauses=PAUSES)
def test_pauses_never_bring_a_deadline_forward_and_their_order_does_not_matter(
    town, start, minutes, clock, pauses
):
    calendar, _hours = town
    limit = Decimal(minutes * 60) / clocks.UNIT[clock]
    due = clocks.due(start, limit, clock, calendar, pauses)
    assert due >= clocks.due(start, limit, clock, calendar)
    assert due == clocks.due(start, limit, clock, calendar, pauses[::-1])
    assert clocks.yellow(start, limit, clock, calendar, pauses) <= due


@given(town=calendars(), start=MOMENTS, length=st.integers(0, 5_000), clock=CLOCKS, pauses=PAUSES)
def test_time_before_the_start_is_counted_backwards(town, start, length, clock, pauses):
    calendar, _hours = town
    end = start + timedelta(minutes=length)
    there = clocks.elapsed(start, end, clock, calendar, pauses)
    assert clocks.elapsed(end, start, clock, calendar, pauses) == pytest.approx(-there)


@pytest.mark.parametrize(
    ("clock", "due"),
    [
        # 2.5 units asked on Monday at 10:00; it stands still from Tuesday 16:00 to Thursday 09:00.
        (URGENT_HOURS, "2026-05-11 12:30"),
        (WORK_HOURS, "2026-05-11 14:30"),
        (WORK_DAYS, "2026-05-15 15:00"),
        (CALENDAR_DAYS, "2026-05-15 15:00"),
    ],
)
def test_pauses_in_figures_one_can_check(clock, due):
    calendar = WorkCalendar(
        first=date(2026, 1, 1), last=date(2026, 12, 31), is_working=lambda d: d.weekday() < 5, zone=SHANGHAI
    )

    def local(text):
        return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)

    pause = (local("2026-05-12 16:00"), local("2026-05-14 09:00"))
    assert clocks.due(local("2026-05-11 10:00"), 2.5, clock, calendar, [pause]) == local(due)
