"""Who is responsible: member × area × role × period, and who stands in."""

from datetime import date, timedelta

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from .areas import Area
from .people import Member
from .text import in_language


class DutyRole(models.Model):
    """A role someone holds for an area: 网格员, 网格长, 受理员, 派遣员, 核查员, 值班长, 督导, 管理员."""

    code = models.SlugField(primary_key=True, max_length=30)
    name = models.CharField(max_length=30)
    name_en = models.CharField(max_length=40, blank=True)
    order = models.PositiveSmallIntegerField(default=0)
    # Shown to residents as "who serves my grid".
    is_public = models.BooleanField(default=False)

    class Meta:
        ordering = ["order", "code"]

    def __str__(self) -> str:
        return in_language(self.name, self.name_en)


class ResponsibilityQuerySet(models.QuerySet):
    def in_force(self, at=None):
        """Responsibilities held at an instant (now when not given); ``until`` is exclusive."""
        at = at or timezone.now()
        return self.filter(since__lte=at).filter(Q(until=None) | Q(until__gt=at))


class Responsibility(models.Model):
    """Member × area × role × period. Kept for ever: "who was responsible then" must stay answerable."""

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="responsibilities")
    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="responsibilities")
    role = models.ForeignKey(DutyRole, on_delete=models.PROTECT, related_name="responsibilities")
    since = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(null=True, blank=True)

    objects = ResponsibilityQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gt=F("since")), name="responsibility_period"
            ),
            models.UniqueConstraint(
                fields=["member", "area", "role"], condition=Q(until=None), name="responsibility_open_once"
            ),
        ]
        indexes = [models.Index(fields=["area", "role"], name="responsibility_area_role")]

    def __str__(self) -> str:
        return f"{self.member} · {self.area} · {self.role}"


class StandIn(models.Model):
    """代理: someone who may act for a member during leave; what they do records both."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="stand_ins")
    stand_in = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="stands_in_for")
    since = models.DateTimeField()
    until = models.DateTimeField()

    objects = ResponsibilityQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(until__gt=F("since")), name="standin_period"),
            models.CheckConstraint(condition=~Q(member=F("stand_in")), name="standin_other_person"),
        ]

    def __str__(self) -> str:
        return f"{self.stand_in} → {self.member}"

    @property
    def last_day(self) -> date:
        """The last local day of the leave: the end is exclusive."""
        return timezone.localdate(self.until - timedelta.resolution)
