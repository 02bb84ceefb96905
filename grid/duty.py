"""Who answers, now or then, in a role, for an area. Reads only; most answers come from memory."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils import timezone

from . import locator, past
from .locate import Located
from .models import Area, DutyRole, Member, StandIn
from .roster import OnDuty, Roster

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from .models import User

__all__ = [
    "OnDuty",
    "Serving",
    "StandingIn",
    "on_duty",
    "on_duty_at",
    "principals_of",
    "roles_of",
    "serving_in",
    "stand_ins_of",
    "who_serves",
]


@dataclass(frozen=True)
class StandingIn:
    """Who does a member's work while they are away, as residents see it; ``last_day`` is a local date."""

    name: str
    last_day: date
    photo_url: str
    phone: str


@dataclass(frozen=True)
class Serving:
    """A member as residents see them. ``photo_url`` and ``phone`` are empty when not published.

    ``stand_in`` is None while the member is not away.
    """

    member_id: int
    user_id: int
    name: str
    role: str
    role_name: str
    area_name: str
    photo_url: str
    pledge: str
    phone: str
    stand_in: StandingIn | None = None


def on_duty(area: Area, role: str, at: datetime | None = None, *, fresh: bool = False) -> list[OnDuty]:
    """Who holds a role for an area: the nearest of the area and its ancestors with somebody in it answers.

    Empty when nobody up to the root holds it. ``at`` is an instant, now when not given; ``fresh`` is for
    actions (see :mod:`grid.locator`).
    """
    at = at or timezone.now()
    return locator.known(at, area.path, fresh=fresh).on_duty(area.path, role, at)


def on_duty_at(lon: float, lat: float, role: str, at: datetime | None = None) -> tuple[Located, list[OnDuty]]:
    """The grid at a WGS-84 point (degrees) and who holds a role for it.

    By the borders and the duties of now: one look at memory, no query. With ``at``, by those of that instant.
    """
    if at is not None:
        located = locator.locate(lon, lat, on=at)
        return located, locator.known(at, located.path).on_duty(located.path, role, at)
    known = locator.current()
    located = known.locator.locate(lon, lat)
    return located, known.roster.on_duty(located.path, role, timezone.now())


def who_serves(area: Area, at: datetime | None = None) -> list[Serving]:
    """Everyone who serves residents of an area in a public role, nearest role first.

    Three queries; one more when somebody is away, and one when ``at`` asks about another time than now.
    """
    known = locator.current_roster() if at is None else locator.known(at, area.path)
    return _serving_in([area], known, at)[area.pk]


def serving_in(areas: Sequence[Area]) -> dict[int, list[Serving]]:
    """Area id → who serves there now, as :func:`who_serves` tells it; as many queries for all as for one."""
    return _serving_in(areas, locator.current_roster(), None)


def _serving_in(areas: Sequence[Area], roster: Roster, then: datetime | None) -> dict[int, list[Serving]]:
    at = then or timezone.now()
    roles = {role.code: role for role in DutyRole.objects.filter(is_public=True)}
    duties = {
        area.pk: [duty for code in roles for duty in roster.on_duty(area.path, code, at)] for area in areas
    }
    everyone = [duty for found in duties.values() for duty in found]
    members = Member.objects.select_related("user").in_bulk({duty.member_id for duty in everyone})
    homes = Area.objects.defer("geometry").in_bulk({duty.area_id for duty in everyone})
    if then is not None:
        past.named_as_of(homes.values(), then)
    away = _stand_ins([duty for duty in everyone if duty.stand_in_user_id], at)
    return {
        pk: [
            _serving(
                duty, roles[duty.role], members[duty.member_id], homes[duty.area_id], away.get(duty.member_id)
            )
            for duty in found
        ]
        for pk, found in duties.items()
    }


def roles_of(user: "User | AnonymousUser", at: datetime | None = None) -> dict[str, list[str]]:
    """Role code → materialised paths of the areas the user holds it for. Standing in adds nothing."""
    if user.pk is None or not user.is_active:
        return {}
    return locator.current_roster().roles_of(user.pk, at or timezone.now())


def principals_of(user: "User | AnonymousUser", at: datetime | None = None) -> set[int]:
    """Ids of the users this user stands in for."""
    if user.pk is None or not user.is_active:
        return set()
    at = at or timezone.now()
    return locator.known_stand_ins(at).principals_of(user.pk, at)


def stand_ins_of(user_ids: Iterable[int], at: datetime | None = None) -> set[int]:
    """Ids of the users who stand in for any of these users: their screens change with the principal's."""
    at = at or timezone.now()
    roster = locator.known_stand_ins(at)
    return {stand_in for user_id in user_ids for stand_in in roster.stand_ins_of(user_id, at)}


def member_photo_url(member: Member) -> str:
    """Address of a member's photo, which anyone may see; empty when there is none."""
    return reverse("member_photo", args=[member.pk]) if member.photo else ""


def _stand_ins(duties: list[OnDuty], at: datetime) -> dict[int, StandingIn]:
    """Member id → the stand-in that the roster names for these members. One query; none without duties."""
    if not duties:
        return {}
    named = {(duty.member_id, duty.stand_in_user_id) for duty in duties}
    leaves = StandIn.objects.in_force(at).filter(member__in={member for member, _ in named})
    return {
        leave.member_id: StandingIn(
            name=str(leave.stand_in.user),
            # The end is exclusive: leave until midnight ends with the day before.
            last_day=timezone.localdate(leave.until - timedelta(microseconds=1)),
            photo_url=member_photo_url(leave.stand_in),
            phone=leave.stand_in.public_phone,
        )
        for leave in leaves.select_related("stand_in__user").order_by("until")
        if (leave.member_id, leave.stand_in.user_id) in named
    }


def _serving(
    duty: OnDuty, role: DutyRole, member: Member, area: Area, stand_in: StandingIn | None
) -> Serving:
    return Serving(
        member_id=member.pk,
        user_id=member.user_id,
        name=str(member.user),
        role=role.code,
        role_name=str(role),
        area_name=str(area),
        photo_url=member_photo_url(member),
        pledge=member.pledge,
        phone=member.public_phone,
        stand_in=stand_in,
    )
