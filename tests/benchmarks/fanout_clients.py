"""Many sockets in one process, as light as they can be: ``python -m tests.benchmarks.fanout_clients``.

Arguments: path, number of sockets, then the ports, in turns. Prints ``open`` once every socket has had its
greeting. Then, for each line ``FIRST LAST`` on standard input: waits until every socket has heard the numbers
FIRST to LAST, each once and in order, and prints how many frames that took, or what is wrong, and ends.
"""

from __future__ import annotations

import asyncio
import base64
import os
import re
import resource
import sys

PATIENCE = 120
#: Sockets that are opened before the greetings of all are waited for: opening is not what is measured.
AT_ONCE = 100
_NUMBER = re.compile(rb'"grid": ?"(\d+)"')


class Socket(asyncio.Protocol):
    """One client: shakes hands, takes frames apart, notes the numbers in them."""

    def __init__(self, crowd: Crowd, port: int) -> None:
        self.crowd, self.port = crowd, port
        self.buffer = b""
        self.is_open = False
        self.heard = 0
        self.frames = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET {self.crowd.path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}",
            f"Origin: http://127.0.0.1:{self.port}", "Upgrade: websocket", "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13",
        ]  # fmt: skip
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.is_open:
            head, end, rest = self.buffer.partition(b"\r\n\r\n")
            if not end:
                return
            if b" 101 " not in head.splitlines()[0]:
                self.crowd.fail(head.splitlines()[0].decode())
            self.is_open, self.buffer = True, rest
        while (frame := self._frame()) is not None:
            self._hear(*frame)

    def _frame(self) -> tuple[int, bytes] | None:
        """Opcode and content of the next whole frame; servers do not mask."""
        buffer = self.buffer
        if len(buffer) < 2:
            return None
        size, start = buffer[1], 2
        if size >= 126:
            start = 4 if size == 126 else 10
            size = int.from_bytes(buffer[2:start], "big")
        if len(buffer) < start + size:
            return None
        self.buffer = buffer[start + size :]
        return buffer[0] & 15, buffer[start : start + size]

    def _hear(self, opcode: int, content: bytes) -> None:
        if opcode == 9:  # a ping: answered with a masked pong
            mask = bytes(4)
            self.transport.write(bytes([0x8A, 0x80 | len(content)]) + mask + content)
            return
        if opcode == 8:
            self.crowd.fail(f"closed by the server: {content[:60]!r}")
        kind = content[:20]
        if b'"resync"' in kind:
            self.crowd.fail("told to read again")
        if b'"hello"' in kind or b'"type": "hello"' in kind:
            if not self.frames:
                self.frames = 1
                self.crowd.greeted()
            return
        self.frames += 1
        for found in _NUMBER.findall(content):
            self.heard += 1
            if int(found) != self.heard:
                self.crowd.fail(f"heard {int(found)} instead of {self.heard}")
        self.crowd.heard(self)

    def connection_lost(self, error: Exception | None) -> None:
        self.crowd.fail(f"connection lost: {error}")


class Crowd:
    def __init__(self, path: str, count: int, ports: list[int]) -> None:
        self.path, self.count, self.ports = path, count, ports
        self.sockets: list[Socket] = []
        self.waiting = 0
        self.last = -1
        self.done = asyncio.Event()

    def fail(self, why: str) -> None:
        print(f"LOST: {why}", flush=True)
        os._exit(1)

    def greeted(self) -> None:
        self.waiting -= 1
        if not self.waiting:
            self.done.set()

    def heard(self, socket: Socket) -> None:
        if socket.heard == self.last:
            self.greeted()

    async def wait(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self.done.wait()
        except TimeoutError:
            self.fail(f"{self.waiting} of {self.count} sockets did not hear everything")
        self.done.clear()

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        for start in range(0, self.count, AT_ONCE):
            numbers = range(start, min(start + AT_ONCE, self.count))
            self.waiting = len(numbers)
            for number in numbers:
                port = self.ports[number % len(self.ports)]
                _, socket = await loop.create_connection(lambda: Socket(self, port), "127.0.0.1", port)  # noqa: B023
                self.sockets.append(socket)
            await self.wait()

    async def run(self) -> None:
        await self.open()
        print("open", flush=True)
        frames = self.count  # the greetings
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            self.last = int(line)
            self.waiting = sum(socket.heard < self.last for socket in self.sockets)
            if self.waiting:
                await self.wait()
            now = sum(socket.frames for socket in self.sockets)
            print(now - frames, flush=True)
            frames = now
        os._exit(0)


if __name__ == "__main__":
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    path, count, *ports = sys.argv[1:]
    asyncio.run(Crowd(path, int(count), list(map(int, ports))).run())
