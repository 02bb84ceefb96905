"""Who gets past the door of a page. What is inside is limited again by each policy queryset."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from grid.policies import is_member, may_administer, may_watch

View = Callable[..., HttpResponse]


def _only(allowed: Callable[[Any], bool], sentence: Callable[[], str]) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not allowed(request.user):
                raise PermissionDenied(sentence())
            return view(request, *args, **kwargs)

        return login_required(checked)

    return decorate


#: Signed in and serving somewhere.
member_required = _only(
    is_member, lambda: _("This page is for members on duty. Ask your community to add you.")
)
#: Signed in and supervisor or administrator of some area.
watcher_required = _only(may_watch, lambda: _("This page is for supervisors and administrators."))
#: Signed in and administrator of some area.
administrator_required = _only(may_administer, lambda: _("This page is for administrators."))
