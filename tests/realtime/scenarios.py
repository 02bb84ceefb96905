"""Scenarios that need a process of their own: a hub in an event loop, several database connections, a server.

Each is run with ``services.python("from tests.realtime import scenarios; scenarios.<name>()", environment)``
on a fresh database, and fails by raising.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

import uvicorn
from django.db import close_old_connections, connection, transaction
from websockets.asyncio.client import connect

from config.listening import listen
from realtime import hub, log
from realtime.events import CaseBrief, RequestFiled, RequestUrged
from realtime.log import Audience, Said, Subject
from realtime.models import Event
from realtime.transport import DatabaseFollower
from realtime.wire import PUBLIC_TOPIC, Told, View
from tests.services import PATIENCE

AREA = "00010001"


def brief(number: str = "1", **values: Any) -> CaseBrief:
    empty = {"lon": None, "lat": None, "yellow_at": None, "due_at": None, "closed_at": None}
    known = {"id": 1, "number": number, "state": "reported", "category": "", "grid": "G1", "urgent": False}
    return CaseBrief(**(known | empty | values))


def say(number: str, subject_id: int = 1) -> None:
    with transaction.atomic():
        log.emit(
            RequestFiled(source="portal", case=brief(number)),
            subject=Subject("request", subject_id),
            audience=Audience(AREA),
        )


def numbers(told: Sequence[Told]) -> list[str]:
    return [json.loads(item.texts[View.CASES])["case"]["number"] for item in told]


class OpenTransaction:
    """A second writer that has written and not committed yet."""

    def __init__(self, number: str, subject_id: int) -> None:
        self.written, self.decided = threading.Event(), threading.Event()
        self.commit = False
        self.thread = threading.Thread(target=self._run, args=(number, subject_id))
        self.thread.start()
        assert self.written.wait(PATIENCE)

    def _run(self, number: str, subject_id: int) -> None:
        class RolledBack(Exception):
            pass

        try:
            with transaction.atomic():
                say(number, subject_id)
                self.written.set()
                assert self.decided.wait(PATIENCE)
                if not self.commit:
                    raise RolledBack
        except RolledBack:
            pass
        finally:
            connection.close()

    def end(self, *, commit: bool) -> None:
        self.commit = commit
        self.decided.set()
        self.thread.join(PATIENCE)


# --- The follower ------------------------------------------------------------------------------
def ids_that_commit_out_of_order_are_told_once_each() -> None:
    follower = DatabaseFollower()
    assert follower.read() == ([], False)
    early = OpenTransaction("early", 1)
    say("late", 2)
    assert numbers(follower.read()[0]) == ["late"]
    assert numbers(follower.read()[0]) == []
    early.end(commit=True)
    say("last", 2)
    assert numbers(follower.read()[0]) == ["early", "last"]
    assert numbers(follower.read()[0]) == []


def a_slow_transaction_is_waited_for_and_a_rolled_back_one_is_forgotten() -> None:
    follower = DatabaseFollower(watch_gaps=0)
    follower.read()
    slow, lost = OpenTransaction("slow", 1), OpenTransaction("lost", 2)
    say("other", 3)
    assert numbers(follower.read()[0]) == ["other"]
    lost.end(commit=False)
    for _ in range(3):
        assert numbers(follower.read()[0]) == []
    slow.end(commit=True)
    assert numbers(follower.read()[0]) == ["slow"]
    follower.read()
    assert follower.table.gaps.open == []


def a_transaction_under_way_at_the_start_is_told_when_it_commits() -> None:
    early = OpenTransaction("early", 1)
    say("before the start", 2)
    follower = DatabaseFollower()
    assert follower.read() == ([], False)
    early.end(commit=True)
    assert numbers(follower.read()[0]) == ["early"]


def an_idle_look_is_one_query() -> None:
    say("1")
    follower = DatabaseFollower()
    follower.read()
    queries: list[str] = []

    def count(execute: Any, sql: str, *rest: Any) -> Any:
        queries.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(count):
        assert follower.read() == ([], False)
    assert len(queries) == 1, queries


def a_commit_in_this_process_wakes_the_hub() -> None:
    """With an hour between looks, only being woken can bring the event."""

    async def run() -> None:
        running = hub.start(DatabaseFollower(poll=3600))
        heard = asyncio.Event()
        running.listeners.add(lambda told: heard.set())
        while not running.is_healthy:
            await asyncio.sleep(0.01)
        await asyncio.to_thread(lambda: (say("1"), connection.close()))
        await asyncio.wait_for(heard.wait(), PATIENCE)
        await hub.stop()

    asyncio.run(run())


def a_database_that_comes_back_is_followed_again() -> None:
    async def run() -> None:
        follower = DatabaseFollower(poll=0.05)
        running = hub.start(follower)
        heard = asyncio.Event()
        running.listeners.add(lambda told: heard.set())
        while not running.is_healthy:
            await asyncio.sleep(0.01)
        await asyncio.to_thread(_end_other_connections)
        await asyncio.to_thread(lambda: (say("after"), connection.close()))
        await asyncio.wait_for(heard.wait(), PATIENCE)
        await hub.stop()

    asyncio.run(run())


def _end_other_connections() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    connection.close()


# --- The log -----------------------------------------------------------------------------------
def the_digest_is_the_same_after_the_database() -> None:
    shanghai = timezone(timedelta(hours=8))
    said = RequestUrged(case=brief("路灯 💡", lon=116.0, lat=-0.0), text="a\0b \ud800 c\u2028 1e22")
    with transaction.atomic():
        first = log.emit(
            said,
            subject=Subject("request", 9),
            audience=Audience(AREA, [3, 1]),
            at=datetime(2026, 2, 3, 4, 5, 6, 789012, tzinfo=shanghai),
        )
        log.emit_all(
            Said(RequestUrged(case=brief(str(n), lon=1e-7, lat=1e22)), Subject("request", 9))
            for n in range(5)
        )
    assert log.verify(Subject("request", 9)) == 6
    stored = Event.objects.get(pk=first.pk)
    assert (log.digest(stored), stored.hash) == (first.hash, first.hash)


# --- Sockets -----------------------------------------------------------------------------------
@asynccontextmanager
async def serving() -> Any:
    """The product's own application on uvicorn, with the options of ``manage.py serve``, in this loop."""
    sock = listen("127.0.0.1", 0)
    server = uvicorn.Server(
        uvicorn.Config(
            "config.asgi:application", ws_per_message_deflate=False, log_config=None, lifespan="on"
        )
    )
    task = asyncio.create_task(server.serve(sockets=[sock]))
    while not server.started:
        await asyncio.sleep(0.01)
    running = hub.running()
    assert running
    try:
        yield running, sock.getsockname()[1]
    finally:
        server.should_exit = True
        await task


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)


