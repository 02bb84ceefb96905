"""Streams in an event loop of their own. See ``scenarios``."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from realtime.counts import here as counts
from tests.realtime.scenarios import public, serving, socket_buffer, until
from tests.services import PATIENCE


async def deaf_stream(port: int) -> socket.socket:
    """A client that opens a stream and never reads."""
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(deaf, ("127.0.0.1", port))
    await loop.sock_sendall(deaf, f"GET /sse/public/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    return deaf


def streams_that_are_not_read_hold_up_nobody_and_are_dropped() -> None:
    async def run() -> None:
        async with serving() as (running, port):
            running.stall, running.window = 1.0, 0.01
            deaf = [await deaf_stream(port) for _ in range(10)]
            await until(lambda: running.sockets == 10)
            (group,) = running._groups.values()
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
            writer.write(f"GET /sse/public/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            await asyncio.wait_for(reader.readuntil(b'"type":"hello"'), PATIENCE)
            for number in range(200):
                running.tell([public(f"{number}:" + "x" * 10_000)])
                await asyncio.wait_for(reader.readuntil(f'"{number}:'.encode()), PATIENCE)
            held = [socket_buffer(_of_server(one)) for one in group.subscribers]
            assert max(held) < 128 * 1024, held
            await until(lambda: running.sockets == 1)
            assert counts.dropped == 10
            writer.close()
            await until(lambda: running.sockets == 0)
            for client in deaf:
                client.close()

    asyncio.run(run())


def _of_server(subscriber: Any) -> Any:
    """The stream wraps the server's own ``send``."""

    class Found:
        send = subscriber.send.__closure__[0].cell_contents

    return Found
