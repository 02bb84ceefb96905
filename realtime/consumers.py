"""Sockets. They only read: every write is a POST. Who may hear what is said in :mod:`realtime.audiences`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from channels.generic.websocket import AsyncWebsocketConsumer
from django.db.models import QuerySet

from grid import policies as grid_policies
from grid.actions import imports
from maps.indicators import rights as indicator_rights
from workflows import policies as workflow_policies
from workflows.actions import workflow_jobs

from .audiences import NOT_YOURS, TALKED_BACK, Audience, Denied, Person, signed_in
from .listening import Listening, in_thread, session_user

#: Seconds between two looks at how far an import is, and looks from one at its job to the next.
PROGRESS_SECONDS = 0.2
PROGRESS_LOOKS = 5


class KeepSend:
    """Middleware outside all others: keeps the server's own ``send`` in the scope.

    Channels' session middleware wraps ``send`` and looks into the session with every frame; frames from
    the hub need neither that nor its cost.
    """

    def __init__(self, app: Callable[..., Any]) -> None:
        self.app = app

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        return await self.app({**scope, "server_send": send}, receive, send)


def since_of(scope: dict[str, Any]) -> str:
    """The token of ``?since=``."""
    return parse_qs(scope["query_string"].decode("latin-1")).get("since", [""])[0]


def cut(send: Any) -> None:
    """Cut a connection by the server's own ``send``. ASGI has no word for that, and a close would wait behind
    the stuck bytes."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()


class Socket(AsyncWebsocketConsumer):
    """Tells what an audience may hear."""

    def __init__(self, audience: Audience) -> None:
        super().__init__()
        self.audience = audience
        self.listening: Listening | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:  # also when the server cancels us
            self.leave()

    async def connect(self) -> None:
        send = self.scope.get("server_send", self.base_send)
        listening = self.listening = Listening(
            self.audience,
            self.scope,
            transport="socket",
            send=send,
            abort=lambda: cut(send),
            dismiss=self.close,
        )
        code = await listening.ask()
        await self.accept()  # a browser learns a close code only from an accepted socket
        if code:
            await self.close(code)
        else:
            listening.join(since_of(self.scope))

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        self.leave()
        await self.close(TALKED_BACK)

    async def disconnect(self, code: int) -> None:
        self.leave()

    def leave(self) -> None:
        if self.listening:
            self.listening.leave()


class ImportProgress(AsyncWebsocketConsumer):
    """``/ws/import/<id>/``: how far an import is, for the person who began it, until it has ended.

    No events: the work is done in another thread or process, inside a transaction that nobody can look into.
    It says how far it is in a small file (``grid.importing.files``), and this socket watches that file.
    """

    #: Looks at the job between two looks into the database.
    looks_between = PROGRESS_LOOKS
    watching: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        ask = in_thread(self._state)
        await self.accept()
        try:
            self.watching = asyncio.get_running_loop().create_task(self._watch(ask, await ask()))
        except Denied as denied:
            await self.close(denied.code)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        await self.close(TALKED_BACK)

    async def disconnect(self, code: int) -> None:
        if self.watching:
            self.watching.cancel()

    def jobs(self, user: Person) -> QuerySet[Any]:
        """Those the user may watch."""
        return grid_policies.own_imports(user)

    def told(self, job: Any) -> dict[str, Any]:
        """How far a job is, without asking the database."""
        return imports.state_of(job)

    def _state(self) -> tuple[Any, dict[str, Any]]:
        """The job and how far it is; raises :class:`Denied` to anybody who may not watch it."""
        user = signed_in(session_user(self.scope))
        job = self.jobs(user).filter(pk=self.scope["url_route"]["kwargs"]["pk"]).first()
        if job is None:
            raise Denied(NOT_YOURS)
        return job, self.told(job)

    async def _watch(self, ask: Callable[[], Any], first: tuple[Any, dict[str, Any]]) -> None:
        """Look into the file often and into the database rarely; tell what is new."""
        job, state = first
        told: dict[str, Any] = {}
        looks = 0
        while True:
            if state != told:
                await self.send(json.dumps({"type": "progress", **state}, ensure_ascii=False))
                told = state
            if state["is_done"]:
                await self.close()
                return
            await asyncio.sleep(PROGRESS_SECONDS)
            looks += 1
            if looks % self.looks_between:
                state = self.told(job)
            else:
                try:
                    job, state = await ask()
                except Denied as denied:
                    await self.close(denied.code)
                    return


class WorkflowJobProgress(ImportProgress):
    """``/ws/workflow-job/<id>/``: how far a replay, or a move of running cases, is. It stands in the job's
    row.
    """

    looks_between = 1

    def jobs(self, user: Person) -> QuerySet[Any]:
        return workflow_policies.visible_jobs(user)

    def told(self, job: Any) -> dict[str, Any]:
        return workflow_jobs.state_of(job)


class FigureFileProgress(WorkflowJobProgress):
    """``/ws/figures/<id>/``: how far a file with figures is, for the person who asked for it."""

    def jobs(self, user: Person) -> QuerySet[Any]:
        return indicator_rights.visible_figure_jobs(user)
