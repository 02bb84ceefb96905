"""Read from the event log what was known of each case when. Always the whole chain of a case: that is short,
and so what is written depends on nothing but the log.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from realtime.models import Event
from workflows.calendar import working_calendar
from workflows.clocks import UNIT, OutsideCalendar, due
from workflows.models import Category, Opinion, Request

from ..definitions import INDICATORS
from ..models import FOREVER, CaseFacts, Followed
from ..story import Case, Happened, InTime, Version, versions

#: Events looked at, and cases written, in one transaction.
EVENTS, CASES = 5_000, 500
#: So many events are caught up with while somebody waits for a page.
AT_ONCE = 5_000


def follow() -> int:
    """Follow the log to its end; how many cases were read. Safe to run in many processes at once."""
    read = 0
    while True:
        found, more = _step(EVENTS)
        read += found
        if not more:
            return read


def catch_up() -> datetime:
    """Follow the log if little is missing; up to when it is followed now, at least. Two statements when
    nothing is."""
    now, mark = timezone.now(), Followed.objects.filter(pk=1).first()
    missing = _newest() - (mark.event if mark else 0)
    if missing <= 0 and not (mark and mark.gaps):
        return now
    much = missing > AT_ONCE
    while _step(EVENTS, wait=False)[1] and not much:
        pass
    followed = Followed.objects.values_list("event", flat=True).first() or 0
    if followed < _newest():
        # Much is missing, or somebody is just following: known is what there was up to there.
        last = Event.objects.filter(pk__lte=followed).order_by("-pk").values_list("at", flat=True).first()
        return min(last, now) if last else now
    return now


def _newest() -> int:
    return Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def rebuild(progress: Callable[[int], None] = lambda _cases: None) -> int:
    """Read every case anew; how many. For another rule of registration, or a log brought from elsewhere."""
    last = _newest()
    ids = Request.objects.order_by("pk").values_list("pk", flat=True)
    done = 0
    for chunk in _chunks(list(ids), CASES):
        with transaction.atomic():
            _read(chunk)
        done += len(chunk)
        progress(done)
    with transaction.atomic():
        mark = _lock()
        mark.event = max(mark.event, last)
        mark.save()
    return done


def _lock() -> Followed:
    Followed.objects.get_or_create(pk=1)
    return Followed.objects.select_for_update().get(pk=1)


def _lock_if_free() -> Followed | None:
    Followed.objects.get_or_create(pk=1)
    if not connection.features.has_select_for_update_skip_locked:
        return _lock()
    return Followed.objects.select_for_update(skip_locked=True).filter(pk=1).first()


def _step(limit: int, *, wait: bool = True) -> tuple[int, bool]:
    """Follow so many events; how many cases were read, and whether there is more. Without ``wait`` it is left
    to whoever is just doing so."""
    if not _anything_new():
        return 0, False
    with transaction.atomic():
        mark = _lock() if wait else _lock_if_free()
        return (0, False) if mark is None else _follow(mark, limit)


def _follow(mark: Followed, limit: int) -> tuple[int, bool]:
    horizon = _snapshot("xmin")
    late = _late(mark)
    new = list(
        Event.objects.filter(pk__gt=mark.event)
        .order_by("pk")
        .values_list("pk", "subject_type", "subject_id")[:limit]
    )
    cases = sorted({subject for _pk, kind, subject in [*late, *new] if kind == "request"})
    for chunk in _chunks(cases, CASES):
        _read(chunk)
    _keep_gaps(mark, [pk for pk, _kind, _subject in late], [pk for pk, *_rest in new], horizon)
    mark.event = new[-1][0] if new else mark.event
    mark.save()
    return len(cases), len(new) == limit


def _anything_new() -> bool:
    mark = Followed.objects.filter(pk=1).first()
    if mark is None or mark.gaps:
        return Event.objects.exists()
    return Event.objects.filter(pk__gt=mark.event).exists()


# --- ids that commit out of order (PostgreSQL) -------------------------------------------------------
def _late(mark: Followed) -> list[tuple[int, str, int]]:
    """Events that have appeared in the gaps since."""
    condition = Q()
    for first, last, _until in mark.gaps:
        condition |= Q(pk__gte=first, pk__lte=last)
    if not condition:
        return []
    return list(Event.objects.filter(condition).values_list("pk", "subject_type", "subject_id"))


def _keep_gaps(mark: Followed, late: Sequence[int], new: Sequence[int], horizon: int) -> None:
    """Remember what was passed over, until nobody can fill it any more."""
    if connection.vendor != "postgresql":
        return  # ids commit in order
    kept = []
    for first, last, until in mark.gaps:
        if horizon < until:
            filled = [pk for pk in late if first <= pk <= last]
            kept += [[*gap, until] for gap in _missing(first - 1, [*sorted(filled), last + 1])]
    kept += [[*gap, _snapshot("xmax")] for gap in _missing(mark.event, new) if mark.event]
    mark.gaps = kept


def _missing(previous: int, ids: Iterable[int]) -> Iterable[tuple[int, int]]:
    """The stretches of ids between ``previous`` and the ascending ``ids``."""
    for number in ids:
        if number > previous + 1:
            yield previous + 1, number - 1
        previous = number


def _snapshot(which: str) -> int:
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_snapshot_{which}(pg_current_snapshot())::text::bigint")
        return int(cursor.fetchone()[0])


# --- reading cases -----------------------------------------------------------------------------------
def _read(ids: Sequence[int]) -> None:
    """Write what was known of these cases anew. Five statements."""
    cases = _cases(ids)
    chains: dict[int, list[Happened]] = defaultdict(list)
    events = Event.objects.filter(subject_type="request", subject_id__in=list(cases))
    for subject, *rest in events.order_by("subject_id", "chain_seq").values_list(
        "subject_id", "at", "kind", "area_path", "payload", "actor_id"
    ):
        happened = Happened(*rest)
        if "case" in happened.said:
            chains[subject].append(happened)
    codes = dict(Category.objects.values_list("code", "pk"))
    in_time = registering()
    CaseFacts.objects.filter(request__in=ids).delete()
    CaseFacts.objects.bulk_create(
        _row(pk, case, version, codes)
        for pk, case in cases.items()
        for version in versions(case, chains[pk], in_time)
    )


def _cases(ids: Sequence[int]) -> dict[int, Case]:
    leaving: dict[int, set[datetime]] = defaultdict(set)
    for request, at in Opinion.objects.filter(request__in=ids, move="hand_over").values_list("request", "at"):
        leaving[request].add(at)
    columns = ("pk", "filed_at", "reporter", "filed_by", "registered_at", "handled_at", "handler")
    return {
        pk: Case(filed_at, reporter, filed_by, leaving[pk], *rest)
        for pk, filed_at, reporter, filed_by, *rest in Request.objects.filter(pk__in=ids).values_list(
            *columns
        )
    }


def _row(pk: int, case: Case, version: Version, codes: dict[str, int]) -> CaseFacts:
    values: dict[str, Any] = asdict(version.facts)
    category, member = values.pop("category"), values.pop("member")
    return CaseFacts(
        request_id=pk,
        known_from=version.since,
        known_until=version.until or FOREVER,
        filed_at=case.filed_at,
        category_id=codes.get(category),
        member_id=member,
        **values,
    )


def registering() -> InTime:
    """The rule of ``LINLI_REGISTER_WITHIN``, on the working calendar."""
    limit, clock = settings.LINLI_REGISTER_WITHIN.split()
    calendar = working_calendar()

    def in_time(filed_at: datetime, registered_at: datetime) -> bool:
        try:
            return registered_at <= filed_at or registered_at <= due(filed_at, float(limit), clock, calendar)
        except OutsideCalendar:
            return True  # Nobody knows of so distant a day whether it was worked.

    return in_time


def _chunks(items: Sequence[int], size: int) -> Iterable[Sequence[int]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


@register()
def check_rules(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """The settings of the figures make sense."""
    wrong = []
    try:
        limit, clock = settings.LINLI_REGISTER_WITHIN.split()
        if float(limit) <= 0 or clock not in UNIT:
            raise ValueError
    except ValueError:
        wrong.append(
            Error(f"LINLI_REGISTER_WITHIN: a number and one of {', '.join(UNIT)}.", id="indicators.E001")
        )
    weights = settings.LINLI_COMPOSITE_WEIGHTS
    shares = {name for name, one in INDICATORS.items() if one.kind == "share"}
    if not set(weights) <= shares or not weights or any(weight <= 0 for weight in weights.values()):
        wrong.append(Error("LINLI_COMPOSITE_WEIGHTS: names of rates, weights above 0.", id="indicators.E002"))
    if not set(settings.LINLI_POINTS) <= {"confirmed", "satisfied", "responded"}:
        wrong.append(Error("LINLI_POINTS: confirmed, satisfied, responded.", id="indicators.E003"))
    return wrong
