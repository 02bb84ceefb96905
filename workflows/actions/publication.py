"""The steps of a publication, whoever asks for it: check, freeze, lock, write, say so."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from grid.errors import NotAllowed, Refused
from grid.models import User
from realtime.events import WorkflowPublished
from realtime.log import Audience, Subject, emit

from .. import bindings, flows, policies
from ..drawing import completed
from ..engine.freeze import freeze
from ..engine.lint import Finding, check
from ..engine.schema import Definition
from ..installation import known
from ..models import PublishingRule, WorkflowDefinition, WorkflowDraft, WorkflowVersion
from ..texts import clean_text

NOTE_MAX = 1000


class Unsound(Refused):
    """A definition that must not be published; ``findings`` say what is wrong, block by block."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("\n".join(str(finding) for finding in findings))
        self.findings = findings


class Overtaken(Refused):
    """Another version was published since the person looked."""

    def __init__(self) -> None:
        super().__init__(_("Another version was published in the meantime. Look at what has changed."))


@dataclass(frozen=True)
class Publication:
    """What is to be put in force, and what is kept about it."""

    body: Mapping[str, Any]
    note: str = ""
    by: User | None = None
    approved_by: User | None = None
    restores: WorkflowVersion | None = None


def digest(body: Mapping[str, Any]) -> str:
    """SHA-256 of a definition, whatever the order of its keys and the spaces between them."""
    text = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def require_publisher(actor: User | None) -> None:
    if actor is not None and not policies.may_publish(actor):
        raise NotAllowed(_("Only administrators of the whole town can publish workflows."))


def needs_second_person() -> bool:
    return PublishingRule.objects.filter(second_person=True).exists()


def sound(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The body with its sub-processes frozen. Raises :class:`Unsound`."""
    here = known(body)
    findings = check(body, here)
    if any(finding.is_error for finding in findings):
        raise Unsound(findings)
    frozen: Mapping[str, Any] = freeze(body, here.definitions or {})
    return frozen


def lock_definition(body: Mapping[str, Any]) -> WorkflowDefinition:
    """The row of a sound body's definition, made if need be. Whoever holds it publishes, nobody else."""
    parsed = Definition.model_validate(body)
    definition, _created = WorkflowDefinition.objects.select_for_update().get_or_create(
        key=parsed.key, defaults={"name": parsed.name, "name_en": parsed.name_en}
    )
    return definition


def not_overtaken(definition: WorkflowDefinition, seen: int | None) -> None:
    in_force = definition.in_force()
    if seen is not None and seen != (in_force.pk if in_force else 0):
        raise Overtaken


def earlier_version(version_id: int) -> WorkflowVersion:
    old = WorkflowVersion.objects.filter(pk=version_id, status=WorkflowVersion.Status.RETIRED).first()
    if old is None:
        raise Refused(_("This version is in force, or was never published. Choose an earlier one."))
    still_sound(old.body)
    return old


def still_sound(body: Mapping[str, Any]) -> None:
    """Raise :class:`Unsound` unless what a frozen body refers to is still there."""
    # Its sub-processes stay as they were frozen.
    findings = check(body, replace(known(body), definitions=None))
    if any(finding.is_error for finding in findings):
        raise Unsound(findings)


def clean_note(note: str) -> str:
    return clean_text(note, required=False)[:NOTE_MAX]


def back_to(old: WorkflowVersion) -> str:
    return _("Back to version %(number)d") % {"number": old.number}


def put_in_force(definition: WorkflowDefinition, wanted: Publication) -> tuple[WorkflowVersion, bool]:
    """Under the definition's lock: retire the version in force, write the new one, say so."""
    in_force = definition.in_force()
    if in_force is not None and in_force.digest == digest(wanted.body):
        return in_force, False
    parsed = Definition.model_validate(wanted.body)
    definition.name, definition.name_en = parsed.name, parsed.name_en
    definition.save(update_fields=["name", "name_en"])
    if in_force is not None:
        in_force.status = WorkflowVersion.Status.RETIRED
        in_force.save(update_fields=["status"])
    version = _write(definition, wanted)
    _done_drawing(version)
    emit(
        WorkflowPublished(
            definition=definition.key,
            number=version.number,
            name=definition.name,
            name_en=definition.name_en,
            note=version.note,
            restores=wanted.restores.number if wanted.restores else None,
            approved_by=str(wanted.approved_by or ""),
        ),
        subject=Subject("workflow", definition.pk),
        actor=wanted.by,
        audience=Audience(),
        notify=[wanted.by.pk] if wanted.by and wanted.approved_by else [],
    )
    return version, True


def _done_drawing(version: WorkflowVersion) -> None:
    """The draft that was published is done with; one that somebody has drawn on since stays."""
    draft = WorkflowDraft.objects.select_for_update(of=("self",)).filter(key=version.definition.key).first()
    if draft is not None and completed(draft.body) == completed(version.body):
        draft.delete()


def _write(definition: WorkflowDefinition, wanted: Publication) -> WorkflowVersion:
    last = definition.versions.order_by("-number").values_list("number", flat=True).first() or 0
    version = WorkflowVersion.objects.create(
        definition=definition,
        number=last + 1,
        body=wanted.body,
        status=WorkflowVersion.Status.PUBLISHED,
        digest=digest(wanted.body),
        published_at=timezone.now(),
        published_by=wanted.by,
        approved_by=wanted.approved_by,
        note=wanted.note,
        restores=wanted.restores,
        bound_to=bindings.record(definition),
    )
    # Its id may have been given to a version whose publication was rolled back.
    flows.forget(version.pk)
    return version
