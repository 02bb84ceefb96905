"""Pools: several people any one of whom may claim a task. A task carries the mark of its pool.

``duty.<role>.<area id>`` is everybody in a duty role at an area, ``branch.<id>`` the members of a party
branch. viewflow keeps the mark in ``owner_permission``, which is never empty: a task without one is shown to
everybody there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db.models import CharField, QuerySet, Value

from grid.models import Area, Branch, DutyRole, Member, Responsibility, User

DUTY, BRANCH = "duty", "branch"


def duty_mark(role: str, area_id: int) -> str:
    return f"{DUTY}.{role}.{area_id}"


def branch_mark(branch_id: int) -> str:
    return f"{BRANCH}.{branch_id}"


def marks_of(user_ids: Collection[int]) -> list[str]:
    """The marks of all pools these users belong to now. One query."""
    held = Responsibility.objects.in_force().filter(member__user__in=user_ids).order_by()
    members = Member.objects.filter(user__in=user_ids, branch__isnull=False).order_by()
    no_role = Value("", output_field=CharField())
    found = held.values_list("role_id", "area_id").union(members.values_list(no_role, "branch_id"))
    return sorted(duty_mark(role, pk) if role else branch_mark(pk) for role, pk in found)


def users_in(mark: str | None) -> QuerySet[User]:
    """Who may claim a task with this mark; nobody for a mark that is none."""
    kind, role, pk = _parts(mark)
    if kind == DUTY:
        held = Responsibility.objects.in_force().filter(role=role, area=pk)
        return User.objects.filter(pk__in=held.values("member__user"))
    return User.objects.filter(member__branch=pk) if kind == BRANCH else User.objects.none()


def names(marks: Iterable[str | None]) -> dict[str, list[str]]:
    """Mark → names of those who may claim its tasks, the longest-serving first. One query a kind of pool."""
    wanted = {_parts(mark): mark for mark in marks if mark}
    found: dict[str, list[str]] = {}
    areas = {pk for kind, _, pk in wanted if kind == DUTY}
    if areas:
        roles = {role for kind, role, _ in wanted if kind == DUTY}
        held = Responsibility.objects.in_force().filter(area__in=areas, role__in=roles)
        for post in held.select_related("member__user").order_by("since", "pk"):
            if mark := wanted.get((DUTY, post.role_id, post.area_id)):
                found.setdefault(mark, []).append(str(post.member.user))
    branches = {pk for kind, _, pk in wanted if kind == BRANCH}
    if branches:
        members = Member.objects.filter(branch__in=branches, user__is_active=True)
        for member in members.select_related("user").order_by("pk"):
            found.setdefault(branch_mark(member.branch_id or 0), []).append(str(member.user))
    return found


def title(mark: str) -> str:
    """ "街道 · 派遣员" for a role at an area, a branch's name; empty for a mark that is none."""
    kind, role_code, pk = _parts(mark)
    if kind == BRANCH:
        return str(Branch.objects.filter(pk=pk).first() or "")
    role = DutyRole.objects.filter(pk=role_code).first()
    area = Area.objects.filter(pk=pk).first() if kind == DUTY else None
    return " · ".join(str(part) for part in (area, role) if part)


def empty(marks: Iterable[str | None]) -> list[str]:
    """Those of these pools in which nobody who may still sign in is left. One query a kind of pool."""
    wanted = {mark: _parts(mark) for mark in marks if mark}
    areas = {pk for kind, _, pk in wanted.values() if kind == DUTY}
    branches = {pk for kind, _, pk in wanted.values() if kind == BRANCH}
    kept: set[str] = set()
    if areas:
        held = Responsibility.objects.in_force().filter(area__in=areas, member__user__is_active=True)
        kept |= {duty_mark(role, area) for role, area in held.values_list("role_id", "area_id")}
    if branches:
        members = Member.objects.filter(branch__in=branches, user__is_active=True)
        kept |= {branch_mark(pk) for pk in members.values_list("branch_id", flat=True)}
    return [mark for mark, (kind, _, _) in wanted.items() if kind and mark not in kept]


def _parts(mark: str | None) -> tuple[str, str, int]:
    """Kind, role and id a mark is made of; ("", "", 0) for one that is none."""
    kind, _, rest = (mark or "").partition(".")
    role, _, pk = rest.rpartition(".")
    known = kind == BRANCH or (kind == DUTY and role)
    return (kind, role, int(pk)) if known and pk.isdecimal() else ("", "", 0)
