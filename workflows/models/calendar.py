"""The town's own part of the working calendar: what it adds to the official one."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class CalendarEntry(models.Model):
    """A stretch of days that differ from the official calendar, or on which other hours are worked.

    ``hours`` reads ``"08:00-12:00,14:30-18:30"``; only for entries of other hours.
    """

    class Kind(models.TextChoices):
        OFF = "off", _("Days off")
        WORKED = "worked", _("Working days (make-up days)")
        HOURS = "hours", _("Other working hours")

    first = models.DateField()
    last = models.DateField()
    kind = models.CharField(max_length=6, choices=Kind)
    hours = models.CharField(max_length=60, blank=True)
    name = models.CharField(max_length=60, blank=True)
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["first", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(last__gte=F("first")), name="calendar_entry_in_order"),
            models.CheckConstraint(
                condition=Q(kind="hours") & ~Q(hours="") | ~Q(kind="hours") & Q(hours=""),
                name="calendar_entry_hours",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first}–{self.last} {self.kind}"


class CalendarRevision(models.Model):
    """One row: the number of the calendar in force, larger with every change of its entries."""

    number = models.BigIntegerField()

    def __str__(self) -> str:
        return str(self.number)
