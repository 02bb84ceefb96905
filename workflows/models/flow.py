"""Definitions, frozen versions, and what people said while a case ran on one."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from viewflow.workflow.models import Task

from grid.models import in_language


class WorkflowDefinition(models.Model):
    """A workflow by name; what it does is in its versions."""

    key = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    name_en = models.CharField(max_length=120, blank=True)

    def __str__(self) -> str:
        return in_language(self.name, self.name_en)

    def in_force(self) -> "WorkflowVersion | None":
        """The version new cases run on."""
        return self.versions.filter(status=WorkflowVersion.Status.PUBLISHED).first()


class WorkflowVersion(models.Model):
    """Nested blocks as JSON. A published version is frozen for ever: running cases refer to it by id."""

    class Status(models.TextChoices):
        DRAFT = "draft"
        PUBLISHED = "published"
        RETIRED = "retired"

    definition = models.ForeignKey(WorkflowDefinition, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    body = models.JSONField()
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    digest = models.CharField(max_length=64, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    # Who published it; nobody when it came from a file, by somebody at the server.
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # The second person, where one was needed.
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # What changed, and why.
    note = models.TextField(blank=True)
    # The earlier version that was brought back with it.
    restores = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="restored_as"
    )
    # For which requests it was in force at its publication: [{"category": code, "area": code, "since": day}].
    bound_to = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["definition", "number"], name="version_number_unique"),
            models.UniqueConstraint(
                fields=["definition"], condition=models.Q(status="published"), name="version_one_published"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.definition} v{self.number}"

    @property
    def flow_class(self):
        """The compiled viewflow ``Flow`` of this version (see ``workflows.flows``)."""
        from workflows import flows

        return getattr(flows, f"WF_{self.pk}")


class Opinion(models.Model):
    """What a person said with a move on a task: 同意, 退回, 转办 … and why. Append-only."""

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="opinions")
    request = models.ForeignKey("workflows.Request", on_delete=models.CASCADE, related_name="opinions")
    # Inside sub-processes ids are long: see workflows/engine/expand.py.
    block = models.CharField(max_length=200)
    move = models.CharField(max_length=20)
    outcome = models.CharField(max_length=30, blank=True)
    text = models.TextField(blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    # The member a stand-in acted for; both are recorded.
    on_behalf_of = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.actor} {self.move} {self.block}"


class CarbonCopy(models.Model):
    """抄送: a read-only copy of a case to one person, marked when read."""

    request = models.ForeignKey("workflows.Request", on_delete=models.CASCADE, related_name="carbon_copies")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="carbon_copies")
    block = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["request", "user", "block"], name="carbon_copy_once")]

    def __str__(self) -> str:
        return f"cc {self.user_id}"


class WebhookDelivery(models.Model):
    """Word to another system about a case, from the moment it is due until it was taken or given up.

    What is sent is made when it is sent (``workflows.webhooks``): the case as it is then, no resident.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("On its way")
        DELIVERED = "delivered", _("Delivered")
        FAILED = "failed", _("Given up")

    # Sent along, so that the other system can tell a second attempt from a second message.
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    hook = models.CharField(max_length=40)
    request = models.ForeignKey("workflows.Request", on_delete=models.CASCADE, related_name="deliveries")
    definition = models.CharField(max_length=50)
    block = models.CharField(max_length=200)
    title = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    # Not before this instant: whoever is sending it moves it on first, and so does every failure.
    try_after = models.DateTimeField(default=timezone.now)
    delivered_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["try_after"], condition=models.Q(state="waiting"), name="webhook_waiting")
        ]

    def __str__(self) -> str:
        return f"{self.hook} {self.key}"
