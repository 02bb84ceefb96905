"""The demo town's places and people, written by the ordinary actions of ``grid``."""

from __future__ import annotations

import random as stdlib_random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils import timezone

from grid.actions.areas import create_area
from grid.actions.duty import appoint_stand_in, assign_responsibility
from grid.actions.people import add_member, create_branch, create_user, register_resident
from grid.models import Area, Branch, Member, User, in_language

from . import geography, names

PASSWORD = "linli-demo"  # noqa: S105 - printed at every start; the demo holds nothing of anybody


class SignIn(NamedTuple):
    """An account of the demo: its role in both languages, and what this person does."""

    account: str
    role: str
    role_en: str
    does: str

    @property
    def title(self) -> str:
        return in_language(self.role, self.role_en)


SIGN_INS = [
    SignIn("resident", "居民", "Resident", "files requests and follows them"),
    SignIn("member", "网格员", "Grid member", "handles what comes from grids of 和平里"),
    SignIn("leader", "网格长", "Grid leader", "leads the community 和平里"),
    SignIn("registrar", "受理员", "Registrar", "registers what nobody could place"),
    SignIn("dispatcher", "派遣员", "Dispatcher", "finds a handler where no member is on duty"),
    SignIn("checker", "核查员", "Checker", "checks that it was done"),
    SignIn("shift", "值班长", "Shift leader", "closes cases"),
    SignIn("supervisor", "督导", "Supervisor", "watches the live map and the wall"),
    SignIn("admin", "管理员", "Administrator", "looks after areas, members and categories"),
]
RESIDENTS = 160
BUILDINGS_PER_GRID = 5
#: Communities whose last grid has no member of its own.
UNSERVED = {6, 13, 19}
PLEDGES = [
    "有事您说话，我就在您身边。", "楼上楼下，都是家里人。", "小事不出网格，大事一起想办法。",
    "手机二十四小时开机，请随时找我。", "多走一步，问题少一个。", "群众的事，没有小事。",
]  # fmt: skip


@dataclass
class DemoTown:
    """What the history needs to know of the town. ``grids`` in the order of ``ground.grids``."""

    ground: geography.Ground
    street: Area
    grids: list[Area]
    addresses: list[list[Area]]
    residents: list[tuple[User, int]]
    sign_ins: dict[str, User] = field(default_factory=dict)


def write_town(seed: int = 7, progress: Callable[[str], None] = lambda _: None) -> DemoTown:
    """Write areas, people and who is responsible where. The caller opens the transaction, sets the clock."""
    ground = geography.make_ground(seed)
    random = stdlib_random.Random(seed)
    progress("places")
    street, communities, grids = _areas(ground, random)
    addresses = _buildings(ground, grids, random)
    progress("people")
    people = _People(random, street)
    _members(people, street, communities, grids, ground)
    town = DemoTown(ground, street, grids, addresses, _residents(people, grids), people.sign_ins)
    return town


def _areas(ground: geography.Ground, random: stdlib_random.Random) -> tuple[Area, list[Area], list[Area]]:
    code, name, name_en = names.STREET
    street = create_area(code=code, name=name, name_en=name_en, level="street", geometry=ground.outline)
    communities, grids = [], []
    for number, (outline, (name, name_en)) in enumerate(
        zip(ground.communities, names.COMMUNITIES, strict=True), start=1
    ):
        community = create_area(
            code=f"{street.code}{number:03}", name=f"{name}社区", name_en=f"{name_en} Community",
            level="community", parent=street, geometry=outline,
        )  # fmt: skip
        communities.append(community)
        inside = [
            grid for grid, parent in zip(ground.grids, ground.parent, strict=True) if parent == number - 1
        ]
        grids += [
            create_area(
                code=f"{community.code}{position:03}", name=f"第{names.numeral(position)}网格",
                name_en=f"Grid {position}", level="grid", parent=community, geometry=cell,
                households=random.randint(300, 500),
            )
            for position, cell in enumerate(inside, start=1)
        ]  # fmt: skip
    return street, communities, grids


def _buildings(ground: geography.Ground, grids: list[Area], random: stdlib_random.Random) -> list[list[Area]]:
    """Some buildings of each grid, known by address only, so that a place can be chosen without a map."""
    streets = names.street_names([street.rank for street in ground.streets])
    next_number: dict[int, int] = {}
    addresses = []
    for grid, street in zip(grids, ground.street, strict=True):
        name, name_en = streets[street]
        buildings = []
        for position in range(1, BUILDINGS_PER_GRID + 1):
            number = next_number.get(street, 0) + random.choice((1, 2))
            next_number[street] = number
            buildings.append(
                create_area(
                    code=f"{grid.code}{position:03}",
                    name=f"{name}{number}号楼",
                    name_en=f"{number} {name_en}",
                    level="building",
                    parent=grid,
                )
            )
        addresses.append(buildings)
    return addresses


