"""不计入考核: cases that figures leave out, each with the reason."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from .request import Request


class Exclusion(models.Model):
    """A case was outside the power of whoever had it. Append-only but for its end.

    Figures read it from the log (``request.excluded``, ``request.included``), which says what was known when.
    """

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="exclusions")
    reason = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.TextField(blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["request"], condition=Q(ended_at=None), name="exclusion_one_in_force"
            )
        ]

    def __str__(self) -> str:
        return f"exclusion of {self.request_id}"
