"""Who gets a step: by duty, by name, by what happened before.

Never nobody, unless the block says that the step is passed over then: a case is not orphaned.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from grid import locator
from grid.duty import OnDuty, on_duty, stand_ins_of
from grid.models import Area, Branch, Responsibility, User
from workflows import pools
from workflows.models import Request

from . import sharing
from .schema import Approval, Who

if TYPE_CHECKING:
    from .move import Move

#: Who gets a step that nobody else answers for.
LAST_RESORT = "administrator"
#: Why a step is passed over: nobody holds its role, or it came to whoever has had their say already.
NOBODY, SELF = "nobody", "self"


@dataclass(frozen=True)
class Assignment:
    """The person a step goes to (``owner_id``), or the pool of those who may claim it.

    ``permission`` is what viewflow stores: for a pool its mark (:mod:`workflows.pools`). ``told`` are the
    users whose lists change, stand-ins too.
    """

    owner_id: int | None
    permission: str
    role: str = ""
    name: str = ""
    told: frozenset[int] = field(default_factory=frozenset)

    @property
    def is_pool(self) -> bool:
        return self.owner_id is None


@dataclass(frozen=True)
class Skipped:
    """Nobody gets the step, and it is passed over as agreed: ``why`` is :data:`NOBODY` or :data:`SELF`."""

    why: str


@dataclass(frozen=True)
class Seats:
    """Who takes a step for several people, as user ids in the order found.

    ``passed`` count as agreed without being asked (本人审批). Nobody in ``people`` and no ``why`` means that
    the administrators have the one seat; with ``why`` the step is passed over altogether.
    """

    people: list[int]
    passed: list[int] = field(default_factory=list)
    why: str = ""


def assign(whom: Sequence[Who], move: Move) -> Assignment:
    """The first of these that finds somebody; else the administrators of the area."""
    return _first(whom, move) or _last_resort(move)


def assign_step(block: Approval, move: Move) -> Assignment | Skipped:
    """Who gets a step that has just opened, by the block's own rules for nobody and for oneself."""
    found = _first(block.who, move, strict=block.nobody != "up")
    if found is None:
        return Skipped(NOBODY) if block.nobody == "skip" else _last_resort(move)
    if found.owner_id is None or found.owner_id not in _selves(move):
        return found
    match block.self_approval:
        case "skip":
            return Skipped(SELF)
        case "superior":
            return superior(block.who, move, found.owner_id) or found
    return found


def seats(block: Approval, move: Move) -> Seats:
    """Who takes a step for several people that has just opened: everybody found, by the same rules."""
    found = everybody(block.who, move, strict=block.nobody != "up")
    if not found:
        return Seats([], why=NOBODY if block.nobody == "skip" else "")
    selves = _selves(move).intersection(found) if block.self_approval != "keep" else set()
    others = [user_id for user_id in found if user_id not in selves]
    if block.self_approval == "skip":
        return Seats(others, [user_id for user_id in found if user_id in selves], "" if others else SELF)
    for user_id in selves:
        above = superior(block.who, move, user_id)
        others.append(above.owner_id if above and above.owner_id else user_id)
    return Seats(list(dict.fromkeys(others)))


def superior(whom: Sequence[Who], move: Move, user_id: int) -> Assignment | None:
    """Whoever holds the step's role above the area in which this person does; without a role, or with nobody
    above, an administrator. None if that is the same person again."""
    for who in whom:
        if who.role and (found := _above(who, move, user_id)):
            return found
    last = _by_role(LAST_RESORT, "grid", move)
    return last if last and last.owner_id != user_id else None


def _above(who: Who, move: Move, user_id: int) -> Assignment | None:
    """The nearest others in the role, going up from the area in which this person holds it."""
    duties = _duties(str(who.role), who.at, move)
    while duties:
        area = Area.objects.filter(pk=duties[0].area_id).first()
        above = Area.objects.filter(path=area.path[: -Area.steplen]).first() if area else None
        duties = on_duty(above, str(who.role), move.now, fresh=True) if above else []
        gone = move.leaving | {user_id}
        if others := [duty for duty in duties if duty.user_id not in gone]:
            return _among(others, move)
    return None


def _selves(move: Move) -> set[int]:
    """Who would approve what they have brought or decided themselves: the filer, and who decided just now."""
    case = move.request
    return {user_id for user_id in (case.filed_by_id or case.reporter_id, *move.decided_by) if user_id}


def _first(whom: Sequence[Who], move: Move, *, strict: bool = False) -> Assignment | None:
    """The first of these that finds somebody; ``strict``: in the very area, not above it."""
    for who in whom:
        if found := _by_role(who.role, who.at, move, strict) if who.role else _by_name(who, move):
            return found
    return None


def _last_resort(move: Move) -> Assignment:
    return _by_role(LAST_RESORT, "grid", move) or nobody_yet(move)


def nobody_yet(move: Move) -> Assignment:
    """A pool without people: whoever becomes administrator of the whole town finds the case in it."""
    roots = Area.objects.filter(depth=1).order_by("path")
    if area := move.request.area:
        roots = roots.filter(path=area.path[: Area.steplen])
    root = roots.first()
    return Assignment(None, pools.duty_mark(LAST_RESORT, root.pk if root else 0), LAST_RESORT)


def one(user: User) -> Assignment:
    """This person and nobody else, with whoever stands in for them."""
    told = {user.pk} | stand_ins_of([user.pk])
    return Assignment(user.pk, f"user.{user.pk}", name=str(user), told=frozenset(told))


