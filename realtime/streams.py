"""Server-Sent Events, for where something between browser and server breaks websockets.

The same audiences, rights, tokens and frames as the sockets; only the envelope differs. A frame is the
``data`` of an event and its token the ``id``, so ``Last-Event-ID`` resumes like ``?since=``. Refusals are the
status (401, 403, 503); whoever is shown out later gets an event ``close`` with the close code.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host

from .audiences import NOT_YOURS, RESTARTS, SIGN_IN, TRY_LATER, Audience
from .consumers import cut, since_of
from .listening import Listening

Send = Callable[[dict[str, Any]], Coroutine[Any, Any, None]]

STATUS = {SIGN_IN: 401, NOT_YOURS: 403, TRY_LATER: 503}
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store, no-transform"),
    # nginx would otherwise keep events until its buffer is full.
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
    (b"vary", b"Cookie"),
]
#: Milliseconds after which a browser's own EventSource comes back.
RETRY = 5000
#: Seconds that the farewell may wait for a client that takes nothing.
FAREWELL = 5.0
TOKEN = re.compile(r'"token":"([^"\\]*)"')


class Stream:
    """ASGI application: ``GET`` tells what an audience may hear, until one of the two goes."""

    def __init__(self, audience: Audience) -> None:
        self.audience = audience

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Send) -> None:
        if scope["method"] != "GET":
            await _refuse(send, 405)
        elif not _is_from_here(scope):
            await _refuse(send, 403)
        else:
            await Connection(self.audience, scope, receive).run(scope.get("server_send", send))


class Connection:
    """One open stream."""

    def __init__(self, audience: Audience, scope: dict[str, Any], receive: Any) -> None:
        self.audience, self.scope, self.receive = audience, scope, receive
        self.ending: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def run(self, send: Send) -> None:
        listening = Listening(
            self.audience,
            self.scope,
            transport="stream",
            send=enveloping(send),
            abort=lambda: cut(send),
            dismiss=self.dismiss,
        )
        if code := await listening.ask():
            await _refuse(send, STATUS.get(code, 503))
            return
        gone: asyncio.Future[Any] = asyncio.get_running_loop().create_task(self._gone())
        _open.add(self)
        try:
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            await send(_body(f"retry: {RETRY}\n\n".encode()))
            listening.join(_header(self.scope, b"last-event-id") or since_of(self.scope))
            ends: list[asyncio.Future[Any]] = [gone, self.ending]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            _open.discard(self)
            listening.leave()
            gone.cancel()
        if self.ending.done():
            await _farewell(send, self.ending.result())

    async def _gone(self) -> None:
        """Until the client has gone."""
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def dismiss(self, code: int) -> None:
        self.end(code)

    def end(self, code: int) -> None:
        if not self.ending.done():
            self.ending.set_result(code)


_open: set[Connection] = set()


def end_all() -> None:
    """The server stops: streams end by themselves only when their clients go."""
    for one in tuple(_open):
        one.end(RESTARTS)


# --- The envelope ------------------------------------------------------------------------------------
_last: tuple[dict[str, Any] | None, dict[str, Any]] = (None, {})


def enveloping(send: Send) -> Send:
    """``send`` for the hub, whose frames are those of a socket."""

    async def send_event(frame: dict[str, Any]) -> None:
        await send(_enveloped(frame))

    return send_event


def _enveloped(frame: dict[str, Any]) -> dict[str, Any]:
    """A socket's frame as an event. Mostly it is the one before, for the next stream of the same group."""
    global _last
    if _last[0] is not frame:
        text = frame["text"]
        token = TOKEN.search(text)
        name = f"id: {token[1]}\n" if token else ""
        _last = frame, _body(f"{name}data: {text}\n\n".encode())
    return _last[1]


def _body(data: bytes, *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": more}


async def _farewell(send: Send, code: int) -> None:
    said = f"event: close\ndata: {json.dumps({'code': code})}\n\n".encode()
    try:
        async with asyncio.timeout(FAREWELL):
            await send(_body(said, more=False))
    except TimeoutError:
        cut(send)


async def _refuse(send: Send, status: int) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send(_body(b"", more=False))


# --- Where it is asked from ----------------------------------------------------------------------------
def _is_from_here(scope: dict[str, Any]) -> bool:
    """Whether it is asked for under a name of ours, and by no page of another site."""
    host, _ = split_domain_port(_header(scope, b"host"))
    if not validate_host(host, settings.ALLOWED_HOSTS):
        return False
    origin = _header(scope, b"origin")
    return not origin or validate_host(urlsplit(origin).hostname or "", settings.ALLOWED_HOSTS)


def _header(scope: dict[str, Any], name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")
