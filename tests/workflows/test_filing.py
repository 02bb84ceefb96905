"""Filing a request, through the one action every form calls."""

import uuid
from datetime import timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from grid import datums
from grid.errors import NotAllowed, Refused
from grid.models import Area
from realtime.log import Subject, verify
from realtime.models import Event, Notification
from tests.factories import photo
from workflows import clocks
from workflows.actions.requests import file_request
from workflows.actions.urging import urge_request
from workflows.calendar import working_calendar
from workflows.models import Attachment, Category, FilingCondition, Request, Source, State
from workflows.texts import TEXT_MAX

pytestmark = pytest.mark.django_db

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "${alert(1)}",
    "{{ 7*7 }}",
    "{% now 'Y' %}",
    "a" * TEXT_MAX,
    "' OR 1=1 --",
    "  两行\r\n\r\n文字\t  ",
]


def event_of(request: Request, kind: str) -> Event:
    return Event.objects.get(subject_type="request", subject_id=request.pk, kind=kind)


def nothing_was_written() -> bool:
    told = Event.objects.filter(subject_type="request")
    return not (Request.objects.exists() or told.exists() or Attachment.objects.exists())


# --- where ------------------------------------------------------------------------------------------
def test_a_request_falls_into_the_grid_of_its_point(town):
    lon, lat = town.point_in(3)
    request = file_request(reporter=town.resident, text="路灯不亮", lon=lon, lat=lat)
    assert (request.area, request.placed) == (town.grids[2], "inside")
    assert request.area_path == town.grids[2].path
    assert event_of(request, "request.filed").payload["case"]["grid"] == town.grids[2].code
    assert verify(Subject("request", request.pk)) >= 1


def test_a_request_on_a_border_goes_to_the_smaller_code_and_says_so(town):
    lat = town.point_in(1)[1]
    border = town.grids[0].east
    request = file_request(reporter=town.resident, text="路灯不亮", lon=border, lat=lat)
    assert (request.area, request.placed) == (town.grids[0], "ambiguous")


def test_a_point_outside_all_grids_is_kept_but_unplaced(town):
    request = file_request(reporter=town.resident, text="路灯不亮", lon=100.0, lat=30.0)
    assert (request.area, request.placed, request.area_path) == (None, "unplaced", "")
    assert (request.lon, request.lat) == (100.0, 30.0)
    assert request.state == State.REPORTED


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_a_point_of_a_chinese_map_is_converted_before_the_grid_is_looked_up(town, datum):
    lon, lat = town.point_in(2)
    there = datums.from_wgs84(lon, lat, datum)
    request = file_request(reporter=town.resident, text="路灯不亮", lon=there[0], lat=there[1], datum=datum)
    assert request.area == town.grids[1]
    assert (request.lon, request.lat) == pytest.approx((lon, lat), abs=1e-6)
    assert request.source_datum == datum


def test_a_chosen_building_counts_for_its_grid(town):
    building = Area.objects.add_child(
        town.grids[3],
        {"code": "B1-3", "name": "3号楼", "level_id": "building", "valid_from": town.grids[3].valid_from},
    )
    request = file_request(reporter=town.resident, text="电梯坏了", area=building)
    assert (request.area, request.placed) == (town.grids[3], "chosen")


def test_a_community_alone_does_not_place_a_request_but_its_people_have_it(town):
    request = file_request(reporter=town.resident, text="电梯坏了", area=town.communities[0])
    assert (request.area, request.placed) == (town.communities[0], "unplaced")
    assert request.state == State.REPORTED  # the registrar is to name the grid


def test_an_area_out_of_use_is_refused(town):
    Area.objects.filter(pk=town.grids[0].pk).update(valid_to=timezone.localdate() - timedelta(days=1))
    with pytest.raises(Refused):
        file_request(reporter=town.resident, text="路灯不亮", area=town.grids[0])
    assert nothing_was_written()


@pytest.mark.parametrize(("lon", "lat"), [(181, 10), (10, 91), (float("nan"), 10), (10, float("inf"))])
def test_a_point_off_the_globe_is_refused(town, lon, lat):
    with pytest.raises(Refused):
        file_request(reporter=town.resident, text="路灯不亮", lon=lon, lat=lat)
    assert nothing_was_written()


def test_without_a_place_the_photo_s_own_position_counts(town):
    lon, lat = town.point_in(4)
    request = file_request(reporter=town.resident, text="路灯不亮", photos=[photo_taken_at(lon, lat)])
    assert request.area == town.grids[3]
    chosen = file_request(
        reporter=town.resident, text="路灯不亮", photos=[photo_taken_at(lon, lat)], area=town.grids[0]
    )
    assert chosen.area == town.grids[0]