def everybody(whom: Sequence[Who], move: Move, *, strict: bool = False) -> list[int]:
    """All of them, for copies, notices and steps for several people; may be empty."""
    people: dict[int, None] = {}
    for who in whom:
        if who.role:
            duties = _duties(who.role, who.at, move, strict)
            people.update(dict.fromkeys(duty.user_id for duty in duties))
        else:
            people.update(dict.fromkeys(user.pk for user in _named(who, move)))
    return list(people)


def _by_role(role: str, at: str, move: Move, strict: bool = False) -> Assignment | None:
    duties = _duties(role, at, move, strict)
    return _among(duties, move) if duties else None


def _among(duties: list[OnDuty], move: Move) -> Assignment:
    """One of those on duty, or the pool of them."""
    permission = pools.duty_mark(duties[0].role, duties[0].area_id)
    if len({duty.user_id for duty in duties}) > 1:
        chosen = sharing.choose(duties, move)
        if chosen is None:
            return Assignment(None, permission, duties[0].role, told=_told(duties))
        duties = [chosen]
    return Assignment(duties[0].user_id, permission, duties[0].role, duties[0].name, _told(duties))


def _told(duties: Sequence[OnDuty]) -> frozenset[int]:
    stand_ins = {duty.stand_in_user_id for duty in duties if duty.stand_in_user_id}
    return frozenset({duty.user_id for duty in duties} | stand_ins)


def _duties(role: str, at: str, move: Move, strict: bool = False) -> list[OnDuty]:
    area = move.request.area
    if area is not None and at != "grid":
        area = _ancestor(area, at) or area
    if area is None:
        return [duty for duty in highest_on_duty(role) if duty.user_id not in move.leaving]
    duties = on_duty(area, role, move.now, fresh=True)
    if strict:
        return [duty for duty in duties if duty.area_id == area.pk and duty.user_id not in move.leaving]
    while move.leaving and duties:
        if staying := [duty for duty in duties if duty.user_id not in move.leaving]:
            return staying
        # Only people who are leaving hold it there: the area above answers.
        path = Area.objects.values_list("path", flat=True).get(pk=duties[0].area_id)
        above = Area.objects.filter(path=path[: -Area.steplen]).first()
        duties = on_duty(above, role, move.now, fresh=True) if above else []
    return duties


def highest_on_duty(role: str) -> list[OnDuty]:
    """For a case without a place: whoever holds the role highest in the tree."""
    holder = (
        Responsibility.objects.in_force()
        .filter(role_id=role, member__user__is_active=True)
        .select_related("area")
        .order_by("area__depth", "area__path", "pk")
        .first()
    )
    return on_duty(holder.area, role, fresh=True) if holder else []


def _ancestor(area: Area, level: str) -> Area | None:
    return next((step for step in locator.chain(area) if step.level_id == level), None)


def _by_name(who: Who, move: Move) -> Assignment | None:
    """One of the people found: a branch's members are a pool; of others, whoever has the least to do."""
    found = _named(who, move)
    if len(found) > 1 and who.branch:
        told = {user.pk for user in found}
        mark = pools.branch_mark(Branch.objects.values_list("pk", flat=True).get(code=who.branch))
        return Assignment(None, mark, told=frozenset(told | stand_ins_of(told)))
    if len(found) > 1:
        load = sharing.open_tasks([user.pk for user in found])
        found.sort(key=lambda user: load.get(user.pk, 0))
    return one(found[0]) if found else None


def _named(who: Who, move: Move) -> list[User]:
    """The people found who may still sign in, in the order given."""
    users = User.objects.filter(is_active=True).exclude(pk__in=move.leaving)
    if who.branch:
        return list(users.filter(member__branch__code=who.branch).order_by("pk"))
    if who.people:
        by_name = {user.username: user for user in users.filter(username__in=who.people)}
        return [by_name[username] for username in who.people if username in by_name]
    ids = [user_id for user_id in _ids(who, move) if user_id]
    by_id = users.in_bulk(ids) if ids else {}
    return [by_id[user_id] for user_id in dict.fromkeys(ids) if user_id in by_id]


def _ids(who: Who, move: Move) -> list[int | None]:
    case = move.request
    match who:
        case Who(person="reporter"):
            return [case.reporter_id]
        case Who(person="filer"):
            return [case.filed_by_id or case.reporter_id]
        case Who(person="handler"):
            return [case.handler_id]
        case Who(person="previous"):
            return [previous_doer(move)]
        case Who(field=str(code)):
            chosen = move.process.data.get("fields", {}).get(code)
            return chosen if isinstance(chosen, list) else [chosen]
        case Who(doer_of=str(block)):
            return [move.last_doer(block)]
    return []


def previous_doer(move: Move) -> int | None:
    """Whoever decided the step before: the one just decided, or after a wait the last one."""
    return move.decided_by[0] if move.decided_by else move.last_doer()


def active(user_id: int) -> User | None:
    """The person, if they may still sign in."""
    return User.objects.filter(pk=user_id, is_active=True).first()


def names(user_ids: Iterable[int], case: Request) -> list[str]:
    """Their names as events may tell them, in the order given: without the reporter who is anonymous."""
    ids = [user_id for user_id in user_ids if not (case.anonymous and user_id == case.reporter_id)]
    found = User.objects.in_bulk(ids)
    return [str(found[user_id]) for user_id in ids if user_id in found]
