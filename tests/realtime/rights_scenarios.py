"""Rights that end while somebody is connected, without any event that says so. See ``scenarios``.

The check once a minute is off here: whoever is shown out was found by the look at all connections.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from grid.actions.duty import end_responsibility
from grid.actions.screens import allow_screen, withdraw_screen
from grid.models import Area, Resident, Responsibility, Screen, User
from grid.screens import SESSION_KEY
from realtime import listening
from tests.factories import session_of
from tests.realtime.scenarios import serving, until
from tests.services import PATIENCE
from workflows.models import Request, Visibility


class Watcher:
    """Somebody with a socket and a stream open at one address."""

    def __init__(self, port: int, who: str, path: str) -> None:
        self.port, self.who, self.path = port, who, path
        self.cookie = f"sessionid={session_of(who)}"

    async def come(self) -> None:
        self.socket = await connect(
            f"ws://127.0.0.1:{self.port}/ws/{self.path}",
            origin=f"http://127.0.0.1:{self.port}",
            additional_headers={"Cookie": self.cookie},
        )
        assert json.loads(await self.socket.recv())["type"] == "hello", self.who
        self.stream, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        lines = [f"GET /sse/{self.path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", f"Cookie: {self.cookie}"]
        self.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        await self.stream.readuntil(b'"type":"hello"')

    async def codes(self) -> tuple[int, int]:
        """Wait until both are ended by the server: their close codes."""
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    await self.socket.recv()
                except ConnectionClosed:
                    break
            said = await self.stream.readuntil(b'"code": ')
            code = re.match(rb"\d+", await self.stream.readuntil(b"}"))
        self.writer.close()
        assert said
        assert code
        return self.socket.close_code or 0, int(code[0])


def a_post_that_ends_at_its_hour() -> None:
    post = Responsibility.objects.get(member__user__username="supervisor")
    end_responsibility(responsibility=post, at=timezone.now() + timedelta(seconds=1))


def signing_out() -> None:
    Session.objects.filter(pk=session_of("registrar")).delete()


def an_account_that_is_closed() -> None:
    User.objects.filter(username="member1").update(is_active=False)


def another_password() -> None:
    user = User.objects.get(username="member2")
    user.set_password("neu-und-anders-9")
    user.save(update_fields=["password"])


def a_screen_that_is_taken_back() -> None:
    administrator = User.objects.get(username="administrator")
    withdraw_screen(screen_id=Screen.objects.get().pk, actor=administrator)


def hang_up_a_screen() -> None:
    """A screen on the wall of the whole street, opened in the browser of ``session_of("screen")``."""
    administrator = User.objects.get(username="administrator")
    street = Area.objects.get(depth=1)
    screen, _key = allow_screen(area=street, name="左", days=31, actor=administrator)
    content = SessionStore().encode({SESSION_KEY: screen.digest})
    Session.objects.create(
        session_key=session_of("screen"), session_data=content, expire_date=screen.until
    )  # fmt: skip


#: How a right ends, whose, where they listen, and what they are told.
ENDINGS: list[tuple[Callable[[], None], str, str, int]] = [
    (a_post_that_ends_at_its_hour, "supervisor", "map/", 4403),
    (signing_out, "registrar", "tasks/", 4401),
    (an_account_that_is_closed, "member1", "tasks/", 4401),
    (another_password, "member2", "tasks/", 4401),
    (a_screen_that_is_taken_back, "screen", "wall/", 4401),
]


def in_database(function: Callable[[], Any]) -> Any:
    async def run() -> Any:
        def do() -> Any:
            try:
                return function()
            finally:
                connection.close()

        return await asyncio.to_thread(do)

    return run()


def whoever_loses_a_right_is_shown_out() -> None:
    listening.RECHECK = 3600

    async def run() -> None:
        async with serving() as (running, port):
            await in_database(hang_up_a_screen)
            watchers = [Watcher(port, who, path) for _, who, path, _ in ENDINGS]
            stays = Watcher(port, "administrator", "map/")
            for watcher in [*watchers, stays]:
                await watcher.come()
            for end, *_ in ENDINGS:
                await in_database(end)
            for watcher, (end, _, _, code) in zip(watchers, ENDINGS, strict=True):
                assert await watcher.codes() == (code, code), end.__name__
            await until(lambda: running.sockets == 2)  # and nobody else
            await stays.socket.close()
            stays.writer.close()

    asyncio.run(run())


def a_case_that_is_closed_to_neighbours_is_heard_no_longer() -> None:
    """Nothing about the neighbour has changed: the case's own event has them ask again."""
    listening.RECHECK = 3600

    def open_to_neighbours() -> None:
        reporter = Resident.objects.get(user__username="resident")
        Request.objects.create(
            number="OPEN1", text="灯坏了", reporter=reporter.user, visibility=Visibility.NEIGHBOURS,
            area=reporter.area, area_path=reporter.area.path,
        )  # fmt: skip

    def close_it() -> None:
        from tests.realtime.scenarios import say

        Request.objects.filter(number="OPEN1").update(visibility=Visibility.PRIVATE)
        say("OPEN1", Request.objects.get(number="OPEN1").pk)

    async def run() -> None:
        async with serving() as (_, port):
            await in_database(open_to_neighbours)
            neighbour = Watcher(port, "neighbour", "case/OPEN1/")
            await neighbour.come()
            await in_database(close_it)
            assert await neighbour.codes() == (4403, 4403)

    asyncio.run(run())
