"""What people are told, on the screen and by mail."""

import socket
from contextlib import closing
from datetime import date, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.core import mail as outbox_of
from django.core.mail.backends.locmem import EmailBackend
from django.db import transaction
from django.utils import timezone, translation

from realtime import mail, notifications
from realtime.events import KINDS, RequestClosed, RequestFiled, RequestUrged, TaskCreated, TaskTransferred
from realtime.log import Subject, emit, link
from realtime.models import Event, Notification
from tests.factories import UserFactory
from tests.realtime.scenarios import brief

pytestmark = pytest.mark.django_db
CASE = Subject("request", 1)
HOSTILE = "</p><script>alert(1)</script> ${alert(1)} {{ 7*7 }} %(number)s\r\nBcc: all@example.org\x00"


def notify(user, payload=None, **options):
    payload = payload or RequestFiled(source="portal", case=brief("2026110001"))
    with transaction.atomic():
        emit(payload, subject=CASE, notify=[user.pk], **options)
    return Notification.objects.latest("pk")


EXAMPLES = {str: "甲", int: 3, float: 1.5, bool: True, datetime: timezone.now(), date: date(2026, 11, 1)}


def example(kind):
    """A payload of any kind, filled by the types of its fields."""
    fields = KINDS[kind].model_fields
    values = {"case": brief("N1"), "on_time": True, "to": "甲", "state": "closed"}
    values["application"] = "extension"
    values |= {
        name: EXAMPLES[field.annotation] for name, field in fields.items() if field.annotation in EXAMPLES
    }
    values |= {name: ["甲"] for name, field in fields.items() if field.annotation == list[str]}
    return KINDS[kind].model_validate({name: value for name, value in values.items() if name in fields})


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_event_has_words_in_both_languages(kind, translations):
    event = link(example(kind), subject=CASE)
    said = {}
    for language in ("zh-hans", "en"):
        with translation.override(language):
            said[language] = notifications.sentence(event)
            assert said[language] != notifications.sentence(Event(kind="?"))
    assert any("\u4e00" <= letter <= "\u9fff" for letter in said["zh-hans"])
    assert said["zh-hans"] != said["en"]


def test_a_title_is_told_in_the_language_of_the_reader():
    step = {"task": 1, "block": "b", "case": brief("N1")}
    both = link(TaskCreated(**step, title="处置", title_en="Handle"), subject=CASE)
    only_chinese = link(TaskCreated(**step, title="处置"), subject=CASE)
    with translation.override("en"):
        assert "“Handle” of request N1" in notifications.sentence(both)
        assert "“处置” of request N1" in notifications.sentence(only_chinese)
    with translation.override("zh-hans"):
        assert "处置" in notifications.sentence(both)


def test_what_a_resident_wrote_is_never_in_a_sentence():
    event = link(RequestUrged(case=brief("N1"), text="我家在3号楼502"), subject=CASE)
    assert "502" not in notifications.sentence(event)


def test_reading_is_everybodys_own(django_assert_num_queries):
    reader, other = UserFactory(), UserFactory()
    first, second = notify(reader), notify(reader)
    theirs = notify(other)
    assert notifications.unread_count(reader) == 2
    assert notifications.mark_read(user=reader, ids=[first.pk, theirs.pk]) == 1
    assert notifications.unread_count(reader) == 1
    assert notifications.mark_read(user=reader) == 1
    assert notifications.mark_read(user=reader) == 0
    assert notifications.unread_count(other) == 1
    assert list(notifications.latest(reader)) == [second, first]


def test_nobody_in_particular_has_no_notifications():
    notify(UserFactory())
    assert notifications.unread_count(AnonymousUser()) == 0


# --- Mail --------------------------------------------------------------------------------------
def test_a_mail_is_sent_once_in_the_readers_language(translations):
    chinese, english = UserFactory(name="张三"), UserFactory(name="Ann", language="en")
    notify(chinese)
    notify(english)
    assert mail.send_mails() == 2
    assert mail.send_mails() == 0
    by_address = {message.to[0]: message for message in outbox_of.outbox}
    assert "张三，您好" in by_address[chinese.email].body
    assert "诉求 2026110001 已收到" in by_address[chinese.email].body
    assert "We have received request 2026110001" in by_address[english.email].body
    assert by_address[english.email].subject == "Linli: news of request 2026110001"


