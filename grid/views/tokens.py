"""Keys for a person's own programs."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from ..actions.tokens import issue_token, revoke_token
from ..errors import Refused


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def my_tokens(request: HttpRequest) -> HttpResponse:
    """The keys there are, and a new one, whose secret is on this one page and never again."""
    key, refused = "", ""
    if request.method == "POST":
        try:
            _token, key = issue_token(user=request.user, name=request.POST.get("name", ""))
        except Refused as error:
            refused = str(error)
    context = {"tokens": request.user.api_tokens.all(), "key": key, "refused": refused, "typed": request.POST}
    return render(request, "grid/my_tokens.html", context, status=409 if refused else 200)


@login_required
@require_POST
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a key back."""
    try:
        revoke_token(token_id=pk, actor=request.user)
        messages.success(request, _("The key was taken back. Programs that use it are refused from now on."))
    except Refused as error:
        messages.error(request, str(error))
    return redirect("my_tokens")
