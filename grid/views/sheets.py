"""What hangs in the stairwell: the QR code of a grid (or building), and sheets to print, one or many."""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_safe

from .. import duty, qr, queries, succession
from ..duty import Serving
from ..models import Area, Level
from ..policies import administered_areas, public_areas
from .console import administrators_only

#: Sheets in one printing: a street has 60–130 grids.
MOST_SHEETS = 300
#: People named on a sheet; more would leave no room for the code.
MOST_PEOPLE = 3
#: Side of a module of the PNG, pixels: about 5 cm at 300 dpi for a usual address.
PNG_SCALE = 12
SIZES = ("a4", "a5")
#: Hosts that only this computer reaches.
OWN_HOSTS = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Sheet:
    """One page: the area, the area above it (both languages), who serves, the code and its address."""

    area: Area
    above: str
    above_en: str
    people: list[Serving]
    code: qr.Drawn
    address: str


@require_safe
def qr_svg(request: HttpRequest, code: str) -> HttpResponse:
    return _picture(request, code, "svg", "image/svg+xml", scale=4)


@require_safe
def qr_png(request: HttpRequest, code: str) -> HttpResponse:
    return _picture(request, code, "png", "image/png", scale=PNG_SCALE)


@require_safe
def grid_sheet(request: HttpRequest, code: str) -> HttpResponse:
    """One sheet. ``?size=a5`` prints it on half the paper. Everything on it is public."""
    standing = succession.standing(code)
    if standing is None or not _may_hang(standing.area):
        raise Http404(_("There is no grid with this code. Look for yours on the grid map."))
    if standing.retired:
        return redirect("grid_page", code=code)
    return _print(request, [standing.area], {"grid": standing.area})


@require_safe
@administrators_only
def area_sheets(request: HttpRequest, code: str) -> HttpResponse:
    """One sheet for every grid in an administrator's area, ready to print. ``?level=`` for buildings."""
    area = get_object_or_404(administered_areas(request.user).select_related("level"), code=code)
    levels = _levels()
    level = next((each for each in levels if each.code == request.GET.get("level")), levels[0])
    found = administered_areas(request.user).within([area.path]).filter(level=level).select_related("level")
    context = {"area": area, "levels": levels, "level": level, "number": found.count(), "most": MOST_SHEETS}
    return _print(request, found[:MOST_SHEETS], context)


def _print(request: HttpRequest, areas: Iterable[Area], context: dict) -> HttpResponse:
    size = request.GET.get("size", "")
    base = qr.base_address(request)
    context |= {
        "sheets": _sheets(base, list(areas)),
        "size": size if size in SIZES else SIZES[0],
        "sizes": SIZES,
        "only_here": urlsplit(base).hostname in OWN_HOSTS,
    }
    return render(request, "grid/sheets.html", context)


def _sheets(base: str, areas: list[Area]) -> list[Sheet]:
    # The sheet is in Chinese with English beneath, whatever language its printer reads.
    with override("zh-hans"):
        people = duty.serving_in(areas)
        above = queries.places(areas)
    with override("en"):
        above_en = queries.places(areas)
    addresses = [qr.filing_address(base, area) for area in areas]
    return [
        Sheet(
            area=area,
            above=above[area.path],
            above_en=above_en[area.path],
            people=people[area.pk][:MOST_PEOPLE],
            code=qr.drawn(address),
            address=address,
        )
        for area, address in zip(areas, addresses, strict=True)
    ]


def _picture(request: HttpRequest, code: str, kind: str, content_type: str, *, scale: int) -> HttpResponse:
    area = get_object_or_404(public_areas().select_related("level"), code=code)
    if not _may_hang(area):
        raise Http404
    stream = io.BytesIO()
    qr.code_of(qr.filing_address(qr.base_address(request), area)).save(
        stream, kind=kind, scale=scale, border=qr.QUIET, light="#ffffff"
    )
    return HttpResponse(stream.getvalue(), content_type=content_type)


def _may_hang(area: Area) -> bool:
    """Grids and what lies in them: a sheet of a whole community would place nobody."""
    return area.level in _levels()


def _levels() -> list[Level]:
    """The level of grids and those below it, from the top. One query."""
    levels = list(Level.objects.order_by("order"))
    first = next((number for number, level in enumerate(levels) if level.is_grid), len(levels))
    return levels[first:]