def test_several_notices_come_in_one_mail():
    user = UserFactory(language="en")
    notify(user)
    notify(user, RequestClosed(case=brief("2026110002"), state="closed", on_time=True))
    assert mail.send_mails() == 1
    (message,) = outbox_of.outbox
    assert "2026110001" in message.body
    assert "2026110002" in message.body
    assert message.subject == "Linli: 2 notices for you"


def test_hostile_text_stays_text_and_out_of_the_headers():
    user = UserFactory(name=HOSTILE, language="en")
    notify(
        user,
        TaskTransferred(case=brief("N1"), task=1, block="b", title=HOSTILE, to=HOSTILE, reason=HOSTILE),
    )
    assert mail.send_mails() == 1
    (message,) = outbox_of.outbox
    raw = message.message()
    assert raw.get_content_type() == "text/plain"
    assert "<script>" not in message.subject
    assert raw["Bcc"] is None
    assert set(raw.keys()) == {
        "Content-Type", "MIME-Version", "Content-Transfer-Encoding",
        "Subject", "From", "To", "Date", "Message-ID",
    }  # fmt: skip
    assert "<script>alert(1)</script> ${alert(1)} {{ 7*7 }} %(number)s Bcc:" in message.body
    assert "\nBcc:" not in message.body


def test_an_address_with_a_line_break_sends_nothing_and_stops_nobody():
    notify(UserFactory(email="a@example.org\nBcc: all@example.org"))
    good = UserFactory()
    notify(good)
    assert mail.send_mails() == 1
    assert [message.to for message in outbox_of.outbox] == [[good.email]]


class Picky(EmailBackend):
    """A mail server that refuses some people."""

    tried: list[str] = []

    def send_messages(self, messages):
        Picky.tried += messages[0].to
        if messages[0].to[0].startswith("refused"):
            raise OSError("550 no such mailbox")
        return super().send_messages(messages)


def test_a_refused_mail_is_tried_again_later_and_not_for_ever(settings):
    settings.EMAIL_BACKEND = f"{__name__}.Picky"
    Picky.tried = []
    notify(UserFactory(email="refused@example.org"))
    notify(UserFactory(email="taken@example.org"))
    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert mail.send_mails() == 1
        assert mail.send_mails() == 0
        for _ in range(20):
            clock.shift(timedelta(hours=3))
            mail.send_mails()
    assert Picky.tried.count("taken@example.org") == 1
    assert 3 <= Picky.tried.count("refused@example.org") <= mail.MAX_ATTEMPTS
    assert Notification.objects.get(user__email="refused@example.org").mailed_at is None


def test_a_mail_server_that_is_away_costs_nobody_an_attempt(settings, caplog):
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        settings.EMAIL_HOST, settings.EMAIL_PORT = probe.getsockname()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    waiting = notify(UserFactory())
    assert mail.send_mails() == 0
    assert "cannot be reached" in caplog.text
    waiting.refresh_from_db()
    assert (waiting.mail_attempts, waiting.mailed_at) == (0, None)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert mail.send_mails() == 1


def test_whoever_was_killed_between_sending_and_noting_it_sends_again():
    waiting = notify(UserFactory())
    claimed = mail._claim(waiting.user_id)
    assert claimed == [waiting.pk]
    assert mail.send_mails() == 0  # another process leaves it alone for now
    with time_machine.travel(timezone.now() + timedelta(minutes=5)):
        assert mail.send_mails() == 1


def test_nobody_is_mailed_what_they_have_read_or_what_is_long_past():
    read, past, gone = UserFactory(), UserFactory(), UserFactory()
    notify(read)
    notifications.mark_read(user=read)
    notify(gone)
    gone.is_active = False
    gone.save()
    with time_machine.travel(timezone.now() - timedelta(days=30)):
        notify(past)
    assert mail.send_mails() == 0
