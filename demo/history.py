"""The last 90 days of the demo town: 2,000 cases, lived through one after the other in town time.

A queue of what happens when: the earliest thing is taken, the clock is set to its moment, the action
runs, and what follows from it is put into the queue. So events, chains, notifications and ratings are
those the product itself writes, and their ids run as time did. What lies beyond the present stays undone:
those are the cases under way.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Any

import time_machine
from django.utils import timezone
from viewflow.workflow.models import Task

from grid.errors import Refused
from grid.models import Area, User
from workflows.actions.deadlines import tell_deadlines
from workflows.actions.timers import fire_timers
from workflows.engine.describe import step_of
from workflows.engine.move import OPEN
from workflows.models import Request

from .crowd import Crowd, open_tasks, working_delay

CASES = 2_000
DAYS = 90
#: How the requests of a day spread over its 24 hours, and those of a week over Monday to Sunday.
HOURS = [1, 1, 0, 0, 0, 1, 4, 10, 16, 15, 13, 11, 8, 7, 10, 12, 11, 11, 13, 15, 14, 9, 5, 2]
WEEKDAYS = [1.15, 1.05, 1.0, 1.0, 1.05, 0.85, 0.75]
#: How many hours a step usually takes, by block of the seeded workflows; less when the limit is short.
PACE = {"register": 2.0, "dispatch": 4.0, "handle": 16.0, "check": 7.0, "close": 4.0, "rate": 20.0}
#: Share of steps that lie for days.
FORGOTTEN = 0.015
SWEEP = timedelta(days=1)
#: Since when there is a building site in one community, and its share of all that is filed.
BUILDING, SHARE_OF_BUILDING = timedelta(days=24), 0.07
#: What awaits whoever signs in to the demo: hours before the present, and whether the sign-in ``resident``
#: filed it. All lie in the grid of the sign-in ``member``; the first ones are closed by now, to be rated.
WAITING = (
    (260, True),
    (190, True),
    (70, False),
    (46, True),
    (27, False),
    (9, False),
    (4, True),
    (1.5, False),
)
#: Steps and ratings of the last days that fall to a sign-in are left for whoever tries the demo.
STEPS_LEFT, RATINGS_LEFT = timedelta(days=3), timedelta(days=14)


class History:
    """Lives through the past. ``ended`` is the present; ``progress`` hears how many cases were filed."""

    def __init__(
        self,
        crowd: Crowd,
        ended: datetime,
        visitors: Collection[int] = (),
        progress: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.crowd, self.random, self.ended, self.progress = crowd, crowd.random, ended, progress
        self.visitors = visitors
        self.queue: list[tuple[datetime, int, Callable[[], None]]] = []
        self.order = count()
        self.filed = 0

    def live(self, cases: int = CASES, days: int = DAYS) -> None:
        """Run until the present. The caller opens the transaction."""
        for at in self._filing_times(cases - len(WAITING), days):
            self.at(at, self._file)
        for number, (hours, by_sign_in) in enumerate(WAITING, start=1):
            # The first resident is the one who signs in; the first grid is the sign-in member's.
            reporter = (self.crowd.residents[0 if by_sign_in else number][0], 0)
            self.at(self.ended - timedelta(hours=hours), partial(self._file, reporter))
        for step in range(int(timedelta(days=days) / SWEEP)):
            self.at(self.ended - timedelta(days=days) + step * SWEEP, self._sweep)
        self.at(self.ended, self._sweep)
        with time_machine.travel(self.ended - timedelta(days=days), tick=False) as clock:
            while self.queue:
                at, _, happen = heapq.heappop(self.queue)
                clock.move_to(at)
                happen()

    def at(self, when: datetime, happen: Callable[[], None]) -> None:
        """Put something into the queue, unless it lies in the future."""
        if when <= self.ended:
            heapq.heappush(self.queue, (when, next(self.order), happen))

    def soon(self, hours: float, happen: Callable[[], None], *, working: bool = True) -> None:
        when = timezone.now() + working_delay(self.random, hours)
        self.at(_by_day(when) if working else when, happen)

    def _filing_times(self, cases: int, days: int) -> list[datetime]:
        """As many moments as cases, by the habits of day and week; the last three days are busy."""
        midnight = timezone.localtime(self.ended).replace(hour=0, minute=0, second=0, microsecond=0)
        mornings = [midnight - timedelta(days=ago) for ago in range(days - 1, -1, -1)]
        busy = [
            WEEKDAYS[day.weekday()] * (0.8 + 0.5 * index / days + 1.6 * (days - index <= 3))
            for index, day in enumerate(mornings)
        ]
        times: list[datetime] = []
        while len(times) < cases:
            day = self.random.choices(mornings, busy)[0]
            hour = self.random.choices(range(24), HOURS)[0]
            at = day + timedelta(hours=hour, seconds=self.random.randrange(3600))
            if at < self.ended:
                times.append(at)
        return sorted(times)

    # --- what happens --------------------------------------------------------------------------
    def _file(self, reporter: tuple[User, int] | None = None) -> None:
        if reporter is None and self._is_noisy():
            corner = self.crowd.places[len(self.crowd.places) // 2].grid.path[: -Area.steplen]
            request = self.crowd.file(suits=lambda grid: grid.path.startswith(corner), about="noise")
        else:
            request = self.crowd.file(photos=0.9 if reporter else 0.08, reporter=reporter)
        self.filed += 1
        self.progress(self.filed)
        self._expect(request, timezone.now())
        if request.reporter and self.random.random() < 0.05:
            self.soon(60, partial(self._urge, request.pk, request.reporter), working=False)

    def _is_noisy(self) -> bool:
        """Whether it is the building site once more: for some weeks one community hears it day and night."""
        begun = timezone.now() > self.ended - BUILDING
        return begun and self.random.random() < SHARE_OF_BUILDING

    def _expect(self, request: Request, since: datetime) -> None:
        """Somebody will take each step of the case that was opened by now, most of them."""
        for task in open_tasks(request):
            if task.created < since:
                continue
            step = step_of(task)
            if step.form == "rating":
                self._expect_rating(task, request)
            elif not self._is_for_a_visitor(task, STEPS_LEFT):
                self._expect_step(task, step.block_id)

    def _expect_step(self, task: Task, block_id: str) -> None:
        hours, due = PACE.get(block_id, 4.0), task.process.request.due_at
        if self.random.random() < FORGOTTEN:
            hours = self.random.uniform(60, 200)
        elif due is not None:
            # Who has two hours does not wait until tomorrow morning.
            left = (due - timezone.now()).total_seconds() / 3600
            hours = min(hours, max(0.25 * left, 0.3))
        self.soon(hours, partial(self._take, task), working=hours > 2)

    def _is_for_a_visitor(self, task: Task, lately: timedelta) -> bool:
        """Whether it fell to a sign-in of the demo lately: then it stays for whoever tries the demo."""
        return task.owner_id in self.visitors and task.created > self.ended - lately

    def _expect_rating(self, task: Task, request: Request) -> None:
        if self._is_for_a_visitor(task, RATINGS_LEFT):
            return
        if self.random.random() < 0.62:
            self.soon(PACE["rate"], partial(self._rate, task), working=False)
        elif request.reopened_count == 0 and self.random.random() < 0.06:
            self.soon(30, partial(self._reopen, task), working=False)

    def _take(self, task: Task) -> None:
        if (actor := self.crowd.actor_of(task)) is None:
            return
        now, request = timezone.now(), task.process.request
        done = self._try(self.crowd.step, task, actor, photos=0.08)
        if done in {"claim", "transfer", None} and _is_open(task):
            # Claimed, handed over, or moved to somebody else by a deadline: that person takes it later.
            self._expect_step(task, step_of(task).block_id)
        elif done is not None:
            self._expect(request, now)

    def _rate(self, task: Task) -> None:
        if actor := self.crowd.actor_of(task):
            self._try(self.crowd.rate, Request.objects.get(pk=task.process.request.pk), actor)

    def _reopen(self, task: Task) -> None:
        if actor := self.crowd.actor_of(task):
            now = timezone.now()
            if self._try(self.crowd.reopen, task.process.request, actor):
                self._expect(task.process.request, now)

    def _urge(self, request_id: int, actor: User) -> None:
        request = Request.objects.get(pk=request_id)
        if request.is_open:
            self._try(self.crowd.urge, request, actor)

    def _try(self, act: Callable[..., Any], *what: Any, **how: Any) -> Any:
        """People are refused now and then, in a demo town as elsewhere; the day goes on."""
        try:
            return act(*what, **how)
        except Refused:
            return None

    def _sweep(self) -> None:
        fire_timers()
        tell_deadlines()


def _is_open(task: Task) -> bool:
    """Whether a task is still open; takes over the owner it has by now."""
    found = Task.objects.filter(pk=task.pk, status__in=OPEN).values("owner_id", "data").first()
    if found is not None:
        task.owner_id, task.data = found["owner_id"], found["data"]
    return found is not None


def _by_day(when: datetime) -> datetime:
    """Steps are taken between eight and six; what would fall into the night waits for the morning."""
    local = timezone.localtime(when)
    if 8 <= local.hour < 18:
        return when
    morning = local.replace(hour=8, minute=local.minute, second=local.second)
    return morning if local.hour < 8 else morning + timedelta(days=1)