class _People:
    """Makes people. Only those of ``SIGN_INS`` have a password; nobody can sign in as any other."""

    def __init__(self, random: stdlib_random.Random, street: Area) -> None:
        self.random, self.names = random, names.People(11)
        self.sign_ins: dict[str, User] = {}
        self.count = 0
        self.committee = create_branch(
            code="QH", name="清河街道党工委", name_en="Qinghe Party Working Committee", areas=[street]
        )

    def user(self, sign_in: str = "") -> User:
        self.count += 1
        if sign_in:
            user = create_user(
                username=sign_in, password=PASSWORD, name=self.names.name(), verified=True,
                phone=f"138{self.count:08}",
            )  # fmt: skip
            self.sign_ins[sign_in] = user
            return user
        user = User(username=f"p{self.count:04}", name=self.names.name())
        user.set_unusable_password()
        user.save()
        return user

    def member(self, branch: Branch, sign_in: str = "") -> Member:
        return add_member(
            user=self.user(sign_in),
            branch=branch,
            is_party_member=self.random.random() < 0.8,
            pledge=self.random.choice(PLEDGES),
            public_phone=f"0351-555{self.count:04}",
        )


def _members(
    people: _People, street: Area, communities: list[Area], grids: list[Area], ground: geography.Ground
) -> None:
    """Sixty members: 20 leaders, 29 grid members, 11 for the whole subdistrict."""
    branches = []
    for number, community in enumerate(communities, start=1):
        inside = [grid for grid, parent in zip(grids, ground.parent, strict=True) if parent == number - 1]
        branch = create_branch(
            code=f"QH{number:02}", name=f"{community.name}党支部", name_en=f"{community.name_en} Branch",
            parent=people.committee, areas=[community, *inside],
        )  # fmt: skip
        branches.append(branch)
        leader = people.member(branch, "leader" if number == 1 else "")
        assign_responsibility(member=leader, area=community, role="grid_leader")
    _grid_members(people, branches, grids, ground)
    for role, sign_in, colleagues in (
        ("registrar", "registrar", 1), ("dispatcher", "dispatcher", 1), ("checker", "checker", 1),
        ("shift_leader", "shift", 1), ("department", "", 1), ("supervisor", "supervisor", 0),
        ("administrator", "admin", 0),
    ):  # fmt: skip
        for account in ([sign_in] if sign_in else []) + [""] * colleagues:
            assign_responsibility(member=people.member(people.committee, account), area=street, role=role)


def _grid_members(
    people: _People, branches: list[Branch], grids: list[Area], ground: geography.Ground
) -> None:
    """One or two members a community, seven grids each on average.

    In the first community one grid is served by both of its members (a pool). Three communities have a grid
    with none, where a dispatcher finds somebody. One member is on leave; a colleague stands in.
    """
    sizes = [ground.parent.count(index) for index in range(len(branches))]
    pairs = set(sorted(range(1, len(sizes)), key=lambda index: -sizes[index])[:8]) | {0}
    members: list[Member] = []
    for index, branch in enumerate(branches):
        inside = [grid for grid, parent in zip(grids, ground.parent, strict=True) if parent == index]
        if index in UNSERVED:
            inside = inside[:-1]
        share = (len(inside) + 1) // 2 if index in pairs else len(inside)
        for start in range(0, len(inside), share):
            member = people.member(branch, "" if people.sign_ins.get("member") else "member")
            members.append(member)
            for grid in inside[start : start + share]:
                assign_responsibility(member=member, area=grid, role="grid_member")
        if index == 0:
            assign_responsibility(member=members[1], area=inside[share - 1], role="grid_member")
    appoint_stand_in(
        member=members[4],
        stand_in=members[5],
        since=timezone.now(),
        until=timezone.now() + timedelta(days=150),
    )


def _residents(people: _People, grids: list[Area]) -> list[tuple[User, int]]:
    """Residents and the number of the grid they live in. The one who signs in lives in the first grid."""
    homes = [0] + [people.random.randrange(len(grids)) for _ in range(RESIDENTS - 1)]
    residents = []
    for number, home in enumerate(homes):
        user = people.user("resident" if number == 0 else "")
        register_resident(user=user, area=grids[home])
        residents.append((user, home))
    return residents


def beginning() -> datetime:
    """When the town was founded: some days before the first case of its history."""
    today = timezone.localtime().replace(hour=8, minute=0, second=0, microsecond=0)
    return today - timedelta(days=100)
