"""Who has the desk open just now, and nothing of when they had it open before."""

from django.db import models

from .people import User


class Presence(models.Model):
    """Somebody on duty has the desk open, as far as is known until ``until``. A row a person, no history."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="+")
    until = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.user_id} until {self.until}"
