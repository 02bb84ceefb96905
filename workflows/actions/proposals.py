"""Publications that need a second person: one proposes, another approves or refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from grid.errors import NotAllowed, Refused
from grid.models import User
from realtime.events import (
    PublishingRuleChanged,
    WorkflowProposalRefused,
    WorkflowProposalWithdrawn,
    WorkflowProposed,
)
from realtime.log import Audience, Subject, emit

from ..models import PublishingRule, WorkflowDefinition, WorkflowProposal, WorkflowVersion
from ..queries import publishers
from ..texts import clean_text
from .publication import (
    NOTE_MAX,
    Publication,
    back_to,
    clean_note,
    digest,
    earlier_version,
    lock_definition,
    not_overtaken,
    put_in_force,
    require_publisher,
    sound,
    still_sound,
)


@transaction.atomic
def propose_version(
    *, body: Mapping[str, Any], actor: User, note: str = "", seen: int | None = None
) -> WorkflowProposal:
    """Ask for a definition to be published; the other administrators hear of it.

    Its sub-processes are frozen now: what is approved is what was looked at. Raises :class:`Unsound`,
    :class:`Overtaken`, :class:`Refused` while another proposal for the same workflow waits.
    """
    require_publisher(actor)
    frozen = sound(body)
    definition = lock_definition(frozen)
    not_overtaken(definition, seen)
    return _propose(definition, frozen, clean_note(note), actor, None)


@transaction.atomic
def propose_roll_back(
    *, version_id: int, actor: User, note: str = "", seen: int | None = None
) -> WorkflowProposal:
    """Ask for an earlier version to be brought back. Raises what :func:`propose_version` does."""
    require_publisher(actor)
    old = earlier_version(version_id)
    definition = lock_definition(old.body)
    not_overtaken(definition, seen)
    return _propose(definition, old.body, clean_note(note) or back_to(old), actor, old)


def _propose(
    definition: WorkflowDefinition,
    body: Mapping[str, Any],
    note: str,
    actor: User,
    restores: WorkflowVersion | None,
) -> WorkflowProposal:
    if definition.proposals.filter(status=WorkflowProposal.Status.OPEN).exists():
        raise Refused(_("A change of this workflow waits for approval already. Decide about that one first."))
    in_force = definition.in_force()
    if in_force is not None and in_force.digest == digest(body):
        raise Refused(_("Nothing has changed: this is the version in force."))
    proposal = WorkflowProposal.objects.create(
        definition=definition, body=body, note=note, based_on=in_force, restores=restores, proposed_by=actor
    )
    emit(
        WorkflowProposed(**_named(definition), note=note),
        subject=Subject("workflow", definition.pk),
        actor=actor,
        audience=Audience(),
        notify=set(publishers()) - {actor.pk},
    )
    return proposal


@transaction.atomic
def approve_proposal(*, proposal_id: int, actor: User) -> WorkflowVersion:
    """The second person agrees, and it is published.

    Raises :class:`NotAllowed` for whoever proposed it, :class:`Refused` when another version has been
    published since, :class:`Unsound` when something it refers to is gone.
    """
    require_publisher(actor)
    definition, proposal = _lock_open(proposal_id)
    if proposal.proposed_by_id == actor.pk:
        raise NotAllowed(_("You proposed this yourself. Somebody else has to approve it."))
    in_force = definition.in_force()
    if (in_force.pk if in_force else None) != proposal.based_on_id:
        raise Refused(
            _("Another version has been published since this was proposed. Refuse it, and propose it anew.")
        )
    still_sound(proposal.body)
    version, _is_new = put_in_force(
        definition,
        Publication(proposal.body, proposal.note, proposal.proposed_by, actor, proposal.restores),
    )
    proposal.version = version
    _decide(proposal, WorkflowProposal.Status.APPROVED, actor)
    return version


@transaction.atomic
def refuse_proposal(*, proposal_id: int, actor: User, reason: str) -> WorkflowProposal:
    """The second person does not agree, and says why; whoever proposed it hears of it."""
    require_publisher(actor)
    definition, proposal = _lock_open(proposal_id)
    if proposal.proposed_by_id == actor.pk:
        raise NotAllowed(_("You proposed this yourself. Withdraw it instead."))
    if not reason.strip():
        raise Refused(_("Say why, so that it can be made better."))
    proposal.reason = clean_text(reason)[:NOTE_MAX]
    _decide(proposal, WorkflowProposal.Status.REFUSED, actor)
    emit(
        WorkflowProposalRefused(**_named(definition), reason=proposal.reason),
        subject=Subject("workflow", definition.pk),
        actor=actor,
        audience=Audience(),
        notify=[proposal.proposed_by_id],
    )
    return proposal


@transaction.atomic
def withdraw_proposal(*, proposal_id: int, actor: User) -> WorkflowProposal:
    """Whoever proposed it takes it back."""
    definition, proposal = _lock_open(proposal_id)
    if proposal.proposed_by_id != actor.pk:
        raise NotAllowed(_("Only whoever proposed it can withdraw it. You may refuse it."))
    _decide(proposal, WorkflowProposal.Status.WITHDRAWN, actor)
    emit(
        WorkflowProposalWithdrawn(**_named(definition)),
        subject=Subject("workflow", definition.pk),
        actor=actor,
        audience=Audience(),
    )
    return proposal


@transaction.atomic
def require_second_person(*, on: bool, actor: User) -> None:
    """Whether publications need a second person from now on. All who may publish hear of a change."""
    require_publisher(actor)
    PublishingRule.objects.get_or_create(pk=PublishingRule.ONLY)
    rule = PublishingRule.objects.select_for_update().get(pk=PublishingRule.ONLY)
    if rule.second_person == on:
        return
    if not on and WorkflowProposal.objects.filter(status=WorkflowProposal.Status.OPEN).exists():
        raise Refused(_("Decide about the changes that wait for approval first."))
    rule.second_person = on
    rule.save(update_fields=["second_person"])
    emit(
        PublishingRuleChanged(second_person=on),
        subject=Subject("publishing_rule", rule.pk),
        actor=actor,
        audience=Audience(),
        notify=set(publishers()) - {actor.pk},
    )


def _lock_open(proposal_id: int) -> tuple[WorkflowDefinition, WorkflowProposal]:
    """The definition first, as every publication does; then what is proposed for it."""
    definition_id = WorkflowProposal.objects.values_list("definition_id", flat=True).get(pk=proposal_id)
    definition = WorkflowDefinition.objects.select_for_update().get(pk=definition_id)
    proposal = WorkflowProposal.objects.select_related("proposed_by", "restores").get(pk=proposal_id)
    if proposal.status != WorkflowProposal.Status.OPEN:
        raise Refused(_("This has been decided already."))
    return definition, proposal


def _decide(proposal: WorkflowProposal, status: WorkflowProposal.Status, actor: User) -> None:
    proposal.status, proposal.decided_by, proposal.decided_at = status, actor, timezone.now()
    proposal.save(update_fields=["status", "decided_by", "decided_at", "reason", "version"])


def _named(definition: WorkflowDefinition) -> dict[str, str]:
    return {"definition": definition.key, "name": definition.name, "name_en": definition.name_en}
