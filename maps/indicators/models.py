"""What was known of each case when, as figures need it; and the files made from it."""

from datetime import UTC, datetime

from django.conf import settings
from django.db import models

from workflows.models import Category, Request, State
from workflows.models.jobs import BackgroundJob

#: ``known_until`` of what is known at present.
FOREVER = datetime(9000, 1, 1, tzinfo=UTC)


class CaseFacts(models.Model):
    """What was known of one case from one instant to another. Read from the log; never written by hand.

    All instants may be compared with each other: they are those at which things happened.
    """

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="facts")
    known_from = models.DateTimeField()
    known_until = models.DateTimeField(default=FOREVER)

    # Materialised path of the area that had it then, "" for none.
    area_path = models.CharField(max_length=255, blank=True)
    category = models.ForeignKey(Category, null=True, on_delete=models.SET_NULL, related_name="+")
    # Whose case it was: the handler.
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    state = models.CharField(max_length=12, choices=State)

    filed_at = models.DateTimeField()
    registered_at = models.DateTimeField(null=True)
    registered_in_time = models.BooleanField(default=False)
    # When it first was somebody's to handle; whether that was the right one, as far as was known.
    dispatched_at = models.DateTimeField(null=True)
    dispatched_right = models.BooleanField(default=False)
    due_at = models.DateTimeField(null=True)
    # Null again while it is being redone.
    handled_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    extended = models.BooleanField(default=False)
    reworked = models.BooleanField(default=False)
    # An appeal was granted.
    excused = models.BooleanField(default=False)
    # The latest answers since it was closed.
    rated_at = models.DateTimeField(null=True)
    responded = models.BooleanField(default=False)
    solved = models.BooleanField(default=False)
    satisfied = models.BooleanField(default=False)
    # A resident, not whoever served, said that it is solved.
    confirmed = models.BooleanField(default=False)
    excluded = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "known_from"], name="facts_once_an_instant"),
        ]
        indexes = [
            models.Index(fields=[f"{name}_at"], name=f"facts_{name}")
            for name in ("filed", "registered", "dispatched", "due", "closed", "rated")
        ]

    def __str__(self) -> str:
        return f"{self.request_id} since {self.known_from:%Y-%m-%d %H:%M}"


class Followed(models.Model):
    """One row: up to which event the facts follow the log."""

    event = models.BigIntegerField(default=0)
    # Ids overtaken by later ones: [first, last, the transaction id from which on nobody can fill them].
    gaps = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"up to event {self.event}"


class FigureJob(BackgroundJob):
    """A file with figures that somebody asked for: an export, or a report. ``wishes`` say which figures."""

    class Kind(models.TextChoices):
        XLSX = "xlsx", "Excel (XLSX)"
        CSV = "csv", "CSV"
        GPKG = "gpkg", "GeoPackage"
        PDF = "pdf", "PDF"

    kind = models.CharField(max_length=10, choices=Kind)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="figure_jobs")
    # Name in the file storage, "" until it is made and once it has expired.
    file = models.CharField(max_length=100, blank=True)
    size = models.PositiveBigIntegerField(default=0)

    class Meta(BackgroundJob.Meta):
        indexes = [models.Index(fields=["stage", "created_at"], name="figure_job_waiting")]

    def __str__(self) -> str:
        return f"{self.kind} {self.wishes.get('period', '')}"
