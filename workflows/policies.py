"""Who may see and do what with a case. Takes a user, never a request of HTTP.

Who sees a case at all: whoever filed it; those who have, had or could claim a task of it, and their
stand-ins; those it was copied to; the grid's own members and leaders; and the people of the office (registrar
to administrator) for the subtree they are responsible for. A resident may open theirs to the neighbours of
the grid.

What they see of it is a second question, answered by :func:`sight`: an anonymous reporter is known only to
whoever has the case in hand, and neighbours see neither names nor the exact point.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from grid import policies as grid_policies
from grid.duty import principals_of
from grid.models import Area, AreaQuerySet, Resident

from . import pools
from .models import (
    CarbonCopy,
    Consent,
    Joiner,
    Opinion,
    Request,
    State,
    Visibility,
    WebhookDelivery,
    WorkflowBinding,
    WorkflowDraft,
    WorkflowJob,
    WorkflowProposal,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from grid.models import User

    Person = User | AnonymousUser

#: Roles that see all cases of their subtree.
OFFICE = ("registrar", "dispatcher", "checker", "shift_leader", "supervisor", "administrator")
#: Roles that see the cases of the grids they serve.
SERVING = ("grid_member", "grid_leader")
#: Roles that look after the cases under which the borders have moved.
REVIEWING = ("supervisor", "administrator")
#: Roles that give orders about cases of their subtree, urge, and give work to others.
COMMANDING = ("shift_leader", "supervisor", "administrator")
#: Roles that end a case where it stands.
CLOSING = ("shift_leader", "administrator")
#: Materialised paths have this many characters a level; a path of one level is a root.
STEP = 4

OPEN_TASK = (STATUS.NEW, STATUS.ASSIGNED, STATUS.STARTED)
HELD_TASK = (STATUS.ASSIGNED, STATUS.STARTED)
CLOSED_STATES = (State.CLOSED, State.FORCE_CLOSED, State.RATED)


def visible_requests(user: Person) -> QuerySet[Request]:
    """Every case the user may open. One query, whatever the user is."""
    if not user.is_authenticated or not user.is_active:
        return Request.objects.none()
    mine = Q(reporter=user) | Q(filed_by=user) | _joined(user)
    if not grid_policies.is_member(user) and not user.is_superuser:
        return Request.objects.filter(mine | _open_to_neighbours(user))
    return Request.objects.filter(
        mine | _open_to_neighbours(user) | within(staff_scope(user)) | _worked_on(user) | _copied_to(user)
    )


def may_view_request(user: Person, request: Request) -> bool:
    return visible_requests(user).filter(pk=request.pk).exists()


def may_view_photos(user: Person, request: Request) -> bool:
    """Photos show faces, doors and number plates: not for neighbours."""
    return may_view_request(user, request) and sight(user, request).photos


def staff_scope(user: Person) -> list[str]:
    """Materialised paths of the subtrees whose cases the user sees by role."""
    return grid_policies.scope(user, *OFFICE, *SERVING)


def within(paths: list[str]) -> Q:
    """Cases in these subtrees; whoever is responsible for a whole tree sees the unplaced ones as well."""
    condition = Q(pk__in=[])
    for path in paths:
        if path == grid_policies.EVERYWHERE:
            return Q()
        condition |= Q(area_path__startswith=path)
    if any(len(path) == STEP for path in paths):
        condition |= Q(area_path="")
    return condition


def reaches(paths: Iterable[str], area_path: str) -> bool:
    """Whether :func:`within` takes in a case that this area has; "" for one that lies in none."""
    if not area_path:
        return any(len(path) <= STEP for path in paths)
    return any(area_path.startswith(path) for path in paths)


def _open_to_neighbours(user: Person) -> Q:
    """Cases their reporters opened to the neighbours of the grid the user lives in."""
    home = Resident.objects.filter(user=user).values("area__path")
    return Q(visibility=Visibility.NEIGHBOURS, area_path__in=home) & ~Q(area_path="")


def _worked_on(user: Person) -> Q:
    people = acting_for(user)
    return Q(
        Exists(
            Task.objects.filter(process=OuterRef("process")).filter(
                Q(owner_id__in=people) | Q(owner=None, status=STATUS.NEW, owner_permission__in=pools_of(user))
            )
        )
        # Whoever lent a step, or passed it on, had it as well.
        | Exists(Opinion.objects.filter(request=OuterRef("pk"), actor_id__in=people))
    ) | Q(handler_id__in=people)


def _copied_to(user: Person) -> Q:
    return Q(Exists(CarbonCopy.objects.filter(request=OuterRef("pk"), user=user)))


def _joined(user: Person) -> Q:
    return Q(Exists(Joiner.objects.filter(request=OuterRef("pk"), user=user)))


def acting_for(user: Person) -> set[int]:
    """The user and everyone they stand in for now."""
    return {user.pk, *principals_of(user)}


def pools_of(user: Person) -> list[str]:
    """The marks of pool tasks the user, or a principal, may claim (:mod:`workflows.pools`). One query."""
    return pools_among(acting_for(user))


def pools_among(people: set[int]) -> list[str]:
    """The marks of pool tasks these users (by id) may claim. One query."""
    return pools.marks_of(people)


def may_act(user: Person, task: Task) -> bool:
    """Whether the user may decide this open task, or claim it: their own, a principal's, or their pool's."""
    if not user.is_authenticated or task.status not in OPEN_TASK:
        return False
    if task.owner_id is not None:
        return task.owner_id in acting_for(user)
    return bool(task.owner_permission) and task.owner_permission in pools_of(user)


def acted_last(user: Person, task: Task) -> bool:
    """Whether the last that was done with this task was done by the user, or by or for somebody they stand
    in for: they may take it back, while nothing has come of it."""
    said = task.opinions.order_by("pk").values_list("actor_id", "on_behalf_of_id").last()
    return said is not None and user.is_authenticated and bool(acting_for(user) & set(said))


def may_file_for_others(user: Person) -> bool:
    """Members file what they find, and for residents who cannot do it themselves."""
    return grid_policies.is_member(user)


def reviews(user: Person) -> QuerySet[Request]:
    """Cases about which the user may say whether they stay when the borders have moved."""
    return Request.objects.filter(within(grid_policies.scope(user, *REVIEWING)))


def reviewed_areas(user: Person) -> AreaQuerySet:
    """Areas in force whose cases the user looks after when the borders have moved."""
    return Area.objects.in_force().within(grid_policies.scope(user, *REVIEWING))


def may_draw(user: Person) -> bool:
    """Administrators draw workflows. What they draw is in force only once it is published."""
    return grid_policies.may_administer(user)


def visible_drafts(user: Person) -> QuerySet[WorkflowDraft]:
    """Workflows being drawn: all of them for every administrator, since a workflow lies under no one area."""
    return WorkflowDraft.objects.all() if may_draw(user) else WorkflowDraft.objects.none()


def may_publish(user: Person) -> bool:
    """Putting a workflow in force concerns the whole town, wherever it is bound."""
    return grid_policies.may_administer_everything(user)


def visible_proposals(user: Person) -> QuerySet[WorkflowProposal]:
    """Every administrator sees what is about to change, wherever they serve."""
    everything = WorkflowProposal.objects.all()
    return everything if grid_policies.may_administer(user) else everything.none()


def visible_bindings(user: Person) -> QuerySet[WorkflowBinding]:
    """Every administrator sees all of them: what is set for the town, or elsewhere, explains their own."""
    everything = WorkflowBinding.objects.all()
    return everything if grid_policies.may_administer(user) else everything.none()


def may_bind(user: Person, area: Area | None) -> bool:
    """Which workflow requests run on is up to the area's administrators; everywhere, to those of all."""
    if area is None:
        return grid_policies.may_administer_everything(user)
    return grid_policies.may_administer(user, area)


