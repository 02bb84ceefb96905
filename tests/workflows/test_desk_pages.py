"""What surrounds the desk: a case's page, photos, notifications, filing for others, the console's lists."""

import json

import pytest
from django.urls import reverse

from realtime.models import Notification
from tests.factories import Town, photo
from tests.workflows.desk_helpers import HOSTILE, filed, open_task, page, signed_in
from workflows.actions.definitions import publish_version
from workflows.actions.tasks import decide_task
from workflows.management.commands.load_workflows import SHIPPED
from workflows.models import Attachment, Category, FilingCondition, Request, Source, State

pytestmark = pytest.mark.django_db


# --- A case -----------------------------------------------------------------------------------------
def test_a_supervisor_reads_a_case_and_who_has_it(town: Town):
    case = filed(town)
    text = page(signed_in(town.supervisor), "case_detail", case.number)
    assert "楼道的灯坏了三天" in text
    assert str(town.member1) in text
    assert f'data-live="/ws/case/{case.number}/"' in text
    assert str(town.member1) in page(signed_in(town.supervisor), "case_story", case.number)


def test_the_resident_is_taken_to_their_own_page_of_a_case(town: Town):
    case = filed(town)
    answer = signed_in(town.resident).get(reverse("case_detail", args=[case.number]))
    assert answer["Location"] == reverse("request_detail", args=[case.number])


def test_a_case_of_elsewhere_does_not_exist(town: Town):
    case = filed(town, grid=1)
    page(signed_in(town.member5), "case_detail", case.number, status=404)
    page(signed_in(town.stranger), "case_story", case.number, status=404)


def test_an_anonymous_reporter_is_known_to_whoever_has_the_case_and_to_no_one_else(town: Town):
    case = filed(town, anonymous=True, contact_name="何居民", contact_phone="13800138000")
    assert "何居民" in page(signed_in(town.member1), "desk_task", open_task(case).pk)
    for other in (town.supervisor, town.checker):
        text = page(signed_in(other), "case_detail", case.number)
        assert "何居民" not in text
        assert "138 0013 8000" not in text


def test_the_reporter_goes_unnamed_also_while_the_rating_is_theirs(town: Town):
    case = filed(town, anonymous=True)
    decide_task(task_id=open_task(case).pk, actor=town.member1, outcome="done", opinion="好了")
    decide_task(task_id=open_task(case).pk, actor=town.checker, outcome="pass")
    decide_task(task_id=open_task(case).pk, actor=town.shift_leader, outcome="close")
    assert str(town.resident) not in page(signed_in(town.supervisor), "case_detail", case.number)


# --- Photos -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("view", ["photo", "photo_thumb"])
def test_photos_are_for_those_who_may_see_the_case(town: Town, view: str):
    case = filed(town, photos=[photo()])
    url = reverse(view, args=[case.attachments.get().pk])
    for person in (town.resident, town.member1, town.supervisor):
        answer = signed_in(person).get(url)
        assert answer.status_code == 200
        assert answer["Content-Type"] == "image/jpeg"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "private" in answer["Cache-Control"]
    for person in (town.stranger, town.member5):
        assert signed_in(person).get(url).status_code == 404


def test_photos_are_not_for_visitors_nor_for_neighbours(town: Town, client):
    case = filed(town, photos=[photo()], visibility="neighbours")
    url = reverse("photo", args=[case.attachments.get().pk])
    assert client.get(url).status_code == 302
    page(signed_in(town.neighbour), "request_detail", case.number)
    assert signed_in(town.neighbour).get(url).status_code == 404


# --- Notifications ----------------------------------------------------------------------------------
def test_the_bell_counts_and_opening_a_notification_leads_to_the_task(town: Town):
    case = filed(town)
    client = signed_in(town.member1)
    client.cookies["django_language"] = "en"
    assert "1 unread notification" in page(client, "desk")
    assert case.number in page(client, "notifications")
    notification = Notification.objects.get(user=town.member1)
    answer = client.post(reverse("notification_open", args=[notification.pk]))
    assert answer["Location"] == reverse("desk_task", args=[open_task(case).pk])
    assert "unread" not in page(client, "notifications_bell")


