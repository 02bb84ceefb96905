"""The tree of areas: 区县 → 街道 → 社区 → 网格 → 楼栋."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from treebeard.mp_tree import MP_Node, MP_NodeManager, MP_NodeQuerySet

from ..fields import GeometryField
from .text import in_language


class Level(models.Model):
    """A level of the area tree: 区县, 街道, 社区, 网格, 楼栋. Cities use four to seven."""

    code = models.SlugField(primary_key=True, max_length=30)
    name = models.CharField(max_length=30)
    name_en = models.CharField(max_length=30, blank=True)
    order = models.PositiveSmallIntegerField(unique=True)
    # The level at which a place decides who is responsible.
    is_grid = models.BooleanField(default=False)

    class Meta:
        ordering = ["order"]

    def __str__(self) -> str:
        return in_language(self.name, self.name_en)


class AreaQuerySet(MP_NodeQuerySet):
    def in_force(self, on=None):
        """Areas valid on a date (today when not given)."""
        on = on or timezone.localdate()
        return self.filter(valid_from__lte=on).filter(Q(valid_to=None) | Q(valid_to__gt=on))

    def within(self, paths):
        """Areas in the subtrees rooted at these materialised paths."""
        condition = Q(pk__in=[])
        for path in paths:
            condition |= Q(path__startswith=path)
        return self.filter(condition)


class AreaManager(MP_NodeManager.from_queryset(AreaQuerySet)):  # type: ignore[misc]
    def get_queryset(self):
        return AreaQuerySet(self.model, using=self._db).order_by("path")


class Area(MP_Node):
    """A node of the tree 区县 → 街道 → 社区 → 网格 → 楼栋, as it is now (:class:`AreaVersion`: as it was).

    ``valid_from`` and ``valid_to`` are local days; being in force on a day means at the end of it.
    """

    code = models.CharField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=80)
    name_en = models.CharField(max_length=80, blank=True)
    level = models.ForeignKey(Level, on_delete=models.PROTECT, related_name="areas")
    # Polygon or MultiPolygon, WGS-84, (lon, lat); null for buildings known by address only.
    geometry = GeometryField(null=True, blank=True)
    # Bounding box of the geometry in degrees, for viewport queries.
    west = models.FloatField(null=True, editable=False)
    south = models.FloatField(null=True, editable=False)
    east = models.FloatField(null=True, editable=False)
    north = models.FloatField(null=True, editable=False)
    households = models.PositiveIntegerField(null=True, blank=True)
    valid_from = models.DateField(default=timezone.localdate)
    valid_to = models.DateField(null=True, blank=True)
    # The neighbour that took this one in, when it ended by a merge.
    merged_into = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="merged", editable=False
    )

    objects = AreaManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["code"], condition=Q(valid_to=None), name="area_code_unique_in_force"
            ),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")), name="area_valid_period"
            ),
        ]
        indexes = [
            models.Index(fields=["level", "west", "east"], name="area_viewport"),
            models.Index(fields=["code"], name="area_code"),
        ]

    def __str__(self) -> str:
        return in_language(self.name, self.name_en)


class AreaStamp(models.Model):
    """One row whose value changes with every change of areas or responsibilities; locators rebuild on it."""

    value = models.PositiveBigIntegerField(default=0)
    # Changes only when a responsibility, a stand-in or who may sign in may have changed.
    duties = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.value)
