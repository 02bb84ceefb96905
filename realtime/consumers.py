"""Sockets. They only read: every write is a POST.

A consumer asks a policy which topics its user may hear, joins the hub with them, and asks again when
responsibilities change and at least once a minute. Refusals are close codes: 4401 sign in (again),
4403 not yours.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from types import SimpleNamespace
from typing import Any, ClassVar
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from grid import locator
from grid import policies as grid_policies
from grid.actions import imports
from grid.models import User
from maps.indicators import rights as indicator_rights
from workflows import policies as workflow_policies
from workflows.actions import workflow_jobs
from workflows.models import Request

from . import hub
from .wire import PUBLIC_TOPIC, Told, View, area_topic, request_topic, user_topic

Person = User | AnonymousUser

SIGN_IN, NOT_YOURS, TALKED_BACK, TRY_LATER = 4401, 4403, 4400, 1013

#: Seconds between two checks of a socket's rights.
RECHECK = 60.0
#: Rights may change with these; every open socket checks its own again, spread over this many per second.
RIGHTS_PREFIXES = ("responsibility.", "stand_in.", "member.")
CHECKS_PER_SECOND = 500
#: Seconds between two looks at how far an import is, and looks from one at its job to the next.
PROGRESS_SECONDS = 0.2
PROGRESS_LOOKS = 5

# Threads of their own, so that a storm of reconnects does not hold up pages.
_threads = ThreadPoolExecutor(4, thread_name_prefix="socket-rights")


class Denied(Exception):
    """This user may not listen here; ``code`` is the close code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class KeepSend:
    """Middleware outside all others: keeps the server's own ``send`` in the scope.

    Channels' session middleware wraps ``send`` and looks into the session with every frame; frames from
    the hub need neither that nor its cost.
    """

    def __init__(self, app: Callable[..., Any]) -> None:
        self.app = app

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        return await self.app({**scope, "server_send": send}, receive, send)


class Listener(AsyncWebsocketConsumer):
    """Base of all sockets: rights, joining, checking again, leaving."""

    view: ClassVar[View]

    subscriber: hub.Subscriber | None = None
    hub: hub.Hub | None = None
    recheck_timer: asyncio.TimerHandle | None = None
    checking: asyncio.Task[None] | None = None

    # --- What the kinds of socket differ in ----------------------------------------------------
    def topics(self, user: Person) -> frozenset[str]:
        """What this user may hear here. Runs in a thread; raises :class:`Denied`."""
        raise NotImplementedError

    # --- Life ----------------------------------------------------------------------------------
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:  # also when the server cancels us
            self.leave()

    async def connect(self) -> None:
        self.hub = hub.running()
        code, topics = await self.rights()
        await self.accept()  # a browser learns a close code only from an accepted socket
        if self.hub is None:
            code = TRY_LATER
        if code or self.hub is None:
            await self.close(code)
            return
        self.subscriber = self.hub.join(
            self.view,
            topics,
            self.scope.get("server_send", self.base_send),
            abort=self.abort,
            since=parse_qs(self.scope["query_string"].decode("latin-1")).get("since", [""])[0],
        )
        self.hub.listeners.add(heard)
        _open.add(self)
        self.check_in(RECHECK * random.uniform(0.8, 1.0))

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        self.leave()
        await self.close(TALKED_BACK)

    async def disconnect(self, code: int) -> None:
        self.leave()

    def leave(self) -> None:
        _open.discard(self)
        if self.hub and self.subscriber:
            self.hub.leave(self.subscriber)
        if self.recheck_timer:
            self.recheck_timer.cancel()
        if self.checking and self.checking is not asyncio.current_task():
            self.checking.cancel()

    def abort(self) -> None:
        """Cut the connection. ASGI has no word for that, and a close would wait behind the stuck bytes."""
        transport = getattr(getattr(self.scope.get("server_send"), "__self__", None), "transport", None)
        if transport is not None:
            transport.abort()

    # --- Rights --------------------------------------------------------------------------------
    async def rights(self) -> tuple[int, frozenset[str]]:
        """Close code (0: welcome) and topics, as things stand in the database now."""
        ask = database_sync_to_async(self._ask, thread_sensitive=False, executor=_threads)
        answer: tuple[int, frozenset[str]] = await ask()
        return answer

    def _ask(self) -> tuple[int, frozenset[str]]:
        try:
            return 0, self.topics(self.user())
        except Denied as denied:
            return denied.code, frozenset()

    def user(self) -> Person:
        return session_user(self.scope)

    def check_in(self, seconds: float) -> None:
        if self.recheck_timer:
            self.recheck_timer.cancel()
        self.recheck_timer = asyncio.get_running_loop().call_later(seconds, self._start_check)

    def _start_check(self) -> None:
        self.recheck_timer = None
        self.checking = asyncio.get_running_loop().create_task(self.check())

    async def check(self) -> None:
        """The same question as on connecting; whoever lost their rights is shown out."""
        code, topics = await self.rights()
        if not self.hub or not self.subscriber:
            return
        self.check_in(RECHECK)
        if code:
            self.leave()
            with contextlib.suppress(Exception):  # already gone
                await self.close(code)
        else:
            self.hub.move(self.subscriber, topics)


