"""Who agreed to a workflow, and for which requests it is in force from when."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce
from django.utils import timezone

from grid.models import Area

from .dictionary import Category
from .flow import WorkflowDefinition, WorkflowVersion


class PublishingRule(models.Model):
    """The one row that says whether a publication needs a second person."""

    #: The row's id; there is no other.
    ONLY = 1

    second_person = models.BooleanField(default=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="publishing_rule_only_one")]

    def __str__(self) -> str:
        return "two persons" if self.second_person else "one person"


class WorkflowProposal(models.Model):
    """A publication that waits for a second person, or did. ``body`` is frozen as it would be published."""

    class Status(models.TextChoices):
        OPEN = "open"
        APPROVED = "approved"
        REFUSED = "refused"
        WITHDRAWN = "withdrawn"

    definition = models.ForeignKey(WorkflowDefinition, on_delete=models.PROTECT, related_name="proposals")
    body = models.JSONField()
    note = models.TextField(blank=True)
    # The version in force when it was proposed; null when there was none.
    based_on = models.ForeignKey(
        WorkflowVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # The earlier version it brings back, if it does.
    restores = models.ForeignKey(
        WorkflowVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(default=timezone.now)
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True)
    # What it became.
    version = models.OneToOneField(
        WorkflowVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="proposal"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["definition"], condition=models.Q(status="open"), name="proposal_one_open"
            ),
            models.CheckConstraint(
                condition=~models.Q(status="approved") | ~models.Q(decided_by=models.F("proposed_by")),
                name="proposal_by_two_persons",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.definition} ({self.status})"


class WorkflowBinding(models.Model):
    """From a day on, requests of a category and an area, and of those under them, run on a workflow.

    No category: all of them; no area: everywhere; no definition: from that day on as if there were no binding
    here. Rows in force are not changed: a later one takes over. ``workflows.bindings`` says which one counts.
    """

    category = models.ForeignKey(
        Category, null=True, blank=True, on_delete=models.CASCADE, related_name="bindings"
    )
    area = models.ForeignKey(Area, null=True, blank=True, on_delete=models.PROTECT, related_name="bindings")
    definition = models.ForeignKey(
        WorkflowDefinition, null=True, blank=True, on_delete=models.PROTECT, related_name="bindings"
    )
    #: The first local day on which it counts.
    since = models.DateField()
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    set_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Coalesce("category", 0), Coalesce("area", 0), "since", name="binding_once_a_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.category or '*'} · {self.area or '*'} → {self.definition or '—'} ({self.since})"
