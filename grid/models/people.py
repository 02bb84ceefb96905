"""People: who signs in, who serves in which branch, and what residents told of where they live."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _
from treebeard.mp_tree import MP_Node

from .areas import Area
from .text import in_language


class User(AbstractUser):
    """A person who signs in: resident, member, or both. Signs in by user name, mail or phone number."""

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    name = models.CharField(_("name"), max_length=60, blank=True)
    # E.164, e.g. +8613800000001; null when unknown, so that uniqueness holds.
    phone = models.CharField(_("phone"), max_length=20, null=True, blank=True, unique=True)
    phone_verified = models.BooleanField(default=False)
    language = models.CharField(max_length=10, blank=True)

    def __str__(self) -> str:
        return self.name or self.username

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return str(self)


class Branch(MP_Node):
    """The party organisation tree; a branch is linked to the grids it is built on (支部建在网格上)."""

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80, blank=True)
    areas = models.ManyToManyField(Area, blank=True, related_name="branches")

    def __str__(self) -> str:
        return in_language(self.name, self.name_en)


class Member(models.Model):
    """A person who serves: 网格长, 网格员, 楼栋长, 在职党员, volunteer."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="member")
    branch = models.ForeignKey(
        Branch, null=True, blank=True, on_delete=models.PROTECT, related_name="members"
    )
    is_party_member = models.BooleanField(default=True)
    photo = models.ImageField(upload_to="members/", blank=True)
    pledge = models.CharField(_("pledge"), max_length=200, blank=True)
    # Telephone shown to residents; empty when the member does not publish one.
    public_phone = models.CharField(max_length=20, blank=True)

    def __str__(self) -> str:
        return str(self.user)


class Resident(models.Model):
    """What a resident chose to tell about where they live. Nothing is kept that filing does not need."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="resident")
    area = models.ForeignKey(Area, null=True, blank=True, on_delete=models.SET_NULL, related_name="residents")

    def __str__(self) -> str:
        return str(self.user)
