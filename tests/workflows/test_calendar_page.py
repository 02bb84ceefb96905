"""The working calendar in the console."""

from datetime import date

import pytest
import time_machine
from django.urls import reverse

from tests.workflows.desk_helpers import page, signed_in
from tests.workflows.office import local
from workflows.calendar import official_until
from workflows.models import CalendarEntry

pytestmark = pytest.mark.django_db


def test_an_administrator_enters_and_removes_a_holiday(town):
    administrator = signed_in(town.administrator)
    year = official_until().year + 1
    administrator.post(
        reverse("console_calendar"),
        {"kind": "off", "first": f"{year}-02-10", "last": f"{year}-02-16", "name": "春节"},
    )
    entry = CalendarEntry.objects.get()
    assert (entry.first, entry.last, entry.set_by) == (
        date(year, 2, 10),
        date(year, 2, 16),
        town.administrator,
    )
    assert "春节" in page(administrator, "console_calendar", year=year)
    administrator.post(reverse("calendar_remove", args=[entry.pk]))
    assert not CalendarEntry.objects.exists()
    answer = administrator.post(reverse("calendar_remove", args=[entry.pk]), follow=True)
    assert answer.status_code == 200


def test_a_year_beyond_the_last_notice_is_warned_of_until_its_holidays_are_entered(town):
    last = official_until()
    with time_machine.travel(local(f"{last.year}-06-01 09:00"), tick=False):
        assert "note-warning" not in page(signed_in(town.administrator), "console_calendar")
    with time_machine.travel(local(f"{last.year}-12-15 09:00"), tick=False):
        administrator = signed_in(town.administrator)
        assert "note-warning" in page(administrator, "console_calendar")
        assert "note-warning" in page(administrator, "console_calendar", year=last.year + 1)
        administrator.post(reverse("console_calendar"), {"kind": "off", "first": f"{last.year + 1}-01-01"})
        assert "note-warning" not in page(administrator, "console_calendar")


def test_what_makes_no_sense_is_refused_with_what_was_typed(town):
    answer = signed_in(town.administrator).post(
        reverse("console_calendar"),
        {"kind": "hours", "first": "2026-12-01", "hours": "18:00-08:00", "name": "夏令时"},
    )
    shown = answer.content.decode()
    assert answer.status_code == 409
    assert "18:00-08:00" in shown
    assert "夏令时" in shown


@pytest.mark.parametrize("year", ["", "0000", "9999", "abcd", "１２３４"])
def test_any_year_shows_a_calendar(town, year):
    assert "calendar-month" in page(signed_in(town.administrator), "console_calendar", year=year)


def test_only_administrators_see_it_and_only_those_of_the_whole_town_change_it(town):
    assert signed_in(town.member1).get(reverse("console_calendar")).status_code == 403
    town.assign(town.stranger, "administrator", town.communities[0])
    local_one = signed_in(town.stranger)
    assert 'name="kind"' not in page(local_one, "console_calendar")
    answer = local_one.post(reverse("console_calendar"), {"kind": "off", "first": "2026-12-01"})
    assert (answer.status_code, CalendarEntry.objects.count()) == (403, 0)
