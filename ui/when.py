"""Times as people say them: relative when near, a date when far. Pure; the caller gives "now"."""

from datetime import datetime

from django.utils import formats, timezone
from django.utils.translation import gettext, ngettext

MINUTE, HOUR, DAY = 60, 3600, 86400


def duration(seconds: float) -> str:
    """A span in its one or two largest units: "2 days 3 h", "40 min"."""
    minutes = int(abs(seconds) // MINUTE)
    if minutes < 1:
        return gettext("less than a minute")
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        text = ngettext("%(count)d day", "%(count)d days", days) % {"count": days}
        # Past a week the odd hours only distract.
        if not hours or days >= 7:
            return text
        return gettext("%(days)s %(hours)s") % {"days": text, "hours": _hours(hours)}
    if hours:
        if not minutes:
            return _hours(hours)
        return gettext("%(hours)s %(minutes)s") % {"hours": _hours(hours), "minutes": _minutes(minutes)}
    return _minutes(minutes)


def _hours(count: int) -> str:
    return ngettext("%(count)d hour", "%(count)d hours", count) % {"count": count}


def _minutes(count: int) -> str:
    return ngettext("%(count)d minute", "%(count)d minutes", count) % {"count": count}


def relative(moment: datetime, now: datetime) -> str:
    """``moment`` as seen from ``now``: "5 minutes ago", "yesterday 14:20", "in 2 hours", "3 March"."""
    seconds = (now - moment).total_seconds()
    if 0 <= seconds < MINUTE:
        return gettext("just now")
    if 0 <= seconds < 12 * HOUR:
        coarse = seconds if seconds < HOUR else seconds // HOUR * HOUR
        return gettext("%(span)s ago") % {"span": duration(coarse)}
    if -2 * DAY < seconds < 0:
        return gettext("in %(span)s") % {"span": duration(seconds)}
    local, today = timezone.localtime(moment), timezone.localtime(now).date()
    clock = formats.time_format(local, "H:i")
    match (today - local.date()).days:
        case 0:
            return gettext("today %(time)s") % {"time": clock}
        case 1:
            return gettext("yesterday %(time)s") % {"time": clock}
    return day(local, today)


def day(moment: datetime, today) -> str:
    """A date; the year only where it is not this one."""
    return formats.date_format(moment, gettext("j F") if moment.year == today.year else gettext("j F Y"))


def exact(moment: datetime) -> str:
    """Date and time to the minute, in the local time zone."""
    return formats.date_format(timezone.localtime(moment), gettext("j F Y, H:i"))
