"""``manage.py serve``: the web server, pages and sockets in one process."""

from __future__ import annotations

import argparse
import contextlib
import socket
import sys
from typing import Any

import uvicorn
from django.core.management.base import BaseCommand

from config.listening import listen
from realtime import streams

#: Sockets only read, so whatever a client sends is small.
LARGEST_MESSAGE = 4 * 1024


class Server(uvicorn.Server):
    """Says farewell to streams: to uvicorn they are answers that are still being written."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        streams.end_all()
        await super().shutdown(sockets)


class Command(BaseCommand):
    help = "Serve pages and sockets on one address until stopped (Ctrl+C)."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on (default: 8000)")

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        listening = listen(host, port)
        shown = f"[{host}]" if ":" in host else host
        self.stdout.write(f"http://{shown}:{listening.getsockname()[1]}/")
        self.stdout.flush()
        config = uvicorn.Config(
            "config.asgi:application",
            ws_per_message_deflate=False,
            ws_max_size=LARGEST_MESSAGE,
            access_log=False,
            log_config=None,
            log_level="warning",
            lifespan="on",
            server_header=False,
            timeout_graceful_shutdown=2,
        )
        server = Server(config)
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[listening])
        if not server.started:
            sys.exit(1)
