"""Live traffic in the demo town: while you watch, people file cases and members handle them.

It never acts as one of the demo's sign-ins and never touches the cases they filed: those are yours.
"""

from __future__ import annotations

import random as stdlib_random
import threading
import time
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from viewflow.workflow.models import Task

from grid.errors import Refused
from grid.models import Area, Resident, Responsibility, User
from workflows.engine.describe import step_of
from workflows.engine.move import OPEN
from workflows.models import Request

from . import build, town
from .crowd import Crowd, Place

#: Steps taken for each request filed; a case takes between four and five.
STEPS = 4.4
#: A member who signs in keeps at most this many cases for themself; the rest happens elsewhere.
INBOX = 12
#: How long a step rests before somebody takes it, so that one can watch it.
REST = timedelta(seconds=20)


class NoDemo(Exception):
    """There is no demo town in this database: traffic would have nobody to come from."""


def is_demo() -> bool:
    try:
        return build.exists()
    except build.NotEmpty:
        return False


class Simulator:
    """Does one thing at a time; the caller sets the pace."""

    def __init__(self, seed: int | None = None) -> None:
        self.random = stdlib_random.Random(seed)
        self.sign_ins = list(User.objects.filter(username__in=[person.account for person in town.SIGN_INS]))
        if not self.sign_ins or not is_demo():
            raise NoDemo
        self.ours = {user.pk for user in self.sign_ins}
        self.crowd = self._crowd()

    def _crowd(self) -> Crowd:
        grids = list(Area.objects.filter(level="grid").order_by("path"))
        buildings: dict[str, list[Area]] = {grid.path: [] for grid in grids}
        for building in Area.objects.filter(level="building").order_by("path"):
            buildings[building.path[: len(grids[0].path)]].append(building)
        number = {grid.pk: index for index, grid in enumerate(grids)}
        residents = [
            (resident.user, number[resident.area_id])
            for resident in Resident.objects.filter(area__in=grids)
            .exclude(user__in=self.ours)
            .select_related("user")
        ]
        members = [user for user in build.members() if user.pk not in self.ours]
        places = [Place(grid, buildings[grid.path]) for grid in grids]
        return Crowd(seed=self.random.getrandbits(32), places=places, residents=residents, members=members)

    def tick(self) -> str:
        """One thing happens; what it was, for the console. "" when there was no step to take."""
        if self.random.random() < 1 / (1 + STEPS):
            return self.file()
        return self.step()

    def file(self) -> str:
        busy = self._busy_grids()
        request = self.crowd.file(photos=0.3, suits=lambda grid: grid.pk not in busy)
        return f"{request.number} filed"

    def step(self) -> str:
        """Somebody takes a step on one of the cases under way; "" when there is none to take."""
        waiting = (
            Task.objects.filter(status__in=OPEN, flow_task_type="HUMAN", created__lt=timezone.now() - REST)
            .exclude(owner__in=self.ours)
            .exclude(process__request__reporter__in=self.ours)
            .exclude(process__request__filed_by__in=self.ours)
            .select_related("process__request__category", "process__request__area")
        )
        # The latest are the likeliest: what lies long, lies longer.
        for task in waiting.order_by("-created")[self._offset() :][:5]:
            actor = self.crowd.actor_of(task, never=self.ours)
            if actor is not None:
                return self._act(task, actor)
        return ""

    def _act(self, task: Task, actor: User) -> str:
        request: Request = task.process.request
        try:
            if step_of(task).form == "rating":
                self.crowd.rate(request, actor)
                return f"{request.number} rated"
            return f"{request.number} {step_of(task).block_id}: {self.crowd.step(task, actor, photos=0.4)}"
        except Refused as refusal:
            return f"{request.number}: {refusal}"

    def _offset(self) -> int:
        return int(self.random.expovariate(0.12))

    def _busy_grids(self) -> set[int]:
        """Grids whose next case would go to a sign-in that has enough to do."""
        if Task.objects.filter(status__in=OPEN, owner__in=self.ours).count() < INBOX:
            return set()
        served = Responsibility.objects.in_force().filter(role="grid_member", member__user__in=self.ours)
        return set(served.values_list("area_id", flat=True))


def run(rate: float, stop: threading.Event, say: Callable[[str], object]) -> None:
    """File ``rate`` requests a second, and take the steps that go with them, until ``stop`` is set.

    Raises :class:`NoDemo` where there is no demo town.
    """
    simulator = Simulator()
    while not stop.wait(simulator.random.expovariate(rate * (1 + STEPS))):
        if happened := simulator.tick():
            say(happened)


class Background:
    """The simulator as a job of the web process, called every second or so."""

    def __init__(self) -> None:
        self.simulator: Simulator | None = None
        self.next: float | None = None

    def tick(self) -> None:
        """Do what has come due at ``LINLI_SIMULATE_RATE`` since the last call."""
        now, pace = time.monotonic(), settings.LINLI_SIMULATE_RATE * (1 + STEPS)
        if self.simulator is None:
            self.simulator = Simulator()
        draw = self.simulator.random.expovariate
        # After a pause (a laptop asleep) the town does not catch up.
        self.next = max(self.next or now + draw(pace), now - 5)
        while self.next <= now:
            self.simulator.tick()
            self.next += draw(pace)


tick = Background().tick
