"""Which limit a case has, and when it ends: the filing condition put on the clock.

Everything follows from facts on the case's row: the limit and its clock, when it began, how often it was
extended, and when it stood still. So it can be worked out again at any time, and comes out the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from grid.errors import Refused

from . import clocks
from .calendar import working_calendar
from .clocks import Pause
from .models import Application, Category, FilingCondition, Request

YELLOW, RED = "yellow", "red"
_ORDER = ("", YELLOW, RED)
#: After the deadline people are reminded this often.
AGAIN = timedelta(days=1)


def default_condition(category: Category | None) -> FilingCondition | None:
    """The condition that applies when nobody chose one: the category's own default, else its parent's."""
    if category is None:
        return None
    steps = range(Category.steplen, len(category.path) + 1, Category.steplen)
    chain = [category.path[:end] for end in steps]
    defaults = FilingCondition.objects.filter(category__path__in=chain, is_default=True)
    return defaults.order_by("-category__depth").first()


def set_limit(request: Request, condition: FilingCondition | None) -> None:
    """Put a condition's limit on a case (unsaved), counted from where its present one is, or its filing.

    Without a condition the case has no limit. Raises :class:`Refused` when the date is out of all bounds.
    """
    request.condition = condition
    request.limit = condition.limit if condition else None
    request.clock = condition.clock if condition else ""
    request.limit_from = request.limit_from or request.filed_at
    recompute(request, pauses_of(request))


def restart(request: Request, start: datetime) -> None:
    """Let the case's own limit, if any, run anew from ``start``; unsaved. What was told is forgotten.

    Extensions were of the old run; an appeal against its lateness was, too.
    """
    request.limit_from, request.extensions, request.lateness_excused = start, 0, False
    request.light_told, request.days_late_told = "", 0
    recompute(request)


def recompute(request: Request, pauses: Sequence[Pause] = ()) -> None:
    """Work out the case's times anew from the facts on its row (see above); unsaved.

    What was told stays told, unless it is no longer true. Raises :class:`Refused` when the date is out of
    all bounds.
    """
    calendar = working_calendar(request.calendar_revision)
    request.calendar_revision = calendar.revision
    if request.limit is None or request.limit_from is None:
        request.yellow_at = request.due_at = None
    else:
        # Each extension adds the limit once more (docs/explanation/domain.md §2).
        whole = request.limit * (1 + request.extensions)
        timing = (request.limit_from, whole, request.clock, calendar, pauses)
        try:
            request.yellow_at, request.due_at = clocks.yellow(*timing), clocks.due(*timing)
        except clocks.OutsideCalendar as error:
            raise Refused(_("No deadline can be worked out for this date. Check the date.")) from error
    _keep_what_was_told(request)


def _keep_what_was_told(request: Request) -> None:
    light = clocks.light(timezone.now(), request.yellow_at, request.due_at)
    shown = light if light in _ORDER else ""
    request.light_told = min(request.light_told, shown, key=_ORDER.index)
    if request.light_told != RED:
        request.days_late_told = 0
    request.tell_at = next_telling(request)


def next_telling(request: Request) -> datetime | None:
    """When there is something to announce next: at 80 %, at the deadline, and daily after it."""
    if request.due_at is None or request.yellow_at is None:
        return None
    match request.light_told:
        case "yellow":
            return request.due_at
        case "red":
            return request.due_at + AGAIN * (request.days_late_told + 1)
    return request.yellow_at


def pauses_of(request: Request) -> list[Pause]:
    """When the case's clock stands still; a suspension under way counts until its planned end. One query."""
    if request.pk is None:
        return []
    suspensions = Application.objects.filter(
        request=request, kind=Application.Kind.SUSPENSION, began_at__isnull=False
    )
    return [
        (began, ended or until)
        for began, ended, until in suspensions.values_list("began_at", "ended_at", "until")
    ]


#: What :func:`recompute` writes, and what :func:`set_limit` and :func:`restart` write besides.
TIME_FIELDS = ("yellow_at", "due_at", "calendar_revision", "light_told", "days_late_told", "tell_at")
LIMIT_FIELDS = (
    "condition",
    "limit",
    "clock",
    "limit_from",
    "extensions",
    "lateness_excused",
    *TIME_FIELDS,
)