def photo_taken_at(lon: float, lat: float) -> SimpleUploadedFile:
    from tests.workflows.test_photos import jpeg_with_gps

    return SimpleUploadedFile("p.jpg", jpeg_with_gps(lon, lat))


# --- words ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_kept_as_typed(town, text):
    request = file_request(reporter=town.resident, text=text, area=town.grids[0])
    request.refresh_from_db()
    assert request.text == text


def test_what_no_database_can_carry_is_left_out(town):
    request = file_request(reporter=town.resident, text="水管\x00漏水\ud800", area=town.grids[0])
    request.refresh_from_db()
    assert request.text == "水管漏水\ufffd"


@pytest.mark.parametrize("text", ["", "  \n\t ", "\x00", "a" * (TEXT_MAX + 1)])
def test_no_words_or_too_many_are_refused_with_a_sentence(town, text):
    with pytest.raises(Refused) as refused:
        file_request(reporter=town.resident, text=text, area=town.grids[0])
    assert str(refused.value)
    assert nothing_was_written()


@pytest.mark.parametrize(("field", "length"), [("address", 201), ("contact_name", 61), ("contact_phone", 21)])
def test_a_field_that_is_too_long_is_refused_not_cut(town, field, length):
    with pytest.raises(Refused) as refused:
        file_request(reporter=town.resident, text="漏水", area=town.grids[0], **{field: "1" * length})
    assert str(length - 1) in str(refused.value)
    assert nothing_was_written()


@pytest.mark.parametrize("field", ["source", "urgency", "visibility"])
def test_a_form_that_sends_nonsense_is_refused(town, field):
    with pytest.raises(Refused):
        file_request(reporter=town.member1, text="漏水", area=town.grids[0], **{field: "nonsense"})
    assert nothing_was_written()


# --- category, condition, limit -----------------------------------------------------------------------
def test_the_limit_is_that_of_the_category_s_default_condition(town):
    category = Category.objects.get(code="repairs-manhole")
    request = file_request(reporter=town.resident, text="井盖不见了", area=town.grids[0], category=category)
    assert request.condition is not None
    assert request.condition.is_default
    assert (request.limit, request.clock) == (2, "urgent_hours")
    assert request.due_at - request.filed_at == timedelta(hours=2)
    assert request.yellow_at - request.filed_at == timedelta(minutes=96)


def test_another_condition_of_the_category_has_its_own_limit(town):
    sunk = FilingCondition.objects.get(category__code="repairs-manhole", text="井周路面沉陷")
    request = file_request(
        reporter=town.resident, text="井盖旁塌了", area=town.grids[0], category=sunk.category, condition=sunk
    )
    assert (request.limit, request.clock) == (5, "work_days")
    ran = clocks.elapsed(request.filed_at, request.due_at, "work_days", working_calendar())
    assert ran == pytest.approx(5, abs=1e-4)


def test_a_category_without_conditions_takes_its_parent_s(town):
    parent = Category.objects.get(code="repairs")
    child = Category.objects.add_child(parent, {"code": "repairs-clock", "name": "大钟"})
    request = file_request(reporter=town.resident, text="钟停了", area=town.grids[0], category=child)
    assert request.condition == parent.conditions.get(is_default=True)


def test_without_a_category_there_is_no_limit_yet(town):
    request = file_request(reporter=town.resident, text="不知道找谁", area=town.grids[0])
    assert (request.category, request.limit, request.due_at, request.clock) == (None, None, None, "")


def test_a_condition_of_another_category_is_refused(town):
    lift = FilingCondition.objects.filter(category__code="repairs-lift").first()
    with pytest.raises(Refused):
        file_request(
            reporter=town.resident,
            text="井盖",
            area=town.grids[0],
            category=Category.objects.get(code="repairs-manhole"),
            condition=lift,
        )
    assert nothing_was_written()


def test_a_category_out_of_use_is_refused(town):
    category = Category.objects.get(code="repairs-manhole")
    category.is_active = False
    category.save()
    with pytest.raises(Refused):
        file_request(reporter=town.resident, text="井盖", area=town.grids[0], category=category)


