"""Who gets past the door of the watchers' pages, and what they are told otherwise."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from grid.policies import may_watch
from maps.viewport import BadViewport

View = Callable[..., HttpResponse]


def _checked(view: View) -> View:
    @wraps(view)
    def check(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not may_watch(request.user):
            raise PermissionDenied(
                _("The live map is for supervisors. Ask your administrator if you need it.")
            )
        return view(request, *args, **kwargs)

    return check


def watcher_required(view: View) -> View:
    """A page for supervisors and administrators: others sign in first, or are told why not."""
    return login_required(_checked(view))


def watcher_data(view: View) -> View:
    """Data for those pages: 401 or 403 instead of a sign-in form that a script cannot fill in."""
    checked = _checked(view)

    @wraps(view)
    def check(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return JsonResponse({"error": _("Please sign in again.")}, status=401)
        return checked(request, *args, **kwargs)

    return check


def says_what_is_wrong(view: View) -> View:
    """Turn :class:`BadViewport` into 400 with its sentence."""

    @wraps(view)
    def check(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except BadViewport as error:
            return JsonResponse({"error": str(error)}, status=400)

    return check
