"""A proxy in front of the product, of the kind that does not let websockets through."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Self

from tests import services

REFUSAL = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Proxy:
    """Hands bytes on between ``url`` and the product; while ``breaks_sockets``, refuses every upgrade.

    It looks at the first request of a connection only, so it has each connection serve a single one.
    """

    def __init__(self, product: services.Product) -> None:
        self.product = product
        self.breaks_sockets = True
        self.refused = 0
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.listening.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listening.accept()
                threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            head = b""
            while b"\r\n\r\n" not in head:
                more = client.recv(65536)
                if not more:
                    return
                head += more
            is_upgrade = b"upgrade: websocket" in head.lower()
            if is_upgrade and self.breaks_sockets:
                self.refused += 1
                client.sendall(REFUSAL)
                return
            if not is_upgrade:
                head = head.replace(b"\r\n", b"\r\nConnection: close\r\n", 1).replace(
                    b"Connection: keep-alive\r\n", b""
                )
            with socket.create_connection(("127.0.0.1", self.product.port)) as server:
                server.sendall(head)
                back = threading.Thread(target=_hand_on, args=[server, client], daemon=True)
                back.start()
                _hand_on(client, server)
                back.join()


def _hand_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