def test_a_resident_is_led_to_their_request(town: Town):
    case = filed(town)
    client = signed_in(town.resident)
    told = Notification.objects.filter(user=town.resident).earliest("pk")
    answer = client.post(reverse("notification_open", args=[told.pk]), follow=True)
    assert answer.redirect_chain[-1][0] == reverse("request_detail", args=[case.number])


def test_everything_can_be_marked_read_at_once(town: Town):
    filed(town)
    filed(town)
    client = signed_in(town.member1)
    client.post(reverse("notifications_read"))
    assert not Notification.objects.filter(user=town.member1, read_at=None).exists()


def test_other_peoples_notifications_cannot_be_opened(town: Town):
    filed(town)
    told = Notification.objects.get(user=town.member1)
    assert signed_in(town.member2).post(reverse("notification_open", args=[told.pk])).status_code == 404
    told.refresh_from_db()
    assert told.read_at is None


# --- Filing for others ------------------------------------------------------------------------------
def _form(town: Town, **fields) -> dict:
    lon, lat = town.point_in(2)
    category = Category.objects.filter(conditions__is_default=True).first()
    return {"text": "路灯不亮", "category": category.pk, "lon": lon, "lat": lat, "datum": "wgs84"} | fields


def test_a_member_files_for_a_resident_who_then_follows_it_in_their_own_account(town: Town):
    client = signed_in(town.member1)
    answer = client.post(
        reverse("desk_file"),
        _form(town, kind="resident", contact_name="何居民", contact_phone=town.resident.phone),
    )
    case = Request.objects.get()
    assert answer["Location"] == reverse("case_detail", args=[case.number])
    assert (case.source, case.filed_by, case.reporter) == (Source.ON_BEHALF, town.member1, town.resident)
    assert case.number in page(signed_in(town.resident), "request_list")
    assert case.number in page(signed_in(town.member2), "desk")


def test_a_resident_without_an_account_can_be_filed_for(town: Town):
    signed_in(town.member1).post(
        reverse("desk_file"),
        _form(town, kind="resident", contact_name="李奶奶", contact_phone="0351-4000000"),
    )
    case = Request.objects.get()
    assert case.reporter is None
    assert "李奶奶" in page(signed_in(town.member2), "desk_task", open_task(case).pk)


def test_what_a_member_finds_goes_to_whoever_is_on_duty_there(town: Town):
    signed_in(town.member1).post(reverse("desk_file"), _form(town, kind="found"))
    case = Request.objects.get()
    assert case.source == Source.MEMBER
    assert case.number in page(signed_in(town.member2), "desk")


def test_what_was_fixed_on_the_spot_is_filed_and_closed_with_photos_before_and_after(town: Town):
    client = signed_in(town.member2)
    answer = client.post(
        reverse("desk_file"),
        _form(town, kind="fixed", opinion="换了灯泡", photos=[photo()], photos_after=[photo(colour="#ddd")]),
        follow=True,
    )
    case = Request.objects.get()
    assert answer.status_code == 200
    assert case.state == State.CLOSED
    assert case.handler == town.member2
    assert sorted(case.attachments.values_list("moment", flat=True)) == ["after", "before"]
    assert "换了灯泡" in answer.content.decode()


def test_fixed_on_the_spot_without_a_photo_is_refused_and_nothing_is_written(town: Town):
    client = signed_in(town.member2)
    answer = client.post(
        reverse("desk_file"), _form(town, kind="fixed", opinion="换了灯泡", photos=[photo()])
    )
    assert answer.status_code == 422
    assert "换了灯泡" in answer.content.decode()
    assert not Request.objects.exists()
    assert not Attachment.objects.exists()


