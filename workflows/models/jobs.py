"""Work that somebody waits for: replays, moves to another version; and the base of all such work."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .flow import WorkflowDefinition, WorkflowVersion


class BackgroundJob(models.Model):
    """One piece of work, how far it is, and what came of it: see :mod:`workflows.queue`.

    Whoever extends it says ``kind`` and ``by``, the user who asked.
    """

    class Stage(models.TextChoices):
        WAITING = "waiting", _("Waiting for its turn")
        AT_WORK = "at_work", _("Being worked on")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # What was asked for, by kind of job.
    wishes = models.JSONField(default=dict)
    report = models.JSONField(default=dict)
    stage = models.CharField(max_length=10, choices=Stage, default=Stage.WAITING)
    # Per cent.
    progress = models.PositiveSmallIntegerField(default=0)
    message = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    # When whoever works on it last said so: silence means that process is gone.
    heard_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
        ordering = ["-created_at"]


class WorkflowJob(BackgroundJob):
    """Work on many cases."""

    class Kind(models.TextChoices):
        REPLAY = "replay", _("Replay of past cases")
        CHECK = "check", _("Check of moving running cases")
        MIGRATION = "migration", _("Running cases moved")

    kind = models.CharField(max_length=10, choices=Kind)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="workflow_jobs")
    definition = models.ForeignKey(WorkflowDefinition, on_delete=models.PROTECT, related_name="jobs")
    # The version cases move to; a replay tries a body instead, kept in ``wishes``.
    version = models.ForeignKey(
        WorkflowVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="jobs"
    )

    class Meta(BackgroundJob.Meta):
        indexes = [models.Index(fields=["stage", "created_at"], name="workflow_job_waiting")]

    def __str__(self) -> str:
        return f"{self.kind} {self.definition}"
