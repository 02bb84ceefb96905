"""督办: a superior's recorded orders about a case."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .request import Request


class Supervision(models.Model):
    """An order of a superior to those who have a case, with its answer if one was asked for.

    ``reply_by`` is None where no answer is required. Append-only but for the one answer.
    """

    class Level(models.IntegerChoices):
        ORDINARY = 1, _("Ordinary")
        KEY = 2, _("Key matter")
        LISTED = 3, _("Listed for all to see")

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="supervisions")
    level = models.PositiveSmallIntegerField(choices=Level, default=Level.ORDINARY)
    text = models.TextField()
    ordered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    reply_by = models.DateTimeField(null=True, blank=True)
    # Both were told that no answer has come in time.
    reminded_at = models.DateTimeField(null=True, blank=True)
    reply = models.TextField(blank=True)
    replied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    replied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(
                fields=["reply_by"],
                condition=Q(replied_at=None, reply_by__isnull=False),
                name="supervision_unanswered",
            )
        ]

    def __str__(self) -> str:
        return f"order {self.pk} about {self.request_id}"

    @property
    def is_unanswered(self) -> bool:
        return self.reply_by is not None and self.replied_at is None

    @property
    def is_late(self) -> bool:
        """Whether an answer is still missing after its day."""
        return self.is_unanswered and self.reply_by is not None and timezone.now() > self.reply_by
