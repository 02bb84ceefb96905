"""Notices of a workflow, and word to other systems."""

import hashlib
import hmac
import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from realtime.notifications import latest, sentence
from tests.workflows.flowing import approval, begin, events, open_blocks, publish, run, told
from workflows.actions.webhooks import MAX_TRIES, send_webhooks
from workflows.models import WebhookDelivery
from workflows.timeline import timeline
from workflows.webhooks import signature

pytestmark = pytest.mark.django_db

SECRET = "a-secret-of-both-sides"
HOOK = {"type": "webhook", "id": "tell", "name": "通知热线平台", "hook": "hotline"}


def notice(text, *who):
    return {"type": "notify", "id": "say", "name": "通知", "who": list(who), "text": text}


# --- notices -----------------------------------------------------------------------------------------
def test_a_notice_reaches_everybody_found_and_the_case_goes_on(town):
    case = run(town, notice("请注意安全", {"role": "checker"}, {"person": "reporter"}), approval("one"))
    (event,) = events(case, "notice.sent")
    # Whoever filed the case caused the notice: they are not told of what they did.
    assert told(event) == {town.checker}
    assert event.payload["to"] == [town.checker.name, town.resident.name]
    with override("zh-hans"):
        assert sentence(latest(town.checker).first().event) == f"诉求 {case.number}：请注意安全"
    assert open_blocks(case) == ["one"]
    entries = timeline(case, town.checker)
    assert any(entry.text == "请注意安全" for entry in entries)
    assert all(entry.text != "请注意安全" for entry in timeline(case, town.resident))


def test_the_words_of_a_notice_are_shown_as_they_were_typed_and_never_run(town):
    hostile = "{{ 7|add:7 }}{% debug %}${alert(1)}<img src=x onerror=alert(1)>%(number)s"
    case = run(town, notice(hostile, {"role": "checker"}), approval("one"))
    assert hostile in sentence(events(case, "notice.sent")[0])
    client = Client()
    client.force_login(town.checker)
    page = client.get(reverse("notifications")).content.decode()
    assert "{{ 7|add:7 }}{% debug %}${alert(1)}&lt;img src=x onerror=alert(1)&gt;" in page
    assert "<img src=x" not in page


def test_a_notice_to_nobody_is_not_told(town):
    case = run(town, notice("没有人", {"person": "reporter"}), approval("one"), reporter=None)
    assert events(case, "notice.sent") == []


def test_a_notice_does_not_name_the_reporter_who_is_anonymous(town):
    who = [{"role": "checker"}, {"person": "reporter"}]
    case = run(
        town,
        notice("通知", *who),
        {"type": "cc", "id": "copy", "name": "抄送", "who": who},
        approval("one"),
        anonymous=True,
    )
    for kind in ("notice.sent", "copy.sent"):
        assert events(case, kind)[0].payload["to"] == [town.checker.name]


# --- word to other systems ---------------------------------------------------------------------------
@pytest.fixture
def other_system(settings):
    """A real server on this machine: ``other_system.got`` is what arrived, ``.answers`` the codes to give."""

    class Other(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.got.append((self.path, dict(self.headers), body))
            code = server.answers.pop(0) if server.answers else 200
            if code == 0:
                server.released.wait(60)
                code = 200
            self.send_response(code)
            if code in (301, 302, 307, 308):
                self.send_header("Location", f"http://127.0.0.1:{server.server_port}/elsewhere")
            self.end_headers()

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Other)
    server.got, server.answers, server.released = [], [], threading.Event()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    settings.LINLI_WEBHOOKS = {
        "hotline": {"url": f"http://127.0.0.1:{server.server_port}/in", "secret": SECRET}
    }
    yield server
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


def later(delivery, **how):
    delivery.refresh_from_db()
    WebhookDelivery.objects.filter(pk=delivery.pk).update(try_after=timezone.now() - timedelta(seconds=1))


