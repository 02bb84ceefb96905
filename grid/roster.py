"""Who is on duty where and when, in memory: rows in, no database, no Django.

A role asked for at an area is answered by the nearest area, going up the tree from the one asked for, in
which somebody holds that role at that instant. Periods include ``since`` and exclude ``until``.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

#: Characters of a materialised path per level of the tree (treebeard's ``steplen``).
STEP = 4


@dataclass(frozen=True)
class OnDuty:
    """One member on duty. ``area_id`` is the area that answered: the one asked for or an ancestor of it."""

    member_id: int
    user_id: int
    name: str
    role: str
    area_id: int
    stand_in_user_id: int | None = None


class Post(NamedTuple):
    """A responsibility: who holds which role at which area (``path``), from ``since``, before ``until``."""

    path: str
    since: datetime
    until: datetime | None
    duty: OnDuty


class Leave(NamedTuple):
    """A period in which ``stand_in_user_id`` may act for the member whose user is ``user_id``."""

    user_id: int
    stand_in_user_id: int
    since: datetime
    until: datetime


class Roster:
    """An immutable duty table, complete for every instant from ``known_since`` on. Threads may share it."""

    def __init__(self, posts: Iterable[Post], leaves: Iterable[Leave], *, known_since: datetime) -> None:
        self.known_since = known_since
        self._at: dict[tuple[str, str], list[Post]] = defaultdict(list)
        self._of: dict[int, list[Post]] = defaultdict(list)
        for post in sorted(posts, key=lambda post: (post.since, post.duty.member_id)):
            self._at[post.path, post.duty.role].append(post)
            self._of[post.duty.user_id].append(post)
        self._leaves: dict[int, list[Leave]] = defaultdict(list)
        self._stands_in: dict[int, list[Leave]] = defaultdict(list)
        for leave in sorted(leaves, key=lambda leave: (leave.since, leave.stand_in_user_id)):
            self._leaves[leave.user_id].append(leave)
            self._stands_in[leave.stand_in_user_id].append(leave)

    def on_duty(self, path: str, role: str, at: datetime) -> list[OnDuty]:
        """Who answers for a role at the area with this materialised path; longest-serving first."""
        for end in range(len(path), 0, -STEP):
            if found := self.holders(path[:end], role, at):
                return found
        return []

    def holders(self, path: str, role: str, at: datetime) -> list[OnDuty]:
        """Who holds a role at exactly this area; longest-serving first."""
        posts = self._at.get((path, role))
        if posts is None:
            return []
        # A member's periods in one post never overlap (grid.actions.duty), so nobody is listed twice.
        return [self._with_stand_in(post.duty, at) for post in posts if _in_force(post, at)]

    def roles_of(self, user_id: int, at: datetime) -> dict[str, list[str]]:
        """Role code → materialised paths of the areas the user holds it for, sorted."""
        roles: dict[str, set[str]] = defaultdict(set)
        for post in self._of.get(user_id, ()):
            if _in_force(post, at):
                roles[post.duty.role].add(post.path)
        return {role: sorted(paths) for role, paths in roles.items()}

    def principals_of(self, user_id: int, at: datetime) -> set[int]:
        """Users for whom this user stands in."""
        return {leave.user_id for leave in self._stands_in.get(user_id, ()) if _in_force(leave, at)}

    def stand_ins_of(self, user_id: int, at: datetime) -> list[int]:
        """Users who stand in for this user, the one appointed for the earliest day first."""
        return [leave.stand_in_user_id for leave in self._leaves.get(user_id, ()) if _in_force(leave, at)]

    def _with_stand_in(self, duty: OnDuty, at: datetime) -> OnDuty:
        if duty.user_id not in self._leaves:
            return duty
        stand_ins = self.stand_ins_of(duty.user_id, at)
        return replace(duty, stand_in_user_id=stand_ins[0]) if stand_ins else duty


def _in_force(period: Post | Leave, at: datetime) -> bool:
    return period.since <= at and (period.until is None or at < period.until)
