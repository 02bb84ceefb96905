"""The Redis stream between processes: what stands in it, and how it is written.

The stream is an echo of the Event table, which stays the truth. The event at position *n* of an epoch is the
entry with the id ``n-0``, so a clock that is set back changes nothing. One script gives out positions, and
only it: it never writes an event twice, and begins a new epoch (a random name, position 0, an empty stream)
when Redis was started anew, was emptied, or another server took over, because what it then remembers may be
older than what clients were told. :mod:`realtime.follower` reads the stream.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import redis
import redis.asyncio
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from .wire import Told, View

logger = logging.getLogger(__name__)

#: Entries that Redis keeps at least, about a kilobyte each.
KEEP = 20_000
#: Events that go into the stream with one call at most.
BATCH = 500
#: Seconds a writer waits for Redis at most, and for which it then does not try again.
PATIENCE, PAUSE = 1.0, 1.0
#: Seconds one reading of the stream waits for news.
BLOCK = 1.0

# In one hash slot, as a Redis cluster wants it.
STREAM, STATE, PUBLISHED = KEYS = ("{linli}:events", "{linli}:state", "{linli}:published")

#: ARGV: name for a new epoch, whether to begin it in any case, entries to keep, then nine values per event.
#: Returns the epoch and the position of its latest event.
SCRIPT = """
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local known = redis.call('HMGET', KEYS[2], 'run', 'epoch', 'seq')
local epoch, seq = known[2], tonumber(known[3])
if known[1] ~= run or not epoch or not seq or ARGV[2] == '1' then
  epoch, seq = ARGV[1], 0
  redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
  redis.call('HSET', KEYS[2], 'run', run, 'epoch', epoch, 'seq', 0)
end
if #ARGV > 3 then
  for at = 4, #ARGV, 9 do
    if redis.call('ZADD', KEYS[3], 'NX', seq + 1, ARGV[at]) == 1 then
      seq = seq + 1
      redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[3], string.format('%.0f-0', seq),
        'epoch', epoch, 'id', ARGV[at], 'kind', ARGV[at + 1], 'topics', ARGV[at + 2],
        'chain', ARGV[at + 3], 'link', ARGV[at + 4],
        'cases', ARGV[at + 5], 'nudge', ARGV[at + 6], 'public', ARGV[at + 7], 'at', ARGV[at + 8])
    end
  end
  redis.call('HSET', KEYS[2], 'seq', string.format('%.0f', seq))
  redis.call('ZREMRANGEBYRANK', KEYS[3], 0, -1 - ARGV[3])
end
return {epoch, seq}
"""


def arguments(events: Iterable[Told] = (), *, renew: bool = False) -> list[str | int]:
    """What the script takes. ``renew``: begin a new epoch, whatever Redis remembers."""
    values: list[str | int] = [uuid.uuid4().hex[:12], int(renew), KEEP]
    for event in events:
        texts = [event.texts.get(view, "") for view in (View.CASES, View.NUDGE, View.PUBLIC)]
        values += [event.id, event.kind, "|".join(event.topics), event.chain, event.link, *texts]
        values.append(repr(event.at))
    return values


def entry(fields: Mapping[str, str]) -> Told:
    """An event as the stream brings it."""
    return Told(
        kind=fields["kind"],
        topics=frozenset(fields["topics"].split("|")),
        texts={view: text for view in View if (text := fields.get(view.value))},
        id=int(fields["id"]),
        chain=fields["chain"],
        link=int(fields["link"]),
        at=float(fields["at"]),
    )


def is_configured() -> bool:
    return bool(settings.LINLI_REDIS_URL)


class Publisher:
    """Writes what was committed into the stream. Used from any thread; never raises, hardly ever waits."""

    def __init__(self, url: str) -> None:
        # A connection that died while nobody used it shows at the first word: once more, at once.
        self._redis = redis.Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE / 2,
            retry=Retry(NoBackoff(), 1),
        )
        self._script = self._redis.register_script(SCRIPT)
        self._not_before = float("-inf")
        self._lock = threading.Lock()

    def publish(self, events: Sequence[Told]) -> bool:
        """Whether the events are in the stream. If not, followers find them in the table."""
        if time.monotonic() < self._not_before:
            return False
        try:
            for start in range(0, len(events), BATCH):
                self._script(keys=list(KEYS), args=arguments(events[start : start + BATCH]))
        except redis.RedisError as error:
            with self._lock:
                self._not_before = time.monotonic() + PAUSE
            logger.warning("Redis does not take events (%s); they are read from the database", error)
            return False
        return True


@cache
def publisher(url: str) -> Publisher:
    return Publisher(url)


def publish(events: Sequence[Told]) -> bool:
    return publisher(settings.LINLI_REDIS_URL).publish(events)


def reader(url: str) -> redis.asyncio.Redis:
    """A connection for reading with long waits. A host that vanished without a word shows by its silence."""
    connected: redis.asyncio.Redis = redis.asyncio.Redis.from_url(
        url,
        decode_responses=True,
        protocol=2,
        socket_timeout=2 * BLOCK,
        socket_connect_timeout=PATIENCE,
        retry=Retry(NoBackoff(), 0),
    )
    return connected


async def position(connected: redis.asyncio.Redis, values: Sequence[str | int]) -> tuple[str, int]:
    """Run the script: the epoch and the position of its latest event."""
    answer: Any = await connected.eval(SCRIPT, len(KEYS), *KEYS, *values)
    epoch, seq = answer
    return str(epoch), int(seq)