def test_another_system_is_told_in_a_signed_message_without_a_word_of_the_resident(town, other_system):
    case = run(town, HOOK, approval("one"), text="机密的诉求", anonymous=False, lon=112.55, lat=37.87)
    assert open_blocks(case) == ["one"]
    assert other_system.got == []
    assert send_webhooks() == 1
    ((path, headers, body),) = other_system.got
    assert path == "/in"
    moment = int(headers["Linli-Signature"].split(",")[0].removeprefix("t="))
    expected = hmac.new(SECRET.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["Linli-Signature"] == f"t={moment},v1={expected}" == signature(SECRET, moment, body)
    said = json.loads(body)
    assert (said["block"], said["title"], said["definition"]) == ("tell", "通知热线平台", "trial")
    assert said["delivery"] == headers["Linli-Delivery"]
    assert set(said["case"]) == {"number", "state", "category", "area", "urgent", "due_at", "closed_at"}
    assert (said["case"]["number"], said["case"]["area"]) == (case.number, town.grids[0].code)
    text = body.decode()
    assert "机密" not in text
    assert town.resident.name not in text
    assert "112.55" not in text
    delivery = WebhookDelivery.objects.get()
    assert (delivery.state, delivery.tries) == ("delivered", 1)
    assert send_webhooks() == 0
    assert len(other_system.got) == 1


def test_nothing_is_sent_when_the_move_is_undone(town, other_system):
    publish(HOOK, approval("one"))
    with transaction.atomic():
        begin(town)
        transaction.set_rollback(True)
    assert send_webhooks() == 0
    assert other_system.got == []


def test_a_system_that_fails_is_tried_again_later_under_the_same_key(town, other_system):
    other_system.answers = [500]
    run(town, HOOK, approval("one"))
    assert send_webhooks() == 0
    delivery = WebhookDelivery.objects.get()
    assert (delivery.state, delivery.tries, delivery.last_error) == ("waiting", 1, "HTTP 500")
    assert send_webhooks() == 0
    assert len(other_system.got) == 1
    later(delivery)
    assert send_webhooks() == 1
    first, second = other_system.got
    assert first[1]["Linli-Delivery"] == second[1]["Linli-Delivery"]


def test_each_wait_is_longer_than_the_one_before(town, other_system):
    other_system.answers = [503] * 3
    run(town, HOOK, approval("one"))
    waits = []
    delivery = WebhookDelivery.objects.get()
    for _attempt in range(3):
        later(delivery)
        send_webhooks()
        delivery.refresh_from_db()
        waits.append(delivery.try_after - timezone.now())
    assert waits == sorted(waits)
    assert waits[0] * 3 < waits[1]


def test_after_enough_attempts_it_is_given_up_the_administrators_hear_and_can_try_again(town, other_system):
    other_system.answers = [500] * MAX_TRIES
    case = run(town, HOOK, approval("one"))
    delivery = WebhookDelivery.objects.get()
    for _attempt in range(MAX_TRIES):
        later(delivery)
        send_webhooks()
    delivery.refresh_from_db()
    assert delivery.state == "failed"
    (event,) = events(case, "hook.failed")
    assert told(event) == {town.administrator}
    later(delivery)
    assert send_webhooks() == 0
    assert len(other_system.got) == MAX_TRIES
    client = Client()
    client.force_login(town.administrator)
    page = client.get(reverse("console_webhooks")).content.decode()
    assert "HTTP 500" in page
    assert case.number in page
    client.post(reverse("console_webhook_retry", args=[delivery.pk]))
    assert send_webhooks() == 1
    page = client.post(reverse("console_webhook_retry", args=[delivery.pk]), follow=True).content.decode()
    assert "note-error" in page or "alert" in page
    delivery.refresh_from_db()
    assert delivery.state == "delivered"


def test_a_redirect_is_not_followed(town, other_system):
    other_system.answers = [302]
    run(town, HOOK, approval("one"))
    assert send_webhooks() == 0
    assert [path for path, _headers, _body in other_system.got] == ["/in"]
    assert WebhookDelivery.objects.get().last_error == "HTTP 302"


def test_a_system_that_does_not_answer_holds_up_no_other_one(town, other_system, settings):
    # Long enough for the other one, which this busy process is as well.
    settings.LINLI_WEBHOOK_TIMEOUT = 4
    settings.LINLI_WEBHOOKS |= {"other": settings.LINLI_WEBHOOKS["hotline"]}
    other_system.answers = [0]
    run(town, HOOK, HOOK | {"id": "again"}, HOOK | {"id": "third", "hook": "other"}, approval("one"))
    assert send_webhooks() == 1
    states = dict(WebhookDelivery.objects.values_list("block", "state"))
    assert states == {"tell": "waiting", "again": "waiting", "third": "delivered"}
    assert WebhookDelivery.objects.get(block="tell").last_error == "timeout"
    # The second for the silent system was not even tried: it lost no attempt.
    assert dict(WebhookDelivery.objects.values_list("block", "tries")) == {"tell": 1, "again": 0, "third": 1}


def test_a_name_the_settings_know_no_longer_reaches_nobody_and_says_so(town, other_system, settings):
    run(town, HOOK, approval("one"))
    settings.LINLI_WEBHOOKS = {}
    assert send_webhooks() == 0
    assert other_system.got == []
    assert WebhookDelivery.objects.get().last_error == "unknown"


def test_only_administrators_of_the_area_see_the_list_and_can_try_again(town, other_system):
    run(town, HOOK, approval("one"))
    delivery = WebhookDelivery.objects.get()
    WebhookDelivery.objects.update(state="failed")
    for user in (town.resident, town.checker):
        client = Client()
        client.force_login(user)
        assert client.get(reverse("console_webhooks")).status_code == 403
        assert client.post(reverse("console_webhook_retry", args=[delivery.pk])).status_code == 403
    delivery.refresh_from_db()
    assert delivery.state == "failed"


@pytest.mark.parametrize(
    "hooks",
    [
        ["hotline"],
        {"hotline": "http://example.org"},
        {"hotline": {"url": "ftp://example.org", "secret": SECRET}},
        {"hotline": {"url": "file:///etc/passwd", "secret": SECRET}},
        {"hotline": {"url": "http://example.org", "secret": "short"}},
        {"hotline": {"url": "http://example.org"}},
    ],
)
def test_settings_that_could_not_work_are_refused_at_the_start(settings, hooks):
    settings.LINLI_WEBHOOKS = hooks
    with pytest.raises(SystemCheckError, match="LINLI_WEBHOOKS"):
        call_command("check")
