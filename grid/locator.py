"""What this process knows of areas and duties, renewed when the stamp in the database has changed.

A page looks at the stamp every ``LINLI_STAMP_SECONDS``. When another process has changed something, the next
picture is made in the background while pages go on with the one they have, for ``PATIENCE`` seconds after it
was last known to be right; from then on they wait. The process that made the change sees it at once. An
action that decides something by it asks with ``fresh=True``.
"""

import threading
import time
from collections import OrderedDict
from concurrent.futures import Future
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import connection
from django.utils import timezone

from . import past, snapshot, stamp
from .days import midnight, moment
from .locate import Located, Locator
from .models import Area, Responsibility, StandIn
from .roster import STEP, Roster
from .snapshot import MEMORY, Snapshot
from .stamp import Stamp

__all__ = ["MEMORY", "Snapshot", "chain", "current", "current_locator", "current_roster", "known", "locate"]

#: Seconds for which a page may go on with what was right then, while the next picture is being made.
PATIENCE = 1.5
#: Two, so that one transaction with changes of its own does not evict what the others use.
_KEPT = 2


class _Current(NamedTuple):
    """What to work with until ``until``, last found right at ``checked`` (both on the monotonic clock).

    And within one day of the wall clock, as areas begin and end at midnight.
    """

    checked: float
    until: float
    day_begins: float
    day_ends: float
    snapshot: Snapshot


_Key = tuple[Stamp, date]
_lock = threading.Lock()
_made: OrderedDict[_Key, Snapshot] = OrderedDict()
_being_made: dict[_Key, Future[Snapshot]] = {}
_current: _Current | None = None
_renewing: threading.Thread | None = None


def current(*, fresh: bool = False) -> Snapshot:
    """The snapshot to work with. ``fresh`` reads the stamp now instead of at most once in a while."""
    known = _current
    if (
        not fresh
        and known
        and time.monotonic() < known.until
        and known.day_begins <= time.time() < known.day_ends
    ):
        return known.snapshot
    checked = time.monotonic()
    key = (stamp.now(), timezone.localdate())
    if key[0].value == stamp.NEVER:
        return snapshot.read(
            key[0]
        )  # Nothing was announced yet, so nothing would tell when this is outdated.
    if not fresh and known and _may_go_on_with(known, key, checked):
        _renew_in_background()
        return known.snapshot
    found = _snapshot_of(key)
    if not (fresh and connection.in_atomic_block):
        # What an open transaction sees may yet be rolled back: not for the others.
        _keep(key, found, checked)
    return found


def current_locator(*, fresh: bool = False) -> Locator:
    return current(fresh=fresh).locator


def current_roster(*, fresh: bool = False) -> Roster:
    return current(fresh=fresh).roster


def forget() -> None:
    """Read the stamp again at the next use, and wait for what it says: something has just changed."""
    global _current
    _current = None


stamp.on_change.append(forget)


def locate(lon: float, lat: float, *, on: date | datetime | None = None, fresh: bool = False) -> Located:
    """The grid at a WGS-84 point, degrees. ``placed`` tells how it was found (see :mod:`grid.locate`).

    ``on`` asks about another time: a date is the end of that local day, a date and time that instant. That
    costs one query; the present costs none.
    """
    at = moment(on)
    if at is not None:
        return past.locate(lon, lat, at)
    return current_locator(fresh=fresh).locate(lon, lat)


def chain(area: Area) -> list[Area]:
    """The area's ancestors from the root down, and the area itself; levels come with them. One query."""
    paths = [area.path[:end] for end in range(STEP, len(area.path) + 1, STEP)]
    return list(Area.objects.filter(path__in=paths).select_related("level"))


def known(at: datetime, path: str, *, fresh: bool = False) -> Roster:
    """A roster that can answer for the area with this materialised path at this instant.

    From memory; for long ago from the database.
    """
    roster = current_roster(fresh=fresh)
    if at >= roster.known_since:
        return roster
    paths = [path[:end] for end in range(STEP, len(path) + 1, STEP)]
    then = Responsibility.objects.filter(area__path__in=paths).in_force(at)
    standing_in = StandIn.objects.in_force(at).filter(member__in=then.values("member_id"))
    return Roster(snapshot.posts(then), snapshot.leaves(standing_in), known_since=at)


def known_stand_ins(at: datetime) -> Roster:
    """A roster that knows who stood in for whom at this instant, and of long ago nothing else."""
    roster = current_roster()
    if at >= roster.known_since:
        return roster
    standing_in = StandIn.objects.in_force(at)
    return Roster(snapshot.posts(Responsibility.objects.none()), snapshot.leaves(standing_in), known_since=at)


def _keep(key: _Key, found: Snapshot, checked: float) -> None:
    global _current
    day = key[1]
    _current = _Current(
        checked,
        checked + settings.LINLI_STAMP_SECONDS,
        midnight(day).timestamp(),
        midnight(day + timedelta(days=1)).timestamp(),
        found,
    )


def _may_go_on_with(known: _Current, key: _Key, now: float) -> bool:
    """Whether a page need not wait for a new picture: the one it has was right a moment ago."""
    # Another connection could not see what the open transaction of this one does.
    return now < known.checked + PATIENCE and key not in _made and not connection.in_atomic_block


def _renew_in_background() -> None:
    """Make the next picture in a thread of its own, one at a time."""
    global _renewing
    with _lock:
        if _renewing is None or not _renewing.is_alive():
            _renewing = threading.Thread(target=_renew, name="areas", daemon=True)
            _renewing.start()


def _renew() -> None:
    checked = time.monotonic()
    try:
        key = (stamp.now(), timezone.localdate())
        _keep(key, _snapshot_of(key), checked)
    finally:
        connection.close()  # This thread's own, which nobody else will use.


def _snapshot_of(key: _Key) -> Snapshot:
    """The snapshot of a stamp and a day: made before, being made by another thread, or made from the last."""
    alone = (
        connection.in_atomic_block
    )  # Nobody else sees what an open transaction does; nor should they wait.
    with _lock:
        if found := _made.get(key):
            _made.move_to_end(key)
            return found
        settled = (one for one in reversed(_made.values()) if stamp.is_settled(one.stamp.value))
        last = next(settled, None)
        making = None if alone else _being_made.get(key)
        if making is None:
            mine: Future[Snapshot] = Future()
            if not alone:
                _being_made[key] = mine
    if making is not None:
        return making.result()
    try:
        found = snapshot.follow(last, key[0]) if last else snapshot.read(key[0])
    except BaseException as error:
        mine.set_exception(error)
        raise
    else:
        mine.set_result(found)
        _remember(key, found)
        return found
    finally:
        if not alone:
            with _lock:
                _being_made.pop(key, None)


def _remember(key: _Key, found: Snapshot) -> None:
    with _lock:
        _made[key] = found
        _made.move_to_end(key)
        while len(_made) > _KEPT:
            _made.popitem(last=False)