def visible_deliveries(user: Person) -> QuerySet[WebhookDelivery]:
    """What other systems were told: for administrators, of the cases in their areas."""
    if not user.is_authenticated:
        return WebhookDelivery.objects.none()
    cases = Request.objects.filter(within(grid_policies.scope(user, grid_policies.ADMINISTRATOR)))
    return WebhookDelivery.objects.filter(request__in=cases)


def may_retry(user: Person, delivery: WebhookDelivery) -> bool:
    return visible_deliveries(user).filter(pk=delivery.pk).exists()


def tried_on(user: Person) -> QuerySet[Request]:
    """Cases a workflow may be tried on by this user: those within the areas they administer."""
    return Request.objects.filter(within(grid_policies.scope(user, grid_policies.ADMINISTRATOR)))


def visible_jobs(user: Person) -> QuerySet[WorkflowJob]:
    """Replays the user asked for themselves, as they count what only they may see; and moves to other
    versions, for whoever administers everything."""
    if not user.is_authenticated or not grid_policies.may_administer(user):
        return WorkflowJob.objects.none()
    own = Q(by=user)
    if grid_policies.may_administer_everything(user):
        own |= Q(kind__in=(WorkflowJob.Kind.CHECK, WorkflowJob.Kind.MIGRATION))
    return WorkflowJob.objects.filter(own).select_related("by", "definition", "version")


