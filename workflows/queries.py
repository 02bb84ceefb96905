"""Reads with more than one line. Every list costs the same number of queries, however long it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import (
    Avg,
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Length, Substr
from django.utils import timezone
from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from grid.duty import on_duty, stand_ins_of
from grid.models import Area, AreaQuerySet, Responsibility, User
from realtime.events import RequestUrged
from realtime.models import Event

from . import pools
from .engine.describe import describe, step_of
from .models import (
    Application,
    CarbonCopy,
    Consent,
    Joiner,
    Opinion,
    Rating,
    Request,
    State,
    Supervision,
    Urgency,
)
from .models.request import ENDED_STATES
from .policies import (
    CLOSED_STATES,
    HELD_TASK,
    OPEN_TASK,
    acting_for,
    commands,
    may_publish,
    pools_among,
    pools_of,
    reviews,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    Person = User | AnonymousUser

#: The role that is reminded together with whoever has a case.
LEADER = "grid_leader"
#: What a list row shows of its case comes with the row.
_WITH_CASE = ("process__request__category", "process__request__area", "process__request__condition", "owner")


def inbox(user: Person, whom: int | None = None) -> QuerySet[Task]:
    """Open tasks that are the user's, or a principal's, to do; the most urgent first.

    ``whom`` is one of them, to see only theirs. Each comes with ``task.process.request`` (category, area,
    condition) and ``task.urgency_rank``.
    """
    people = _people(user, whom)
    return _by_urgency(_case_tasks().filter(owner_id__in=people, status__in=HELD_TASK))


def to_claim(user: Person, whom: int | None = None) -> QuerySet[Task]:
    """Open tasks of the pools the user, or a principal, belongs to; the most urgent first."""
    marks = pools_of(user) if whom is None else pools_among(_people(user, whom))
    return _by_urgency(_case_tasks().filter(owner=None, status=STATUS.NEW, owner_permission__in=marks))


def came_back(user: Person, whom: int | None = None) -> QuerySet[Task]:
    """Of the tasks to do, those that were sent back, or reopened by the requester."""
    return inbox(user, whom).filter(_was_sent_back())


def inbox_counts(user: Person) -> tuple[int, int]:
    """How many tasks are to do, and how many of them came back. One query."""
    counts = inbox(user).aggregate(todo=Count("pk"), returned=Count("pk", filter=_was_sent_back()))
    return counts["todo"], counts["returned"]


def _was_sent_back() -> Q:
    came_from = Task.previous.through.objects.filter(from_task=OuterRef("pk"))
    moves = ("return", "reopen")
    # What shares a step among several people stands between their tasks and the move.
    shared = came_from.filter(
        to_task__flow_task_type="PARALLEL_GATEWAY", to_task__previous__opinions__move__in=moves
    )
    return Q(Exists(came_from.filter(to_task__opinions__move__in=moves))) | Q(Exists(shared))


def _people(user: Person, whom: int | None) -> set[int]:
    people = acting_for(user)
    return people if whom is None else people & {whom}


def in_progress(user: Person) -> QuerySet[Request]:
    """Open cases the user has worked on and does not have now; the most urgent first."""
    worked_on = Opinion.objects.filter(actor_id=user.pk).values("request_id")
    has_now = Task.objects.filter(
        process=OuterRef("process"), owner_id__in=acting_for(user), status__in=HELD_TASK
    )
    cases = Request.objects.filter(pk__in=worked_on).exclude(state__in=ENDED_STATES)
    return by_light(cases.filter(~Exists(has_now)).select_related("category", "area", "condition"))


def copies(user: Person) -> QuerySet[CarbonCopy]:
    """Cases copied to the user, with category, area, process: those not read yet first, then the latest."""
    own = CarbonCopy.objects.filter(user_id=user.pk)
    with_case = ("request__category", "request__area", "request__condition", "request__process")
    return own.select_related(*with_case).order_by(
        Case(When(read_at=None, then=Value(0)), default=Value(1)), "-created_at", "-pk"
    )


def done_by(user: Person) -> QuerySet[Task]:
    """Tasks the user finished, the latest first."""
    done = _case_tasks().filter(owner_id=user.pk, status=STATUS.DONE)
    return done.select_related(*_WITH_CASE).order_by("-finished", "-pk")


def my_requests(user: Person) -> QuerySet[Request]:
    """What the user filed or had filed, the newest first, with category, area and handler."""
    if not user.is_authenticated:
        return Request.objects.none()
    own = Request.objects.filter(Q(reporter=user) | Q(reporter=None, filed_by=user))
    return own.select_related("category", "area", "handler").order_by("-filed_at", "-pk")


def by_light(requests: QuerySet[Request]) -> QuerySet[Request]:
    """Cases in the order in which they want attention: red, yellow, urgent, due first."""
    return requests.annotate(urgency_rank=_light_rank("")).order_by(
        "urgency_rank", _urgent_first(""), F("due_at").asc(nulls_last=True), "pk"
    )


def _case_tasks() -> QuerySet[Task]:
    return Task.objects.filter(process__request__isnull=False)


def _by_urgency(tasks: QuerySet[Task]) -> QuerySet[Task]:
    case = "process__request__"
    return (
        tasks.select_related(*_WITH_CASE)
        .annotate(urgency_rank=_light_rank(case))
        .order_by(
            "urgency_rank", _urgent_first(case), F(f"{case}due_at").asc(nulls_last=True), "created", "pk"
        )
    )


def _light_rank(case: str) -> Case:
    """0 red, 1 yellow, 2 green or no limit: :func:`workflows.clocks.light` said in SQL."""
    now = timezone.now()
    return Case(
        When(**{f"{case}due_at__lt": now}, then=Value(0)),
        When(**{f"{case}yellow_at__lte": now}, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )


def _urgent_first(case: str) -> Case:
    return Case(When(**{f"{case}urgency": Urgency.URGENT}, then=Value(0)), default=Value(1))


def own_people(request: Request) -> list[int]:
    """Users whose own case it is: the reporter, and whoever typed it in."""
    return [person for person in (request.reporter_id, request.filed_by_id) if person is not None]


def workers_on(request: Request) -> list[int]:
    """Users who have an open task of the case, or could claim one, and those who stand in for them."""
    tasks = Task.objects.filter(process_id=request.process_id, status__in=OPEN_TASK)
    people: set[int] = set()
    for owner_id, pool in tasks.values_list("owner_id", "owner_permission"):
        in_pool = () if owner_id else pools.users_in(pool).values_list("pk", flat=True)
        people |= {owner_id} if owner_id is not None else set(in_pool)
    return sorted((people | stand_ins_of(people)) - set(own_people(request)))


def pool_names(pool: str | None) -> list[str]:
    """Names of the people who could claim a task with this mark. One query."""
    return [str(user) for user in pools.users_in(pool).order_by("name", "username")]


def publishers() -> list[int]:
    """Ids of the users who may publish workflows: the administrators of the whole town."""
    held = Responsibility.objects.in_force().filter(role="administrator", area__depth=1)
    users = User.objects.filter(Q(member__responsibilities__in=held) | Q(is_superuser=True), is_active=True)
    return [user.pk for user in users.distinct().order_by("pk") if may_publish(user)]


def leaders_of(request: Request) -> list[int]:
    """Users who lead the case's grid, and those who stand in for them. No query."""
    leaders = {duty.user_id for duty in on_duty(request.area, LEADER)} if request.area else set()
    return sorted((leaders | stand_ins_of(leaders)) - set(own_people(request)))


