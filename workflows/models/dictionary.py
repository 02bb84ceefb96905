"""Categories residents choose from, and the conditions and limits under which a request is filed."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from treebeard.mp_tree import MP_Node

from grid.models import in_language


class Clock(models.TextChoices):
    """The four clocks of docs/explanation/domain.md §2; ``workflows.clocks`` does the arithmetic."""

    URGENT_HOURS = "urgent_hours", _("urgent hours")
    WORK_HOURS = "work_hours", _("working hours")
    WORK_DAYS = "work_days", _("working days")
    CALENDAR_DAYS = "calendar_days", _("calendar days")


class Dictionary(models.TextChoices):
    RESIDENT = "resident", _("what residents choose from")
    STANDARD = "standard", _("city-management standard")


class Category(MP_Node):
    """A node of one of the two category trees; a resident's category may map to a standard one."""

    dictionary = models.CharField(max_length=10, choices=Dictionary, default=Dictionary.RESIDENT)
    code = models.CharField(max_length=30, unique=True)
    name = models.CharField(max_length=60)
    name_en = models.CharField(max_length=60, blank=True)
    icon = models.CharField(max_length=40, blank=True)
    # Words whose presence suggests this category, with their weights: {"路灯": 6, "street light": 6, …}.
    keywords = models.JSONField(default=dict, blank=True)
    maps_to = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    is_active = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("category")

    def __str__(self) -> str:
        return in_language(self.name, self.name_en)


class FilingCondition(models.Model):
    """立案条件: what must be the case to file, and the limit that hangs on it (not on the category)."""

    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="conditions")
    text = models.CharField(max_length=120)
    text_en = models.CharField(max_length=120, blank=True)
    limit = models.DecimalField(max_digits=6, decimal_places=2)
    clock = models.CharField(max_length=15, choices=Clock)
    is_default = models.BooleanField(default=False)

    class Meta:
        ordering = ["-is_default", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["category"], condition=models.Q(is_default=True), name="condition_one_default"
            ),
            models.UniqueConstraint(fields=["category", "text"], name="condition_text_once"),
            models.CheckConstraint(condition=models.Q(limit__gt=0), name="condition_limit_positive"),
        ]

    def __str__(self) -> str:
        return in_language(self.text, self.text_en)
