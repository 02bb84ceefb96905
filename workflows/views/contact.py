"""The person behind a case, for whoever may know them and has to call."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from grid import phones
from grid.errors import Refused
from grid.models import User
from workflows.models import Request
from workflows.policies import Sight


@dataclass(frozen=True)
class Contact:
    """``phone`` is what the telephone dials, ``phone_shown`` what people read; both empty when unknown."""

    name: str
    phone: str
    phone_shown: str
    anonymous: bool


def contact_of(case: Request, viewer: User, sight: Sight) -> Contact | None:
    """Whom to call about a case; None when this viewer may not know, or is that person."""
    if not sight.identity or (case.reporter_id == viewer.pk and not case.contact_phone):
        return None
    name = case.contact_name or (str(case.reporter) if case.reporter else "")
    phone = case.contact_phone or (case.reporter.phone if case.reporter else "") or ""
    if not (name or phone):
        return None
    try:
        phone = phones.normalise(phone) if phone else ""
        shown = phones.shown(phone)
    except Refused:
        # An extension, a number of old: as it was typed.
        shown = phone
    return Contact(name or _("A resident"), phone, shown, case.anonymous)