# --- who --------------------------------------------------------------------------------------------
def test_a_resident_cannot_file_for_somebody_else(town):
    with pytest.raises(NotAllowed):
        file_request(
            reporter=town.neighbour,
            filed_by=town.resident,
            source=Source.ON_BEHALF,
            text="漏水",
            area=town.grids[0],
        )
    with pytest.raises(NotAllowed):
        file_request(reporter=town.resident, source=Source.MEMBER, text="漏水", area=town.grids[0])
    with pytest.raises(NotAllowed):
        file_request(reporter=None, text="漏水", area=town.grids[0])
    assert nothing_was_written()


def test_a_member_files_for_a_resident_without_an_account(town):
    request = file_request(
        reporter=None,
        filed_by=town.member1,
        source=Source.ON_BEHALF,
        text="家里漏水",
        area=town.grids[0],
        contact_name="老王",
        contact_phone="0351-5550000",
    )
    assert event_of(request, "request.filed").actor == town.member1
    assert (request.reporter, request.contact_name) == (None, "老王")


def test_the_log_does_not_name_an_anonymous_reporter(town):
    request = file_request(reporter=town.resident, anonymous=True, text="举报", area=town.grids[0])
    events = Event.objects.filter(subject_type="request", subject_id=request.pk)
    assert events.exists()
    assert not events.filter(actor=town.resident).exists()
    assert request.reporter == town.resident


def test_the_reporter_is_told_that_it_arrived(town):
    request = file_request(reporter=town.resident, text="漏水", area=town.grids[0])
    told = Notification.objects.filter(event=event_of(request, "request.filed"))
    assert [notification.user for notification in told] == [town.resident]


# --- once -------------------------------------------------------------------------------------------
def test_the_same_form_sent_twice_gives_the_same_request(town):
    key = uuid.uuid4()
    first = file_request(reporter=town.resident, text="漏水", area=town.grids[0], client_key=key)
    events = Event.objects.count()
    again = file_request(
        reporter=town.resident, text="漏水", area=town.grids[0], client_key=key, photos=[photo()]
    )
    assert again == first
    assert (Request.objects.count(), Event.objects.count(), Attachment.objects.count()) == (1, events, 0)


def test_a_form_s_key_gives_nobody_somebody_else_s_request(town):
    key = uuid.uuid4()
    file_request(reporter=town.resident, text="漏水", area=town.grids[0], client_key=key)
    with pytest.raises(Refused):
        file_request(reporter=town.stranger, text="漏水", area=town.grids[4], client_key=key)


# --- all or nothing -----------------------------------------------------------------------------------
def test_nothing_is_written_when_the_workflow_cannot_start(town, django_capture_on_commit_callbacks):
    from workflows.models import WorkflowVersion

    WorkflowVersion.objects.update(status=WorkflowVersion.Status.RETIRED)
    with django_capture_on_commit_callbacks() as told, pytest.raises(Refused):
        file_request(reporter=town.resident, text="漏水", area=town.grids[0], photos=[photo()])
    assert nothing_was_written()
    assert not Notification.objects.exists()
    assert told == []


def test_too_many_photos_are_refused(town, settings):
    settings.LINLI_PHOTOS_PER_REQUEST = 2
    with pytest.raises(Refused):
        file_request(reporter=town.resident, text="漏水", area=town.grids[0], photos=[photo()] * 3)
    assert nothing_was_written()


# --- urging -----------------------------------------------------------------------------------------
def test_urging_reaches_those_who_have_the_case_and_only_once_a_day(town):
    category = Category.objects.get(code="repairs-streetlight")
    request = file_request(reporter=town.resident, text="路灯不亮", area=town.grids[0], category=category)
    urge_request(request_id=request.pk, actor=town.resident, text="三天了")
    urged = event_of(request, "request.urged")
    assert urged.payload["text"] == "三天了"
    assert [told.user for told in urged.notifications.all()] == [town.member1]
    with pytest.raises(Refused):
        urge_request(request_id=request.pk, actor=town.resident)
    with time_machine.travel(timezone.now() + timedelta(hours=24, minutes=1), tick=False):
        urge_request(request_id=request.pk, actor=town.resident)
    assert verify(Subject("request", request.pk)) > 3


def test_nobody_else_can_urge(town):
    request = file_request(reporter=town.resident, text="路灯不亮", area=town.grids[0])
    for user in (town.stranger, town.member1, town.leader2):
        with pytest.raises(NotAllowed):
            urge_request(request_id=request.pk, actor=user)


def test_a_closed_request_cannot_be_urged(town):
    request = file_request(reporter=town.resident, text="路灯不亮", area=town.grids[0])
    Request.objects.filter(pk=request.pk).update(state=State.CLOSED)
    with pytest.raises(Refused):
        urge_request(request_id=request.pk, actor=town.resident)