def is_requester(user: Person, request: Request) -> bool:
    """Whether the case is the user's own; filed for someone without an account, it is the filer's."""
    if request.reporter_id is None:
        return request.filed_by_id is not None and request.filed_by_id == user.pk
    return request.reporter_id == user.pk


def may_rate(user: Person, request: Request) -> bool:
    """Only the requester, and only once the case is closed; rating again replaces the earlier answers."""
    return request.state in CLOSED_STATES and is_requester(user, request)


def may_reopen(user: Person, request: Request) -> bool:
    """Only the requester, within ``LINLI_REOPEN_DAYS`` of the closing."""
    if request.state not in CLOSED_STATES or request.closed_at is None or request.process_id is None:
        return False
    last_day = request.closed_at + timedelta(days=settings.LINLI_REOPEN_DAYS)
    return is_requester(user, request) and timezone.now() <= last_day


def may_urge(user: Person, request: Request) -> bool:
    """The requester, while the case is open; a superior may as well (:func:`may_command`)."""
    return request.is_open and is_requester(user, request)


def has_joined(user: Person, request: Request) -> bool:
    """Whether the user asks for the same, without having filed this one."""
    return user.is_authenticated and Joiner.objects.filter(request=request, user=user.pk).exists()


def may_withdraw(user: Person, request: Request) -> bool:
    """Only the requester, while no person has finished a step: what starts by itself does not count."""
    if not request.is_open or request.process_id is None or not is_requester(user, request):
        return False
    done = Task.objects.filter(process_id=request.process_id, flow_task_type="HUMAN", status=STATUS.DONE)
    return not done.exists()


def commands(user: Person) -> QuerySet[Request]:
    """Cases about which the user may give orders."""
    return Request.objects.filter(within(grid_policies.scope(user, *COMMANDING)))


def may_command(user: Person, request: Request) -> bool:
    """Superiors: they urge, give orders, pass work on to others."""
    return commands(user).filter(pk=request.pk).exists()


def may_force_close(user: Person, request: Request) -> bool:
    paths = grid_policies.scope(user, *CLOSING)
    return Request.objects.filter(within(paths), pk=request.pk).exists()


def holds_step(user: Person, request: Request) -> bool:
    """Whether an open step of the case is the user's, or a principal's, to do."""
    held = Task.objects.filter(process_id=request.process_id, status__in=HELD_TASK)
    return request.process_id is not None and held.filter(owner_id__in=acting_for(user)).exists()


def may_merge(user: Person, request: Request) -> bool:
    """Whoever has a step of the case, or could claim one, and superiors."""
    if may_command(user, request):
        return True
    steps = Task.objects.filter(process_id=request.process_id, status__in=OPEN_TASK, flow_task_type="HUMAN")
    return any(may_act(user, task) for task in steps) and not is_requester(user, request)


