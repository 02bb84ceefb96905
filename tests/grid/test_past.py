"""Who was responsible for a point, on any day and at any second of a year in which much has changed."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
import shapely
import time_machine
from django.db import transaction
from django.utils import timezone as django_timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grid import duty, locator, stamp
from grid.actions import history
from grid.actions.areas import create_area, retire_area, update_area
from grid.actions.duty import appoint_stand_in, assign_responsibility, end_responsibility
from grid.actions.people import end_service
from grid.errors import Refused
from grid.models import Area, AreaEdit, AreaVersion, Responsibility
from tests.factories import HEIGHT, NORTH, WEST, WIDTH, MemberFactory, Town

SHANGHAI = ZoneInfo("Asia/Shanghai")
SECOND = timedelta(seconds=1)
#: The same instant is asked for by clocks in Greenwich, in the town, and five hours behind Greenwich.
ZONES = [UTC, SHANGHAI, timezone(timedelta(hours=-5))]

#: A point of grid 1 close to its border with grid 2, and one in the middle of grid 1.
EDGE = (WEST + 0.9 * WIDTH, NORTH - HEIGHT / 2)
MIDDLE = (WEST + 0.3 * WIDTH, NORTH - HEIGHT / 2)

BORDER_MOVES = datetime(2026, 2, 3, 10, 30, 15, tzinfo=SHANGHAI)
MEMBER_CHANGES = datetime(2026, 4, 1, tzinfo=SHANGHAI)
GRID_IS_SPLIT = datetime(2026, 6, 30, 23, 59, 59, tzinfo=SHANGHAI)
MEMBER_LEAVES = datetime(2026, 9, 1, 0, 0, 1, tzinfo=SHANGHAI)
GRID_ENDS = datetime(2026, 11, 1, tzinfo=SHANGHAI)
GAP_IS_FILLED = datetime(2026, 11, 21, 9, tzinfo=SHANGHAI)
YEAR_ENDS = datetime(2026, 12, 31, 12, tzinfo=SHANGHAI)


def strip(begin: float, end: float) -> shapely.Polygon:
    """Part of the row of grids 1–4, in widths of a grid from the west."""
    return shapely.box(WEST + begin * WIDTH, NORTH - HEIGHT, WEST + end * WIDTH, NORTH)


@pytest.fixture
def year(town: Town) -> Iterator[Town]:
    """The town at the end of a year in which five things happened to its first grid."""
    first, second = town.grids[:2]
    with time_machine.travel(BORDER_MOVES, tick=False), transaction.atomic():
        update_area(area=first, changes={"geometry": strip(0, 0.8)})
        update_area(area=second, changes={"geometry": strip(0.8, 2)})
    newcomer = MemberFactory(user__name="新网格")
    with time_machine.travel(MEMBER_CHANGES - timedelta(days=9), tick=False):
        (post,) = Responsibility.objects.filter(area=first, role="grid_member")
        end_responsibility(responsibility=post, at=MEMBER_CHANGES)
        assign_responsibility(member=newcomer, area=first, role="grid_member", since=MEMBER_CHANGES)
    with time_machine.travel(GRID_IS_SPLIT, tick=False), transaction.atomic():
        update_area(area=first, changes={"geometry": strip(0.5, 0.8), "name": "第1网格东"})
        west = create_area(
            code=first.code + "W", name="第1网格西", level="grid", parent=town.communities[0],
            geometry=strip(0, 0.5),
        )  # fmt: skip
        assign_responsibility(member=newcomer, area=west, role="grid_member")
    with time_machine.travel(MEMBER_LEAVES, tick=False):
        end_service(member=town.member2.member)
        assign_responsibility(member=town.member3.member, area=second, role="grid_member")
    with time_machine.travel(GRID_ENDS - timedelta(days=3), tick=False):
        retire_area(area=west, on=GRID_ENDS.date())
    with time_machine.travel(GAP_IS_FILLED, tick=False), transaction.atomic():
        update_area(area=Area.objects.get(pk=first.pk), changes={"geometry": strip(0, 0.8)})
    with time_machine.travel(YEAR_ENDS, tick=False):
        locator.forget()
        yield town


def answer(point: tuple[float, float], at: datetime) -> tuple[str, list[str]]:
    """The end of the code of the grid of a point, and who its grid members are."""
    located, people = duty.on_duty_at(*point, "grid_member", at)
    return located.code[12:].lstrip("0"), [person.name for person in people]


#: Instant, point, who was responsible until then, and from then on.
CHANGES = [
    (BORDER_MOVES, EDGE, ("1", ["赵网格"]), ("2", ["钱网格"])),
    (BORDER_MOVES, MIDDLE, ("1", ["赵网格"]), ("1", ["赵网格"])),
    (MEMBER_CHANGES, MIDDLE, ("1", ["赵网格"]), ("1", ["新网格"])),
    (MEMBER_CHANGES, EDGE, ("2", ["钱网格"]), ("2", ["钱网格"])),
    (GRID_IS_SPLIT, MIDDLE, ("1", ["新网格"]), ("1W", ["新网格"])),
    (MEMBER_LEAVES, EDGE, ("2", ["钱网格"]), ("2", ["孙网格"])),
    (GRID_ENDS, MIDDLE, ("1W", ["新网格"]), ("", [])),
    (GAP_IS_FILLED, MIDDLE, ("", []), ("1", ["新网格"])),
]


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_who_was_responsible_changes_with_the_second(year: Town, zone: timezone):
    for boundary, point, before, after in CHANGES:
        asked = [(boundary + seconds * SECOND).astimezone(zone) for seconds in (-1, 0, 1)]
        assert [answer(point, at) for at in asked] == [before, after, after], boundary


def test_what_is_in_memory_at_the_end_of_the_year_agrees_with_history(year: Town):
    for point in (EDGE, MIDDLE, *(year.point_in(number) for number in range(1, 8))):
        assert locator.locate(*point) == locator.locate(*point, on=YEAR_ENDS)
        assert duty.on_duty_at(*point, "grid_member") == duty.on_duty_at(*point, "grid_member", YEAR_ENDS)


@pytest.mark.parametrize(
    ("day", "point", "code"),
    [
        (date(2026, 2, 2), EDGE, "1"),
        (date(2026, 2, 3), EDGE, "2"),  # it happened in the morning: the end of the day counts
        (date(2026, 6, 29), MIDDLE, "1"),
        (date(2026, 6, 30), MIDDLE, "1W"),  # in the last second of the day
        (date(2026, 10, 31), MIDDLE, "1W"),
        (date(2026, 11, 1), MIDDLE, ""),
        (date(2026, 12, 31), MIDDLE, "1"),  # today is now
        (date(2019, 12, 31), MIDDLE, ""),
        (date(2020, 1, 1), MIDDLE, "1"),
        (date(2030, 1, 1), MIDDLE, "1"),
    ],
)
def test_a_day_means_its_end_by_the_clock_of_the_town(year: Town, day: date, point, code: str):
    assert locator.locate(*point, on=day).code[12:].lstrip("0") == code
    midnight = datetime(day.year, day.month, day.day, tzinfo=SHANGHAI) + timedelta(days=1)
    in_greenwich = (midnight - SECOND).astimezone(UTC)
    assert locator.locate(*point, on=in_greenwich).code[12:].lstrip("0") == code


def test_an_instant_without_an_offset_is_local_time(year: Town):
    naive = BORDER_MOVES.replace(tzinfo=None)
    assert locator.locate(*EDGE, on=naive - SECOND).code == year.grids[0].code
    assert locator.locate(*EDGE, on=naive).code == year.grids[1].code


def test_the_public_interface_answers_for_an_instant_with_the_names_of_that_time(year: Town, client):
    def ask(on: str) -> dict:
        lon, lat = WEST + 0.6 * WIDTH, NORTH - HEIGHT / 2
        return client.get("/api/locate/", {"lon": lon, "lat": lat, "on": on}).json()

    for on in ("2026-06-30T15:59:58Z", "2026-06-30T23:59:58", "2026-06-30T10:59:58-05:00"):
        assert ask(on)["grid"]["name"] == "第1网格"
    for on in ("2026-06-30T15:59:59Z", "2026-06-30T23:59:59+08:00", "2026-06-30"):
        found = ask(on)
        assert found["grid"]["name"] == found["grid"]["chain"][-1]["name"] == "第1网格东"
    (person, *leaders) = ask("2026-03-31")["people"]
    assert (person["name"], person["role"], person["phone"]) == ("赵网格", "网格员", "")
    assert {leader["role"] for leader in leaders} == {"网格长"}
    assert ask("2019-05-01") == {"grid": None, "placed": "unplaced", "people": []}


def test_the_public_interface_takes_a_plus_sign_that_was_not_escaped(year: Town, client):
    address = f"/api/locate/?lon={EDGE[0]}&lat={EDGE[1]}&on=2026-02-03T10:30:1"
    assert client.get(address + "4+08:00").json()["grid"]["name"] == "第1网格"
    assert client.get(address + "5+08:00").json()["grid"]["name"] == "第2网格"


@pytest.mark.parametrize("on", ["yesterday", "2026-02-30", "2026-02-03T25:00", "2026-02-03T10:30+99:00"])
def test_what_is_no_day_is_refused_with_an_example(town: Town, client, on: str):
    found = client.get("/api/locate/", {"lon": EDGE[0], "lat": EDGE[1], "on": on})
    assert found.status_code == 400
    assert "2026-03-01" in found.json()["error"]


def test_one_who_has_left_was_responsible_and_one_locked_out_is_not(year: Town):
    before = MEMBER_LEAVES - SECOND
    assert [one.name for one in duty.on_duty(year.grids[1], "grid_member", before)] == ["钱网格"]
    assert duty.who_serves(year.grids[1], before)[0].name == "钱网格"
    locked_out = year.member3
    with transaction.atomic():
        stamp.bump()
        locked_out.is_active = False
        locked_out.save()
    assert duty.on_duty(year.grids[1], "grid_member") == []


def test_who_stood_in_is_told_to_the_second(town: Town):
    since, until = (datetime(2026, 5, day, 8, tzinfo=SHANGHAI) for day in (4, 8))
    with time_machine.travel(since - timedelta(days=30), tick=False):
        appoint_stand_in(member=town.member1.member, stand_in=town.member2.member, since=since, until=until)
    for at, expected in [(since - SECOND, None), (since, town.member2.pk),
                         (until - SECOND, town.member2.pk), (until, None)]:  # fmt: skip
        ((_, (person,)), asked) = duty.on_duty_at(*MIDDLE, "grid_member", at.astimezone(UTC)), at
        assert person.stand_in_user_id == expected, asked


def test_an_area_cannot_be_said_to_have_ended_before_it_was_changed(year: Town):
    with pytest.raises(Refused, match="2026"):
        retire_area(area=year.grids[1], on=date(2026, 2, 1))


def test_an_area_may_be_said_to_have_ended_in_the_past_if_nothing_changed_since(town: Town):
    with time_machine.travel(YEAR_ENDS, tick=False):
        retire_area(area=town.grids[6], on=date(2026, 5, 1))
    midnight = datetime(2026, 5, 1, tzinfo=SHANGHAI)
    assert locator.locate(*town.point_in(7), on=midnight - SECOND).code == town.grids[6].code
    assert locator.locate(*town.point_in(7), on=midnight).area_id is None


def test_an_area_for_a_day_to_come_can_still_be_changed_and_called_off(town: Town):
    now = datetime(2026, 3, 1, 9, tzinfo=SHANGHAI)
    with time_machine.travel(now, tick=False):
        planned = create_area(
            code="P", name="规划", level="grid", parent=town.communities[1],
            geometry=strip(5, 6), valid_from=date(2026, 4, 1),
        )  # fmt: skip
    with time_machine.travel(now + timedelta(days=1), tick=False):
        update_area(area=planned, changes={"geometry": strip(6, 7)})
    begins = datetime(2026, 4, 1, tzinfo=SHANGHAI)
    old, new = (WEST + 5.5 * WIDTH, NORTH - HEIGHT / 2), (WEST + 6.5 * WIDTH, NORTH - HEIGHT / 2)
    assert [locator.locate(*new, on=begins + seconds * SECOND).code for seconds in (-1, 0)] == ["", "P"]
    assert locator.locate(*old, on=begins).code == ""
    with time_machine.travel(begins - timedelta(days=2), tick=False):
        retire_area(area=planned, on=begins.date())
    assert locator.locate(*new, on=begins).code == ""


# -- whatever happens, in whatever order -----------------------------------------------------------------

STEPS = st.lists(
    st.tuples(
        st.integers(min_value=0, max_value=10**6),  # seconds since the step before
        st.sampled_from(["reshape", "rename", "add", "add later", "end", "end later", "bring back"]),
        st.integers(min_value=0, max_value=9),  # which area
    ),
    min_size=1,
    max_size=12,
)


def take(step: str, area: Area, number: int, community: Area) -> None:
    """One change to history, as an administrator may make it; what is refused changes nothing."""
    today = django_timezone.localdate()
    later = today + timedelta(days=1)
    geometry = strip(number, number + 1)
    with suppress(Refused):
        if step == "reshape":
            update_area(area=area, changes={"geometry": strip(number, number + 0.5)})
        elif step == "rename":
            update_area(area=area, changes={"name": f"{area.name[:60]}{number}"})
        elif step.startswith("add"):
            create_area(
                code=f"N{Area.objects.count()}", name="新", level="grid", parent=community,
                geometry=geometry, valid_from=later if step == "add later" else today,
            )  # fmt: skip
        elif step.startswith("end"):
            retire_area(area=area, on=later if step == "end later" else today)
        elif area.valid_to is not None and area.valid_to <= today:
            bring_back(area)


def bring_back(area: Area) -> None:
    """What undoing an end does."""
    stamp.bump()
    area.valid_to = None
    area.save()
    edit = history.begin_edit(kind=AreaEdit.Kind.UNDO, actor=None)
    history.record(edit=edit, areas=[area])


def check_history(area: Area) -> None:
    """Periods of an area never overlap, and what is in force now is what the row says."""
    periods = [(one.since, one.until) for one in area.versions.all() if one.since != one.until]
    for (_, until), (since, _) in pairwise(periods):
        assert until is not None
        assert until <= since
    edges = {edge for period in periods for edge in period if edge}
    for at in sorted(edges):
        for moment in (at - timedelta.resolution, at, at + timedelta.resolution):
            held = [1 for since, until in periods if since <= moment and (until is None or moment < until)]
            assert len(held) <= 1
    now = django_timezone.now()
    in_force = list(AreaVersion.objects.in_force(now).filter(area=area))
    row = Area.objects.in_force().filter(pk=area.pk).first()
    assert len(in_force) == (row is not None)
    if row is not None:
        assert in_force[0].geometry == row.geometry
        assert in_force[0].name == row.name


@given(steps=STEPS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_area_is_in_one_state_at_a_time(town: Town, steps):
    clock = datetime(2026, 1, 1, 8, tzinfo=SHANGHAI)
    with transaction.atomic():
        for wait, step, number in steps:
            clock += timedelta(seconds=wait)
            with time_machine.travel(clock, tick=False):
                areas = list(Area.objects.filter(level="grid").order_by("pk"))
                take(step, areas[number % len(areas)], number, town.communities[0])
                for area in Area.objects.filter(level="grid"):
                    check_history(area)
        transaction.set_rollback(True)


@given(steps=STEPS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_area_that_never_ended_is_in_exactly_one_state_at_each_instant_since_it_began(town: Town, steps):
    clock = begin = datetime(2026, 1, 1, 8, tzinfo=SHANGHAI)
    with transaction.atomic():
        for wait, step, number in steps:
            clock += timedelta(seconds=wait)
            if step in ("reshape", "rename"):
                with time_machine.travel(clock, tick=False):
                    take(step, town.grids[number % 7], number, town.communities[0])
        first = datetime(2020, 1, 1, tzinfo=SHANGHAI)
        for grid in town.grids:
            asked = [first, begin, *(one.since for one in grid.versions.all())]
            for at in asked:
                for moment in (at, at + timedelta.resolution, at - timedelta.resolution):
                    assert grid.versions.in_force(moment).count() == (moment >= first)
        transaction.set_rollback(True)
