"""The working calendar in the console: its entries, the months they make, and how far it is known."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from grid.errors import NotAllowed, Refused
from grid.policies import may_administer_everything
from grid.views.duties import day_of
from workflows.actions.calendar import add_entry, remove_entry
from workflows.calendar import FIRST, HORIZON, LAST, official_until, working_calendar
from workflows.models import CalendarEntry

from .access import administrator_required


@dataclass(frozen=True)
class Day:
    """``worked`` on that day; ``special``: not what its weekday alone would say."""

    date: date
    worked: bool
    special: bool


@dataclass(frozen=True)
class Month:
    """A month, with as many empty cells ``before`` its first day as its weekday needs (Monday first)."""

    first: date
    before: range
    days: list[Day]


@administrator_required
@require_http_methods(["GET", "HEAD", "POST"])
def console_calendar(request: HttpRequest) -> HttpResponse:
    """``?year=``: the year's months and entries; a POST adds an entry."""
    refused, status = "", 200
    if request.method == "POST":
        try:
            _add(request)
        except Refused as error:
            refused, status = str(error), 403 if isinstance(error, NotAllowed) else 409
        else:
            messages.success(request, _("The calendar was changed. Deadlines of open cases follow."))
            return redirect("console_calendar")
    return render(request, "console/calendar.html", _context(request, refused), status=status)


@administrator_required
@require_POST
def calendar_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an entry back."""
    try:
        remove_entry(entry_id=pk, actor=request.user)
    except NotAllowed as error:
        return render(request, "console/calendar.html", _context(request, str(error)), status=403)
    except Refused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The entry was removed. Deadlines of open cases follow."))
    return redirect("console_calendar")


def _add(request: HttpRequest) -> None:
    first = day_of(request, "first")
    if first is None:
        raise Refused(_("Choose the first day."))
    add_entry(
        first=first,
        last=day_of(request, "last") or first,
        kind=request.POST.get("kind", ""),
        hours=request.POST.get("hours", ""),
        name=request.POST.get("name", ""),
        actor=request.user,
    )


def _context(request: HttpRequest, refused: str) -> dict:
    today = timezone.localdate()
    year = _year(request.GET.get("year", ""), today)
    known = working_calendar()
    entries = CalendarEntry.objects.filter(first__year__lte=year, last__year__gte=year)
    return {
        "year": year,
        "months": _months(year),
        "entries": entries.select_related("set_by"),
        "kinds": CalendarEntry.Kind.choices,
        "typed": request.POST,
        "refused": refused,
        "today": today,
        "may_change": may_administer_everything(request.user),
        "official_until": official_until(),
        "known_until": known.known_until,
        "runs_out": not known.knows(today + HORIZON),
        "year_unknown": not known.knows(date(year, 12, 31)),
        "hours": [_span(span) for span in known.hours_on(_some_working_day(year))],
    }


def _year(text: str, today: date) -> int:
    chosen = int(text) if text.isascii() and text.isdecimal() and len(text) == 4 else today.year
    return min(max(chosen, FIRST.year + 1), LAST.year - 1)


def _months(year: int) -> list[Month]:
    known = working_calendar()
    months = []
    for number in range(1, 13):
        first = date(year, number, 1)
        after = date(year + number // 12, number % 12 + 1, 1)
        days = [first + timedelta(days=n) for n in range((after - first).days)]
        rows = [Day(each, worked := known.is_working(each), worked != (each.weekday() < 5)) for each in days]
        months.append(Month(first, range(first.weekday()), rows))
    return months


def _some_working_day(year: int) -> date:
    known, day = working_calendar(), date(year, 3, 1)
    while not known.is_working(day):
        day += timedelta(days=1)
    return day


def _span(span: tuple[int, int]) -> str:
    return "–".join(f"{second // 3600:02}:{second % 3600 // 60:02}" for second in span)
