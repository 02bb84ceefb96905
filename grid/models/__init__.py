"""Who is responsible where: areas and their history, people, branches, responsibilities."""

from .areas import Area, AreaManager, AreaQuerySet, AreaStamp, Level
from .duties import DutyRole, Responsibility, ResponsibilityQuerySet, StandIn
from .history import AreaDraft, AreaEdit, AreaVersion, AreaVersionQuerySet
from .imports import ImportJob
from .people import Branch, Member, Resident, User
from .presence import Presence
from .screens import Screen
from .sharing import Sharing, Turn
from .text import in_language
from .tokens import ApiToken

__all__ = [
    "ApiToken",
    "Area",
    "AreaDraft",
    "AreaEdit",
    "AreaManager",
    "AreaQuerySet",
    "AreaStamp",
    "AreaVersion",
    "AreaVersionQuerySet",
    "Branch",
    "DutyRole",
    "ImportJob",
    "Level",
    "Member",
    "Presence",
    "Resident",
    "Responsibility",
    "ResponsibilityQuerySet",
    "Screen",
    "Sharing",
    "StandIn",
    "Turn",
    "User",
    "in_language",
]
