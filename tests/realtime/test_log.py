"""The one log: chains that show tampering, nothing without its change, nothing of what was rolled back."""

import contextlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from pydantic import ValidationError

from realtime.events import KINDS, RequestFiled, RequestUrged
from realtime.log import Audience, BrokenChain, Said, Subject, digest, emit, emit_all, link, verify
from realtime.models import Event, Notification
from tests.factories import UserFactory
from tests.realtime.scenarios import brief

CASE = Subject("request", 1)
FILED = RequestFiled(source="portal", case=brief())

pytestmark = pytest.mark.django_db


class Failed(Exception):
    pass


def write(count, subject=CASE):
    with transaction.atomic():
        return [
            emit(RequestUrged(case=brief(), text=f"第{n}次"), subject=subject, audience=Audience("0001", [2]))
            for n in range(count)
        ]


def test_what_is_rolled_back_leaves_no_event_and_wakes_nobody(django_capture_on_commit_callbacks):
    user = UserFactory()
    with django_capture_on_commit_callbacks() as callbacks:
        with contextlib.suppress(Failed), transaction.atomic():
            emit(FILED, subject=CASE, notify=[user.pk])
            assert Notification.objects.exists()
            raise Failed
        assert callbacks == []
    assert not Event.objects.exists()
    assert not Notification.objects.exists()


def test_what_is_committed_wakes_the_hub(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        write(1)
    assert len(callbacks) == 1


@pytest.mark.django_db(transaction=True)
def test_emitting_outside_a_transaction_is_refused():
    for say in (lambda: emit(FILED, subject=CASE), lambda: emit_all([Said(FILED, CASE)])):
        with pytest.raises(transaction.TransactionManagementError):
            say()
    assert not Event.objects.exists()


def test_a_payload_holds_exactly_what_its_kind_says():
    with pytest.raises(ValidationError):
        RequestFiled(source="portal", case=brief(), phone="13800000001")


def test_a_kind_that_is_not_registered_cannot_be_written(monkeypatch):
    monkeypatch.delitem(KINDS, "request.filed")
    with pytest.raises(ValueError, match=r"request\.filed"):
        link(FILED, subject=CASE)


def test_each_subject_has_a_chain_of_its_own():
    write(3)
    write(2, Subject("area", 1))
    write(1)
    assert (verify(CASE), verify(Subject("area", 1)), verify(Subject("area", 2))) == (4, 2, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"payload": {"case": {}, "text": "nothing happened"}},
        {"kind": "request.filed"},
        {"at": datetime(2020, 1, 1, tzinfo=UTC)},
        {"area_path": "0002"},
        {"user_ids": [3]},
        {"hash": "0" * 64},
        {"previous_hash": "0" * 64},
        {"subject_id": 2},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_changed_row_shows(change):
    events = write(5)
    Event.objects.filter(pk=events[2].pk).update(**change)
    with pytest.raises(BrokenChain) as broken:
        verify(CASE)
    assert broken.value.event_id in (events[2].pk, events[3].pk)


def test_a_row_rewritten_with_a_fitting_hash_shows_in_the_next_one():
    events = write(5)
    forged = Event.objects.get(pk=events[2].pk)
    forged.payload["text"] = "forged"
    forged.hash = digest(forged)
    forged.save()
    with pytest.raises(BrokenChain) as broken:
        verify(CASE)
    assert broken.value.event_id == events[3].pk


def test_a_removed_row_shows():
    events = write(5)
    events[2].delete()
    with pytest.raises(BrokenChain) as broken:
        verify(CASE)
    assert broken.value.event_id == events[3].pk


def test_two_rows_that_changed_places_show():
    events = write(4)
    first, second = events[1], events[2]
    Event.objects.filter(pk=first.pk).update(chain_seq=100)
    Event.objects.filter(pk=second.pk).update(chain_seq=first.chain_seq)
    Event.objects.filter(pk=first.pk).update(chain_seq=second.chain_seq)
    with pytest.raises(BrokenChain):
        verify(CASE)


def test_the_digest_does_not_depend_on_the_clock_an_instant_is_written_in():
    utc = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
    shanghai = utc.astimezone(timezone(timedelta(hours=8)))
    assert link(FILED, subject=CASE, at=utc).hash == link(FILED, subject=CASE, at=shanghai).hash


def test_an_instant_without_a_time_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        link(FILED, subject=CASE, at=datetime(2026, 2, 3, 4, 5, 6))  # noqa: DTZ001


def test_the_command_counts_what_fits(capsys):
    write(3)
    write(2, Subject("area", 1))
    call_command("verify_log")
    assert "5 events in 2 chains" in capsys.readouterr().out
    call_command("verify_log", subject="area:1")
    assert "2 events in 1 chains" in capsys.readouterr().out


def test_the_command_names_what_does_not_fit_and_fails(capsys):
    events = write(3)
    write(2, Subject("area", 1))
    Event.objects.filter(pk=events[1].pk).update(area_path="9999")
    with pytest.raises(CommandError, match="1 of 5"):
        call_command("verify_log")
    assert f"event {events[1].pk} " in capsys.readouterr().err


def test_the_command_explains_how_to_write_a_subject():
    with pytest.raises(CommandError, match="request:17"):
        call_command("verify_log", subject="17")


def test_an_import_continues_chains_in_order_within_and_across_batches():
    write(2)
    imported = [Said(RequestUrged(case=brief(), text=str(n)), Subject("request", n % 3)) for n in range(20)]
    with transaction.atomic():
        assert emit_all(imported, batch_size=6) == 20
    assert verify(CASE) == 2 + 7
    order = Event.objects.filter(subject_id=1, chain_seq__gt=2).order_by("chain_seq")
    assert [event.payload["text"] for event in order] == [str(n) for n in range(1, 20, 3)]


def test_an_import_takes_a_few_queries_for_hundreds_of_events(django_assert_max_num_queries):
    # One for the chains' ends; SQLite takes 999 values a statement, so the rows themselves need several.
    with transaction.atomic(), django_assert_max_num_queries(1 + 400 // 60):
        emit_all(Said(FILED, Subject("request", n)) for n in range(400))


def test_an_import_wakes_the_hub_once_and_not_for_nothing(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks, transaction.atomic():
        emit_all(Said(FILED, Subject("request", n)) for n in range(50))
    assert len(callbacks) == 1
    with django_capture_on_commit_callbacks() as callbacks, transaction.atomic():
        emit_all([])
    assert callbacks == []


def test_people_without_an_address_are_notified_but_not_mailed():
    mailed, unmailed = UserFactory(), UserFactory(email="")
    with transaction.atomic():
        emit(FILED, subject=CASE, notify=[mailed.pk, unmailed.pk, mailed.pk])
    assert Notification.objects.get(user=mailed).mailed_at is None
    assert Notification.objects.get(user=unmailed).mailed_at is not None
