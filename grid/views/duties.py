"""Who is responsible where: the page of an area with the map beside it, and what is done on it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from .. import days, locator, staffing
from ..actions.duty import assign_responsibility, end_responsibility
from ..actions.sharing import share_work
from ..errors import NotAllowed, Refused
from ..models import Area, DutyRole, Responsibility, Sharing
from ..policies import administered_areas, visible_members
from ..queries import GRID_MEMBER
from .console import administrators_only

#: Earliest day that may be asked about: nothing was kept before.
FIRST_DAY = date(1990, 1, 1)


@dataclass(frozen=True)
class Place:
    """Where a page is: an area of the administrator's, and the way to it from the outermost of theirs."""

    area: Area
    #: From the root of the tree.
    path: list[Area]
    #: From the outermost area that is the administrator's.
    crumbs: list[Area]


def place_of(request: HttpRequest, code: str) -> Place:
    mine = administered_areas(request.user)
    area = get_object_or_404(mine.select_related("level"), code=code)
    path = locator.chain(area)
    allowed = set(mine.filter(path__in=[one.path for one in path]).values_list("pk", flat=True))
    return Place(area, path, [one for one in path[:-1] if one.pk in allowed])


@require_safe
@administrators_only
def duties_home(request: HttpRequest) -> HttpResponse:
    """To the outermost area of the administrator's; the questions in the address go along."""
    first = administered_areas(request.user).order_by("path").first()
    if first is None:
        return render(request, "grid/duties_empty.html")
    query = request.GET.urlencode()
    return redirect(reverse("duties", args=[first.code]) + (f"?{query}" if query else ""))


@require_safe
@administrators_only
def duties(request: HttpRequest, code: str) -> HttpResponse:
    """``?role=`` colours the map and fills in the form; ``?gaps=1`` shows only grids without anybody."""
    return _page(request, place_of(request, code))


def _page(request: HttpRequest, place: Place, *, refused: str = "", status: int = 200) -> HttpResponse:
    roles = staffing.roles_here(place.path)
    asked = request.POST.get("role") or request.GET.get("role", "")
    role = next((here.role for here in roles if here.role.pk == asked), None)
    shown = role or next(here.role for here in roles if here.role.pk == GRID_MEMBER)
    context = _around(request, place, shown) | {
        "area": place.area,
        "crumbs": place.crumbs,
        "roles": roles,
        "near": [here for here in roles if here.role.is_public or here.own or here.coming],
        "far": [here for here in roles if not (here.role.is_public or here.own or here.coming)],
        "shown_role": shown,
        "candidates": _candidates(request, place),
        "words": request.GET.get("q", ""),
        "chosen": _chosen(request),
        "typed": request.POST,
        "today": timezone.localdate(),
        "ways": Sharing.How.choices,
        "refused": refused,
    }
    return render(request, "grid/duties.html", context, status=status)


def _around(request: HttpRequest, place: Place, role: DutyRole) -> dict[str, Any]:
    """The list and the map of the areas beside this one."""
    mine = administered_areas(request.user)
    frame = staffing.frame_of(place.area, place.path)
    above = place.path if frame == place.area else place.path[:-1]
    only_gaps = request.GET.get("gaps") == "1"
    found = (staffing.gaps if only_gaps else staffing.units)(frame, role.pk, mine, above)
    units = found.shown
    query = f"?role={role.pk}" if role.pk != GRID_MEMBER else ""
    around = mine.filter(path__startswith=frame.path, depth=frame.depth + 1) if only_gaps else []
    links = {unit.area.pk: reverse("duties", args=[unit.area.code]) + query for unit in units}
    return {
        "frame": frame,
        "at_frame": frame == place.area,
        "units": [(unit, links[unit.area.pk]) for unit in units],
        "collection": staffing.features(units, links, list(around)),
        "only_gaps": only_gaps,
        "missing": found.missing,
        "more": found.more,
        "grids_here": any(unit.area.level.is_grid for unit in units),
    }


def _candidates(request: HttpRequest, place: Place) -> list:
    words = request.GET.get("q", "").strip()
    return staffing.candidates(
        visible_members(request.user), place.area, words=words, chosen=_chosen(request)
    )


def _chosen(request: HttpRequest) -> int | None:
    return number_of(request.POST.get("member") or request.GET.get("member", ""))


@require_safe
@administrators_only
def duties_people(request: HttpRequest, code: str) -> HttpResponse:
    """``?q=``: members to choose from, a fragment of the form."""
    place = place_of(request, code)
    return render(
        request, "grid/_candidates.html", {"candidates": _candidates(request, place), "chosen": None}
    )


