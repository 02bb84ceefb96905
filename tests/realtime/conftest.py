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
from tests.realtime.streaming import Stream

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

    def told(self) -> dict[str, Any]:
        """The next frame that says more than that the server lives, which it says whenever it is quiet."""
        frame = self.frame()
        while frame["type"] == "hello":
            frame = self.frame()
        return frame

    def events(self) -> list[dict[str, Any]]:
        """The events of the next frame that says something."""
        frame = self.told()
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


@pytest.fixture
def follow(product: services.Product) -> Iterator[Callable[..., Stream]]:
    """``follow("/sse/map/", cookie)``: an open stream; closed with the test."""
    with contextlib.ExitStack() as stack:

        def open_stream(path: str, cookie: str = "", **headers: str) -> Stream:
            stream = Stream(product.port, path, cookie, **headers)
            stack.callback(stream.close)
            return stream

        yield open_stream


@pytest.fixture
def appoint(office: Office, listen: Callable[..., Socket]) -> Callable[[str, str], str]:
    """``appoint("name", "area code")``: a supervisor of that area, whom the server knows; their cookie."""

    def make(username: str, code: str) -> str:
        office.do(
            "from grid.actions.duty import assign_responsibility\n"
            "from grid.models import DutyRole, Member\n"
            f"user, _ = User.objects.get_or_create(username={username!r})\n"
            "member, _ = Member.objects.get_or_create(user=user)"
        )
        cookie = office.sign_in(username)
        told = listen("/ws/tasks/", cookie)
        told.frame()
        office.do(
            f"assign_responsibility(member=member, area=Area.objects.get(code={code!r}),"
            " role=DutyRole.objects.get(pk='supervisor'))"
        )
        assert [event["kind"] for event in told.events()] == ["responsibility.assigned"]
        return cookie

    return make
