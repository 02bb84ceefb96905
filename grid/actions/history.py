"""Writing the history of areas: who saved what when, and what held until then.

An action that changes areas bumps the stamp, opens an edit, writes the rows, records them, and finishes the
edit, all in its one transaction::

    stamp.bump()
    edit = begin_edit(kind=AreaEdit.Kind.RESHAPE, actor=actor, path=community.path)
    Area.objects.bulk_update(...)
    record(edit=edit, areas=changed)
    finish_edit(edit=edit)

Areas are locked with ``no_key=True``: PostgreSQL's plain lock keeps everybody from writing a case in them.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import islice

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Greatest
from django.utils import timezone

from .. import stamp
from ..days import midnight
from ..models import Area, AreaEdit, AreaVersion, User

#: Called with each finished edit, inside its transaction. Layers above register what they must keep true.
on_borders_changed: list[Callable[[AreaEdit], None]] = []

#: Areas looked at in one statement.
_BATCH = 500
#: Columns that a version has from its area.
_COPIED = ("code", "name", "name_en", "households", "geometry", "west", "south", "east", "north")

_Period = tuple[datetime, datetime | None]


def begin_edit(
    *,
    kind: AreaEdit.Kind | str,
    actor: User | None,
    path: str = "",
    note: str = "",
    file: str = "",
    undoes: AreaEdit | None = None,
) -> AreaEdit:
    """One save, in the subtree ``path``. Belongs after ``stamp.bump()``, which makes writers queue up."""
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError(
            "begin_edit() belongs inside the transaction of an action"
        )
    return AreaEdit.objects.create(
        kind=kind,
        at=timezone.now(),
        by=actor,
        path=path,
        note=note,
        file=file,
        undoes=undoes,
        stamp=stamp.read(),
    )


def record(*, edit: AreaEdit, areas: Iterable[Area]) -> None:
    """End what held for each area at the instant of the edit, and note what its row, saved before, says now.

    A new area begins at that instant if its first day is the present one, else with that day; an area retired
    on the present day ends at that instant, one retired on another day with the beginning of that day.
    """
    for batch in _batches(areas):
        known = _end(edit, batch)
        periods: dict[_Period, list[int]] = defaultdict(list)
        for area in batch:
            if period := _period(edit, area, known=area.pk in known):
                periods[period].append(area.pk)
        for period, ids in periods.items():
            _copy(edit, period, ids)


def finish_edit(*, edit: AreaEdit) -> None:
    """Tell the layers above that borders have moved, while it can still be refused.

    Last of all writes: whoever asks for a place from here on is answered by what the edit has left.
    """
    stamp.move_borders()
    stamp.bump(duties=stamp.now().duties == edit.stamp)
    for listener in on_borders_changed:
        listener(edit)


def touched(edit: AreaEdit) -> QuerySet[Area]:
    """The areas an edit added, changed or ended."""
    return Area.objects.filter(Q(versions__edit=edit) | Q(versions__ended_by=edit)).distinct()


def later_edits(edit: AreaEdit) -> QuerySet[AreaEdit]:
    """Edits since this one that touched an area it touched: what stands in the way of undoing it."""
    areas = AreaVersion.objects.filter(Q(edit=edit) | Q(ended_by=edit)).values("area")
    later = AreaEdit.objects.filter(pk__gt=edit.pk)
    return later.filter(Q(versions__area__in=areas) | Q(ended_versions__area__in=areas)).distinct()


def instant(day: date, at: datetime) -> datetime:
    """When a day named in an edit begins to count: at once if it is the day of the edit, else at midnight."""
    return at if day == timezone.localdate(at) else midnight(day)


def _end(edit: AreaEdit, areas: Sequence[Area]) -> set[int]:
    """End what holds, or would come to hold, for these areas; the ids of those that had a history."""
    versions = AreaVersion.objects.filter(area__in=[area.pk for area in areas])
    known = set(versions.order_by().values_list("area_id", flat=True).distinct())
    ends: dict[datetime, list[int]] = defaultdict(list)
    for area in areas:
        ends[_end_of(area, edit.at)].append(area.pk)
    for end, ids in ends.items():
        going_on = AreaVersion.objects.filter(area__in=ids).filter(Q(until=None) | Q(until__gt=end))
        # One that was still to come is kept, with an empty period.
        going_on.update(until=Greatest(F("since"), end), ended_by=edit)
    return known


def _end_of(area: Area, at: datetime) -> datetime:
    """When what held so far ends: now, or in the past for an area that is said to have ended then."""
    return at if area.valid_to is None else min(at, instant(area.valid_to, at))


def _period(edit: AreaEdit, area: Area, *, known: bool) -> _Period | None:
    """From when until when an area is what it is after the edit; None for one that has ended."""
    since = instant(area.valid_from, edit.at)
    if known:
        since = max(since, edit.at)
    until = None if area.valid_to is None else instant(area.valid_to, edit.at)
    return None if until is not None and until <= max(since, edit.at) else (since, until)


def _copy(edit: AreaEdit, period: _Period, areas: Sequence[int]) -> None:
    """Write versions of these areas from their rows. Inside the database: outlines are large."""
    quote, at = connection.ops.quote_name, connection.ops.adapt_datetimefield_value
    versions, rows = quote(AreaVersion._meta.db_table), quote(Area._meta.db_table)
    copied = ", ".join(quote(name) for name in _COPIED)
    ids = ", ".join(["%s"] * len(areas))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {versions} (area_id, edit_id, since, until, {copied})"  # noqa: S608 - names of ours
            f" SELECT id, %s, %s, %s, {copied} FROM {rows} WHERE id IN ({ids})",
            [edit.pk, *map(at, period), *areas],
        )


def _batches(areas: Iterable[Area]) -> Iterator[list[Area]]:
    rest = iter(areas)
    while batch := list(islice(rest, _BATCH)):
        yield batch
