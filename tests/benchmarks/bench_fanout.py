"""What it costs to tell everybody: ``make bench-fanout`` and ``make bench-fanout-stock``.

SOCKETS browsers (5,000) watch the public map over two processes of the product with Redis between them, and
so many others over two processes of a reference: a raw asyncio broadcast of the same frames from a Redis
stream, or with ``--stock`` Channels' own ``group_send`` over channels_redis. Events are committed one by one,
further apart than the hub's window, so that each is one frame to every socket. The two sides take turns.
Measured is the processor time of the two serving processes, for each frame that arrived. Every socket checks
that it hears every event once and in order, to the last; otherwise the run ends with 1.

Ends with ``fanout: ratio=… ours=… reference=…`` (ours by the reference; goal at most 1.5), or with
``fanout-stock: …`` (the reference by ours; goal at least 20). The memory of a socket is printed above it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests import services
from tests.benchmarks.fanout_peers import GROUP, STREAM, layer
from tests.realtime.office import Office

SOCKETS = int(os.environ.get("SOCKETS", "5000"))
ROUNDS = int(os.environ.get("LINLI_BENCH_ROUNDS", "5"))
EVENTS, STOCK_EVENTS = 20, 4
#: Seconds between two events: more than the window in which the hub gathers.
PAUSE = 0.2
FRAME = '{{"type":"events","token":"9f1c2d3e4b5a.1a2b3c4d:{0}","events":[{1}]}}'
EVENT = '{{"kind":"request.filed","grid":"{0}","at":"2026-11-23T10:00:00.123456Z"}}'

SPEAK = """
import time
def speak(numbers, pause):
    for number in numbers:
        say(RequestFiled(source="portal", case=brief(grid=str(number))))
        time.sleep(pause)
"""


@dataclass
class Side:
    """Serving processes, their clients, and how to tell them something."""

    name: str
    processes: list[int]
    clients: subprocess.Popen[str]
    speak: Callable[[range], None]
    told: int = 0
    frames: int = 0
    costs: list[float] = field(default_factory=list)

    def round(self, count: int) -> None:
        """Tell ``count`` events; note the microseconds of processor time for each frame that arrived."""
        began = processor_seconds(self.processes)
        self.speak(range(self.told + 1, self.told + 1 + count))
        self.told += count
        frames = int(answer(self.clients, str(self.told)))
        self.frames += frames
        self.costs.append(1e6 * (processor_seconds(self.processes) - began) / frames)


def processor_seconds(processes: list[int]) -> float:
    ticks = 0
    for pid in processes:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def memory(processes: list[int]) -> float:
    """KiB that these processes hold."""
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in processes)
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024


def answer(clients: subprocess.Popen[str], line: str = "") -> str:
    assert clients.stdin
    assert clients.stdout
    if line:
        print(line, file=clients.stdin, flush=True)
    said = clients.stdout.readline().strip()
    if not said or said.startswith("LOST"):
        raise SystemExit(f"an event was lost: {said or 'the clients have ended'}")
    return said


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stock", action="store_true", help="measure against channels_redis")
    stock = parser.parse_args().stock
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="linli-bench-")))
        redis = services.Redis()
        stack.callback(redis.stop)
        redis.start()
        sides = [ours(stack, folder, redis), reference(stack, redis, "stock" if stock else "raw")]
        events = STOCK_EVENTS if stock else EVENTS
        for side in sides:
            side.round(2)  # the first frames warm everything up
            side.costs, side.frames = [], 0
        for number in range(ROUNDS):
            for side in sides if number % 2 else reversed(sides):
                side.round(events)
                print(f"round {number + 1}: {side.name} {side.costs[-1]:.2f} µs a frame", flush=True)
    for side in sides:
        print(f"{side.name}: {side.frames:,} frames to {SOCKETS} sockets, no event lost")
    mine, theirs = (statistics.median(side.costs) for side in sides)
    name, ratio = ("fanout-stock", theirs / mine) if stock else ("fanout", mine / theirs)
    print(f"{name}: ratio={ratio:.2f} ours={mine:.2f}us reference={theirs:.2f}us")


def ours(stack: contextlib.ExitStack, folder: Path, redis: services.Redis) -> Side:
    environment = services.product_environment(
        f"sqlite:///{folder / 'bench.sqlite3'}", folder, LINLI_REDIS_URL=redis.url, LINLI_SWEEP_SECONDS="0"
    )
    services.manage("migrate", "-v0", environment=environment)
    products = []
    for _ in range(2):
        product = services.Product(environment, folder)
        stack.callback(product.stop)
        products.append(product.start())
    office = stack.enter_context(contextlib.closing(Office(environment)))
    office.do(SPEAK)
    processes = [product.process.pid for product in products if product.process]
    clients = open_sockets(stack, "product", processes, "/ws/public/", [product.port for product in products])

    def speak(numbers: range) -> None:
        office.do(f"speak({numbers!r}, {PAUSE})")

    return Side("hub", processes, clients, speak)


def reference(stack: contextlib.ExitStack, redis: services.Redis, kind: str) -> Side:
    url = redis.url.replace("/0", "/1")
    ports = [services.free_port(), services.free_port()]
    processes = []
    for port in ports:
        command = [sys.executable, "-m", "tests.benchmarks.fanout_peers", kind, str(port), url]
        process = subprocess.Popen(command, cwd=services.ROOT)
        stack.callback(services.stop, process)
        processes.append(process.pid)
        wait_for(port)
    clients = open_sockets(stack, kind, processes, "/", ports)
    return Side(kind, processes, clients, speak_raw(redis) if kind == "raw" else speak_stock(url))


def speak_raw(redis: services.Redis) -> Callable[[range], None]:
    connected = redis.client()
    connected.select(1)

    def speak(numbers: range) -> None:
        for number in numbers:
            connected.xadd(STREAM, {"text": FRAME.format(number, EVENT.format(number))})
            time.sleep(PAUSE)

    return speak


def speak_stock(url: str) -> Callable[[range], None]:
    from channels_redis.core import RedisChannelLayer

    async def send(numbers: range) -> None:
        channels = RedisChannelLayer(**layer(url)["CONFIG"])
        for number in numbers:
            event = {"kind": "request.filed", "grid": str(number), "at": "2026-11-23T10:00:00.123456Z"}
            await channels.group_send(GROUP, {"type": "event", "event": event})
            await asyncio.sleep(PAUSE)
        await channels.close_pools()

    return lambda numbers: asyncio.run(send(numbers))


def wait_for(port: int) -> None:
    for _ in range(services.PATIENCE * 10):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 5).close()
            return
        time.sleep(0.1)
    raise SystemExit(f"nothing listens on port {port}")


def open_sockets(
    stack: contextlib.ExitStack, name: str, processes: list[int], path: str, ports: list[int]
) -> subprocess.Popen[str]:
    before = memory(processes)
    command = [sys.executable, "-m", "tests.benchmarks.fanout_clients", path, str(SOCKETS), *map(str, ports)]
    clients = subprocess.Popen(
        command, cwd=services.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    stack.callback(services.stop, clients)
    answer(clients)
    print(f"{name}: {(memory(processes) - before) / SOCKETS:.1f} KiB a socket", flush=True)
    return clients


if __name__ == "__main__":
    main()