def public(text: str) -> Told:
    return Told("x.happened", frozenset({PUBLIC_TOPIC}), {View.PUBLIC: json.dumps(text)})


async def deaf_client(port: int) -> socket.socket:
    """A client that opens a socket and never reads."""
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.setblocking(False)
    await asyncio.get_running_loop().sock_connect(deaf, ("127.0.0.1", port))
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        "GET /ws/public/ HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Origin: http://127.0.0.1:{port}",
        "Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13",
    ]  # fmt: skip
    await asyncio.get_running_loop().sock_sendall(deaf, ("\r\n".join(lines) + "\r\n\r\n").encode())
    return deaf


def clients_that_stop_reading_hold_up_nobody_and_are_dropped() -> None:
    async def run() -> None:
        async with serving() as (running, port):
            running.stall, running.window = 1.0, 0.01
            deaf = [await deaf_client(port) for _ in range(20)]
            await until(lambda: running.sockets == 20)
            (group,) = running._groups.values()
            origin = f"http://127.0.0.1:{port}"
            async with connect(f"ws://127.0.0.1:{port}/ws/public/", origin=origin) as reader:
                await reader.recv()
                heard: list[str] = []
                for number in range(200):
                    running.tell([public(f"{number}:" + "x" * 10_000)])
                    while len(heard) <= number:
                        heard += json.loads(await asyncio.wait_for(reader.recv(), PATIENCE)).get("events", [])
                assert [int(text.partition(":")[0]) for text in heard] == list(range(200))
                held = [socket_buffer(subscriber) for subscriber in group.subscribers]
                assert max(held) < 128 * 1024, held
                await until(lambda: running.sockets == 1)
            await until(lambda: running.sockets == 0)
            for client in deaf:
                client.close()

    asyncio.run(run())


def socket_buffer(subscriber: hub.Subscriber) -> int:
    """Bytes the server's process holds for a socket."""
    transport = subscriber.send.__self__.transport  # type: ignore[attr-defined]
    return int(transport.get_write_buffer_size())


def a_client_that_reads_slowly_still_hears_everything_in_order() -> None:
    async def run() -> None:
        async with serving() as (running, port):
            running.window = 0.001
            address = f"ws://127.0.0.1:{port}/ws/public/"
            slow = await connect(address, origin=f"http://127.0.0.1:{port}", max_queue=1)
            await until(lambda: running.sockets == 1)
            (group,) = running._groups.values()
            (subscriber,) = group.subscribers
            sent = 0
            while subscriber.behind is None:  # until frames were skipped for it
                running.tell([public(f"{sent}:" + "x" * 10_000)])
                sent += 1
                await asyncio.sleep(0.002)
                assert sent < 1000
            for _ in range(20):
                running.tell([public(f"{sent}:")])
                sent += 1
            heard: list[str] = []
            while len(heard) < sent:
                frame = json.loads(await asyncio.wait_for(slow.recv(), PATIENCE))
                assert frame["type"] != "resync"
                heard += frame.get("events", [])
            assert [int(text.partition(":")[0]) for text in heard] == list(range(sent))
            await slow.close()

    asyncio.run(run())


def killed_clients_leave_the_hub() -> None:
    async def run() -> None:
        async with serving() as (running, port):
            origin = f"http://127.0.0.1:{port}"
            clients = [
                await connect(f"ws://127.0.0.1:{port}/ws/public/", origin=origin, ping_interval=None)
                for _ in range(10)
            ]
            await until(lambda: running.sockets == 10)
            for client in clients:
                client.transport.abort()
            await until(lambda: running.sockets == 0)
            assert not running._groups
            assert not running._by_topic

    asyncio.run(run())


def stopping_cancels_consumers_and_leaves_the_hub_empty() -> None:
    async def run() -> None:
        async with serving() as (running, port):
            deaf = await deaf_client(port)
            await until(lambda: running.sockets == 1)
        assert running.sockets == 0
        deaf.close()

    asyncio.run(run())
    close_old_connections()
