"""A small town for the tests, and history written through the ordinary actions.

The town: 清河街道 with two communities, 和平里 (four grids in a row) and 新华 (three grids in the row
south of it). Every grid is a rectangle 0.004° wide and 0.003° high; neighbours share their borders.
Grid 1–5 have one member on duty each, grid 6 has two (a pool), grid 7 has none, so that its
community's leader answers.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from typing import Any

import factory
import shapely
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command, get_commands
from django.db import transaction
from django.utils import timezone
from PIL import Image

from grid import stamp
from grid.actions import history
from grid.models import Area, AreaEdit, Branch, Member, Resident, Responsibility, User

PASSWORD = "qinghe-2026"
SINCE = datetime(2020, 1, 1, tzinfo=UTC)
WEST, NORTH = 112.550, 37.876
WIDTH, HEIGHT = 0.004, 0.003


class UserFactory(factory.django.DjangoModelFactory):
    """Someone who signs in with ``PASSWORD``."""

    class Meta:
        model = User
        django_get_or_create = ("username",)

    username = factory.Sequence(lambda n: f"person{n}")
    name = factory.LazyAttribute(lambda person: person.username)
    email = factory.LazyAttribute(lambda person: f"{person.username}@example.org")
    password = factory.LazyFunction(lambda: make_password(PASSWORD))


class MemberFactory(factory.django.DjangoModelFactory):
    """A person who serves."""

    class Meta:
        model = Member

    user = factory.SubFactory(UserFactory)
    pledge = "有事找我，随叫随到。"
    public_phone = "0351-5550100"


@dataclass
class Town:
    """Handles on the rows of the small town."""

    street: Area
    communities: list[Area]
    grids: list[Area]
    people: dict[str, User] = field(default_factory=dict)

    def __getattr__(self, username: str) -> User:
        """``town.supervisor`` is the user who signs in as ``supervisor``."""
        try:
            return self.__dict__["people"][username]
        except KeyError:
            raise AttributeError(username) from None

    @classmethod
    def found(cls) -> Town:
        """The town that is in the database."""
        areas = Area.objects.order_by("code")
        return cls(
            street=areas.get(level="street"),
            communities=list(areas.filter(level="community")),
            grids=list(areas.filter(level="grid")),
            people={user.username: user for user in User.objects.select_related("member").order_by("pk")},
        )

    def members_of(self, number: int) -> list[User]:
        """The members on duty for grid ``number`` (1–7) itself, in the order they were assigned."""
        return [
            duty.member.user
            for duty in Responsibility.objects.filter(area=self.grids[number - 1], role_id="grid_member")
            .select_related("member__user")
            .order_by("pk")
        ]

    def member_of(self, number: int) -> User:
        """The one member on duty for grid ``number`` (1–5)."""
        (only,) = self.members_of(number)
        return only

    def point_in(self, number: int) -> tuple[float, float]:
        """(lon, lat) in WGS-84 degrees well inside grid ``number`` (1–7)."""
        inside = self.grids[number - 1].geometry.representative_point()
        return inside.x, inside.y

    @transaction.atomic
    def assign(self, user: User, role: str, area: Area) -> Responsibility:
        """Put someone on duty, since long ago."""
        stamp.bump()
        member, _ = Member.objects.get_or_create(user=user)
        return Responsibility.objects.create(member=member, area=area, role_id=role, since=SINCE)


@transaction.atomic
def build_town() -> Town:
    """Write the small town into the (empty) database."""
    stamp.bump()
    for command in ("load_roles", "load_workflows", "load_categories"):
        if command in get_commands():
            call_command(command, verbosity=0)
    town = _areas()
    edit = history.begin_edit(kind=AreaEdit.Kind.IMPORT, actor=None)
    history.record(edit=edit, areas=[town.street, *town.communities, *town.grids])
    _people(town)
    return town


def _areas() -> Town:
    rows = {1: 4, 2: 3}
    cells = {
        community: [
            shapely.box(
                WEST + column * WIDTH,
                NORTH - community * HEIGHT,
                WEST + (column + 1) * WIDTH,
                NORTH - (community - 1) * HEIGHT,
            )
            for column in range(columns)
        ]
        for community, columns in rows.items()
    }
    whole = {community: shapely.union_all(boxes) for community, boxes in cells.items()}
    street = Area.objects.add_root(
        _area("149901001", "清河街道", "Qinghe Street", "street", shapely.union_all([*whole.values()]))
    )
    communities, grids = [], []
    for number, (name, name_en) in enumerate((("和平里社区", "Hepingli"), ("新华社区", "Xinhua")), start=1):
        code = f"149901001{number:03}"
        street.refresh_from_db()
        community = Area.objects.add_child(street, _area(code, name, name_en, "community", whole[number]))
        communities.append(community)
        for cell in cells[number]:
            position = len(grids) + 1
            community.refresh_from_db()
            grids.append(
                Area.objects.add_child(
                    community,
                    _area(f"{code}{position:03}", f"第{position}网格", f"Grid {position}", "grid", cell),
                )
            )
    return Town(street=street, communities=communities, grids=grids)


def _area(code: str, name: str, name_en: str, level: str, geometry: shapely.Geometry) -> dict[str, Any]:
    west, south, east, north = geometry.bounds
    return {
        "code": code, "name": name, "name_en": name_en, "level_id": level, "geometry": geometry,
        "west": west, "south": south, "east": east, "north": north,
        "households": 400 if level == "grid" else None, "valid_from": date(2020, 1, 1),
    }  # fmt: skip


def _people(town: Town) -> None:
    password = make_password(PASSWORD)
    branch = Branch.objects.add_root(
        {"code": "B1", "name": "清河街道党工委", "name_en": "Qinghe party committee"}
    )
    branch.areas.add(town.street)
    phones = iter(range(13800000001, 13800000099))

    def person(username: str, name: str) -> User:
        user = UserFactory(
            username=username, name=name, password=password, phone=f"+86{next(phones)}", phone_verified=True
        )
        town.people[username] = user
        return user

    def on_duty(username: str, name: str, role: str, area: Area) -> None:
        user = person(username, name)
        member = MemberFactory(user=user, branch=branch)
        Responsibility.objects.create(
            member=member,
            area=area,
            role_id=role,
            since=SINCE,
        )

    surnames = "赵钱孙李周"
    for number in range(1, 6):
        on_duty(f"member{number}", f"{surnames[number - 1]}网格", "grid_member", town.grids[number - 1])
    on_duty("member6", "吴网格", "grid_member", town.grids[5])
    on_duty("member6b", "郑网格", "grid_member", town.grids[5])
    for number, community in enumerate(town.communities, start=1):
        on_duty(f"leader{number}", f"{'王冯'[number - 1]}书记", "grid_leader", community)
    for role, name in (
        ("registrar", "陈受理"), ("dispatcher", "褚派遣"), ("checker", "卫核查"), ("shift_leader", "蒋值班"),
        ("department", "沈部门"), ("supervisor", "韩督导"), ("administrator", "杨管理"),
    ):  # fmt: skip
        on_duty(role, name, role, town.street)
    for username, name, grid in (
        ("resident", "何居民", 1),
        ("neighbour", "吕居民", 1),
        ("stranger", "施居民", 5),
    ):
        Resident.objects.create(user=person(username, name), area=town.grids[grid - 1])


def session_of(username: str) -> str:
    """The key of the session that :func:`sign_everybody_in` opens for this person."""
    return f"session-of-{username}"


def sign_everybody_in() -> None:
    """Open a session for everybody, as if they had given their password on that device before."""
    sign_in(User.objects.all())


def sign_in(users: Iterable[User]) -> None:
    """The same for some people only."""
    sessions = import_module(settings.SESSION_ENGINE).SessionStore()
    for user in users:
        content = {
            SESSION_KEY: str(user.pk),
            BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
            HASH_SESSION_KEY: user.get_session_auth_hash(),
        }
        Session.objects.create(
            session_key=session_of(user.username),
            session_data=sessions.encode(content),
            expire_date=timezone.now() + timedelta(days=1),
        )


def photo(
    name: str = "photo.jpg", size: tuple[int, int] = (320, 240), colour: str = "#5b7f95"
) -> SimpleUploadedFile:
    """A small real JPEG, as a browser would upload it."""
    stream = io.BytesIO()
    Image.new("RGB", size, colour).save(stream, "JPEG")
    return SimpleUploadedFile(name, stream.getvalue(), content_type="image/jpeg")
