"""The page about operations: how the news gets through, and which grids have somebody at the desk."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from realtime import figures

from .. import operations, presence
from ..policies import administered_areas
from .console import administrators_only

#: Areas with somebody at the desk that the page names.
NAMED = 30


@require_safe
@administrators_only
def operations_page(request: HttpRequest) -> HttpResponse:
    return render(request, "grid/operations.html", _context(request))


@require_safe
@never_cache
@administrators_only
def operations_figures(request: HttpRequest) -> HttpResponse:
    """The fragment that the page fetches every few seconds."""
    return render(request, "grid/_operations.html", _context(request))


def _context(request: HttpRequest) -> dict[str, object]:
    processes = figures.processes()
    online = presence.online(request.user).filter(pk__in=administered_areas(request.user).values("pk"))
    return {
        "now": timezone.now(),
        "since": min((process.started_at for process in processes), default=None),
        "lines": operations.lines(figures.total(processes)),
        "processes": processes,
        "online": list(online.select_related("level").defer("geometry")[:NAMED]),
        "online_count": online.count(),
    }
