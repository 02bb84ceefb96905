"""Limits in words, as people say them."""

from decimal import Decimal

from django.utils.translation import ngettext


def limit_in_words(limit: Decimal | None, clock: str) -> str:
    """``limit`` on one of the four clocks (``workflows.models.Clock``): "2 urgent hours"; "" without one."""
    if limit is None or not clock:
        return ""
    plain = limit.normalize()
    many = 1 if plain == 1 else 2
    sentence = {
        "urgent_hours": ngettext("%(n)s urgent hour", "%(n)s urgent hours", many),
        "work_hours": ngettext("%(n)s working hour", "%(n)s working hours", many),
        "work_days": ngettext("%(n)s working day", "%(n)s working days", many),
        "calendar_days": ngettext("%(n)s calendar day", "%(n)s calendar days", many),
    }[clock]
    return sentence % {"n": f"{plain:f}"}
