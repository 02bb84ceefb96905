"""The request: what a resident asked for, where, and what has become of it."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from viewflow.workflow.models import Process

from grid.models import Area

from .dictionary import Category, Clock, FilingCondition


class State(models.TextChoices):
    """Life of a case (docs/explanation/domain.md §2).

    Follows from the workflow the case runs on; never written by hand.
    """

    REPORTED = "reported", _("Reported")
    VERIFYING = "verifying", _("Being verified")
    REGISTERED = "registered", _("Registered")
    REJECTED = "rejected", _("Not accepted")
    DISPATCHING = "dispatching", _("To be dispatched")
    HANDLING = "handling", _("Being handled")
    SUSPENDED = "suspended", _("Suspended")
    CHECKING = "checking", _("To be checked")
    REWORK = "rework", _("Rework")
    CLOSED = "closed", _("Closed")
    FORCE_CLOSED = "force_closed", _("Force-closed")
    RATED = "rated", _("Rated")
    REOPENED = "reopened", _("Reopened")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    MERGED = "merged", _("Joined with another case")


#: States in which nobody owes the resident anything any more.
ENDED_STATES = (
    State.REJECTED,
    State.CLOSED,
    State.FORCE_CLOSED,
    State.RATED,
    State.WITHDRAWN,
    State.MERGED,
)


class Source(models.TextChoices):
    PORTAL = "portal", _("Resident portal")
    MEMBER = "member", _("Found by a member")
    ON_BEHALF = "on_behalf", _("Filed for a resident")
    HOTLINE = "hotline", _("Hotline")
    IMPORT = "import", _("Another system")


class Urgency(models.TextChoices):
    NORMAL = "normal", _("Normal")
    URGENT = "urgent", _("Urgent")


class Visibility(models.TextChoices):
    PRIVATE = "private", _("Only those who handle it")
    NEIGHBOURS = "neighbours", _("Neighbours may see it without my name")


class NumberSequence(models.Model):
    """Atomic counters behind case numbers, one row per prefix."""

    prefix = models.CharField(max_length=40, primary_key=True)
    value = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.prefix}{self.value}"


class Request(models.Model):
    """A case. The viewflow process says where it is; this row says what it is."""

    class Placed(models.TextChoices):
        """How the grid was found (docs/explanation/architecture.md §3)."""

        INSIDE = "inside", _("inside the grid")
        AMBIGUOUS = "ambiguous", _("on a border")
        SNAPPED = "snapped", _("nearest grid")
        CHOSEN = "chosen", _("chosen from the address list")
        UNPLACED = "unplaced", _("not placed yet")

    number = models.CharField(max_length=40, unique=True)
    # The filing form's own key: sent twice over a bad connection, filed once.
    client_key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="requests"
    )
    # Who typed it in, when not the reporter (代报, hotline).
    filed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    anonymous = models.BooleanField(default=False)
    contact_name = models.CharField(max_length=60, blank=True)
    contact_phone = models.CharField(max_length=20, blank=True)

    category = models.ForeignKey(
        Category, null=True, blank=True, on_delete=models.PROTECT, related_name="requests"
    )
    condition = models.ForeignKey(
        FilingCondition, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    text = models.TextField()
    source = models.CharField(max_length=10, choices=Source, default=Source.PORTAL)
    urgency = models.CharField(max_length=10, choices=Urgency, default=Urgency.NORMAL)
    visibility = models.CharField(max_length=12, choices=Visibility, default=Visibility.PRIVATE)

    # WGS-84, degrees; null when placed by address only.
    lon = models.FloatField(null=True, blank=True)
    lat = models.FloatField(null=True, blank=True)
    source_datum = models.CharField(max_length=10, default="wgs84")
    address = models.CharField(max_length=200, blank=True)
    area = models.ForeignKey(Area, null=True, blank=True, on_delete=models.PROTECT, related_name="requests")
    # The area's materialised path at filing: rights and audiences are prefixes of it.
    area_path = models.CharField(max_length=255, blank=True)
    placed = models.CharField(max_length=10, choices=Placed, default=Placed.UNPLACED)
    # Where it would fall by the borders of today, and that area's path: for reading numbers only.
    area_today = models.ForeignKey(
        Area, null=True, blank=True, on_delete=models.PROTECT, related_name="requests_today", editable=False
    )
    path_today = models.CharField(max_length=255, blank=True, editable=False)
    # The borders moved under it, and nobody has said yet whether it stays with whoever has it.
    border_review = models.BooleanField(default=False, editable=False)

    state = models.CharField(max_length=12, choices=State, default=State.REPORTED)
    process = models.OneToOneField(
        Process, null=True, blank=True, on_delete=models.PROTECT, related_name="request"
    )
    # Whoever handled it last: a reopened case goes back to this person.
    handler = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="handled_requests",
    )

    filed_at = models.DateTimeField(default=timezone.now)
    registered_at = models.DateTimeField(null=True, blank=True)
    handled_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    reopened_count = models.PositiveSmallIntegerField(default=0)
    limit = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True)
    clock = models.CharField(max_length=15, choices=Clock, blank=True)
    # When the limit began to run: at the filing, or at the latest reopening.
    limit_from = models.DateTimeField(null=True, blank=True)
    # Extensions granted since then; each adds the limit once more.
    extensions = models.PositiveSmallIntegerField(default=0)
    # 80 % and 100 % of the limit on its clock, with extensions and suspension; null when no limit applies.
    yellow_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    # The working calendar these two were worked out with (``workflows.calendar``).
    calendar_revision = models.BigIntegerField(default=0, editable=False)
    # What the sweep has already announced: "" → "yellow" → "red", then so many whole days of lateness.
    light_told = models.CharField(max_length=6, blank=True)
    days_late_told = models.PositiveSmallIntegerField(default=0)
    # When there is something to announce next; null when there never is.
    tell_at = models.DateTimeField(null=True, blank=True)
    # An appeal was granted: statistics do not count the lateness, which stays on record.
    lateness_excused = models.BooleanField(default=False)
    # The case this one was joined with, as a duplicate.
    merged_into = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="duplicates"
    )

    # Where an imported case came from; a second import of the same row finds it here.
    external_system = models.CharField(max_length=40, blank=True)
    external_id = models.CharField(max_length=80, blank=True)

    class Meta:
        verbose_name = _("request")
        constraints = [
            models.UniqueConstraint(
                fields=["external_system", "external_id"],
                condition=~Q(external_id=""),
                name="request_external_once",
            ),
            models.CheckConstraint(
                condition=(Q(lon=None) & Q(lat=None))
                | (Q(lon__gte=-180) & Q(lon__lte=180) & Q(lat__gte=-90) & Q(lat__lte=90)),
                name="request_place_wgs84",
            ),
        ]
        indexes = [
            models.Index(fields=["reporter", "-id"], name="request_reporter"),
            models.Index(fields=["lon", "lat"], name="request_viewport"),
            models.Index(fields=["area_path", "state"], name="request_area_state"),
            models.Index(fields=["path_today", "state"], name="request_today_state"),
            models.Index(fields=["area_path"], condition=Q(border_review=True), name="request_border_review"),
            models.Index(fields=["due_at"], condition=Q(closed_at=None), name="request_due_open"),
            models.Index(fields=["tell_at"], condition=Q(closed_at=None), name="request_tell_open"),
            models.Index(
                fields=["calendar_revision"], condition=Q(closed_at=None), name="request_calendar_open"
            ),
            models.Index(fields=["-filed_at"], name="request_newest"),
            models.Index(fields=["closed_at", "filed_at"], name="request_closed"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_open(self) -> bool:
        return self.state not in ENDED_STATES


class Joiner(models.Model):
    """同问: somebody who asks for the same as a case does, and hears what becomes of it.

    Joined while filing instead of filing again, or through a request of their own (``duplicate``) that was
    found to be the same and was joined with the case.
    """

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="joiners")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="joined")
    duplicate = models.ForeignKey(
        Request, null=True, blank=True, on_delete=models.CASCADE, related_name="joined_as"
    )
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["request", "user"], name="joiner_once")]

    def __str__(self) -> str:
        return f"{self.user_id} joins {self.request_id}"


class BordersFollowed(models.Model):
    """One row: up to when planned beginnings and ends of areas have been followed by the cases."""

    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.until:%Y-%m-%d %H:%M}"


def attachment_path(instance: "Attachment", filename: str) -> str:
    """A name that tells nothing: the uploader's file name is never kept."""
    return f"requests/{uuid.uuid4().hex}.jpg"


class Attachment(models.Model):
    """A photo, re-encoded; EXIF is gone, its GPS position was read first."""

    class Moment(models.TextChoices):
        BEFORE = "before", _("before")
        AFTER = "after", _("after")

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="attachments")
    image = models.ImageField(upload_to=attachment_path, width_field="width", height_field="height")
    thumbnail = models.ImageField(upload_to=attachment_path)
    width = models.PositiveIntegerField(editable=False)
    height = models.PositiveIntegerField(editable=False)
    moment = models.CharField(max_length=6, choices=Moment, default=Moment.BEFORE)
    # WGS-84 position the camera wrote, if it did.
    gps_lon = models.FloatField(null=True, blank=True)
    gps_lat = models.FloatField(null=True, blank=True)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    added_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"photo {self.pk} of {self.request_id}"


class Rating(models.Model):
    """The resident's answers to three questions; the latest counts. Members are rated, residents never."""

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="ratings")
    in_time = models.BooleanField()
    solved = models.BooleanField()
    satisfied = models.BooleanField()
    comment = models.TextField(blank=True)
    # Whose work is rated: the handler at that time.
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="ratings_received",
    )
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"rating of {self.request_id}"
