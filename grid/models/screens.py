"""Screens on a wall, which show one area without anybody being signed in."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from .areas import Area


class Screen(models.Model):
    """May show the wall of one area, and do nothing else. Only a digest of its key is kept."""

    name = models.CharField(max_length=60)
    area = models.ForeignKey(Area, on_delete=models.CASCADE, related_name="screens")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField()
    opened_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.name
