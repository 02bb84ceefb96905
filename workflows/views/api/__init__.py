"""The interface for programs: a person's lists, and every move of the screens. See docs/reference/api.md.

A program signs in with a key of its user's (``Authorization: Bearer linli_…``); a page of the product itself
may use its session, with the CSRF token. Everything is asked of the same policies and done by the same
actions as on the screens.
"""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import ValidationError
from ninja.security import HttpBearer, django_auth

from grid.actions.tokens import user_of_token
from grid.errors import NotAllowed, Refused
from grid.models import User

from . import cases, tasks


class Key(HttpBearer):
    """A key of a user's own (``grid.actions.tokens``)."""

    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        user = user_of_token(token)
        if user is not None:
            request.user = user
        return user


api = NinjaAPI(
    title="Linli",
    version="1",
    urls_namespace="api",
    auth=[Key(), django_auth],
    docs_url=None,  # its page loads scripts from elsewhere; the description itself is at openapi.json
)
api.add_router("/tasks", tasks.router)
api.add_router("/cases", cases.router)


@api.exception_handler(Refused)
def refused(request: HttpRequest, error: Refused) -> HttpResponse:
    """An action said no: 403 if the person may not at all, else 409; nothing was written."""
    status = 403 if isinstance(error, NotAllowed) else 409
    return api.create_response(request, {"detail": str(error)}, status=status)


@api.exception_handler(Http404)
def missing(request: HttpRequest, error: Http404) -> HttpResponse:
    return api.create_response(request, {"detail": _("There is no such thing, or not for you.")}, status=404)


@api.exception_handler(ValidationError)
def malformed(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """What was sent does not fit; each problem with the place it is at. Values are not repeated."""
    problems: list[dict[str, Any]] = [
        {"at": ".".join(str(part) for part in problem["loc"]), "problem": problem["msg"]}
        for problem in error.errors
    ]
    return api.create_response(
        request, {"detail": _("The request cannot be read."), "problems": problems}, status=422
    )
