"""Which workflow requests of a category in an area run on, from a day on."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from grid.errors import NotAllowed, Refused
from grid.models import Area, User
from realtime.events import WorkflowBound, WorkflowUnbound
from realtime.log import Audience, Subject, emit

from ..models import Category, WorkflowBinding, WorkflowDefinition
from ..policies import may_bind


@transaction.atomic
def bind_workflow(
    *,
    category: Category | None,
    area: Area | None,
    definition: WorkflowDefinition | None,
    since: date,
    actor: User | None = None,
) -> WorkflowBinding:
    """From a local day on, requests of the category (None: all) in the area (None: everywhere) run on it.

    No definition: what is said less specifically answers from then on. Cases under way stay on theirs. Set
    again for the same day, the last word counts. Raises :class:`Refused` for a day that has passed or a
    workflow that has no version in force.
    """
    _require(actor, area)
    if since < timezone.localdate():
        raise Refused(_("This day has passed. Requests of that day run already; choose today or later."))
    if definition is not None and definition.in_force() is None:
        raise Refused(_("“%(workflow)s” has not been published yet.") % {"workflow": definition})
    _lock()
    here = WorkflowBinding.objects.filter(category=category, area=area)
    before = _before(here, since)
    if definition is None and before is None:
        raise Refused(_("Nothing is set here, so there is nothing to end."))
    binding = here.filter(since=since).first() or WorkflowBinding(category=category, area=area, since=since)
    binding.definition, binding.set_by, binding.set_at = definition, actor, timezone.now()
    binding.save()
    named = definition or before
    assert named is not None
    kind = WorkflowBound if definition else WorkflowUnbound
    _emit(kind(**_named(named), **_where(binding), since=since), binding, named, actor)
    return binding


@transaction.atomic
def cancel_binding(*, binding_id: int, actor: User | None = None) -> None:
    """Take back what is not in force yet. Raises :class:`Refused` once its day has come."""
    binding = WorkflowBinding.objects.select_related("category", "area", "definition").get(pk=binding_id)
    _require(actor, binding.area)
    _lock()
    if binding.since <= timezone.localdate():
        raise Refused(_("This is in force already. Set another workflow instead."))
    here = WorkflowBinding.objects.filter(category=binding.category, area=binding.area)
    named = binding.definition or _before(here.exclude(pk=binding.pk), binding.since)
    WorkflowBinding.objects.filter(pk=binding.pk).delete()
    if named is None:
        return
    said = WorkflowUnbound(**_named(named), **_where(binding), since=binding.since, cancelled=True)
    _emit(said, binding, named, actor)


def _emit(
    said: WorkflowBound | WorkflowUnbound,
    binding: WorkflowBinding,
    about: WorkflowDefinition,
    actor: User | None,
) -> None:
    audience = Audience(area_path=binding.area.path if binding.area else "")
    emit(said, subject=Subject("workflow", about.pk), actor=actor, audience=audience)


def _require(actor: User | None, area: Area | None) -> None:
    if actor is not None and not may_bind(actor, area):
        raise NotAllowed(_("Only the administrators of this area can set its workflows."))


def _lock() -> None:
    """One at a time: what is set depends on what is set already, and events of one workflow form a chain."""
    list(WorkflowDefinition.objects.select_for_update(no_key=True).order_by("pk").values_list("pk"))


def _before(here: QuerySet[WorkflowBinding], since: date) -> WorkflowDefinition | None:
    """What is set at this place just before, or on that day so far."""
    last = here.filter(since__lte=since).order_by("-since").select_related("definition").first()
    return last.definition if last else None


def _where(binding: WorkflowBinding) -> dict[str, Any]:
    return {
        "category": binding.category.code if binding.category else "",
        "area": binding.area.code if binding.area else "",
    }


def _named(definition: WorkflowDefinition) -> dict[str, Any]:
    return {"definition": definition.key, "name": definition.name, "name_en": definition.name_en}