def test_the_form_sent_twice_files_once(town: Town):
    client = signed_in(town.member2)
    key = "6f5c0a5e-5c1a-4e0f-9d5e-0d8f1f0a0b01"
    for _again in range(2):
        answer = client.post(
            reverse("desk_file"),
            _form(town, kind="fixed", opinion="换了灯泡", photos_after=[photo()], client_key=key),
        )
        assert answer.status_code == 302
    assert Request.objects.count() == 1


def test_residents_do_not_file_for_others(town: Town):
    assert signed_in(town.resident).get(reverse("desk_file")).status_code == 403
    assert signed_in(town.resident).post(reverse("desk_file"), _form(town, kind="found")).status_code == 403


# --- The console ------------------------------------------------------------------------------------
def test_categories_are_listed_with_conditions_and_limits_in_words(town: Town):
    client = signed_in(town.administrator)
    client.cookies["django_language"] = "en"
    condition = FilingCondition.objects.filter(clock="urgent_hours").first()
    category = condition.category
    text = page(client, "console_categories", dictionary=category.dictionary, q=category.code)
    assert str(condition) in text
    assert f"{condition.limit.normalize():f} urgent hour" in text
    other = Category.objects.exclude(dictionary=category.dictionary).first()
    assert other.code in page(client, "console_categories", dictionary=other.dictionary)
    assert "Nothing matches." in page(client, "console_categories", q="qqqqqq")


def test_workflows_are_read_aloud(town: Town):
    client = signed_in(town.administrator)
    client.cookies["django_language"] = "en"
    text = page(client, "console_workflows")
    for words in ("Standard loop", "Fixed on the spot", "Version 1 is in force", "Goes to", "ends the case"):
        assert words in text


def test_the_console_is_for_administrators(town: Town):
    for person in (town.resident, town.member1, town.supervisor):
        for view in ("console_categories", "console_workflows"):
            assert signed_in(person).get(reverse(view)).status_code == 403


# --- Hostile words ----------------------------------------------------------------------------------
def test_hostile_words_are_text_on_every_page_of_the_desk(town: Town):
    case = filed(town, text=HOSTILE, address="<img src=x onerror=alert(2)>", contact_name="{{ 7*7 }}<script>")
    task = open_task(case)
    pages = [
        page(signed_in(town.member1), "desk"),
        page(signed_in(town.member1), "desk_task", task.pk),
        page(signed_in(town.supervisor), "case_detail", case.number),
        page(signed_in(town.member1), "notifications"),
    ]
    decide_task(task_id=task.pk, actor=town.member1, outcome="done", opinion=HOSTILE)
    pages += [
        page(signed_in(town.checker), "desk_task", open_task(case).pk),
        page(signed_in(town.member1), "desk", tab="done"),
        page(signed_in(town.resident), "request_detail", case.number),
    ]
    for text in pages:
        assert "<img src=x" not in text
        assert "<script>" not in text.split("<main", 1)[1]
    written = "&lt;img src=x onerror=alert(1)&gt; ${alert(1)} {{ 7*7 }}"
    assert all(written in text for number, text in enumerate(pages) if number != 3)


def test_a_hostile_name_of_a_step_is_text_in_the_list_and_on_the_task(town: Town):
    """An administrator's text is trusted no more than a resident's; viewflow would render it."""
    body = json.loads((SHIPPED / "standard.json").read_text(encoding="utf-8"))
    (handle,) = [block for block in body["body"]["blocks"] if block["id"] == "handle"]
    handle["name"] = "{{ 7*7 }}<img src=x onerror=alert(1)>"
    publish_version(body=body)
    case = filed(town)
    client = signed_in(town.member1)
    for text in (
        page(client, "desk"),
        page(client, "desk_task", open_task(case).pk),
        page(client, "notifications"),
        page(signed_in(town.supervisor), "case_detail", case.number),
        page(signed_in(town.administrator), "console_workflows"),
    ):
        assert "{{ 7*7 }}&lt;img src=x onerror=alert(1)&gt;" in text
        assert "<img src=x" not in text