def last_urge(request: Request, *, by_office: bool) -> datetime | None:
    """When the requester, or a superior, last urged a case; None if they never have."""
    urged = Event.objects.filter(subject_type="request", subject_id=request.pk, kind=RequestUrged.kind)
    said = urged.order_by("-chain_seq").values_list("at", "payload")
    return next((at for at, payload in said if payload.get("by_office", False) == by_office), None)


def urge_again(request: Request, *, by_office: bool = True) -> datetime | None:
    """From when on this side may urge the case again; None if it may now."""
    last = last_urge(request, by_office=by_office)
    again = last + timedelta(hours=settings.LINLI_URGE_HOURS) if last else None
    return again if again and again > timezone.now() else None


def running_suspension(request: Request) -> Application | None:
    """The suspension under which the case stands still now."""
    return Application.objects.filter(request=request, began_at__isnull=False, ended_at=None).first()


def unanswered_orders() -> QuerySet[Supervision]:
    """Orders about open cases that wait for the answer they ask for, the most urgent first."""
    waiting = Supervision.objects.filter(
        reply_by__isnull=False, replied_at=None, request__closed_at=None, request__process__isnull=False
    )
    return waiting.exclude(request__state__in=ENDED_STATES).order_by("reply_by", "pk")


def orders_watched(user: Person) -> QuerySet[Supervision]:
    """Unanswered orders the user gave or might have given, with their cases and who has them to answer."""
    mine = Q(ordered_by=user.pk) | Q(request__in=commands(user))
    orders = unanswered_orders().filter(mine)
    return orders.select_related("request__category", "request__area", "ordered_by", "request__handler")


