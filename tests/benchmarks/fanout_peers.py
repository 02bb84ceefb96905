"""What the hub is measured against: the barest broadcast that works, and Channels as its manual says.

Run as ``python -m tests.benchmarks.fanout_peers raw|stock PORT REDIS_URL``. The listening socket and uvicorn
are set up as ``manage.py serve`` does, so that only what happens above them differs.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import Any

import uvicorn

from config.listening import listen

STREAM, GROUP = "bench", "bench"


class Raw:
    """Every socket's ``send`` in a set; each entry of the stream is sent to all of them, one by one."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.sends: set[Any] = set()
        self.following: asyncio.Task[None] | None = None

    async def follow(self) -> None:
        import redis.asyncio

        connected = redis.asyncio.Redis.from_url(self.url, protocol=2, socket_timeout=None)
        last: Any = "$"
        while True:
            for _, entries in await connected.xread({STREAM: last}, count=500, block=1000) or ():
                for number, fields in entries:
                    last = number
                    message = {"type": "websocket.send", "text": fields[b"text"].decode()}
                    for send in tuple(self.sends):
                        with contextlib.suppress(Exception):
                            await send(message)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            self.following = asyncio.create_task(self.follow())
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": '{"type":"hello"}'})
        self.sends.add(send)
        try:
            while (await receive())["type"] != "websocket.disconnect":
                pass
        finally:
            self.sends.discard(send)


def stock(url: str) -> Any:
    """A consumer in a group of the Redis layer, as in the tutorial of Channels."""
    import django
    from django.conf import settings

    settings.configure(
        SECRET_KEY="bench",
        INSTALLED_APPS=["channels"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        CHANNEL_LAYERS={"default": layer(url)},
    )
    django.setup()
    from channels.generic.websocket import AsyncJsonWebsocketConsumer
    from channels.routing import ProtocolTypeRouter

    class Watcher(AsyncJsonWebsocketConsumer):
        groups = [GROUP]

        async def connect(self) -> None:
            await self.accept()
            await self.send_json({"type": "hello"})

        async def event(self, message: dict[str, Any]) -> None:
            await self.send_json({"type": "events", "events": [message["event"]]})

    return ProtocolTypeRouter({"websocket": Watcher.as_asgi()})


def layer(url: str) -> dict[str, Any]:
    """Unless told otherwise, redis-py 8 opens a hundred connections, gives each five seconds to be made, and
    closes those idle for five seconds: with thousands of sockets that ends in errors.
    """
    host = {
        "address": url,
        "max_connections": 20_000,
        "socket_connect_timeout": None,
        "socket_timeout": None,
    }
    return {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": [host]}}


def main(kind: str, port: str, url: str) -> None:
    config = uvicorn.Config(
        Raw(url) if kind == "raw" else stock(url),
        ws_per_message_deflate=False,
        access_log=False,
        log_level="warning",
        lifespan="on" if kind == "raw" else "off",
    )
    uvicorn.Server(config).run(sockets=[listen("127.0.0.1", int(port))])


if __name__ == "__main__":
    main(*sys.argv[1:])
