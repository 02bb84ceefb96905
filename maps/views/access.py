"""Who gets past the door of the watchers' pages, and what they are told otherwise."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from grid.models import User
from grid.policies import may_watch
from grid.screens import SESSION_KEY, Viewer, viewer_of
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


def wall_viewer(request: HttpRequest) -> User | AnonymousUser | Viewer:
    """Who looks at the wall: whoever is signed in; else whoever stands before a screen that may show it."""
    if request.user.is_authenticated:
        return request.user
    return viewer_of(request.session) or request.user


def wall_required(view: View) -> View:
    """The wall itself; the view is given who looks at it. A screen that was taken back is told so."""

    @wraps(view)
    def check(request: HttpRequest) -> HttpResponse:
        viewer = wall_viewer(request)
        if isinstance(viewer, Viewer):
            return view(request, viewer)
        if not request.user.is_authenticated and SESSION_KEY in request.session:
            return render(request, "grid/screen_open.html", {"refused": True}, status=403)
        return watcher_required(view)(request, viewer)

    return check


def wall_data(view: View) -> View:
    """Data for the wall: 401 or 403 for everybody else."""

    @wraps(view)
    def check(request: HttpRequest) -> HttpResponse:
        viewer = wall_viewer(request)
        if isinstance(viewer, Viewer):
            return view(request, viewer)
        return watcher_data(view)(request, viewer)

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
