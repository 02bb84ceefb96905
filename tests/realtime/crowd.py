"""Pages that watch the live map: each keeps what it was shown, as the browser does, and can be compared.

A page applies the events it hears to what it has read, reads again when it is told to, and comes back with
its token, to whichever process answers, when it was cut off.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import urllib.request
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from tests.factories import session_of
from tests.services import PATIENCE

COOKIE = f"sessionid={session_of('supervisor')}"
#: Every case of the town, each by itself.
PICTURE = "/map/data/cases/?bbox=112.54,37.86,112.58,37.88&zoom=18.5&state=open&state=ended"
INSTANTS = ("yellow_at", "due_at", "closed_at")
SAME = ("number", "state", "category", "grid", "lon", "lat", "urgent", *INSTANTS)

#: By the case's number.
State = dict[str, tuple[Any, ...]]


def shown(case: dict[str, Any]) -> tuple[Any, ...]:
    """What a map draws of a case. The picture and the events spell instants and places differently."""
    values = {name: case[name] and datetime.fromisoformat(case[name]) for name in INSTANTS}
    values |= {name: round(case[name], 6) for name in ("lon", "lat")}
    return tuple(values.get(name, case[name]) for name in SAME)


class Desk:
    """The addresses of the town's processes, and its picture as a fresh page reads it."""

    def __init__(self, ports: Iterable[int]) -> None:
        self.ports = list(ports)
        self._next: asyncio.Task[State] | None = None
        self._reading = asyncio.Lock()

    async def read(self) -> State:
        """The picture as it is after this call. Whoever asks before a reading has begun shares it."""
        if self._next is None:
            self._next = asyncio.create_task(self._read())
        return dict(await asyncio.shield(self._next))

    async def _read(self) -> State:
        async with self._reading:
            self._next = None
            while True:
                for port in self.ports:
                    with contextlib.suppress(OSError):
                        return await asyncio.to_thread(self._get, port)
                await asyncio.sleep(0.1)

    def _get(self, port: int) -> State:
        request = urllib.request.Request(f"http://127.0.0.1:{port}{PICTURE}", headers={"Cookie": COOKIE})
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            picture = json.load(answer)
        assert picture["clusters"] == []
        return {case["number"]: shown(case) for case in picture["points"]}


class Page:
    """One open map."""

    def __init__(self, desk: Desk, number: int) -> None:
        self.desk, self.turn = desk, number
        self.state: State = {}
        self.token = ""
        self.read_again = self.connections = 0
        self.connection: ClientConnection | None = None
        # What was heard while the picture was being read: it may be newer than the picture.
        self.meanwhile: list[dict[str, Any]] | None = None
        self.reading: asyncio.Task[None] | None = None
        self.may_connect = asyncio.Event()
        self.may_connect.set()
        self.life = asyncio.create_task(self._live())

    async def _live(self) -> None:
        while True:
            await self.may_connect.wait()
            port = self.desk.ports[self.turn % len(self.desk.ports)]
            address = f"ws://127.0.0.1:{port}/ws/map/" + (f"?since={self.token}" if self.token else "")
            try:
                async with connect(
                    address,
                    origin=f"http://127.0.0.1:{port}",
                    additional_headers={"Cookie": COOKIE},
                    compression=None,
                    ping_interval=None,
                    open_timeout=PATIENCE,
                ) as self.connection:
                    self.connections += 1
                    async for frame in self.connection:
                        self._hear(json.loads(frame))
            except (OSError, WebSocketException):
                pass
            self.connection = None
            self.turn += 1
            await asyncio.sleep(random.uniform(0.02, 0.2))

    def _hear(self, frame: dict[str, Any]) -> None:
        is_first = not self.token
        self.token = frame["token"]
        for event in frame.get("events", []):
            if self.meanwhile is not None:
                self.meanwhile.append(event)
            self._apply(event)
        if frame["type"] == "resync" or is_first:
            self.read_again += not is_first
            if self.reading:
                self.reading.cancel()
            self.meanwhile = []
            self.reading = asyncio.create_task(self._read())

    def _apply(self, event: dict[str, Any]) -> None:
        if case := event.get("case"):
            self.state[case["number"]] = shown(case)

    async def _read(self) -> None:
        self.state = await self.desk.read()
        meanwhile, self.meanwhile = self.meanwhile or [], None
        for event in meanwhile:
            self._apply(event)

    @property
    def is_settled(self) -> bool:
        return self.connection is not None and self.token != "" and self.meanwhile is None

    def cut(self) -> None:
        """The connection breaks, without a word."""
        if self.connection:
            self.connection.transport.abort()

    async def close(self) -> None:
        for task in (self.life, self.reading):
            if task:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task


class Crowd:
    """``async with Crowd(ports, 100) as crowd``: so many pages, all of which have read the picture."""

    def __init__(self, ports: Iterable[int], count: int) -> None:
        self.desk = Desk(ports)
        self.count = count
        self.pages: list[Page] = []

    async def __aenter__(self) -> Crowd:
        for number in range(self.count):
            self.pages.append(Page(self.desk, number))
            if number % 50 == 49:
                await self.are(lambda page: page.is_settled)
        await self.are(lambda page: page.is_settled)
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await asyncio.gather(*(page.close() for page in self.pages))

    async def are(self, condition: Callable[[Page], bool]) -> None:
        """Wait until it holds for every page."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while not all(map(condition, self.pages)):
                    await asyncio.sleep(0.02)
        assert all(map(condition, self.pages)), sum(map(condition, self.pages))

    async def show_what_a_fresh_page_shows(self) -> State:
        """Every page ends with the same cases, each in the same state, as one opened now. Nobody writes."""
        fresh = await self.desk.read()
        assert fresh
        with contextlib.suppress(AssertionError):
            await self.are(lambda page: page.is_settled and page.state == fresh)
        for page in self.pages:
            assert page.is_settled
            pairs = {number: (page.state.get(number), fresh.get(number)) for number in {*page.state, *fresh}}
            wrong = {number: pair for number, pair in pairs.items() if pair[0] != pair[1]}
            assert not wrong, wrong
        return fresh
