"""An open connection's place in the hub, and its rights: asked for on coming, and again while it is open.

Every two seconds one look for all connections of the process compares what their rights follow from (the
session, the account, the posts held now) with what it was when they were asked for; whoever differs is asked
again. An event that may change rights has the look taken at once. A connection to one case asks again after
each event of that case, and every connection once a minute, whatever has happened.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Collection, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from types import SimpleNamespace
from typing import Any, NamedTuple

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.utils import timezone

from grid import locator, screens
from grid.actions import presence
from grid.models import User

from . import hub
from .audiences import NOT_YOURS, TRY_LATER, Anybody, Audience, Denied, Person
from .counts import here as counts
from .wire import Told

logger = logging.getLogger(__name__)

#: Seconds between two looks at what everybody's rights follow from; shorter after an event of ``RIGHTS``.
LOOK = 2.0
SOON = 0.2
#: Seconds after which a connection asks for its rights even if nothing seems to have changed.
RECHECK = 60.0
#: Rights may change with these.
RIGHTS = ("responsibility.", "stand_in.", "member.")
#: Sessions and accounts that one query looks at.
AT_ONCE = 500

# Threads of their own, so that a storm of reconnects does not hold up pages.
threads = ThreadPoolExecutor(4, thread_name_prefix="socket-rights")


def in_thread(function: Callable[..., Any]) -> Callable[..., Coroutine[Any, Any, Any]]:
    """Ask the database without holding up the event loop, or pages."""
    return database_sync_to_async(function, thread_sensitive=False, executor=threads)


class Standing(NamedTuple):
    """What a user's rights follow from. Equal ones have the same rights (but for single cases)."""

    is_signed_in: bool
    is_active: bool
    is_superuser: bool
    password: str
    posts: tuple[tuple[str, tuple[str, ...]], ...]
    #: What it shows, if it is a screen on a wall.
    screen: str = ""


GONE = Standing(is_signed_in=False, is_active=False, is_superuser=False, password="", posts=())


class Answer(NamedTuple):
    """What came of asking: a close code (0: welcome), topics, whose they are, what they follow from."""

    code: int
    topics: frozenset[str]
    user_id: int | None
    standing: Standing
    #: The screen's, where nobody is signed in but a screen on a wall listens.
    digest: str = ""


