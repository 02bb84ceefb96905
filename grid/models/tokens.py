"""Keys with which a person's own programs sign in to the interface for programs."""

from django.db import models
from django.utils import timezone

from .people import User


class ApiToken(models.Model):
    """Acts as its user, with exactly the user's rights. Only a digest of the key is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=60)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    used_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.name