_open: set[Listener] = set()


def heard(event: Told) -> None:
    """One ear for all sockets of the process: an event that may change rights has each of them ask again."""
    if event.kind.startswith(RIGHTS_PREFIXES):
        locator.forget()  # another process may have made the change
        for socket in tuple(_open):
            socket.check_in(random.uniform(0, len(_open) / CHECKS_PER_SECOND))


class LiveMap(Listener):
    """``/ws/map/``: whole events of the areas a supervisor or administrator watches."""

    view = View.CASES

    def topics(self, user: Person) -> frozenset[str]:
        signed_in(user)
        if not grid_policies.may_watch(user):
            raise Denied(NOT_YOURS)
        paths = grid_policies.scope(user, grid_policies.SUPERVISOR, grid_policies.ADMINISTRATOR)
        return frozenset(map(area_topic, paths))


class PublicMap(Listener):
    """``/ws/public/``: for anybody, public payloads only."""

    view = View.PUBLIC

    async def rights(self) -> tuple[int, frozenset[str]]:
        return 0, frozenset({PUBLIC_TOPIC})


class MyTasks(Listener):
    """``/ws/tasks/``: that something happened which names me."""

    view = View.NUDGE

    def topics(self, user: Person) -> frozenset[str]:
        return frozenset({user_topic(signed_in(user).pk)})


class OneCase(Listener):
    """``/ws/case/<number>/``: that something happened to a case I may view."""

    view = View.NUDGE

    def topics(self, user: Person) -> frozenset[str]:
        signed_in(user)
        request = Request.objects.filter(number=self.scope["url_route"]["kwargs"]["number"]).first()
        # A number that does not exist is refused like one that is not yours: numbers can be guessed.
        if request is None or not workflow_policies.may_view_request(user, request):
            raise Denied(NOT_YOURS)
        return frozenset({request_topic(request.pk)})


class ImportProgress(AsyncWebsocketConsumer):
    """``/ws/import/<id>/``: how far an import is, for the person who began it, until it has ended.

    No events: the work is done in another thread or process, inside a transaction that nobody can look into.
    It says how far it is in a small file (``grid.importing.files``), and this socket watches that file.
    """

    #: Looks at the job between two looks into the database.
    looks_between = PROGRESS_LOOKS
    watching: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        ask = database_sync_to_async(self._state, thread_sensitive=False, executor=_threads)
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


class Nowhere(Listener):
    """Any other address."""

    view = View.NUDGE

    async def rights(self) -> tuple[int, frozenset[str]]:
        return NOT_YOURS, frozenset()


def session_user(scope: Any) -> Person:
    """Whose session this is, read afresh: it may have ended, or the password may have changed."""
    key = scope["session"].session_key
    if not key:
        return AnonymousUser()
    store = import_module(settings.SESSION_ENGINE).SessionStore(key)
    return get_user(SimpleNamespace(session=store))  # type: ignore[arg-type]


def signed_in(user: Person) -> User:
    if isinstance(user, AnonymousUser) or not user.is_active:
        raise Denied(SIGN_IN)
    return user
