"""The hub: one per process, tells every socket what it may hear.

Each event is serialised once. Listeners with the same rights form a group; a group gets the first event
at once and then at most one frame per window, built once and handed to every socket of the group directly.
A socket that cannot take a frame now is skipped and later caught up from the ring of recent events, or told
to read again; it never holds up the others. Everything here runs in one event loop, so there are no locks.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import uuid
import zlib
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from itertools import islice
from typing import Any

from django.conf import settings

from . import direct
from .counts import here as counts
from .follower import StreamFollower
from .transport import DatabaseFollower, Transport
from .wire import Told, View

logger = logging.getLogger(__name__)

#: Seconds between two calls to read again while more events come than a frame holds.
RESYNC_PAUSE = 1.0

#: A position that no ring reaches back to.
BEFORE_EVERYTHING = -1

#: An ASGI ``send``.
Send = Callable[[dict[str, Any]], Coroutine[Any, Any, None]]
Frame = dict[str, Any]


class Subscriber:
    """One socket."""

    __slots__ = ("abort", "behind", "group", "send", "waiting")

    def __init__(self, group: Group, send: Send, abort: Callable[[], None]) -> None:
        self.group: Group | None = group
        self.send, self.abort = send, abort
        # The task that finishes a send that had to wait.
        self.waiting: asyncio.Task[None] | None = None
        # The sequence number after which frames were skipped.
        self.behind: int | None = None


class Group:
    """Sockets with the same rights: they get the same frames."""

    __slots__ = (
        "early",
        "epoch",
        "flushed",
        "flushed_at",
        "oldest",
        "overflow",
        "pending",
        "replay",
        "subscribers",
        "timer",
        "topics",
        "view",
    )

    def __init__(self, view: View, topics: frozenset[str], *, epoch: str, seq: int) -> None:
        self.view, self.topics = view, topics
        self.count_in(epoch)
        self.subscribers: set[Subscriber] = set()
        #: Those who have heard, in another process perhaps, what comes here with a later frame; up to where.
        self.early: dict[Subscriber, int] = {}
        #: The latest answer to somebody who came back: (from, to, kind, frame). Often thousands ask the same.
        self.replay: tuple[int, int, str, Frame] | None = None
        self.pending: list[str] = []
        self.overflow = False
        # Everything up to this number has been framed.
        self.flushed = seq
        self.flushed_at = float("-inf")
        # When the first pending event was written, in seconds since 1970.
        self.oldest = 0.0
        self.timer: asyncio.TimerHandle | None = None

    def count_in(self, epoch: str) -> None:
        """Name the epoch of this audience's tokens: what one has heard says nothing about what another has.

        The same in every process.
        """
        self.epoch = f"{epoch}.{zlib.crc32('|'.join([self.view, *sorted(self.topics)]).encode()):08x}"


class Hub:
    """See the module. Use it from its event loop only, except ``transport.wake``."""

    def __init__(
        self,
        transport: Transport,
        *,
        window: float = 0.1,
        keep: int = 2000,
        frame_limit: int = 300,
        stall: float = 10.0,
        heartbeat: float = 25.0,
    ) -> None:
        """Times in seconds.

        ``keep``: events in the ring; ``frame_limit``: more events than this are not sent, the client reads
        again; ``stall``: a socket that takes nothing for so long is dropped.
        """
        self.transport = transport
        self.window, self.frame_limit, self.stall, self.heartbeat = window, frame_limit, stall, heartbeat
        self.epoch = uuid.uuid4().hex[:12]
        self.seq = 0
        self.ring: deque[Told] = deque(maxlen=keep)
        #: Called with each event as it is discovered; consumers re-check their rights on some.
        self.listeners: set[Callable[[Told], None]] = set()
        self._groups: dict[tuple[View, frozenset[str]], Group] = {}
        self._by_topic: dict[str, set[Group]] = {}
        self._following: asyncio.Task[None] | None = None
        self._beating: asyncio.TimerHandle | None = None
        self._measured: Frame | None = None
        self._size = 0

    # --- Life ----------------------------------------------------------------------------------
    def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._following = loop.create_task(self.transport.run(self), name="hub-transport")
        self._beating = loop.call_later(self.heartbeat, self._beat)

    async def stop(self) -> None:
        if self._beating:
            self._beating.cancel()
        if self._following:
            self._following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._following

    @property
    def is_healthy(self) -> bool:
        following = self._following
        return following is not None and not following.done() and self.transport.is_healthy

    @property
    def sockets(self) -> int:
        return sum(len(group.subscribers) + len(group.early) for group in self._groups.values())

    @property
    def stuck(self) -> int:
        """Sockets that are not taking what was sent to them."""
        groups = self._groups.values()
        return sum(one.waiting is not None for group in groups for one in group.subscribers)

    # --- Joining and leaving -------------------------------------------------------------------
    def join(
        self, view: View, topics: frozenset[str], send: Send, *, abort: Callable[[], None], since: str = ""
    ) -> Subscriber:
        """Add a socket, greet it, and send what it missed since its token. ``abort`` cuts it off at once."""
        group = self._group(view, topics)
        subscriber = Subscriber(group, send, abort)
        if group.timer is None:  # no frame of its is due
            group.flushed = self.seq
        seq = self._position(group, since) if since else group.flushed
        if seq > group.flushed:
            group.early[subscriber] = seq
        else:
            group.subscribers.add(subscriber)
        self._offer(subscriber, _frame("hello", group, max(seq, 0)), seq)
        if seq < group.flushed:
            self._offer(subscriber, self._missed(group, seq), seq)
        return subscriber

    def move(self, subscriber: Subscriber, topics: frozenset[str]) -> None:
        """The socket's rights have changed: other events from now on, and a call to read again."""
        group = subscriber.group
        if group is None or group.topics == topics:
            return
        self._remove(subscriber)
        new = subscriber.group = self._group(group.view, topics)
        new.subscribers.add(subscriber)
        # Whatever was skipped belonged to the old rights; before everything means "read again".
        if subscriber.waiting is not None:
            subscriber.behind = BEFORE_EVERYTHING
        else:
            counts.rereads += 1
            self._offer(subscriber, _frame("resync", new, new.flushed), BEFORE_EVERYTHING)

    def leave(self, subscriber: Subscriber) -> None:
        """Forget a socket. Harmless when done twice."""
        self._remove(subscriber)
        if subscriber.waiting and subscriber.waiting is not asyncio.current_task():
            subscriber.waiting.cancel()

    def _remove(self, subscriber: Subscriber) -> None:
        group, subscriber.group = subscriber.group, None
        if group is None:
            return
        group.subscribers.discard(subscriber)
        group.early.pop(subscriber, None)
        if group.subscribers or group.early:
            return
        if group.timer:
            group.timer.cancel()
        del self._groups[group.view, group.topics]
        for topic in group.topics:
            self._by_topic[topic].discard(group)
            if not self._by_topic[topic]:
                del self._by_topic[topic]

    def _group(self, view: View, topics: frozenset[str]) -> Group:
        group = self._groups.get((view, topics))
        if group is None:
            group = self._groups[view, topics] = Group(view, topics, epoch=self.epoch, seq=self.seq)
            for topic in topics:
                self._by_topic.setdefault(topic, set()).add(group)
        return group

    # --- Telling -------------------------------------------------------------------------------
    def tell(self, events: Sequence[Told]) -> None:
        """New events, from the transport; see :class:`.transport.Ear`."""
        for event in events:
            self.seq += 1
            self.ring.append(event)
            if event.heard:
                continue
            counts.events += 1
            for group in self._audience(event):
                self._add(group, event)
            self._inform(event)

    def begin(self, epoch: str, seq: int, past: Sequence[Told] = (), *, again: bool = False) -> None:
        """Count in another epoch from here on; see :class:`.transport.Ear`."""
        for group in tuple(self._groups.values()):
            if group.timer:
                group.timer.cancel()
                self._flush(group)
        self.epoch, self.seq = epoch, seq
        self.ring = deque(past, maxlen=self.ring.maxlen)
        for group in tuple(self._groups.values()):
            group.count_in(epoch)
            group.flushed, group.replay = seq, None
            behind = [*group.early] if not again else [*group.early, *group.subscribers]
            group.subscribers |= group.early.keys()
            group.early.clear()
            for subscriber in group.subscribers:
                if subscriber.behind is not None:  # its old position means nothing any more
                    subscriber.behind = BEFORE_EVERYTHING
            frame = _frame("resync", group, seq)
            counts.rereads += len(behind)
            for subscriber in behind:
                self._offer(subscriber, frame, BEFORE_EVERYTHING)

    def _inform(self, event: Told) -> None:
        for listener in tuple(self.listeners):
            try:
                listener(event)
            except Exception:  # one listener's mistake must not keep the event from everybody else
                logger.exception("A listener failed on %s", event.kind)

    def _audience(self, event: Told) -> set[Group]:
        groups: set[Group] = set()
        for topic in event.topics:
            groups |= self._by_topic.get(topic, set())
        return groups

    def _add(self, group: Group, event: Told) -> None:
        text = event.texts.get(group.view)
        if text is None:
            return
        if len(group.pending) < self.frame_limit and not event.late:
            group.pending.append(text)
        else:
            group.overflow = True
        if group.timer is None:
            group.oldest = event.at
            loop = asyncio.get_running_loop()
            wait = group.flushed_at + self.window - loop.time()
            group.timer = loop.call_later(max(0.0, wait), self._flush, group)

    def _flush(self, group: Group) -> None:
        """One frame to everyone in the group."""
        base, group.flushed, group.timer = group.flushed, self.seq, None
        texts, overflow = group.pending, group.overflow
        # A pause after a call to read again: during an import nobody shall read ten times a second.
        group.flushed_at = asyncio.get_running_loop().time() + (RESYNC_PAUSE if overflow else 0)
        group.pending, group.overflow = [], False
        if group.oldest:
            counts.delays.add(time.time() - group.oldest)
        if overflow:
            counts.rereads += len(group.subscribers)
        frame = _frame("resync", group, group.flushed) if overflow else _events(group, texts)
        for subscriber in tuple(group.subscribers):
            self._offer(subscriber, frame, base)
        self._admit(group)

    def _admit(self, group: Group) -> None:
        """Those who were ahead of the group's last frame and are so no more are told with the others."""
        for subscriber, seq in tuple(group.early.items()):
            if seq <= group.flushed:
                del group.early[subscriber]
                group.subscribers.add(subscriber)
                if seq < group.flushed:
                    self._offer(subscriber, self._missed(group, seq), seq)

    def _beat(self) -> None:
        """A sign of life, with a fresh token, to everyone who has room for it."""
        self._beating = asyncio.get_running_loop().call_later(self.heartbeat, self._beat)
        for group in tuple(self._groups.values()):
            if group.timer:
                continue  # a frame is on its way anyway
            group.flushed = self.seq
            self._admit(group)
            frame = _frame("hello", group, group.flushed)
            for subscriber in tuple(group.subscribers):
                if subscriber.waiting is None:
                    self._offer(subscriber, frame, group.flushed)

    # --- One socket ----------------------------------------------------------------------------
    def _offer(self, subscriber: Subscriber, frame: Frame, base: int) -> None:
        """Send now, or remember that the socket misses everything after ``base``."""
        if subscriber.waiting is not None:
            if subscriber.behind is None:
                subscriber.behind = base
            counts.skipped += 1
            return
        try:
            rest = direct.start(subscriber.send(frame))
        except Exception:  # the socket is gone; its consumer hears of it in its own way
            self._remove(subscriber)
            return
        counts.frames += 1
        counts.bytes += self._size_of(frame)
        if rest is not None:
            subscriber.waiting = asyncio.get_running_loop().create_task(self._finish(subscriber, rest))

    def _size_of(self, frame: Frame) -> int:
        """Bytes of a frame, which mostly is the same as the one before: for the next socket of its group."""
        if frame is not self._measured:
            self._measured, self._size = frame, len(frame["text"].encode())
        return self._size

    async def _finish(self, subscriber: Subscriber, rest: direct.Rest) -> None:
        """Wait for a slow socket, then catch it up; cut it off if it takes nothing for too long."""
        try:
            async with asyncio.timeout(self.stall):
                await rest
        except TimeoutError:
            logger.info("Dropping a socket that took nothing for %g s", self.stall)
            counts.dropped += 1
            self._remove(subscriber)
            subscriber.abort()
            return
        except Exception:
            self._remove(subscriber)
            return
        finally:
            subscriber.waiting = None
        if subscriber.behind is not None and subscriber.group is not None:
            seq, subscriber.behind = subscriber.behind, None
            self._offer(subscriber, self._missed(subscriber.group, seq), seq)

    # --- Catching up ---------------------------------------------------------------------------
    def _position(self, group: Group, token: str) -> int:
        """The sequence number a token stands for, if it was given to this audience in this epoch.

        It may be a little ahead: another process has been faster.
        """
        epoch, _, number = token.rpartition(":")
        if epoch != group.epoch or not (number.isascii() and number.isdigit()) or len(number) > 18:
            return BEFORE_EVERYTHING
        seq = int(number)
        return seq if seq <= self.seq + (self.ring.maxlen or 0) else BEFORE_EVERYTHING

    def _missed(self, group: Group, seq: int) -> Frame:
        """What the group was told after ``seq``, or the call to read again if that is not known any more."""
        if group.replay is None or group.replay[:2] != (seq, group.flushed):
            group.replay = seq, group.flushed, *self._replay(group, seq)
        _from, _to, kind, frame = group.replay
        counts.rereads += kind == "resync"
        counts.replays += kind == "events"
        return frame

    def _replay(self, group: Group, seq: int) -> tuple[str, Frame]:
        """What kind of frame that is, and the frame."""
        forgotten = self.seq - len(self.ring)
        if seq < forgotten:
            return "resync", _frame("resync", group, group.flushed)
        # Events after ``flushed`` come with the group's next frame.
        events = [
            event
            for event in islice(self.ring, seq - forgotten, group.flushed - forgotten)
            if not group.topics.isdisjoint(event.topics) and group.view in event.texts
        ]
        if len(events) > self.frame_limit or any(event.late for event in events):
            return "resync", _frame("resync", group, group.flushed)
        if not events:
            return "hello", _frame("hello", group, group.flushed)
        return "events", _events(group, [event.texts[group.view] for event in events])


def _frame(kind: str, group: Group, seq: int) -> Frame:
    return {"type": "websocket.send", "text": f'{{"type":"{kind}","token":"{group.epoch}:{seq}"}}'}


def _events(group: Group, texts: Sequence[str]) -> Frame:
    text = f'{{"type":"events","token":"{group.epoch}:{group.flushed}","events":[{",".join(texts)}]}}'
    return {"type": "websocket.send", "text": text}


# --- The hub of this process -------------------------------------------------------------------
_running: Hub | None = None


def start(transport: Transport | None = None) -> Hub:
    """Start this process's hub in the running event loop."""
    global _running
    _running = Hub(transport or _configured())
    _running.start()
    return _running


def _configured() -> Transport:
    url = settings.LINLI_REDIS_URL
    return StreamFollower(url) if url else DatabaseFollower()


async def stop() -> None:
    global _running
    hub, _running = _running, None
    if hub:
        await hub.stop()


def running() -> Hub | None:
    """This process's hub, or None in a process that serves no sockets."""
    return _running


def wake() -> None:
    """Events were committed: have the hub of this process look now. Safe from any thread; costs nothing."""
    hub = _running
    if hub is not None:
        hub.transport.wake()