class Listening:
    """One connection. ``dismiss(code)`` shows it out; ``abort()`` cuts it off at once."""

    def __init__(
        self,
        audience: Audience,
        scope: dict[str, Any],
        *,
        transport: str,
        send: hub.Send,
        abort: Callable[[], None],
        dismiss: Callable[[int], Coroutine[Any, Any, None]],
    ) -> None:
        self.audience, self.scope, self.transport = audience, scope, transport
        self.send, self.abort, self.dismiss = send, abort, dismiss
        self.hub = hub.running()
        self.answer = Answer(NOT_YOURS, frozenset(), None, GONE)
        self.subscriber: hub.Subscriber | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.checking: asyncio.Task[None] | None = None

    @property
    def kind(self) -> str:
        """For the figures."""
        return f"{self.audience.name} {self.transport}"

    @property
    def key(self) -> str:
        """The session's."""
        return self.scope["session"].session_key or ""

    @property
    def is_watched(self) -> bool:
        """Whether somebody's rights stand behind it."""
        return self.answer.user_id is not None or bool(self.answer.digest)

    # --- Coming and going ----------------------------------------------------------------------
    async def ask(self) -> int:
        """Ask for the rights as they stand in the database now: the close code, 0 for welcome."""
        if self.hub is None:
            return TRY_LATER
        self.answer = await self._asked()
        if self.answer.code:
            counts.refused[self.answer.code] += 1
        return self.answer.code

    def join(self, since: str = "") -> None:
        """Take the place that :meth:`ask` found to be free."""
        assert self.hub is not None
        self.subscriber = self.hub.join(
            self.audience.view, self.answer.topics, self.send, abort=self.abort, since=since
        )
        _enter(self, self.hub)
        if self.is_watched:
            self.check_in(RECHECK * random.uniform(0.8, 1.0))

    def leave(self) -> None:
        """Give the place up. Harmless when done twice."""
        _exit(self)
        if self.hub and self.subscriber:
            self.hub.leave(self.subscriber)
        if self.timer:
            self.timer.cancel()
        if self.checking and self.checking is not asyncio.current_task():
            self.checking.cancel()

    # --- Rights --------------------------------------------------------------------------------
    async def _asked(self) -> Answer:
        if self.audience.is_public:
            return Answer(0, self.audience.topics(AnonymousUser()), None, GONE)
        answer: Answer = await in_thread(self._ask)()
        return answer

    def _ask(self) -> Answer:
        user: Anybody = session_user(self.scope)
        if self.audience.is_for_screens and isinstance(user, AnonymousUser):
            user = session_screen(self.scope) or user
        # What they follow from is read first: a change that comes between the two shows at the next look.
        standing = standing_of(user)
        try:
            topics = self.audience.topics(user, **self.scope["url_route"]["kwargs"])
        except Denied as denied:
            return Answer(denied.code, frozenset(), user.pk, standing)
        return Answer(0, topics, user.pk, standing, getattr(user, "digest", ""))

    def check_in(self, seconds: float) -> None:
        """Ask again within so many seconds."""
        loop = asyncio.get_running_loop()
        if self.timer:
            if self.timer.when() <= loop.time() + seconds:
                return
            self.timer.cancel()
        self.timer = loop.call_later(seconds, self._start_check)

    def _start_check(self) -> None:
        self.timer = None
        if self.checking is None or self.checking.done():
            self.checking = asyncio.get_running_loop().create_task(self.check())

    async def check(self) -> None:
        """The same question as on coming; whoever lost their rights is shown out."""
        try:
            answer = await self._asked()
        except Exception:  # the database does not answer: the next look asks again
            logger.exception("Could not ask for the rights of an open connection; trying again")
            self.check_in(RECHECK)
            return
        if not self.hub or not self.subscriber or self not in _open:
            return
        self.answer = answer
        if answer.code:
            counts.refused[answer.code] += 1
            self.leave()
            with contextlib.suppress(Exception):  # already gone
                await self.dismiss(answer.code)
        else:
            self.hub.move(self.subscriber, answer.topics)
            self.check_in(RECHECK)


# --- All connections of the process ----------------------------------------------------------------
_open: set[Listening] = set()
#: Those to single cases, by topic.
_cases: dict[str, set[Listening]] = {}
_watch: asyncio.Task[None] | None = None
#: Set when something may have changed somebody's rights.
_changed: asyncio.Event | None = None
_noting: asyncio.Task[None] | None = None


def _enter(one: Listening, the_hub: hub.Hub) -> None:
    global _watch, _changed
    _open.add(one)
    counts.opened[one.kind] += 1
    counts.present[one.kind] += 1
    if one.audience.is_about_one_case:
        for topic in one.answer.topics:
            _cases.setdefault(topic, set()).add(one)
    the_hub.listeners.add(heard)
    if _watch is None or _watch.done():
        _changed = asyncio.Event()
        _watch = asyncio.get_running_loop().create_task(_keep_looking(_changed), name="rights")


def _exit(one: Listening) -> None:
    if one not in _open:
        return
    _open.discard(one)
    counts.present[one.kind] -= 1
    if one.audience.is_about_one_case:
        for topic in one.answer.topics:
            if present := _cases.get(topic):
                present.discard(one)
                if not present:
                    del _cases[topic]


def heard(event: Told) -> None:
    """One ear for all connections of the process."""
    if event.kind.startswith(RIGHTS):
        locator.forget()  # another process may have made the change
        if _changed:
            _changed.set()
    for topic in event.topics & _cases.keys():
        for one in tuple(_cases[topic]):
            one.check_in(random.uniform(0, 2 * SOON))


async def _keep_looking(changed: asyncio.Event) -> None:
    """Look while anybody is connected, at once when something has changed and then not for a moment."""
    while _open:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK):
                await changed.wait()
        changed.clear()
        try:
            await _look()
        except Exception:
            logger.exception("Could not look at the rights of open connections; trying again")
        await asyncio.sleep(SOON)


