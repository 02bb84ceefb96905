"""What is asked for about a case and decided by others: more time, a pause, an appeal."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .request import Request


class Application(models.Model):
    """申请: asked for by whoever has a case, decided by one person after another.

    Facts for statistics: nothing here is changed once it is decided, except that a suspension ends.
    """

    class Kind(models.TextChoices):
        EXTENSION = "extension", _("More time")
        SUSPENSION = "suspension", _("Suspension")
        APPEAL = "appeal", _("Appeal against lateness")

    class Status(models.TextChoices):
        OPEN = "open", _("waits for a decision")
        GRANTED = "granted", _("granted")
        REFUSED = "refused", _("refused")
        # The case ended before anybody had decided.
        LAPSED = "lapsed", _("lapsed")

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="applications")
    kind = models.CharField(max_length=10, choices=Kind)
    status = models.CharField(max_length=8, choices=Status, default=Status.OPEN)
    reason = models.TextField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True, blank=True)
    # The case's deadline when it was asked, and after it was granted.
    due_before = models.DateTimeField(null=True, blank=True)
    due_after = models.DateTimeField(null=True, blank=True)

    # A suspension only: until when it was asked for, and from when to when the clock stood still.
    until = models.DateTimeField(null=True, blank=True)
    began_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    # The state the case goes back to.
    state_before = models.CharField(max_length=12, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["request", "kind"], condition=Q(status="open"), name="application_one_open"
            ),
            models.CheckConstraint(
                condition=~Q(kind="suspension") | Q(until__isnull=False), name="application_suspended_until"
            ),
        ]
        indexes = [
            # Suspensions that run: the sweep ends them.
            models.Index(
                fields=["until"],
                condition=Q(began_at__isnull=False, ended_at=None),
                name="application_running",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.request_id}: {self.status}"


class Consent(models.Model):
    """One level of the decision about an application; the next is asked once this one has agreed.

    ``pool`` is the mark of those who may decide: ``duty.<role>.<area id>``, as for tasks.
    """

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="consents")
    level = models.PositiveSmallIntegerField()
    pool = models.CharField(max_length=80)
    asked_at = models.DateTimeField(default=timezone.now)
    agrees = models.BooleanField(null=True, blank=True)
    text = models.TextField(blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # The member a stand-in decided for; both are recorded.
    on_behalf_of = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["application", "level"]
        constraints = [models.UniqueConstraint(fields=["application", "level"], name="consent_level_once")]
        indexes = [models.Index(fields=["pool"], condition=Q(agrees=None), name="consent_waiting")]

    def __str__(self) -> str:
        return f"level {self.level} of application {self.application_id}"
