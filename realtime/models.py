"""Rows of the one log and of what it tells whom."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class Event(models.Model):
    """One thing that happened, in the past tense. Append-only.

    The case's timeline, the live map, notifications, the audit trail and statistics are all read
    from here. Each row carries the hash of the one before it in its chain, so a changed or
    removed row shows.
    """

    kind = models.CharField(max_length=60)
    # What it happened to, e.g. ("request", 17); a chain per subject keeps writers apart.
    subject_type = models.CharField(max_length=30)
    subject_id = models.BigIntegerField()
    chain_seq = models.PositiveIntegerField()
    at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # Who may hear of it: everyone whose rights cover this materialised path of an area, and named users.
    area_path = models.CharField(max_length=255, blank=True)
    user_ids = models.JSONField(default=list, blank=True)
    payload = models.JSONField(default=dict, blank=True)
    previous_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject_type", "subject_id", "chain_seq"], name="event_chain_unique"
            )
        ]
        indexes = [
            models.Index(fields=["kind", "at"], name="event_kind_at"),
            models.Index(fields=["area_path", "-id"], name="event_area"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_type}:{self.subject_id} #{self.chain_seq}"


class Notification(models.Model):
    """One event told to one person, on the screen and, if they have an address, by mail."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications")
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="notifications")
    created_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)
    # Null: still to be mailed. Rows of people without an address are born with a value.
    mailed_at = models.DateTimeField(null=True, blank=True)
    # Not before this instant: whoever is mailing it moves it on first, and so does every failure.
    mail_after = models.DateTimeField(default=timezone.now)
    mail_attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "event"], name="notification_once")]
        indexes = [
            models.Index(fields=["user", "-id"], name="notification_user"),
            models.Index(fields=["user"], condition=models.Q(read_at=None), name="notification_unread"),
            models.Index(
                fields=["mail_after"],
                condition=models.Q(mailed_at=None, read_at=None),
                name="notification_to_mail",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} → {self.user_id}"


class ProcessReport(models.Model):
    """What one serving process counted, for the page that shows all. Written by it every few seconds."""

    name = models.CharField(max_length=100, primary_key=True)
    started_at = models.DateTimeField()
    reported_at = models.DateTimeField(db_index=True)
    figures = models.JSONField(default=dict)

    def __str__(self) -> str:
        return self.name
