"""Scenarios with a Redis of their own and several hubs, as in several processes; see ``test_stream``.

``LINLI_REDIS_URL`` names a server that nobody else uses.
"""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Callable, Coroutine
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from realtime import log, stream
from realtime.events import RequestFiled
from realtime.follower import StreamFollower
from realtime.hub import Hub, Subscriber
from realtime.log import Audience, Subject
from realtime.wire import Told, View, area_topic
from tests import services
from tests.realtime.scenarios import AREA, brief, say, until


class Client:
    """Somebody who watches the area: what it heard, and how often it was told to read again."""

    def __init__(self, hub: Hub, since: str = "") -> None:
        self.frames: list[dict[str, Any]] = []
        self.hub = hub
        topics = frozenset({area_topic(AREA)})
        self.subscriber: Subscriber = hub.join(
            View.CASES, topics, self._send, abort=lambda: None, since=since
        )

    async def _send(self, message: dict[str, Any]) -> None:
        self.frames.append(json.loads(message["text"]))

    def leave(self) -> str:
        """Go away; the token to come back with."""
        self.hub.leave(self.subscriber)
        return self.token

    @property
    def token(self) -> str:
        return str(self.frames[-1]["token"])

    @property
    def heard(self) -> list[str]:
        return [event["case"]["number"] for frame in self.frames for event in frame.get("events", [])]

    @property
    def read_again(self) -> int:
        return sum(frame["type"] == "resync" for frame in self.frames)

    async def hears(self, *numbers: str) -> None:
        await until(lambda: len(self.heard) >= len(numbers))
        assert self.heard == list(numbers), self.frames


@asynccontextmanager
async def hubs(count: int, *, check: float = 0.2) -> Any:
    """So many hubs that follow the stream, as many processes would, and look into the table often."""
    running = [
        Hub(StreamFollower(settings.LINLI_REDIS_URL, check=check, poll=0.05, patience=0.2), window=0)
        for _ in range(count)
    ]
    try:
        for hub in running:
            hub.start()
        for hub in running:
            await until(lambda: hub.transport.is_joined)  # noqa: B023 - awaited at once
        yield running
    finally:
        for hub in running:
            await hub.stop()


