"""Where a hub hears of events: from the Event table itself; from a Redis stream, see :mod:`.follower`."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from django.db import connection
from django.db.models import Max, Q, QuerySet

from .models import Event
from .wire import Told, told

logger = logging.getLogger(__name__)


class Ear(Protocol):
    """Who hears of events: the hub. Called in the event loop."""

    def tell(self, events: Sequence[Told]) -> None:
        """These happened, in the order in which listeners shall hear of them; each takes one position."""

    def begin(self, epoch: str, seq: int, past: Sequence[Told] = (), *, again: bool = False) -> None:
        """From here on positions are counted in ``epoch``, the next one is ``seq + 1``.

        ``past`` are the events up to there, the latest last, for those who come back: whoever listens now
        has heard of them. ``again``: or has not, and must read everything again.
        """


class Transport(Protocol):
    """Brings committed events to a hub, each exactly once."""

    async def run(self, ear: Ear) -> None:
        """Follow the events until cancelled."""

    def wake(self) -> None:
        """Something was committed in this process: look now. Called from any thread, must not block."""

    @property
    def is_healthy(self) -> bool:
        """Whether the last look succeeded and is not long ago."""

    @property
    def is_joined(self) -> bool:
        """Whether positions mean the same in every process that follows the same stream."""


@dataclass(slots=True)
class Gap:
    """Ids that later ids have overtaken: handed out by PostgreSQL, not committed yet, or rolled back."""

    first: int
    last: int
    # Monotonic seconds until which the gap is watched at least.
    until: float
    # PostgreSQL: transaction ids from here on began after the gap was noticed, so they cannot fill it.
    horizon: int


class Gaps:
    """The gaps in what has been read so far. Pure bookkeeping."""

    def __init__(self) -> None:
        self.open: list[Gap] = []

    def notice(self, previous: int, ids: Iterable[int], *, until: float, horizon: int) -> None:
        """Remember what is missing between ``previous`` and the ascending ``ids``."""
        for number in ids:
            if number > previous + 1:
                self.open.append(Gap(previous + 1, number - 1, until, horizon))
            previous = number

    def fill(self, ids: Iterable[int]) -> None:
        """These ids have been read after all."""
        for number in ids:
            gap = next((gap for gap in self.open if gap.first <= number <= gap.last), None)
            if gap is None:
                continue
            self.open.remove(gap)
            if gap.first < number:
                self.open.append(Gap(gap.first, number - 1, gap.until, gap.horizon))
            if number < gap.last:
                self.open.append(Gap(number + 1, gap.last, gap.until, gap.horizon))

    def give_up(self, *, now: float, horizon: int) -> None:
        """Forget gaps nobody can fill any more: watched long enough, and every transaction of then ended."""
        self.open = [gap for gap in self.open if now < gap.until or horizon < gap.horizon]

    def condition(self) -> Q:
        condition = Q()
        for gap in self.open:
            condition |= Q(pk__gte=gap.first, pk__lte=gap.last)
        return condition


class Table:
    """Finds the committed rows of the Event table, each exactly once, starting behind the newest.

    With nothing new that is one query on the primary key. Ids commit out of order on PostgreSQL, so an id
    that was overtaken is read again until it appears or its transaction has certainly ended.
    """

    BATCH = 500
    #: Ids before the starting point that are checked for transactions still under way.
    LOOK_BACK = 1000

    def __init__(self, *, watch_gaps: float = 10.0) -> None:
        """``watch_gaps``: seconds for which a gap is watched at least."""
        self.watch_gaps = watch_gaps
        self.gaps = Gaps()
        #: The highest id found; None before the first look.
        self.last: int | None = None

    def find(self, rows: QuerySet[Event]) -> tuple[list[Event], bool]:
        """Those of ``rows`` (all, with what shall be read of each) that were committed since the last call,
        and whether the batch was full.
        """
        if self.last is None:
            self._begin()
            return [], False
        late = self._read_gaps(rows) if self.gaps.open else []
        new = list(rows.filter(pk__gt=self.last).order_by("pk")[: self.BATCH])
        if new:
            self._advance([event.pk for event in new])
        return [*late, *new], len(new) == self.BATCH

    def _begin(self) -> None:
        """Start behind the newest event, but watch for older ids whose transactions are still under way."""
        newest = Event.objects.aggregate(newest=Max("pk"))["newest"] or 0
        start = max(0, newest - self.LOOK_BACK)
        ids = list(
            Event.objects.filter(pk__gt=start, pk__lte=newest).order_by("pk").values_list("pk", flat=True)
        )
        self.last = start
        self._advance(ids)
        self.last = newest

    def _advance(self, ids: Sequence[int]) -> None:
        last = self.last or 0
        if ids and ids[-1] - last > len(ids):
            until = time.monotonic() + self.watch_gaps
            self.gaps.notice(last, ids, until=until, horizon=_next_transaction())
        if ids:
            self.last = ids[-1]

    def _read_gaps(self, rows: QuerySet[Event]) -> list[Event]:
        # The horizon first: a transaction that has ended by then is visible to the query that follows.
        now, horizon = time.monotonic(), _oldest_transaction()
        found = list(rows.filter(self.gaps.condition()).order_by("pk"))
        self.gaps.fill(event.pk for event in found)
        self.gaps.give_up(now=now, horizon=horizon)
        return found


class DatabaseFollower:
    """Follows the Event table: woken by commits in this process, polling for those of other processes."""

    def __init__(self, *, poll: float = 0.25, watch_gaps: float = 10.0) -> None:
        """``poll``: seconds between looks; ``watch_gaps``: see :class:`Table`."""
        self.is_joined = False
        self.poll = poll
        self.table = Table(watch_gaps=watch_gaps)
        # No look yet; the monotonic clock may be near zero on a machine that has just started.
        self._looked_at = float("-inf")
        self._alarm = Alarm()

    @property
    def is_healthy(self) -> bool:
        return time.monotonic() - self._looked_at < 5 + 4 * self.poll

    def wake(self) -> None:
        self._alarm.ring()

    async def run(self, ear: Ear) -> None:
        # A thread of its own keeps its database connection open between looks.
        thread = ThreadPoolExecutor(1, thread_name_prefix="event-follower")
        try:
            with self._alarm.set():
                while True:
                    self._alarm.stop()
                    if not await self._look(thread, ear):
                        await self._alarm.wait(self.poll)
        finally:
            thread.submit(close)
            thread.shutdown(wait=False)

    async def _look(self, thread: ThreadPoolExecutor, ear: Ear) -> bool:
        """Look once and tell; whether there is more to read at once."""
        try:
            found, more = await asyncio.get_running_loop().run_in_executor(thread, self.read)
        except Exception:
            logger.exception("Could not read new events; trying again in a second")
            thread.submit(close)
            await asyncio.sleep(1)
            return False
        self._looked_at = time.monotonic()
        if found:
            ear.tell(found)
        return more

    def read(self) -> tuple[list[Told], bool]:
        """What was committed since the last call, and whether the batch was full. Runs in a thread."""
        found, more = self.table.find(rows())
        return list(all_told(found)), more


class Alarm:
    """Wakes a loop that waits for commits in this process."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._rung = asyncio.Event()
        self._is_ringing = False

    @contextlib.contextmanager
    def set(self) -> Iterator[None]:
        """From now on it wakes the running event loop."""
        self._loop = asyncio.get_running_loop()
        try:
            yield
        finally:
            self._loop = None

    def ring(self) -> None:
        """Called from any thread; costs nothing when it rings already."""
        loop = self._loop
        if loop is None or self._is_ringing:
            return
        self._is_ringing = True
        with contextlib.suppress(RuntimeError):  # the loop has just closed: nobody is listening any more
            loop.call_soon_threadsafe(self._rung.set)

    def stop(self) -> None:
        """Before looking: whatever is committed from here on rings again."""
        self._rung.clear()
        self._is_ringing = False

    async def wait(self, seconds: float) -> None:
        """Until it rings, and no longer than ``seconds``."""
        # Not wait_for: of Python 3.11 it forgets a cancellation that comes just when the bell rings.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._rung.wait()


def all_told(events: Iterable[Event]) -> Iterator[Told]:
    for event in events:
        try:
            yield told(event)
        except Exception:  # a row of another release: the others must still be told
            logger.exception("Event %s cannot be told", event.pk)


def close() -> None:
    connection.close()  # looked up here: each thread has a connection of its own


def rows() -> QuerySet[Event]:
    return Event.objects.select_related("actor").defer("hash", "previous_hash", "actor__password")


def _next_transaction() -> int:
    """Every transaction now under way has a smaller number. 0 where ids commit in order (SQLite)."""
    return _snapshot("pg_snapshot_xmax")


def _oldest_transaction() -> int:
    """Every transaction with a smaller number has ended."""
    return _snapshot("pg_snapshot_xmin")


def _snapshot(function: str) -> int:
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(pg_current_snapshot())::text::bigint")
        return int(cursor.fetchone()[0])
