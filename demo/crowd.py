"""What people in the demo town do: residents file, rate and reopen, members decide. Through actions only.

The history of the last 90 days and the live traffic both ask the crowd; they differ in who sets the clock.
"""

from __future__ import annotations

import random as stdlib_random
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta

import shapely
from viewflow.workflow.models import Task

from grid.duty import on_duty
from grid.models import Area, User
from workflows.actions.ratings import rate_request, reopen_request
from workflows.actions.requests import file_request
from workflows.actions.tasks import claim_task, decide_task, transfer_task
from workflows.actions.urging import urge_request
from workflows.engine.move import OPEN
from workflows.engine.schema import Approval, FormField, Outcome
from workflows.models import Category, FilingCondition, Request, Source, Urgency, Visibility

from . import phrases, pictures

#: How much people write about each root of the dictionary.
WEIGHTS = {
    "repairs": 34, "sanitation": 18, "noise": 12, "parking": 12, "property": 8, "neighbours": 5,
    "care": 5, "certificates": 3, "order": 4, "advice": 3, "wish": 2,
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Where a case may lie. ``buildings`` are areas known by address only."""

    grid: Area
    buildings: list[Area]
    #: How much happens here, compared with other grids.
    weight: float = 1.0


class Crowd:
    """Draws who does what next. The same for the same seed, as long as it is asked the same things."""

    def __init__(
        self, *, seed: int | None, places: list[Place], residents: list[tuple[User, int]], members: list[User]
    ) -> None:
        self.random = stdlib_random.Random(seed)
        self.places, self.residents, self.members = places, residents, members
        self.users: dict[int, User] = {user.pk: user for user in (*members, *(user for user, _ in residents))}
        self.categories = {
            category.code: category for category in Category.objects.filter(dictionary="resident")
        }
        self.conditions = {
            (condition.category.code, condition.text): condition
            for condition in FilingCondition.objects.select_related("category")
        }
        self.roots = [category for category in self.categories.values() if category.is_root()]
        self.stories = [story for story in phrases.STORIES if story.category in self.categories]
        self.weights = [self._weight(story) for story in self.stories]

    def _weight(self, story: phrases.Story) -> float:
        root = story.category.partition("-")[0]
        same = sum(other.category.startswith(root) for other in self.stories)
        rare = 0.3 if story.condition else 1.0
        return WEIGHTS.get(root, 1) / same * rare

    # --- residents -----------------------------------------------------------------------------
    def file(
        self,
        *,
        photos: float = 0.2,
        reporter: tuple[User, int] | None = None,
        suits: Callable[[Area], bool] = lambda grid: True,
        about: str = "",
    ) -> Request:
        """One more request: by a resident, near home or elsewhere, or found by a member.

        ``photos`` is the share of requests that carry a picture; ``suits`` says where it may happen,
        ``about`` is the topmost category it has to be of. A named ``reporter`` (with the number of their
        grid) files for themself, at home.
        """
        draw = self.random
        weights = [
            weight if story.category.startswith(about) else 0
            for story, weight in zip(self.stories, self.weights, strict=True)
        ]
        story = draw.choices(self.stories, weights)[0]
        user, home = reporter or draw.choice(self.residents)
        place = self.places[home]
        if not suits(place.grid) or (reporter is None and draw.random() > 0.6):
            fitting = [candidate for candidate in self.places if suits(candidate.grid)] or self.places
            place = draw.choices(fitting, [candidate.weight for candidate in fitting])[0]
        building = draw.choice(place.buildings)
        # Some people leave the category to the registrar.
        category = self.categories[story.category] if draw.random() > 0.04 else None
        return file_request(
            **({"reporter": user} if reporter else self._who(user)),
            **self._where(place, building),
            text=story.text.format(
                place=building.name, unit=draw.randint(1, 4), floor=draw.randint(2, 18),
                hour=draw.choice((11, 12)), days=draw.randint(2, 9),
            ),
            category=category,
            condition=self.conditions.get((story.category, story.condition)) if category else None,
            photos=[pictures.photo(story.category)] if draw.random() < photos else (),
            urgency=Urgency.URGENT if draw.random() < 0.05 else Urgency.NORMAL,
            visibility=Visibility.NEIGHBOURS if draw.random() < 0.3 else Visibility.PRIVATE,
            client_key=uuid.UUID(int=draw.getrandbits(128), version=4),
        )  # fmt: skip

    def _who(self, reporter: User) -> dict[str, object]:
        chance = self.random.random()
        if chance < 0.12:
            return {"reporter": None, "filed_by": self.random.choice(self.members), "source": Source.MEMBER}
        if chance < 0.18:
            return {
                "reporter": reporter,
                "filed_by": self.random.choice(self.members),
                "source": Source.ON_BEHALF,
            }
        return {"reporter": reporter, "source": Source.PORTAL, "anonymous": chance > 0.93}

    def _where(self, place: Place, building: Area) -> dict[str, object]:
        """A pin in most cases, an address in some; now and then somebody says nothing about the place."""
        chance = self.random.random()
        if chance < 0.02:
            return {}
        if chance < 0.1:
            return {"area": building, "address": building.name}
        lon, lat = self.point_in(place.grid)
        return {"lon": lon, "lat": lat, "address": f"{building.name}附近"}

    def point_in(self, area: Area) -> tuple[float, float]:
        """(lon, lat) in WGS-84 degrees, somewhere inside the area."""
        west, south, east, north = area.geometry.bounds
        shapely.prepare(area.geometry)
        while True:
            lon, lat = self.random.uniform(west, east), self.random.uniform(south, north)
            if shapely.contains_xy(area.geometry, lon, lat):
                return round(lon, 6), round(lat, 6)

    def rate(self, request: Request, actor: User) -> None:
        """The three questions. Whoever waited past the limit is harder to please."""
        late = bool(request.due_at and request.closed_at and request.closed_at > request.due_at)
        in_time = self.random.random() < (0.25 if late else 0.94)
        solved = self.random.random() < 0.9
        satisfied = solved and self.random.random() < (0.93 if in_time else 0.6)
        rate_request(
            request_id=request.pk, actor=actor, in_time=in_time, solved=solved, satisfied=satisfied,
            comment=self.random.choice(phrases.COMMENTS[satisfied]),
        )  # fmt: skip

    def reopen(self, request: Request, actor: User) -> Request:
        return reopen_request(request_id=request.pk, actor=actor, reason=self.random.choice(phrases.REOPEN))

    def urge(self, request: Request, actor: User) -> None:
        urge_request(request_id=request.pk, actor=actor, text=self.random.choice(phrases.URGES))

    # --- members -------------------------------------------------------------------------------
    def actor_of(self, task: Task, never: Collection[int] = ()) -> User | None:
        """Who takes a step on this task: its owner, or somebody in its pool; none of ``never``."""
        ids = [task.owner_id] if task.owner_id else sorted(task.data.get("told", ()))
        candidates = [self.users[pk] for pk in ids if pk in self.users and pk not in never]
        return self.random.choice(candidates) if candidates else None

    def step(self, task: Task, actor: User, *, photos: float = 0.2) -> str:
        """Decide a task, or now and then claim or transfer it; what was done."""
        block: Approval = task.flow_task.block
        if task.owner_id is None and self.random.random() < 0.1:
            claim_task(task_id=task.pk, actor=actor)
            return "claim"
        if task.owner_id and "transfer" in block.moves and self.random.random() < 0.02:
            others = [user for user in self.members if user.pk != actor.pk]
            transfer_task(
                task_id=task.pk, actor=actor, to=self.random.choice(others),
                reason=self.random.choice(phrases.OPINIONS["transfer"]),
            )  # fmt: skip
            return "transfer"
        outcome = self._outcome(block)
        request = task.process.request
        code = request.category.code if request.category else ""
        with_photo = outcome.needs_photo or (block.handler and self.random.random() < photos)
        decide_task(
            task_id=task.pk, actor=actor, outcome=outcome.code,
            opinion=self._opinion(outcome, code),
            photos=[pictures.photo(code, after=True)] if with_photo else (),
            data=self._fields(block, outcome, request),
        )  # fmt: skip
        return outcome.code

    def _outcome(self, block: Approval) -> Outcome:
        weights = {"primary": 0.93, "neutral": 0.03, "danger": 0.04}
        outcomes = [outcome for outcome in block.outcomes if outcome.by == "person"]
        return self.random.choices(outcomes, [weights[outcome.style] for outcome in outcomes])[0]

    def _opinion(self, outcome: Outcome, category: str) -> str:
        root = category.partition("-")[0]
        special = phrases.OPINIONS.get(f"{outcome.code}-{root}", [])
        general = phrases.OPINIONS.get(outcome.code, phrases.OPINIONS["other"])
        return self.random.choice(special * 3 + general)

    def _fields(self, block: Approval, outcome: Outcome, request: Request) -> dict[str, object]:
        """What the step's form needs with this outcome, and what the case lacks."""
        lacks = {"area": request.area_id is None, "category": request.category_id is None}
        return {
            form_field.code: self._value(form_field, request)
            for form_field in block.fields
            if (form_field.required or lacks.get(form_field.type))
            and (not form_field.outcomes or outcome.code in form_field.outcomes)
        }

    def _value(self, form_field: FormField, request: Request) -> object:
        match form_field.type:
            case "area":
                return request.area or self.random.choice(self.places).grid
            case "category":
                return request.category or self.random.choice(self.roots)
            case "person":
                leaders = on_duty(request.area, "grid_leader") if request.area else []
                return self.users[leaders[0].user_id] if leaders else self.random.choice(self.members)
            case "choice":
                return self.random.choice(form_field.choices).code
            case "number":
                return 1
            case "bool":
                return True
        return "见现场照片。"


def open_tasks(request: Request) -> list[Task]:
    """The steps of a case that somebody still has to take."""
    tasks = list(Task.objects.filter(process=request.process_id, status__in=OPEN, flow_task_type="HUMAN"))
    for task in tasks:
        task.process = request.process
        task.process.request = request
    return tasks


def working_delay(random: stdlib_random.Random, hours: float) -> timedelta:
    """How long a step takes: usually near ``hours``, sometimes many times as long."""
    return timedelta(hours=min(random.lognormvariate(0, 0.9) * hours, 24 * 30))
