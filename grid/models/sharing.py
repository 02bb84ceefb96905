"""How several people on duty for one area divide the work."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from .areas import Area
from .duties import DutyRole


class Sharing(models.Model):
    """The rule for a role in an area and everything below it; the nearest one up the tree answers."""

    class How(models.TextChoices):
        POOL = "pool", _("Whoever claims it first")
        FEWEST = "fewest", _("Whoever has the fewest open tasks")
        TURN = "turn", _("One after the other, in turn")

    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="sharings")
    role = models.ForeignKey(DutyRole, on_delete=models.PROTECT, related_name="sharings")
    how = models.CharField(max_length=10, choices=How, default=How.POOL)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["area", "role"], name="sharing_once")]

    def __str__(self) -> str:
        return f"{self.area} · {self.role} · {self.get_how_display()}"


class Turn(models.Model):
    """Who among those on duty for a role in one area got work last: the row that racing cases lock."""

    area = models.ForeignKey(Area, on_delete=models.CASCADE, related_name="turns")
    role = models.ForeignKey(DutyRole, on_delete=models.CASCADE, related_name="turns")
    # Ids of users, the one who got work last at the end; who never got any is not in it.
    order = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["area", "role"], name="turn_once")]

    def __str__(self) -> str:
        return f"{self.area} · {self.role}"
