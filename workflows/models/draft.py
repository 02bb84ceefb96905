"""What administrators are drawing and have not published yet."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from grid.models import in_language

from .flow import WorkflowVersion


class WorkflowDraft(models.Model):
    """The drawing of one workflow, new or the next version of one: not checked, not in force.

    All administrators share it. ``revision`` counts the saves: whoever saves names the one they have seen, so
    that nobody overwrites what they do not know (``actions.drafts``).
    """

    #: The key of the definition it becomes a version of, which may not exist yet.
    key = models.SlugField(unique=True)
    #: A definition as the schema has it, as far as it goes: what is unfinished may be missing.
    body = models.JSONField()
    revision = models.PositiveIntegerField(default=1)
    # The version it was begun from.
    based_on = models.ForeignKey(
        WorkflowVersion, null=True, blank=True, on_delete=models.SET_NULL, related_name="drafts"
    )
    saved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    saved_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return in_language(self.body.get("name", ""), self.body.get("name_en", "")) or self.key
