"""The socket that the web server listens on."""

from __future__ import annotations

import socket

from django.core.management.base import CommandError

#: Bytes the kernel may hold for a client that does not read. The default grows to megabytes per client.
SEND_BUFFER = 32 * 1024
#: Milliseconds after which a connection that acknowledges nothing is given up; pings do not free a stuck one.
USER_TIMEOUT = 15_000


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; the connections it accepts inherit its options."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT)
    try:
        listening.bind((host, port))
        listening.listen(2048)
    except (OSError, OverflowError) as error:
        listening.close()
        raise CommandError(f"Cannot listen on {host} port {port}: {error}. Choose another port.") from error
    return listening
