"""Local days as instants. The local time zone is Django's current one (``LINLI_TIME_ZONE``)."""

from datetime import date, datetime, time, timedelta

from django.utils import timezone


def midnight(day: date) -> datetime:
    """The first instant of a local day."""
    return timezone.make_aware(datetime.combine(day, time.min))


def end_of(day: date) -> datetime:
    """The last instant of a local day."""
    return midnight(day + timedelta(days=1)) - timedelta.resolution


def last_day(until: datetime | None) -> date | None:
    """The last local day of a period that ends before this instant; None for one without end."""
    return None if until is None else timezone.localdate(until - timedelta.resolution)


def after(day: date) -> datetime:
    """The first instant after a local day: where a period ends that includes it."""
    return midnight(day + timedelta(days=1))


def moment(on: date | datetime | None) -> datetime | None:
    """The instant a question is about; None is now.

    A date means the end of that local day, and now for the present one; a date and time means that instant,
    local time when it names no offset.
    """
    if isinstance(on, datetime):
        return on if timezone.is_aware(on) else timezone.make_aware(on)
    return None if on is None or on == timezone.localdate() else end_of(on)