def play(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    server = services.Redis(port=int(settings.LINLI_REDIS_URL.rpartition(":")[2].partition("/")[0]))
    try:
        server.start()
        asyncio.run(scenario(server) if scenario.__code__.co_argcount else scenario())
    finally:
        server.stop()


async def do(*numbers: str, subject_id: int = 1) -> None:
    """Commit events, one after the other, as an action in a thread does."""

    def work() -> None:
        for number in numbers:
            say(number, subject_id)
        connection.close()

    await asyncio.to_thread(work)


@contextmanager
def killed_before_publishing() -> Any:
    """What is committed here is never published: as by a process that is killed between the two.

    Brings a list of what was not.
    """
    kept: list[Told] = []
    publish, stream.publish = stream.publish, lambda events: bool(kept.extend(events))
    try:
        yield kept
    finally:
        stream.publish = publish


def end_windows(hub: Hub) -> None:
    """Tell now what waits for the end of a window."""
    hub.window = 0
    for group in hub._groups.values():
        assert group.timer
        group.timer.cancel()
        hub._flush(group)


# --- Tokens ------------------------------------------------------------------------------------
def a_token_holds_in_every_process() -> None:
    async def run() -> None:
        async with hubs(2) as (one, other):
            client = Client(one)
            await do("1")
            await client.hears("1")
            token = client.leave()
            await do("2", "3")
            await until(lambda: other.seq == 3)
            back = Client(other, since=token)
            await back.hears("2", "3")
            async with hubs(1) as (fresh,):  # a process that has just started, too
                late = Client(fresh, since=token)
                await late.hears("2", "3")
            assert (back.read_again, late.read_again) == (0, 0)

    play(run)


def a_process_that_lags_tells_nothing_twice() -> None:
    async def run() -> None:
        async with hubs(2) as (quick, slow):
            client, watching = Client(quick), Client(slow)
            await do("1")
            await client.hears("1")
            await watching.hears("1")
            slow.window = services.PATIENCE
            await do("2")
            await client.hears("1", "2")
            await until(lambda: slow.seq == 2)
            # The window of the other process is still open: its own clients get "2" at its end.
            assert watching.heard == ["1"]
            back = Client(slow, since=client.leave())
            await do("3")
            await until(lambda: slow.seq == 3)
            assert (watching.heard, back.heard) == (["1"], [])
            end_windows(slow)
            await watching.hears("1", "2", "3")
            await back.hears("3")
            assert back.read_again == 0

    play(run)


# --- What was committed and not published ------------------------------------------------------
def a_publication_that_was_lost_is_noticed_and_made_up_for() -> None:
    async def run() -> None:
        async with hubs(3) as running:
            clients = [Client(hub) for hub in running]
            with killed_before_publishing():
                await do("lost")
            for client in clients:
                await client.hears("lost")
            await do("next")
            for client in clients:
                await client.hears("lost", "next")
                assert client.read_again == 0
            assert len({client.token for client in clients}) == 1

    play(run)


def a_publication_lost_with_its_whole_process_reaches_who_comes_back() -> None:
    async def run() -> None:
        async with hubs(1) as (hub,):
            client = Client(hub)
            await do("1")
            await client.hears("1")
            token = client.leave()
        with killed_before_publishing():
            await do("lost", subject_id=2)
        async with hubs(1) as (hub,):
            back = Client(hub, since=token)
            await back.hears("lost")
            assert back.read_again == 0

    play(run)


def earlier_news_published_after_later_ones_call_for_reading_again() -> None:
    async def run() -> None:
        # The tables are not looked into: what was committed and not published is not made up for.
        async with hubs(2, check=services.PATIENCE) as (one, other):
            client = Client(one)
            await do("first")
            await client.hears("first")
            away = Client(other).leave()
            with killed_before_publishing() as kept:
                await do("overtaken")
            await do("latest")
            await client.hears("first", "latest")
            assert await asyncio.to_thread(stream.publish, kept)
            await until(lambda: client.read_again == 1)
            assert client.heard == ["first", "latest"]
            await until(lambda: other.seq == 3)
            assert Client(other, since=away).read_again == 1
            await do("of another case", subject_id=2)
            await client.hears("first", "latest", "of another case")
            assert client.read_again == 1

    play(run)


def what_a_savepoint_takes_back_is_never_published() -> None:
    def work() -> None:
        with transaction.atomic():
            _emit("kept")
            try:
                with transaction.atomic():
                    _emit("undone")
                    raise RuntimeError
            except RuntimeError:
                pass
            with transaction.atomic():
                _emit("inner")
            _emit("last")
        connection.close()

    async def run() -> None:
        async with hubs(1) as (hub,):
            client = Client(hub)
            await asyncio.to_thread(work)
            await client.hears("kept", "inner", "last")

    play(run)


def _emit(number: str) -> None:
    said = RequestFiled(source="portal", case=brief(number))
    log.emit(said, subject=Subject("request", 1), audience=Audience(AREA))


def very_many_events_of_one_transaction_all_reach_the_stream() -> None:
    def work() -> None:
        with transaction.atomic():
            log.emit_all(
                log.Said(
                    RequestFiled(source="portal", case=brief(str(n))),
                    Subject("request", n),
                    None,
                    Audience(AREA),
                )
                for n in range(1300)
            )
        connection.close()

    async def run() -> None:
        async with hubs(1) as (hub,):
            client = Client(hub)
            await asyncio.to_thread(work)
            await until(lambda: hub.seq == 1300)
            await until(lambda: client.read_again > 0)
            told = [event.id for event in hub.ring]
            assert told == sorted(told)
            assert len(set(told)) == 1300

    play(run)


# --- Redis goes and comes ----------------------------------------------------------------------
def killed_redis_is_done_without_and_joined_again() -> None:
    async def run(server: services.Redis) -> None:
        async with hubs(2) as running:
            clients = [Client(hub) for hub in running]
            await do("1")
            server.kill()
            await do("2")
            for client in clients:
                await client.hears("1", "2")
            await until(lambda: not any(hub.transport.is_joined for hub in running))
            await do("3")
            for client in clients:
                await client.hears("1", "2", "3")
            server.start()
            await until(lambda: all(hub.transport.is_joined for hub in running))
            await do("4")
            for client in clients:
                await client.hears("1", "2", "3", "4")
                assert client.read_again == 0
            # Again the same in every process.
            await do("5")
            await clients[0].hears("1", "2", "3", "4", "5")
            token = clients[0].leave()
            await do("6")
            await until(lambda: running[1].seq == running[0].seq)
            await Client(running[1], since=token).hears("6")

    play(run)


def silent_redis_comes_back_with_its_memory_and_gets_what_it_lacks() -> None:
    async def run(server: services.Redis) -> None:
        assert server.process
        async with hubs(2) as (one, other):
            client, watching = Client(one), Client(other)
            await do("1")
            await watching.hears("1")
            await client.hears("1")
            token = client.leave()
            server.process.send_signal(signal.SIGSTOP)
            try:
                await do("2")
                await watching.hears("1", "2")
            finally:
                server.process.send_signal(signal.SIGCONT)
            await until(lambda: one.transport.is_joined and other.transport.is_joined)
            await do("3")
            await watching.hears("1", "2", "3")
            back = Client(one, since=token)
            await back.hears("2", "3")
            assert (back.read_again, watching.read_again) == (0, 0)

    play(run)


def an_older_memory_of_redis_is_not_believed() -> None:
    """It saved, went on, and was killed: its disk lacks positions that clients have heard of."""

    async def run(server: services.Redis) -> None:
        async with hubs(1) as (hub,):
            client = Client(hub)
            await do("1")
            await client.hears("1")
            server.client().save()
            await do("2")
            await client.hears("1", "2")
            token = client.leave()
            server.kill()
            server.start()
            assert server.client().xlen(stream.STREAM) == 1
            watching = Client(hub)
            await do("3", "4")
            await watching.hears("3", "4")
            await until(lambda: hub.transport.is_joined)
            back = Client(hub, since=token)
            assert back.heard == []
            assert back.read_again == 1

    play(run)


def an_emptied_redis_is_noticed() -> None:
    async def run(server: services.Redis) -> None:
        async with hubs(2) as running:
            clients = [Client(hub) for hub in running]
            await do("1", "2")
            for client in clients:
                await client.hears("1", "2")
            epoch = running[0].epoch
            server.client().flushall()
            await do("3")
            for client in clients:
                await client.hears("1", "2", "3")
            await until(lambda: running[0].epoch == running[1].epoch != epoch)
            await do("4")
            for client in clients:
                await client.hears("1", "2", "3", "4")
                assert client.read_again == 0

    play(run)


def cut_connections_cost_nobody_anything() -> None:
    async def run(server: services.Redis) -> None:
        async with hubs(2) as running:
            clients = [Client(hub) for hub in running]
            epoch = running[0].epoch
            numbers = [str(number) for number in range(30)]
            for number in numbers:
                if int(number) % 10 == 5:
                    server.client().client_kill_filter(_type="normal")
                await do(number)
            for client in clients:
                await client.hears(*numbers)
                assert client.read_again == 0
            await until(lambda: running[0].epoch == running[1].epoch == epoch)

    play(run)


def a_hub_stops_also_when_its_connection_does_not_hear_that_it_shall() -> None:
    """As when ``wait_for`` of Python 3.11, which redis-py uses, loses a cancellation."""

    async def run() -> None:
        async with hubs(1) as (hub,):
            read, lost = hub.transport._redis.xread, []

            async def deaf(*args: Any, **options: Any) -> Any:
                try:
                    return await read(*args, **options)
                except asyncio.CancelledError:
                    lost.append(args)
                    return []

            hub.transport._redis.xread = deaf
            await do("1")
            await until(lambda: hub.seq == 1)
            async with asyncio.timeout(services.PATIENCE):
                await hub.stop()
            assert lost

    play(run)