def may_decide(user: Person, consent: Consent) -> bool:
    """Whoever holds the role, or stands in for them; never who asked, nor twice the same person."""
    application = consent.application
    if consent.agrees is not None or consent.pool not in pools_of(user) or application.asked_by_id == user.pk:
        return False
    return not application.consents.filter(decided_by=user.pk).exists()


def may_exclude(user: Person, request: Request) -> bool:
    """A superior takes a case out of the figures; never their own, nor a principal's."""
    return request.handler_id not in acting_for(user) and may_command(user, request)


def was_late(request: Request) -> bool:
    """Whether the case was closed after its deadline."""
    if request.state not in CLOSED_STATES or request.closed_at is None or request.due_at is None:
        return False
    return request.closed_at > request.due_at


@dataclass(frozen=True)
class Sight:
    """What one viewer sees of one case they may open."""

    #: Who filed it, and how to reach them.
    identity: bool
    #: The exact point and the address; without it the grid's name is all that may be shown.
    place: bool
    photos: bool
    #: The names of those who worked on it.
    staff_names: bool
    #: What those who work on it tell each other: reasons of transfers, returns.
    internal: bool
    #: What the requester and the member wrote to each other: opinions, ratings' comments.
    words: bool
    #: What the requester asked for, in their own words.
    about: bool = True


_OWN = Sight(identity=True, place=True, photos=True, staff_names=True, internal=False, words=True)
_HANDLER = Sight(
    identity=True, place=True, photos=True, staff_names=True, internal=True, words=True, about=True
)
_STAFF_ANONYMOUS = Sight(
    identity=False, place=True, photos=True, staff_names=True, internal=True, words=True, about=True
)
_NEIGHBOUR = Sight(
    identity=False, place=False, photos=False, staff_names=False, internal=False, words=False, about=True
)
#: Somebody who asked for the same knows what it is about, and not who else asked or how.
_JOINER = Sight(
    identity=False, place=False, photos=False, staff_names=False, internal=False, words=False, about=False
)


def sight(user: Person, request: Request) -> Sight:
    """What the user sees of a case. Whoever has no business with it sees what a neighbour sees."""
    if not user.is_authenticated:
        return _NEIGHBOUR
    if user.pk in (request.reporter_id, request.filed_by_id):
        return _OWN
    if has_in_hand(user, request):
        return _HANDLER
    staff = Request.objects.filter(pk=request.pk).filter(
        within(staff_scope(user)) | _worked_on(user) | _copied_to(user)
    )
    serves = grid_policies.is_member(user) or user.is_superuser
    if not (serves and staff.exists()):
        return _from_outside(user, request)
    return _STAFF_ANONYMOUS if request.anonymous else _HANDLER


def _from_outside(user: Person, request: Request) -> Sight:
    """A neighbour reads what the requester opened to the neighbours, others not even that."""
    opened = Request.objects.filter(_open_to_neighbours(user), pk=request.pk)
    joined = Joiner.objects.filter(request=request, user=user.pk)
    return _JOINER if joined.exists() and not opened.exists() else _NEIGHBOUR


def has_in_hand(user: Person, request: Request) -> bool:
    """Whether the case is the user's to work on now, or they were the last to handle it."""
    people = acting_for(user)
    if request.handler_id in people:
        return True
    held = Task.objects.filter(process_id=request.process_id, status__in=HELD_TASK, owner_id__in=people)
    # Whoever only helps beside a step need not know who asked to stay anonymous.
    held = held.exclude(data__has_key="help")
    return request.process_id is not None and held.exists()


def acting_name(request: Request, actor: User | None) -> User | None:
    """Whom the log may name as the actor: not the reporter who asked to stay anonymous.

    Events reach screens that do not ask what their viewer may see; the case itself knows its reporter.
    """
    hidden = request.anonymous and actor is not None and actor.pk == request.reporter_id
    return None if hidden else actor
