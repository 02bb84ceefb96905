"""The one event log. Only actions may call :func:`emit`, inside the transaction that made the change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from .events import KINDS, Payload
from .models import Event, Notification
from .prepared import cursor_for, insert
from .publication import announce


@dataclass(frozen=True)
class Subject:
    """What an event happened to. Its type and id name the hash chain the event joins."""

    type: str
    id: int


@dataclass(frozen=True)
class Audience:
    """Who may hear of an event: everyone whose rights cover ``area_path``, and the users named."""

    area_path: str = ""
    user_ids: Sequence[int] = field(default_factory=tuple)


@dataclass(frozen=True)
class Said:
    """One event for :func:`emit_all`; the fields are the arguments of :func:`emit`."""

    payload: Payload
    subject: Subject
    actor: Any | None = None
    audience: Audience | None = None
    at: datetime | None = None
    notify: Iterable[int] = ()


class BrokenChain(Exception):
    """A chain of events does not verify; ``event_id`` is the first row that does not fit."""

    def __init__(self, event_id: int) -> None:
        super().__init__(f"event {event_id} does not follow from the one before it")
        self.event_id = event_id


def emit(
    payload: Payload,
    *,
    subject: Subject,
    actor: Any | None = None,
    audience: Audience | None = None,
    notify: Iterable[int] = (),
    at: datetime | None = None,
) -> Event:
    """Write one event and the notifications it causes; tell the hub once the transaction has committed.

    The caller holds a lock on the subject (for a case: its process row), which keeps the chain in order.
    ``notify`` are the ids of users who get a notification; those with an address also get a mail.
    Raises ``TransactionManagementError`` outside a transaction.
    """
    _require_transaction()
    event = link(payload, subject=subject, actor=actor, audience=audience, at=at, last=_head_of(subject))
    insert([event])
    _notify(event, set(notify))
    announce([event])
    return event


def emit_all(said: Iterable[Said], *, batch_size: int = 500) -> int:
    """Write many events and their notifications; how many. In order within each subject.

    A few queries per batch, for imports and for moves that cause several events. Raises as :func:`emit` does.
    """
    _require_transaction()
    count = 0
    for batch in _batches(said, batch_size):
        last = _last_of({item.subject for item in batch})
        events = []
        for item in batch:
            event = link(
                item.payload,
                subject=item.subject,
                actor=item.actor,
                audience=item.audience,
                at=item.at,
                last=last.get(item.subject),
            )
            last[item.subject] = (event.chain_seq, event.hash)
            events.append(event)
        insert(events)
        for event, item in zip(events, batch, strict=True):
            _notify(event, set(item.notify))
        announce(events)
        count += len(events)
    return count


def link(
    payload: Payload,
    *,
    subject: Subject,
    actor: Any | None = None,
    audience: Audience | None = None,
    at: datetime | None = None,
    last: tuple[int, str] | None = None,
) -> Event:
    """An unsaved event that follows ``last`` (its chain's latest ``(chain_seq, hash)``, or None)."""
    if KINDS.get(payload.kind) is not type(payload):
        raise ValueError(f"unknown kind of event: {payload.kind}")
    seq, previous = last or (0, "")
    audience = audience or Audience()
    event = Event(
        kind=payload.kind,
        subject_type=subject.type,
        subject_id=subject.id,
        chain_seq=seq + 1,
        at=at or timezone.now(),
        actor=actor,
        area_path=audience.area_path,
        user_ids=sorted(set(audience.user_ids)),
        payload=_storable(payload.model_dump(mode="json")),
        previous_hash=previous,
    )
    event.hash = _digest(event, event.payload)
    return event


def digest(event: Event) -> str:
    """SHA-256 over everything the event says and the hash of the one before it, as hexadecimal.

    The same before the row is written and after it was read from any database: instants in UTC, numbers
    in one spelling, keys in order. Raises ``ValueError`` for an instant without a time zone.
    """
    return _digest(event, _storable(event.payload))


def _digest(event: Event, payload: Any) -> str:
    if event.at.utcoffset() is None:
        raise ValueError("an event's instant needs a time zone")
    said = [
        event.previous_hash,
        event.kind,
        event.subject_type,
        event.subject_id,
        event.chain_seq,
        event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        event.actor_id,
        event.area_path,
        event.user_ids,
        payload,
    ]
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def verify(subject: Subject) -> int:
    """Check a subject's chain; the number of its events. Raises :class:`BrokenChain`.

    A changed, inserted or removed row shows. Rows cut off at the end do not: compare the number with a
    copy kept elsewhere.
    """
    previous: Event | None = None
    for event in Event.objects.filter(subject_type=subject.type, subject_id=subject.id).order_by("chain_seq"):
        if not follows(event, previous):
            raise BrokenChain(event.pk)
        previous = event
    return previous.chain_seq if previous else 0


def follows(event: Event, previous: Event | None) -> bool:
    """Whether an event is unchanged and comes right after ``previous`` (None: is the first of its chain)."""
    seq, previous_hash = (previous.chain_seq, previous.hash) if previous else (0, "")
    return event.chain_seq == seq + 1 and event.previous_hash == previous_hash and event.hash == digest(event)


def _require_transaction() -> None:
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("emit() belongs inside the transaction of an action")


def _notify(event: Event, user_ids: set[int]) -> None:
    """Tell these users, as far as they exist, with one statement. Written out, as in ``_head_of``.

    Nothing is to be mailed where there is no address.
    """
    if not user_ids:
        return
    now, at = (connection.ops.adapt_datetimefield_value(instant) for instant in (timezone.now(), event.at))
    places = ", ".join(["%s"] * len(user_ids))
    sql = (
        f"INSERT INTO {Notification._meta.db_table} "  # noqa: S608  (tables' names of our own)
        "(user_id, event_id, created_at, mail_after, mail_attempts, mailed_at) "
        "SELECT id, %s, %s, %s, 0, CASE WHEN email = '' THEN %s END "
        f"FROM {get_user_model()._meta.db_table} WHERE id IN ({places}) ORDER BY id"
    )
    with cursor_for(connection) as cursor:
        cursor.execute(sql, [event.pk, now, now, at, *user_ids])


def _batches(said: Iterable[Said], size: int) -> Iterator[list[Said]]:
    batch: list[Said] = []
    for item in said:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _head_of(subject: Subject) -> tuple[int, str] | None:
    """The latest ``(chain_seq, hash)`` of one chain.

    Asked at every event, and written out: Django takes longer to build this statement than to run it.
    """
    sql = (
        f"SELECT chain_seq, hash FROM {Event._meta.db_table} "  # noqa: S608  (a table's name of our own)
        "WHERE subject_type = %s AND subject_id = %s ORDER BY chain_seq DESC LIMIT 1"
    )
    with cursor_for(connection) as cursor:
        cursor.execute(sql, [subject.type, subject.id])
        head: tuple[int, str] | None = cursor.fetchone()
    return head


def _last_of(subjects: set[Subject]) -> dict[Subject, tuple[int, str]]:
    """The latest ``(chain_seq, hash)`` of each chain that has begun."""
    if len(subjects) == 1:
        (only,) = subjects
        head = _head_of(only)
        return {only: head} if head else {}
    by_type: dict[str, list[int]] = {}
    for subject in subjects:
        by_type.setdefault(subject.type, []).append(subject.id)
    newest = Event.objects.filter(
        subject_type=OuterRef("subject_type"), subject_id=OuterRef("subject_id")
    ).order_by("-chain_seq")
    last: dict[Subject, tuple[int, str]] = {}
    for subject_type, ids in by_type.items():
        heads = Event.objects.filter(subject_type=subject_type, subject_id__in=ids).filter(
            pk=Subquery(newest.values("pk")[:1])
        )
        for subject_id, seq, latest in heads.values_list("subject_id", "chain_seq", "hash"):
            last[Subject(subject_type, subject_id)] = (seq, latest)
    return last


def _storable(value: Any) -> Any:
    """JSON as every database gives it back: PostgreSQL spells 1e22 and -0.0 its own way and takes no NUL."""
    if isinstance(value, str):
        # Neither NUL nor half a surrogate pair is printable.
        return value if value.isprintable() else value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
