"""What stands out and what is to be expected, as worked out for one day. Counts of cases, nothing else."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from grid.models import Area
from workflows.models import Category


class Foresight(models.Model):
    """One working out, from all filed up to the end of a local day. Done again, it replaces its rows."""

    day = models.DateField(unique=True)
    begun_at = models.DateTimeField(default=timezone.now)
    # Null while somebody is at it; silence for long means that process is gone.
    finished_at = models.DateTimeField(null=True, blank=True)
    # How many cases and grids it is made from, where too little was there to say anything, and how far
    # last weeks' forecasts were off: see ``maps.foresight.work``.
    notes = models.JSONField(default=dict)

    class Meta:
        ordering = ["-day"]

    def __str__(self) -> str:
        return f"{self.day}"


class FindingKind(models.TextChoices):
    """Values are those of ``maps.foresight.trends.Kind``, which web pages need not load."""

    HOT_SPOT = "hot_spot", _("Cases lie close together")
    SUDDEN = "sudden", _("Suddenly more")
    RISING = "rising", _("Rising")
    SILENT = "silent", _("Gone quiet")


class Finding(models.Model):
    """One grid and category that stands out in the ``days`` whole days up to ``foresight.day``."""

    foresight = models.ForeignKey(Foresight, on_delete=models.CASCADE, related_name="findings")
    kind = models.CharField(max_length=10, choices=FindingKind)
    area = models.ForeignKey(Area, on_delete=models.CASCADE, related_name="+")
    # Rights are prefixes of it.
    area_path = models.CharField(max_length=255)
    # Null: all categories together.
    category = models.ForeignKey(Category, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    days = models.PositiveSmallIntegerField()
    n = models.PositiveIntegerField()
    # Of as many days of its own past; of a hot spot the mean of all grids, which is never shown to those who
    # do not watch all of them (see ``around``).
    usual = models.FloatField()
    # The most there were in any of the ``weeks`` spans compared with; 0 of a hot spot.
    most = models.PositiveIntegerField(default=0)
    weeks = models.PositiveSmallIntegerField(default=0)
    # Corrected for all tests of its kind.
    p = models.FloatField()
    # Of a hot spot: ``near``, paths of its neighbours; ``around``, for each area above the grid its path, the
    # cases and the number of the grids in it.
    around = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["foresight", "area_path"], name="finding_area")]

    def __str__(self) -> str:
        return f"{self.kind} {self.area_path}"


class Outlook(models.Model):
    """What a grid has to expect in the seven days after ``foresight.day``; next to nothing is left out."""

    foresight = models.ForeignKey(Foresight, on_delete=models.CASCADE, related_name="outlooks")
    area = models.ForeignKey(Area, on_delete=models.CASCADE, related_name="+")
    area_path = models.CharField(max_length=255)
    category = models.ForeignKey(Category, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    # Of the week, and the interval that is meant to hold four weeks of five.
    mean = models.FloatField()
    least = models.PositiveIntegerField()
    most = models.PositiveIntegerField()
    # Of each of the seven days.
    days = models.JSONField(default=list)
    # Cases of the last seven days, to compare with.
    last_week = models.PositiveIntegerField()

    class Meta:
        indexes = [models.Index(fields=["foresight", "category", "-mean"], name="outlook_most")]

    def __str__(self) -> str:
        return f"{self.area_path}: {self.mean:.1f}"
