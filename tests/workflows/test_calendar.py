"""The town's own working calendar: entries, rights, and open cases that follow it."""

import threading
from datetime import date, timedelta

import pytest
from viewflow.workflow.models import Task

from grid.errors import NotAllowed, Refused
from realtime.log import Subject, verify
from realtime.models import Event
from tests.workflows.flowing import events
from tests.workflows.lives import closed
from tests.workflows.office import lamp, local, manhole, suspended
from workflows import calendar
from workflows.actions import calendar as action
from workflows.actions.calendar import add_entry, follow_calendar, remove_entry
from workflows.actions.deadlines import tell_deadlines
from workflows.calendar import working_calendar
from workflows.models import CalendarEntry

pytestmark = pytest.mark.django_db


def off(town, first, last=None, **more):
    first, last = date.fromisoformat(first), date.fromisoformat(last or first)
    return add_entry(first=first, last=last, kind="off", actor=town.administrator, **more)


def test_days_off_working_days_and_hours_change_the_calendar(town):
    off(town, "2026-11-10", name="市运会开幕")
    worked, hours = date(2026, 11, 14), date(2026, 11, 12)
    add_entry(first=worked, last=worked, kind="worked", actor=town.administrator)
    add_entry(first=hours, last=hours, kind="hours", hours="08:00 - 12:00", actor=town.administrator)
    known = working_calendar()
    assert not known.is_working(date(2026, 11, 10))
    assert known.is_working(worked)
    assert known.hours_on(hours) == ((8 * 3600, 12 * 3600),)
    assert known.hours_on(date(2026, 11, 10)) == ()
    assert len(known.hours_on(worked)) == 2
    assert [event.payload["entry"] for event in Event.objects.filter(kind="calendar.changed")] == [
        "off",
        "worked",
        "hours",
    ]


def test_open_cases_follow_and_those_whose_time_does_not_change_say_nothing(town, monday):
    case, urgent = lamp(town), manhole(town)
    assert case.due_at == local("2026-11-11 09:00")
    entry = off(town, "2026-11-10")
    assert (follow_calendar(), follow_calendar()) == (1, 0)
    case.refresh_from_db()
    urgent.refresh_from_db()
    assert (case.due_at, case.yellow_at) == (local("2026-11-12 09:00"), local("2026-11-11 23:24"))
    assert urgent.due_at == local("2026-11-09 11:00")
    assert case.calendar_revision == urgent.calendar_revision == working_calendar().revision
    (event,) = events(case, "deadline.moved")
    assert event.payload["due_before"].startswith("2026-11-11T01:00")
    assert not events(urgent, "deadline.moved")
    remove_entry(entry_id=entry.pk, actor=town.administrator)
    assert follow_calendar() == 1
    case.refresh_from_db()
    assert case.due_at == local("2026-11-11 09:00")
    verify(Subject("request", case.pk))


def test_deadlines_of_steps_follow_as_well(town, monday):
    case = lamp(town)
    timers = Task.objects.filter(process=case.process_id, flow_task_type="TIMER").order_by("scheduled")
    assert [timer.scheduled for timer in timers] == [local("2026-11-11 09:00"), local("2026-11-16 09:00")]
    off(town, "2026-11-10")
    follow_calendar()
    assert [timer.scheduled for timer in timers.all()] == [
        local("2026-11-12 09:00"),
        local("2026-11-17 09:00"),
    ]


def test_a_case_that_stands_still_follows_with_its_pause(town, monday):
    case = lamp(town)
    monday.move_to(local("2026-11-10 10:00"), tick=False)
    suspended(town, case, days=10)
    assert case.due_at == local("2026-11-20 23:00")
    off(town, "2026-11-20")
    follow_calendar()
    case.refresh_from_db()
    assert case.due_at == local("2026-11-23 23:00")


def test_what_was_told_and_is_no_longer_true_is_told_again(town, monday):
    case = lamp(town)
    monday.move_to(local("2026-11-11 10:00"), tick=False)
    assert tell_deadlines() == 1
    off(town, "2026-11-10")
    follow_calendar()
    case.refresh_from_db()
    assert case.light_told == ""
    monday.move_to(local("2026-11-12 10:00"), tick=False)
    assert tell_deadlines() == 1


def test_closed_cases_keep_their_deadline(town, monday):
    case = closed(town, lamp(town))
    off(town, "2026-11-10")
    assert follow_calendar() == 0
    case.refresh_from_db()
    assert case.due_at == local("2026-11-11 09:00")


