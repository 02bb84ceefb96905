"""Who gets past the door of the pages with figures."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from grid.policies import is_member

from ..rights import may_see_figures

View = Callable[..., HttpResponse]


def _required(test: Callable[[Any], bool], why: Callable[[], str]) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        @wraps(view)
        def check(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not test(request.user):
                raise PermissionDenied(why())
            return view(request, *args, **kwargs)

        return login_required(check)

    return decorate


#: Supervisors and administrators.
figures_required = _required(
    may_see_figures, lambda: _("Figures are for supervisors. Ask your administrator if you need them.")
)
#: Everybody who serves, about their own cases.
member_required = _required(is_member, lambda: _("This page is for those who serve."))
