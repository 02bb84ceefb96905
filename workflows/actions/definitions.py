"""Publish workflow definitions. A published version is frozen for ever; running cases stay on theirs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from grid.errors import Refused
from grid.models import User

from ..models import WorkflowVersion
from .publication import (
    Overtaken,
    Publication,
    Unsound,
    back_to,
    clean_note,
    earlier_version,
    lock_definition,
    needs_second_person,
    not_overtaken,
    put_in_force,
    require_publisher,
    sound,
)

__all__ = ["Overtaken", "Unsound", "publish_version", "roll_back"]


@transaction.atomic
def publish_version(
    *, body: Mapping[str, Any], actor: User | None = None, note: str = "", seen: int | None = None
) -> tuple[WorkflowVersion, bool]:
    """Check a definition, freeze its sub-processes and put it in force; whether it is a new version.

    The same definition as the one in force changes nothing. ``actor`` is None when it comes from a file, by
    somebody at the server, who needs no second person. ``seen`` is the id of the version the actor compared
    it with (0: there was none). Raises :class:`Unsound` with what the lint found, :class:`Overtaken`,
    :class:`grid.errors.Refused` where a second person has to approve.
    """
    require_publisher(actor)
    if actor is not None:
        _alone()
    frozen = sound(body)
    definition = lock_definition(frozen)
    not_overtaken(definition, seen)
    return put_in_force(definition, Publication(frozen, clean_note(note), actor))


@transaction.atomic
def roll_back(*, version_id: int, actor: User, note: str = "", seen: int | None = None) -> WorkflowVersion:
    """Bring an earlier version back: its body, as it was, is published anew. Running cases stay on theirs.

    Raises what :func:`publish_version` does: the earlier version may name what no longer exists.
    """
    require_publisher(actor)
    _alone()
    old = earlier_version(version_id)
    definition = lock_definition(old.body)
    not_overtaken(definition, seen)
    said = clean_note(note) or back_to(old)
    version, _is_new = put_in_force(definition, Publication(old.body, said, actor, restores=old))
    return version


def _alone() -> None:
    if needs_second_person():
        raise Refused(_("A second person has to approve. Propose it, and somebody else publishes it."))