def test_new_cases_use_the_new_calendar_at_once(town, monday):
    off(town, "2026-11-10")
    case = lamp(town)
    assert case.due_at == local("2026-11-12 09:00")
    assert follow_calendar() == 0


def test_one_case_that_cannot_follow_stops_nobody_else_and_is_tried_again(town, monday, monkeypatch, caplog):
    broken, sound = lamp(town), lamp(town, grid=2)
    off(town, "2026-11-10")
    follow = action._follow

    def fails(request_id, current):
        if request_id == broken.pk:
            raise RuntimeError("disk full")
        return follow(request_id, current)

    with monkeypatch.context() as patched:
        patched.setattr(action, "_follow", fails)
        assert follow_calendar() == 1
    assert events(sound, "deadline.moved")
    assert "disk full" in caplog.text
    assert follow_calendar() == 1
    assert len(events(sound, "deadline.moved")) == len(events(broken, "deadline.moved")) == 1


def test_more_cases_than_fit_a_batch_follow(town, monday, monkeypatch):
    monkeypatch.setattr(action, "_BATCH", 2)
    for _case in range(5):
        lamp(town)
    off(town, "2026-11-10")
    assert follow_calendar() == 5


def test_a_move_on_a_case_uses_a_calendar_no_older_than_the_cases(town, monday):
    """A process that has not heard of the change yet learns of it from the case it moves."""
    stale = working_calendar()
    case = lamp(town)
    off(town, "2026-11-10")
    follow_calendar()
    case.refresh_from_db()
    calendar._known = calendar._Known(calendar._settings(), calendar.time.monotonic(), stale)
    assert working_calendar() is stale
    assert working_calendar(case.calendar_revision).revision == case.calendar_revision


@pytest.mark.parametrize("username", ["supervisor", "member1", "resident"])
def test_only_the_administrator_of_the_town_changes_the_calendar(town, username):
    with pytest.raises(NotAllowed):
        add_entry(
            first=date(2026, 11, 10), last=date(2026, 11, 10), kind="off", actor=getattr(town, username)
        )
    entry = off(town, "2026-11-10")
    with pytest.raises(NotAllowed):
        remove_entry(entry_id=entry.pk, actor=getattr(town, username))


@pytest.mark.parametrize(
    "wrong",
    [
        {"last": date(2026, 11, 9)},
        {"last": date(2028, 1, 1)},
        {"kind": "sometimes"},
        {"kind": "hours", "hours": ""},
        {"kind": "hours", "hours": "12:00-08:00"},
        {"kind": "hours", "hours": "08:00-12:00,11:00-14:00"},
        {"first": date(1999, 1, 1)},
    ],
)
def test_an_entry_that_makes_no_sense_is_refused(town, wrong):
    sound = {"first": date(2026, 11, 10), "last": date(2026, 11, 10), "kind": "off"}
    with pytest.raises(Refused):
        add_entry(actor=town.administrator, **(sound | wrong))
    assert not CalendarEntry.objects.exists()


def test_entries_that_contradict_each_other_are_refused(town):
    off(town, "2026-11-10", "2026-11-12", name="市运会")
    with pytest.raises(Refused, match="市运会"):
        add_entry(first=date(2026, 11, 12), last=date(2026, 11, 13), kind="worked", actor=town.administrator)
    add_entry(
        first=date(2026, 11, 12),
        last=date(2026, 11, 12),
        kind="hours",
        hours="08:00-12:00",
        actor=town.administrator,
    )


def test_an_entry_removed_twice_is_refused_the_second_time(town):
    entry = off(town, "2026-11-10")
    remove_entry(entry_id=entry.pk, actor=town.administrator)
    with pytest.raises(Refused):
        remove_entry(entry_id=entry.pk, actor=town.administrator)


def test_a_year_whose_holidays_were_entered_is_known(town):
    after = calendar.official_until() + timedelta(days=1)
    assert not working_calendar().knows(after)
    off(town, f"{after.year}-02-10", f"{after.year}-02-16", name="春节")
    assert working_calendar().knows(date(after.year, 12, 31))
    assert not working_calendar().knows(date(after.year + 1, 1, 1))


def test_threads_that_ask_at_once_get_one_calendar(town):
    found = []
    calendar_now = working_calendar()
    threads = [threading.Thread(target=lambda: found.append(working_calendar())) for _each in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {id(each) for each in found} == {id(calendar_now)}
