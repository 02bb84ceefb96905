"""A running product and a second process beside it, shared by the tests of a module."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests import services
from tests.realtime.office import Office

#: Longest wait for a frame before a test fails, in seconds.
PATIENCE = services.PATIENCE


@pytest.fixture(scope="module")
def environment(databases: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    data_dir = tmp_path_factory.mktemp("product")
    return services.product_environment(databases.fresh("sqlite", data_dir), data_dir)


@pytest.fixture(scope="module")
def product(environment: dict[str, str]) -> Iterator[services.Product]:
    product = services.Product(environment, Path(environment["LINLI_DATA_DIR"]))
    try:
        yield product.start()
    finally:
        product.stop()


@pytest.fixture(scope="module")
def office(environment: dict[str, str]) -> Iterator[Office]:
    with contextlib.closing(Office(environment)) as office:
        yield office


class Socket:
    """A browser's socket."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.token = ""

    def frame(self) -> dict[str, Any]:
        frame = json.loads(self.connection.recv(PATIENCE))
        self.token = frame["token"]
        return frame

    def events(self) -> list[dict[str, Any]]:
        """The events of the next frame that carries any."""
        frame = self.frame()
        while frame["type"] == "hello":
            frame = self.frame()
        assert frame["type"] == "events"
        return frame["events"]

    def close_code(self) -> int:
        """Read on until the server closes."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                self.connection.recv(PATIENCE)
        assert self.connection.close_code
        return self.connection.close_code


@pytest.fixture
def listen(product: services.Product) -> Iterator[Callable[..., Socket]]:
    """``listen("/ws/map/", cookie)``: an open socket; closed with the test."""
    with contextlib.ExitStack() as stack:

        def open_socket(path: str, cookie: str = "", *, since: str = "", origin: str = "") -> Socket:
            address = f"ws://127.0.0.1:{product.port}{path}" + (f"?since={since}" if since else "")
            headers = {"Cookie": cookie} if cookie else None
            connection = connect(address, origin=origin or product.url, additional_headers=headers)
            return Socket(stack.enter_context(connection))

        yield open_socket
