"""Filing a request. The form may be begun before signing in; what was typed survives the sign-in."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from grid.errors import Refused
from workflows.actions.requests import file_request
from workflows.engine.answers import BadField
from workflows.models import Request, Source, Urgency
from workflows.suggest import suggest as suggestions

from . import more_fields
from . import place as places
from .forms import FilingForm, resident_categories
from .home import home_area

#: Where the session keeps a form that was sent before signing in. Its photos cannot be kept there.
DRAFT = "filing_draft"
KEPT = ("text", "category", "address", "urgent", "contact_phone", "anonymous", "visibility",
        "lon", "lat", "datum", "client_key", "area", "grid")  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def request_new(request: HttpRequest) -> HttpResponse:
    """The filing form; ``?grid=CODE`` opens it placed in that area, as the QR codes in stairwells do.

    ``step`` in the POST asks for the next list of the address only (no script).
    """
    if request.method != "POST":
        return _page(request, *_fresh(request))
    form, place, wrong = FilingForm(request.POST), _place(request.POST), None
    if "step" in request.POST:
        return _page(request, FilingForm(initial=_typed(request.POST)), place, request.POST)
    if not request.user.is_authenticated:
        return _sign_in_first(request)
    if form.is_valid():
        try:
            filed = _file(request, form.cleaned_data, place)
        except BadField as refused:
            wrong = refused
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            return _filed(request, filed)
    if _wants_json(request):
        errors = form.errors.get_json_data()
        if wrong is not None:
            errors[more_fields.PREFIX + wrong.code] = [{"message": str(wrong)}]
        return JsonResponse({"errors": errors}, status=422)
    return _page(request, form, place, request.POST, wrong=wrong, status=422)


@require_GET
def request_place(request: HttpRequest) -> HttpResponse:
    """Fragment: the address lists and who answers at a place (``lon``, ``lat``, or ``area`` codes)."""
    return render(request, "portal/_place.html", {"place": _place(request.GET)})


@require_POST
def request_fields(request: HttpRequest) -> HttpResponse:
    """Fragment: what the workflow of the chosen kind asks besides, with what was typed. Nothing is kept.

    A POST, because what residents write must not stand in an address, and thereby in a log.
    """
    more = more_fields.shown(request, request.POST, _place(request.POST))
    return render(request, "portal/_more_fields.html", {"more": more})


@require_GET
def suggest(request: HttpRequest) -> JsonResponse:
    """Categories that the words in ``text`` point to, the likeliest first."""
    categories = {category.code: category for category in resident_categories()}
    keywords = {code: category.keywords for code, category in categories.items()}
    found = suggestions(request.GET.get("text", ""), keywords)
    chosen = [categories[suggestion.code] for suggestion in found]
    return JsonResponse({"categories": [{"id": each.pk, "name": str(each)} for each in chosen]})


def _file(request: HttpRequest, data: dict[str, Any], place: places.Place) -> Request:
    user = request.user
    return file_request(
        reporter=user,
        text=data["text"],
        category=data["category"],
        lon=data["lon"],
        lat=data["lat"],
        datum=data["datum"],
        area=place.area if place.steps or data["lon"] is None else None,
        address=data["address"],
        photos=request.FILES.getlist("photos"),
        source=Source.PORTAL,
        urgency=Urgency.URGENT if data["urgent"] else Urgency.NORMAL,
        visibility=data["visibility"],
        anonymous=data["anonymous"],
        contact_name=str(user),
        contact_phone=data["contact_phone"],
        client_key=data["client_key"],
        fields=more_fields.given(request.POST, place),
    )


def _filed(request: HttpRequest, filed: Request) -> HttpResponse:
    request.session.pop(DRAFT, None)
    messages.success(request, _("We have your request. Its number is %(number)s.") % {"number": filed.number})
    url = reverse("request_detail", args=[filed.number])
    return JsonResponse({"url": url}) if _wants_json(request) else redirect(url)


def _sign_in_first(request: HttpRequest) -> HttpResponse:
    draft = {name: request.POST.getlist(name) for name in KEPT if name in request.POST}
    request.session[DRAFT] = draft | more_fields.kept(request.POST)
    if _wants_json(request):
        login = f"{resolve_url(settings.LOGIN_URL)}?next={reverse('request_new')}"
        return JsonResponse({"login": login}, status=401)
    messages.info(
        request, _("Sign in to send your request. What you wrote is kept; choose photos again afterwards.")
    )
    return redirect_to_login(reverse("request_new"))


def _fresh(request: HttpRequest) -> tuple[FilingForm, places.Place, QueryDict]:
    """An empty form, or the one begun before signing in, at the place of the link or the visitor's home.

    What was begun stays where it was placed, unless a link of another grid was opened since.
    """
    link = request.GET.get("grid", "")
    draft = QueryDict(mutable=True)
    for name, values in request.session.get(DRAFT, {}).items():
        draft.setlist(name, values)
    if draft and link in ("", draft.get("grid")):
        return FilingForm(initial=_typed(draft)), _place(draft), draft
    if link:
        begun = {name: text for name, text in _typed(draft).items() if name not in ("lon", "lat", "datum")}
        return FilingForm(initial=_phone(request) | begun | {"grid": link}), places.of_link(link), draft
    area = home_area(request)
    return FilingForm(initial=_phone(request)), places.of_area(area) if area else places.find(), draft


def _phone(request: HttpRequest) -> dict[str, str]:
    return {"contact_phone": getattr(request.user, "phone", None) or ""}


def _typed(data: QueryDict) -> dict[str, str]:
    """What was typed so far, as initial values: shown again without complaints."""
    return {name: data[name] for name in KEPT if data.get(name)}


def _place(data: QueryDict) -> places.Place:
    point = FilingForm(data)
    point.is_valid()
    lon, lat = point.cleaned_data.get("lon"), point.cleaned_data.get("lat")
    return places.find(
        data.getlist("area"), lon=lon, lat=lat, datum=point.cleaned_data.get("datum") or "wgs84"
    )


def _page(
    request: HttpRequest,
    form: FilingForm,
    place: places.Place,
    typed: QueryDict,
    *,
    wrong: BadField | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "form": form,
        "place": place,
        "more": more_fields.shown(request, typed, place, wrong=wrong),
        "photo_limit": settings.LINLI_PHOTOS_PER_REQUEST,
        "photo_bytes": settings.LINLI_PHOTO_MAX_BYTES,
    }
    return render(request, "portal/request_new.html", context, status=status)


def _wants_json(request: HttpRequest) -> bool:
    return request.accepts("application/json") and not request.accepts("text/html")