def orders_to_answer(user: Person) -> QuerySet[Supervision]:
    """Unanswered orders about cases of which the user, or a principal, has a step, or which they handled."""
    people = acting_for(user)
    held = Task.objects.filter(
        process=OuterRef("request__process"), status__in=HELD_TASK, owner_id__in=people
    )
    orders = unanswered_orders().filter(Q(Exists(held)) | Q(request__handler__in=people))
    return orders.select_related("request__category", "request__area", "ordered_by")


def consents_waiting(user: Person) -> QuerySet[Consent]:
    """What was asked for and waits for the user's decision, the oldest first, with the case."""
    waiting = Consent.objects.filter(
        agrees=None, application__status=Application.Status.OPEN, pool__in=pools_of(user)
    )
    waiting = waiting.exclude(application__asked_by=user.pk).exclude(
        application__consents__decided_by=user.pk
    )
    return waiting.select_related(
        "application__request__category", "application__request__area", "application__asked_by"
    ).order_by("asked_at", "pk")


def people_asking(request: Request) -> int:
    """How many people a case stands for: its requester, and those who asked for the same."""
    return 1 + Joiner.objects.filter(request=request).count()


def joined_by(user: Person) -> QuerySet[Request]:
    """Cases the user joined instead of filing again, the newest first, with category and area."""
    joined = Request.objects.filter(joiners__user=user.pk, joiners__duplicate=None)
    return joined.select_related("category", "area").order_by("-filed_at", "-pk")


def open_rating(request: Request) -> tuple[Task, str] | None:
    """The task by which the workflow waits for the requester's rating, and the outcome that answers it."""
    for task in Task.objects.filter(process_id=request.process_id, status__in=OPEN_TASK).order_by("pk"):
        sheet = describe(task) if step_of(task).form == "rating" else None
        if sheet is not None and sheet.outcomes:
            return task, sheet.outcomes[0].code
    return None


def to_review(user: Person) -> QuerySet[Request]:
    """Open cases that would belong elsewhere by the borders of today, and about which nobody has decided.

    With category and both areas; the most urgent first.
    """
    moved = reviews(user).filter(border_review=True).exclude(state__in=ENDED_STATES)
    return by_light(moved.select_related("category", "area", "area_today"))


@dataclass(frozen=True)
class Holders:
    """Names of those who have a case's open steps, or could claim them, and the role these are for."""

    names: list[str]
    role: str


def holders_of(requests: Sequence[Request]) -> dict[int, Holders]:
    """Who has these cases now, by their ids. Three queries at most, however many they are."""
    processes = {request.process_id: request.pk for request in requests if request.process_id}
    found = {request.pk: Holders([], "") for request in requests}
    tasks = Task.objects.filter(process__in=processes, status__in=OPEN_TASK, flow_task_type="HUMAN")
    rows = list(tasks.select_related("owner").order_by("pk"))
    claimable = pools.names({task.owner_permission for task in rows if task.owner_id is None})
    for task in rows:
        known = found[processes[task.process_id]]
        mark = (task.owner_permission or "").split(".")
        role = known.role or (mark[1] if mark[0] == "duty" and len(mark) == 3 else "")
        people = [str(task.owner)] if task.owner else claimable.get(task.owner_permission, [])
        found[processes[task.process_id]] = Holders(list(dict.fromkeys([*known.names, *people])), role)
    return found


