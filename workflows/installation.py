"""What workflow definitions may refer to in this installation, for the lint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.db.models import Count, Q

from grid.models import Branch, DutyRole, Level, Responsibility, User

from .engine.freeze import sub_processes
from .engine.lint import Finding, Known, check
from .engine.lint.shape import too_deep
from .models import WorkflowDefinition, WorkflowVersion


def known(body: Any) -> Known:
    """What there is, as far as this definition (JSON, perhaps unsound) asks for it. Six queries."""
    body = None if too_deep(body) else body
    named = User.objects.filter(username__in=set(_people(body)))
    roles = {role.pk: str(role) for role in DutyRole.objects.all()}
    return Known(
        roles=set(roles),
        role_names=roles,
        levels=set(Level.objects.values_list("pk", flat=True)),
        holders=_holders(),
        branches=_branches(),
        people=dict(named.values_list("username", "is_active")),
        hooks=set(settings.LINLI_WEBHOOKS),
        definitions=_definitions(set(sub_processes(body))),
    )


def findings(body: Any) -> list[Finding]:
    """Everything wrong with a definition, for publication in this installation."""
    return check(body, known(body))


def _holders() -> Mapping[str, int] | None:
    """Role → people on duty in it. None where nobody is on duty yet: an installation being set up."""
    on_duty = Responsibility.objects.in_force().filter(member__user__is_active=True).order_by()
    counts = dict(on_duty.values_list("role_id").annotate(n=Count("member", distinct=True)))
    return counts or None


def _branches() -> Mapping[str, int]:
    active = Count("members", filter=Q(members__user__is_active=True))
    return dict(Branch.objects.order_by().values_list("code").annotate(n=active))


def _definitions(keys: set[str]) -> Mapping[str, Mapping[str, Any] | None]:
    if not keys:
        return {}
    found: dict[str, Mapping[str, Any] | None] = dict.fromkeys(
        WorkflowDefinition.objects.filter(key__in=keys).values_list("key", flat=True)
    )
    published = WorkflowVersion.objects.filter(
        definition__key__in=keys, status=WorkflowVersion.Status.PUBLISHED
    )
    return found | dict(published.values_list("definition__key", "body"))


def _people(body: Any) -> Iterator[str]:
    """User names that are named anywhere in a body."""
    if isinstance(body, dict):
        named = body.get("people")
        if isinstance(named, list):
            yield from (name for name in named if isinstance(name, str) and "\0" not in name)
        for value in body.values():
            yield from _people(value)
    elif isinstance(body, list):
        for value in body:
            yield from _people(value)
