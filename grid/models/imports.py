"""A file of areas on its way from upload to the map."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .areas import Area
from .history import AreaEdit


class ImportJob(models.Model):
    """One upload: what is in the file, what the person chose, what the checks found, what was written."""

    class Stage(models.TextChoices):
        UPLOADED = "uploaded", _("Uploaded")
        READ = "read", _("Read")
        CHECKING = "checking", _("Being checked")
        CHECKED = "checked", _("Checked")
        APPLYING = "applying", _("Being applied")
        APPLIED = "applied", _("Applied")
        UNDONE = "undone", _("Undone")
        FAILED = "failed", _("Failed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="area_imports")
    # The area it is imported below; without one: anywhere.
    parent = models.ForeignKey(Area, null=True, blank=True, on_delete=models.PROTECT, related_name="imports")
    # The name as given: shown, never opened.
    file = models.CharField(max_length=200)
    # Path relative to LINLI_DATA_DIR/imports/.
    stored = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField(default=0)
    stage = models.CharField(max_length=10, choices=Stage, default=Stage.UPLOADED)
    wishes = models.JSONField(default=dict)
    # Layers, fields, sample rows, encoding, guessed coordinate system.
    contents = models.JSONField(default=dict)
    report = models.JSONField(default=dict)
    # Per cent of the work of the present stage.
    progress = models.PositiveSmallIntegerField(default=0)
    message = models.CharField(max_length=500, blank=True)
    edit = models.ForeignKey(
        AreaEdit, null=True, blank=True, on_delete=models.PROTECT, related_name="import_jobs"
    )
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.file
