"""How a visitor wants to see the pages: theme, text size, language. Kept in cookies, no account needed."""

from django.conf import settings
from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language
from django.views.decorators.http import require_http_methods

THEMES = ("auto", "light", "dark")
#: Text sizes of elder mode in pixels, the first one being where it starts (domain, §8: at least 18).
ELDER_SIZES = ("20", "24", "30")
YEAR = 365 * 24 * 3600


def read(request: HttpRequest) -> dict[str, str]:
    """Theme and elder text size from the cookies; anything unknown counts as not chosen."""
    theme = request.COOKIES.get("theme", "auto")
    elder = request.COOKIES.get("elder", "")
    return {
        "theme": theme if theme in THEMES else "auto",
        "elder": elder if elder in ELDER_SIZES else "",
    }


def context(request: HttpRequest) -> dict:
    """Context processor: ``ui.theme``, ``ui.elder`` and where to come back to after a switch."""
    # The answer to a POST has an address that cannot be asked again.
    here = request.get_full_path() if request.method == "GET" else "/"
    return {"ui": {**read(request), "back": here, "time_zone": settings.TIME_ZONE}}


def back(request: HttpRequest) -> str:
    """The page of this site the visitor came from; the start page when that is unknown or elsewhere."""
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if safe else reverse("preferences")


@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """The page of display settings; POST changes those that are named and goes back."""
    if request.method != "POST":
        return render(request, "ui/preferences.html")
    response = HttpResponseRedirect(back(request))
    theme, elder, language = (request.POST.get(name) for name in ("theme", "elder", "language"))
    if theme in THEMES:
        remember(response, "theme", theme)
    if elder in ("", *ELDER_SIZES):
        remember(response, "elder", elder)
    if language in dict(settings.LANGUAGES) and check_for_language(language):
        remember(response, settings.LANGUAGE_COOKIE_NAME, language)
        if request.user.is_authenticated:
            # Mail is written in the language last chosen on screen.
            get_user_model().objects.filter(pk=request.user.pk).update(language=language)
    return response


def remember(response: HttpResponse, name: str, value: str) -> None:
    """Keep a choice for a year; an empty one is forgotten."""
    if value:
        response.set_cookie(name, value, max_age=YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)
    else:
        response.delete_cookie(name, samesite="Lax")
