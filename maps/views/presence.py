"""For which grids somebody on duty has the desk open. JSON, limited to the watcher's subtrees."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from grid import presence
from maps.packed import answer

from .access import watcher_data


@require_safe
@watcher_data
def at_desk(request: HttpRequest) -> HttpResponse:
    """``{"now", "areas": [code, …]}``; nobody's name, and not since when."""
    codes = presence.online(request.user).values_list("code", flat=True)
    return answer(request, {"now": timezone.now().isoformat(), "areas": list(codes)})