@dataclass
class AreaCounts:
    """Cases in an area and everything below it: open, of those overdue, and closed this month."""

    open: int = 0
    late: int = 0
    closed: int = 0


def counts_by_area(
    requests: QuerySet[Request], paths: Iterable[str], *, today: bool
) -> dict[str, AreaCounts]:
    """Materialised path → counts. One query.

    A case counts where it was handled; with ``today`` where it would fall by the borders of today.
    """
    now = timezone.now()
    month = timezone.localtime(now).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    is_open, closed = ~Q(state__in=ENDED_STATES), Q(state__in=CLOSED_STATES, closed_at__gte=month)
    column = "path_today" if today else "area_path"
    rows = (
        requests.filter(is_open | closed)
        .order_by()
        .values_list(column)
        .annotate(
            open=Count("pk", filter=is_open),
            late=Count("pk", filter=is_open & Q(due_at__lt=now)),
            closed=Count("pk", filter=closed),
        )
    )
    counts = {path: AreaCounts() for path in paths}
    for where, open_now, late, done in rows:
        for end in range(Area.steplen, len(where) + 1, Area.steplen):
            if total := counts.get(where[:end]):
                total.open += open_now
                total.late += late
                total.closed += done
    return counts


def outermost(areas: AreaQuerySet) -> list[Area]:
    """Those of these areas that lie in no other of them, with levels; ``opens``: whether one has parts."""
    above = areas.filter(path=Substr(OuterRef("path"), 1, Length(OuterRef("path")) - Area.steplen))
    inside = areas.filter(path__startswith=OuterRef("path"), depth=OuterRef("depth") + 1)
    return list(areas.filter(~Exists(above)).annotate(opens=Exists(inside)).select_related("level"))


def latest_rating(request: Request) -> Rating | None:
    return request.ratings.order_by("-pk").first()


def ratings_by_member(requests: QuerySet[Request]) -> QuerySet:
    """Per member: ``n`` cases rated, and the shares answered *in time*, *solved*, *satisfied* (0–1).

    Of each case the latest rating counts. Most rated first.
    """
    return _shares(requests, "member_id", "member__name")


def ratings_by_grid(requests: QuerySet[Request], *, today: bool = False) -> QuerySet:
    """The same per grid: rows of area id, its code and name, ``n`` and the three shares.

    By the grid that had the case; with ``today`` by the one it would fall into by the borders of today.
    """
    area = "request__area_today" if today else "request__area"
    return _shares(requests, f"{area}_id", f"{area}__code", f"{area}__name")


def _shares(requests: QuerySet[Request], *by: str) -> QuerySet:
    latest = Rating.objects.filter(request=OuterRef("request")).order_by("-pk").values("pk")[:1]
    ratings = Rating.objects.filter(request__in=requests.values("pk"), pk=Subquery(latest))
    return (
        ratings.values(*by)
        .annotate(
            n=Count("pk"),
            in_time_share=_share("in_time"),
            solved_share=_share("solved"),
            satisfied_share=_share("satisfied"),
        )
        .order_by("-n", *by)
    )


def _share(answer: str) -> Coalesce:
    yes = Case(When(**{answer: True}, then=Value(1.0)), default=Value(0.0))
    return Coalesce(Avg(yes), Value(0.0))


def counts_by_state(requests: QuerySet[Request]) -> dict[str, int]:
    """State code → number of cases, states without a case left out. One query."""
    rows: Iterable[tuple[str, int]] = requests.order_by().values_list("state").annotate(n=Count("pk"))
    return {State(state).value: n for state, n in rows}