async def _look() -> None:
    """Have those ask again whose rights may differ by now; note who has the desk open."""
    global _noting
    watched = [one for one in _open if one.is_watched]
    if not watched:
        return
    people = {one.key: one.answer.user_id for one in watched}
    walls = {one.key: one.answer.digest for one in watched if one.answer.digest}
    found = await in_thread(standings)(people, walls)
    for one in watched:
        if found[one.key] != one.answer.standing and one in _open:
            one._start_check()
    # Beside the looks: where one writes at a time, a note may have to wait.
    if _noting is None or _noting.done():
        at_desks = {one.answer.user_id for one in watched if one.audience.is_desk}
        _noting = asyncio.get_running_loop().create_task(_note(at_desks))


async def _note(at_desks: set[int | None]) -> None:
    try:
        await in_thread(presence.note_on_line)({user_id for user_id in at_desks if user_id})
    except Exception:
        logger.exception("Could not note who has the desk open; trying again later")


def standings(people: dict[str, int | None], walls: dict[str, str]) -> dict[str, Standing]:
    """What rights follow from now, by session key. ``people``: session key → id of its user; ``walls``:
    session key → digest of its screen, where there is one instead.

    Two queries for every 500, one for the screens, and one for the stamp of the posts, which are in memory.
    """
    alive = _alive(list(people))
    accounts = {user.pk: user for user in _accounts({pk for pk in people.values() if pk})}
    roster = locator.current_roster(fresh=True)
    viewers = screens.valid(set(walls.values())) if walls else {}
    found = {}
    for key, pk in people.items():
        user = accounts.get(pk or 0) or viewers.get(walls.get(key, ""))
        if user is None or key not in alive:
            found[key] = GONE
        else:
            found[key] = _standing(user, roster) if isinstance(user, User) else _standing_of_screen(user)
    return found


def standing_of(user: Anybody) -> Standing:
    if isinstance(user, screens.Viewer):
        return _standing_of_screen(user)
    return _standing(user, locator.current_roster(fresh=True)) if isinstance(user, User) else GONE


def _standing(user: User, roster: Any) -> Standing:
    roles = roster.roles_of(user.pk, timezone.now())
    return Standing(
        is_signed_in=True,
        is_active=user.is_active,
        is_superuser=user.is_superuser,
        password=user.password,
        posts=tuple(sorted((role, tuple(paths)) for role, paths in roles.items())),
    )


def _standing_of_screen(viewer: screens.Viewer) -> Standing:
    return GONE._replace(is_signed_in=True, screen=f"{viewer.digest} {viewer.path}")


def _alive(keys: list[str]) -> set[str]:
    """Which of these sessions have not ended."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    if not hasattr(store, "get_model_class"):  # kept elsewhere than in the database
        return {key for key in keys if store().exists(key)}
    alive = Session.objects.filter(expire_date__gt=timezone.now()).values_list("pk", flat=True)
    return {key for some in _batches(keys) for key in alive.filter(pk__in=some)}


def _accounts(ids: Collection[int]) -> Iterable[User]:
    for some in _batches(sorted(ids)):
        yield from User.objects.filter(pk__in=some).only("pk", "is_active", "is_superuser", "password")


def _batches(items: list[Any]) -> Iterable[list[Any]]:
    for start in range(0, len(items), AT_ONCE):
        yield items[start : start + AT_ONCE]


def session_user(scope: Any) -> Person:
    """Whose session this is, read afresh: it may have ended, or the password may have changed."""
    key = scope["session"].session_key
    if not key:
        return AnonymousUser()
    store = import_module(settings.SESSION_ENGINE).SessionStore(key)
    return get_user(SimpleNamespace(session=store))  # type: ignore[arg-type]


def session_screen(scope: Any) -> screens.Viewer | None:
    """The screen on a wall whose session this is, read afresh."""
    key = scope["session"].session_key
    if not key:
        return None
    return screens.viewer_of(import_module(settings.SESSION_ENGINE).SessionStore(key))
