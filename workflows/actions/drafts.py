"""Draw workflows: begin a draft, keep it, throw it away. Nothing here touches what is in force."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from grid.errors import NotAllowed, Refused
from grid.models import User

from ..drawing import completed, refuse_undrawable
from ..models import WorkflowDefinition, WorkflowDraft, WorkflowVersion
from ..policies import may_draw

#: Leaves room for a number behind it.
_LONGEST_KEY = 44


class Overtaken(Refused):
    """Somebody saved in between. Nothing was written; ``draft`` is what they saved."""

    def __init__(self, draft: WorkflowDraft) -> None:
        who = str(draft.saved_by) if draft.saved_by else _("Somebody")
        super().__init__(_("%(who)s has saved other changes in the meantime.") % {"who": who})
        self.draft = draft


@transaction.atomic
def begin_draft(
    *,
    body: Mapping[str, Any],
    actor: User,
    of: WorkflowDefinition | None = None,
    based_on: WorkflowVersion | None = None,
) -> WorkflowDraft:
    """Begin to draw: the next version of a definition, or a new workflow with a key nobody has.

    Raises :class:`Refused` when the definition has a draft already, or the body cannot be drawn.
    """
    _require(actor)
    key = of.key if of else free_key(str(body.get("key") or "workflow"))
    body = dict(body) | {"key": key}
    refuse_undrawable(body)
    try:
        with transaction.atomic():
            return WorkflowDraft.objects.create(
                key=key, body=completed(body), based_on=based_on, saved_by=actor
            )
    except IntegrityError:
        raise Refused(_("This workflow has a draft already. Open it, or delete it first.")) from None


@transaction.atomic
def save_draft(*, key: str, body: Mapping[str, Any], revision: int, actor: User) -> WorkflowDraft:
    """Keep the drawing; ``revision`` is the last one the person has seen.

    The same drawing again changes nothing, so an answer that got lost may simply be asked for once more.
    Raises :class:`Overtaken` when somebody else saved since, ``WorkflowDraft.DoesNotExist`` when it is gone.
    """
    _require(actor)
    body = dict(body) | {"key": key}
    refuse_undrawable(body)
    draft = WorkflowDraft.objects.select_for_update(of=("self",)).select_related("saved_by").get(key=key)
    if draft.body == body:
        return draft
    if draft.revision != revision:
        raise Overtaken(draft)
    draft.body, draft.revision = body, draft.revision + 1
    draft.saved_by, draft.saved_at = actor, timezone.now()
    draft.save(update_fields=["body", "revision", "saved_by", "saved_at"])
    return draft


@transaction.atomic
def delete_draft(*, key: str, actor: User) -> None:
    """Throw the drawing away. What is in force stays in force."""
    _require(actor)
    WorkflowDraft.objects.filter(key=key).delete()


def free_key(wanted: str) -> str:
    """A key that no definition and no draft has, like the one wanted."""
    stem = slugify(wanted)[:_LONGEST_KEY].strip("-_")
    stem = stem if stem[:1].isalpha() else "workflow"
    taken = {
        *WorkflowDefinition.objects.filter(key__startswith=stem).values_list("key", flat=True),
        *WorkflowDraft.objects.filter(key__startswith=stem).values_list("key", flat=True),
    }
    return next(key for n in count(1) if (key := stem if n == 1 else f"{stem}-{n}") not in taken)


def _require(actor: User) -> None:
    if not may_draw(actor):
        raise NotAllowed(_("Only administrators can draw workflows."))
