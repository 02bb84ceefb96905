"""Who decides about what is asked for: found by duty role, nearest to the case, never who asked."""

from __future__ import annotations

from dataclasses import dataclass

from grid.duty import on_duty
from grid.models import Area, User
from grid.roster import OnDuty

from . import pools
from .engine.people import LAST_RESORT, highest_on_duty
from .models import Request


@dataclass(frozen=True)
class Approvers:
    """``pool`` marks them (``duty.<role>.<area id>``); ``people`` are ids of those who may decide."""

    pool: str
    people: frozenset[int]


def find(request: Request, role: str, *, excluding: set[int | None]) -> Approvers | None:
    """Those who hold the role for the case's area, or the nearest above it where somebody else does.

    Without any, the administrators; None when there is nobody but those excluded.
    """
    return _nearest(request, role, excluding) or _nearest(request, LAST_RESORT, excluding)


def holders(pool: str) -> list[User]:
    """Everybody who may decide as a member of a pool, stand-ins not counted."""
    return list(pools.users_in(pool).filter(is_active=True).order_by("pk"))


def _nearest(request: Request, role: str, excluding: set[int | None]) -> Approvers | None:
    if request.area is None:
        return _left(highest_on_duty(role), role, excluding)
    area: Area | None = request.area
    while area is not None:
        duties = on_duty(area, role, fresh=True)
        if not duties or (found := _left(duties, role, excluding)):
            return found if duties else None
        # Only people who may not decide hold it there: the area above answers.
        path = Area.objects.values_list("path", flat=True).get(pk=duties[0].area_id)
        area = Area.objects.filter(path=path[: -Area.steplen]).first()
    return None


def _left(duties: list[OnDuty], role: str, excluding: set[int | None]) -> Approvers | None:
    people = frozenset(duty.user_id for duty in duties) - excluding
    return Approvers(pools.duty_mark(role, duties[0].area_id), frozenset(people)) if people else None
