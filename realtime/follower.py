"""Follows the Redis stream, checks it against the Event table, and follows the table while Redis is away.

Every process does this for itself. **Joined**, it hears of events from the stream, with positions that mean
the same in every process. Every few seconds it looks into the table for the ids of new rows (one query on
the primary key): a row that the stream has not brought by the look after that was never published (its
writer was killed between commit and publication, or could not reach Redis), and is written into the stream
now, by whichever process comes first.

**Alone**, while Redis does not answer, it tells what it finds in the table, with positions of its own.
Coming back it first writes into the stream what that lacks, so that nobody's token skips anything.

Within a chain (a case) later news must not be overtaken by earlier ones, or a screen would go back in time.
Two writers may publish in another order than they committed; then the earlier event is marked ``late`` and
its audience reads again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, TypeVar

from redis import RedisError

from . import stream
from .models import Event
from .transport import Alarm, Ear, Table, all_told, close, rows
from .wire import Told

logger = logging.getLogger(__name__)
Answer = TypeVar("Answer")

#: Entries read from the stream when joining, for clients that come back.
PAST = 2_000
#: Rows that are brought into the stream afterwards at most; with more, everybody reads again.
MOST_LACKING = 2_000


class StreamLost(Exception):
    """What comes next in the stream does not follow from what was read: join anew."""


class Memory:
    """What this process has told: the latest ids, and how far each chain was."""

    SIZE = stream.KEEP

    def __init__(self) -> None:
        self._ids: OrderedDict[int, None] = OrderedDict()
        self._chains: OrderedDict[str, int] = OrderedDict()

    def __contains__(self, number: int) -> bool:
        return number in self._ids

    def add(self, number: int) -> None:
        self._ids[number] = None
        if len(self._ids) > self.SIZE:
            self._ids.popitem(last=False)

    def note(self, event: Told) -> Told:
        """Remember an event; the event as it shall be told: late, if its chain was further already."""
        self.add(event.id)
        furthest = self._chains.get(event.chain, 0)
        self._chains[event.chain] = max(furthest, event.link)
        self._chains.move_to_end(event.chain)
        if len(self._chains) > self.SIZE:
            self._chains.popitem(last=False)
        return replace(event, late=True) if event.link < furthest else event


class StreamFollower:
    """The transport of a city; see the module."""

    def __init__(
        self,
        url: str,
        *,
        check: float = 2.0,
        poll: float = 0.25,
        patience: float = 1.0,
        table: Table | None = None,
    ) -> None:
        """Seconds: ``check`` between looks into the table while joined, ``poll`` while alone; ``patience``
        until a Redis that does not answer is given up.
        """
        self.check, self.poll, self.patience = check, poll, patience
        self.is_joined = False
        self.table = Table()
        self.memory = Memory()
        self.epoch, self.seq = "", 0
        # Ids in the table that were not told, with the monotonic second in which that was noticed.
        self._missing: dict[int, float] = {}
        # Those of them that were written into the stream since, and where they stand at the latest.
        self._offered: set[int] = set()
        self._offered_until = 0
        # While alone: ids from here on may be lacking in the stream.
        self._alone_since: int | None = None
        self._redis = stream.reader(url)
        self._looked_at = self._answered_at = float("-inf")
        self._looking = asyncio.Lock()
        self._alarm = Alarm()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="event-follower")

    @property
    def is_healthy(self) -> bool:
        return time.monotonic() - self._looked_at < 5 + 4 * self.check

    def wake(self) -> None:
        if not self.is_joined:
            self._alarm.ring()

    async def run(self, ear: Ear) -> None:
        try:
            with self._alarm.set():
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._follow_stream(ear), name="hub-stream")
                    both.create_task(self._follow_table(ear), name="hub-table")
        finally:
            self._thread.submit(close)
            self._thread.shutdown(wait=False)
            with contextlib.suppress(Exception):
                await self._redis.aclose()

    # --- The table -----------------------------------------------------------------------------
    async def _follow_table(self, ear: Ear) -> None:
        while not _is_cancelled():
            self._alarm.stop()
            try:
                async with self._looking:
                    await self._look(ear)
                    if self.is_joined:
                        await self._repair(ear)
            except Exception:
                logger.exception("Could not read new events; trying again in a second")
                self._thread.submit(close)
                await asyncio.sleep(1)
                continue
            await self._alarm.wait(self.check if self.is_joined else self.poll)

    async def _look(self, ear: Ear) -> None:
        """Find what was committed. Alone: tell it. Joined: note what the stream has not brought yet."""
        more = True
        while more:
            found, more = await self._in_thread(self._find)
            self._looked_at = time.monotonic()
            for number in found:
                self._missing.setdefault(number, self._looked_at)
            if not self.is_joined:
                await self._tell_missing(ear)

    def _find(self) -> tuple[list[int], bool]:
        found, more = self.table.find(Event.objects.only("pk"))
        return [event.pk for event in found], more

    async def _tell_missing(self, ear: Ear) -> None:
        self._forget_told()
        numbers = sorted(self._missing)
        events = await self._load(numbers)
        events = [self.memory.note(event) for event in events if event.id not in self.memory]
        for number in numbers:
            self._missing.pop(number, None)
        if events:
            ear.tell(events)

    def _forget_told(self) -> None:
        self._missing = {number: at for number, at in self._missing.items() if number not in self.memory}
        self._offered &= self._missing.keys()

    async def _repair(self, ear: Ear) -> None:
        """Write into the stream what it should have brought long since."""
        self._forget_told()
        if self._offered and self.seq >= self._offered_until:
            # It stands before what was read, and was not read: something is wrong that nobody foresaw.
            logger.error("The stream does not bring events %s; everybody reads again", sorted(self._offered))
            self._leave(ear, again=True)
            return
        before = time.monotonic() - 0.9 * self.check
        overdue = sorted(number for number, at in self._missing.items() if at < before)[: stream.BATCH]
        if not overdue or self._offered:
            return
        events = await self._load(overdue)
        logger.warning("%d events were committed and not published; they are now", len(events))
        with contextlib.suppress(RedisError, OSError):  # the other task notices, too
            epoch, self._offered_until = await stream.position(self._redis, stream.arguments(events))
            if epoch == self.epoch:
                self._offered = {event.id for event in events}
            else:
                self._leave(ear)

    async def _load(self, numbers: Sequence[int]) -> list[Told]:
        """Rows by id, in order. What cannot be told (a row of another release) counts as told."""
        events = await self._in_thread(lambda: _read_rows(numbers))
        for number in set(numbers) - {event.id for event in events}:
            self.memory.add(number)
        return events

    # --- The stream ----------------------------------------------------------------------------
    async def _follow_stream(self, ear: Ear) -> None:
        while not _is_cancelled():
            try:
                if self.is_joined:
                    await self._read(ear)
                else:
                    await self._join(ear)
                self._answered_at = time.monotonic()
            except StreamLost:
                logger.warning("Redis has begun anew; joining it again")
                self._leave(ear)
            except (RedisError, OSError) as error:
                await self._lost(ear, error)
            except Exception:
                logger.exception("Could not follow the stream; trying again in a second")
                self._leave(ear)
                await asyncio.sleep(1)

    async def _lost(self, ear: Ear, error: Exception) -> None:
        if self.is_joined and time.monotonic() - self._answered_at > self.patience:
            logger.warning("Redis does not answer (%s); following the database", error)
            self._leave(ear)
        await asyncio.sleep(self.poll)

    async def _read(self, ear: Ear) -> None:
        """Wait for the next entries, and tell them."""
        answer: Any = await self._redis.xread(
            {stream.STREAM: f"{self.seq}-0"}, count=stream.BATCH, block=int(stream.BLOCK * 1000)
        )
        if not self.is_joined:  # left in the meantime
            return
        entries = answer[0][1] if answer else []
        if not entries:
            epoch, _ = await stream.position(self._redis, stream.arguments())
            if epoch != self.epoch:
                raise StreamLost
        events = []
        try:
            for number, fields in entries:
                if fields["epoch"] != self.epoch or number != f"{self.seq + 1}-0":
                    raise StreamLost
                self.seq += 1
                event = stream.entry(fields)
                heard = event.id in self.memory
                events.append(replace(self.memory.note(event), heard=heard))
        finally:
            if events:
                ear.tell(events)

    async def _join(self, ear: Ear) -> None:
        """Bring what the stream lacks, then count in its positions."""
        await self._redis.ping()
        async with self._looking:
            await self._look(ear)
            lacking, renew = await self._lacking()
            epoch, seq = await stream.position(self._redis, stream.arguments(lacking, renew=renew))
            newest: Any = await self._redis.xrevrange(stream.STREAM, max=f"{seq}-0", count=PAST)
            # What is in the stream by now was committed before: after this look all of it has been told. What
            # is found beyond, the stream will bring as heard.
            await self._look(ear)
            order = Memory()
            past = [order.note(stream.entry(fields)) for _, fields in reversed(newest)]
            for event in past:
                self.memory.note(event)
            self.epoch, self.seq, self.is_joined, self._alone_since = epoch, seq, True, None
            self._answered_at = time.monotonic()
            ear.begin(epoch, seq, past)
        logger.info("Following the stream from %s:%d", epoch, seq)

    async def _lacking(self) -> tuple[Sequence[Told], bool]:
        """Events that were committed and are not in the stream, and whether they are too many.

        In question is what was committed since this process was left alone; after a start, what is newer
        than the newest in the stream, and a little before. An empty stream lacks nothing: it begins a new
        epoch, in which everybody reads again.
        """
        answer: Any = await self._redis.zrange(stream.PUBLISHED, 0, -1)
        published = set(map(int, answer))
        if not published:
            return [], False
        newest = max(published) if self._alone_since is None else self._alone_since
        floor = max(newest - Table.LOOK_BACK, min(published) - 1)
        numbers = await self._in_thread(lambda: _ids_after(floor, 2 * stream.KEEP))
        lacking = [number for number in numbers if number not in published]
        if len(lacking) > MOST_LACKING or len(numbers) == 2 * stream.KEEP:
            return [], True
        return await self._load(lacking), False

    def _leave(self, ear: Ear, *, again: bool = False) -> None:
        """Alone from here on: the table, and positions that mean nothing to others."""
        if self.is_joined:
            self.is_joined = False
            self._alone_since = self.table.last
            ear.begin(uuid.uuid4().hex[:12], 0, again=again)
            self._alarm.ring()

    async def _in_thread(self, work: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _is_cancelled() -> bool:
    """Whether this task was told to end, even if it was not heard.

    redis-py waits for its writes with ``wait_for``, and that of Python 3.11 forgets a cancellation that comes
    just when what it waits for is done.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _read_rows(numbers: Sequence[int]) -> list[Told]:
    events: list[Told] = []
    for start in range(0, len(numbers), Table.BATCH):
        part = numbers[start : start + Table.BATCH]
        events += all_told(rows().filter(pk__in=part).order_by("pk"))
    return events


def _ids_after(number: int, most: int) -> list[int]:
    newest = Event.objects.filter(pk__gt=number).order_by("pk")
    return list(newest.values_list("pk", flat=True)[:most])