@require_POST
@administrators_only
def duties_assign(request: HttpRequest, code: str) -> HttpResponse:
    """Put a member on duty: ``member``, ``role``, ``since`` and ``until`` as local days, included."""
    place = place_of(request, code)

    def act() -> None:
        member = visible_members(request.user).filter(pk=number_of(request.POST.get("member", ""))).first()
        if member is None:
            raise Refused(_("Choose who is to be on duty."))
        role = DutyRole.objects.filter(pk=request.POST.get("role", "")).first()
        if role is None:
            raise Refused(_("Choose the role."))
        since, until = day_of(request, "since"), day_of(request, "until")
        post = assign_responsibility(
            member=member,
            area=place.area,
            role=role,
            since=None if since in (None, timezone.localdate()) else days.midnight(since),
            until=days.after(until) if until else None,
            actor=request.user,
        )
        messages.success(request, _assigned(post))

    return _done(request, place, act)


def _assigned(post: Responsibility) -> str:
    names = {"member": post.member, "role": post.role, "area": post.area}
    if post.since > timezone.now():
        day = date_format(timezone.localdate(post.since), "DATE_FORMAT")
        return _("%(member)s will be %(role)s of %(area)s from %(day)s.") % (names | {"day": day})
    return _("%(member)s is %(role)s of %(area)s now.") % names


@require_POST
@administrators_only
def duty_end(request: HttpRequest, pk: int) -> HttpResponse:
    """End a responsibility: ``last_day``, a local day that still belongs to it; without one, now."""
    mine = administered_areas(request.user)
    post = get_object_or_404(Responsibility.objects.filter(area__in=mine).select_related("area"), pk=pk)
    place = place_of(request, post.area.code)

    def act() -> None:
        last = day_of(request, "last_day") if request.POST.get("when") == "day" else None
        if request.POST.get("when") == "day" and last is None:
            raise Refused(_("Give the last day."))
        if last and last < timezone.localdate():
            raise Refused(_("The last day is over. Choose today or a later day."))
        end_responsibility(responsibility=post, at=days.after(last) if last else None, actor=request.user)
        messages.success(request, _("Done. What was before stays in the history."))

    return _done(request, place, act)


@require_POST
@administrators_only
def duties_share(request: HttpRequest, code: str) -> HttpResponse:
    """How several people in a role share the work: ``role``, ``how`` (empty: as the area above)."""
    place = place_of(request, code)

    def act() -> None:
        role = DutyRole.objects.filter(pk=request.POST.get("role", "")).first()
        if role is None:
            raise Refused(_("Choose the role."))
        share_work(area=place.area, role=role, how=request.POST.get("how") or None, actor=request.user)
        messages.success(request, _("Saved. It holds from the next case on."))

    return _done(request, place, act)


@require_safe
@administrators_only
def duties_history(request: HttpRequest, code: str) -> HttpResponse:
    """``?on=``: who was responsible at the end of that local day; and every period there was."""
    place = place_of(request, code)
    asked = request.GET.get("on", "")
    on, wrong = None, ""
    if asked:
        on = parse_date_or_none(asked)
        if on is None or on < FIRST_DAY:
            on, wrong = None, _("Give a day, such as 2026-03-01.")
    answer = staffing.roles_here(place.path, _instant(on)) if on else []
    context = {
        "area": place.area,
        "crumbs": place.crumbs,
        "asked": asked,
        "on": on,
        "wrong": wrong,
        "answer": [here for here in answer if here.own or here.lent],
        "periods": staffing.periods(place.area),
        "most": staffing.PERIODS,
        "now": timezone.now(),
    }
    return render(request, "grid/duties_history.html", context)


def _instant(day: date) -> datetime:
    """The end of a local day, where that is over; today is asked about as of now."""
    end = days.end_of(day)
    return min(end, timezone.now()) if day <= timezone.localdate() else end


def _done(request: HttpRequest, place: Place, act: Callable[[], object]) -> HttpResponse:
    """Carry out an action and go back to the area's page, or show it with what was typed and why not."""
    try:
        act()
    except Refused as refused:
        status = 403 if isinstance(refused, NotAllowed) else 409
        return _page(request, place, refused=str(refused), status=status)
    return redirect("duties", place.area.code)


def day_of(request: HttpRequest, name: str) -> date | None:
    """A local day typed into a form; None when left empty. Raises :class:`Refused` for what is none."""
    text = request.POST.get(name, "").strip()
    if not text:
        return None
    day = parse_date_or_none(text)
    if day is None or not FIRST_DAY <= day <= timezone.localdate() + timedelta(days=36525):
        raise Refused(_("“%(text)s” is not a day. Write it as 2026-03-01.") % {"text": text[:20]})
    return day


def parse_date_or_none(text: str) -> date | None:
    try:
        return parse_date(text.strip())
    except ValueError:
        return None


def number_of(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 12 else None
