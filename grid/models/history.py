"""How the areas came to be what they are: who changed what when, and what held before."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..fields import GeometryField
from .areas import Area
from .text import in_language


class AreaEdit(models.Model):
    """One save: everything in it came into force together, and can be undone together."""

    class Kind(models.TextChoices):
        CREATE = "create", _("Area added")
        CHANGE = "change", _("Area changed")
        DRAW = "draw", _("Grid drawn")
        RESHAPE = "reshape", _("Border moved")
        SPLIT = "split", _("Grid split")
        MERGE = "merge", _("Grids merged")
        RETIRE = "retire", _("Area ended")
        IMPORT = "import", _("File imported")
        UNDO = "undo", _("Undone")
        REDRAW = "redraw", _("Several changes on the map")

    kind = models.CharField(max_length=10, choices=Kind)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # Materialised path of the subtree it happened in; "" is everywhere.
    path = models.CharField(max_length=255, blank=True)
    note = models.CharField(max_length=200, blank=True)
    # Name of the file, as it was given, of an import.
    file = models.CharField(max_length=200, blank=True)
    undoes = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="undone_by"
    )
    # The stamp's value then, random: tells a row from one with the same number that was rolled back.
    stamp = models.PositiveBigIntegerField(default=0, editable=False)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["path", "-id"], name="area_edit_place")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.at:%Y-%m-%d %H:%M}"


class AreaVersionQuerySet(models.QuerySet):
    def in_force(self, at):
        """Those that held at an instant: ``since`` belongs to the period, ``until`` does not."""
        return self.filter(since__lte=at).filter(Q(until=None) | Q(until__gt=at))


class AreaVersion(models.Model):
    """What held for an area in a period. Rows are only ever ended, never changed or deleted."""

    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="versions")
    edit = models.ForeignKey(AreaEdit, on_delete=models.PROTECT, related_name="versions")
    # The save that ended it, by writing the next version or retiring the area.
    ended_by = models.ForeignKey(
        AreaEdit, null=True, blank=True, on_delete=models.PROTECT, related_name="ended_versions"
    )
    since = models.DateTimeField()
    # Exclusive; null while nothing is known to end it. Equal to ``since`` for one that never came into force.
    until = models.DateTimeField(null=True, blank=True)
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80, blank=True)
    households = models.PositiveIntegerField(null=True, blank=True)
    # WGS-84, (lon, lat), with its bounding box in degrees.
    geometry = GeometryField(null=True, blank=True)
    west = models.FloatField(null=True, editable=False)
    south = models.FloatField(null=True, editable=False)
    east = models.FloatField(null=True, editable=False)
    north = models.FloatField(null=True, editable=False)

    objects = AreaVersionQuerySet.as_manager()

    class Meta:
        ordering = ["since", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["area"], condition=Q(until=None), name="area_version_open_once"),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("since")), name="area_version_period"
            ),
        ]
        indexes = [
            models.Index(fields=["west", "east"], name="area_version_place"),
            models.Index(fields=["area", "since"], name="area_version_of_area"),
        ]

    def __str__(self) -> str:
        return in_language(self.name, self.name_en)


class AreaDraft(models.Model):
    """Unsaved work of one person on the map of one community: operations on what ``base`` left behind."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="area_drafts")
    community = models.ForeignKey(Area, on_delete=models.CASCADE, related_name="drafts")
    # The last edit the person has seen.
    base = models.ForeignKey(AreaEdit, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    operations = models.JSONField(default=list)
    saved_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "community"], name="area_draft_one_each"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.community}"
