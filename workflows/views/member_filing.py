"""A member files: for a resident who cannot (代报), what they found, or what they found and fixed at once."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from grid import phones
from grid.errors import Refused
from grid.models import User
from workflows.actions.on_the_spot import DEFINITION as ON_THE_SPOT
from workflows.actions.on_the_spot import fix_on_the_spot
from workflows.actions.requests import file_request
from workflows.engine.answers import BadField
from workflows.models import Request, Source, Urgency

from . import more_fields
from . import place as places
from .access import member_required
from .forms import FilingForm

RESIDENT, FOUND, FIXED = "resident", "found", "fixed"


class MemberFilingForm(FilingForm):
    """What the portal asks, and for whom or on what occasion the member files."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What is it?"),
        choices=[
            (RESIDENT, gettext_lazy("For a resident")),
            (FOUND, gettext_lazy("I found it")),
            (FIXED, gettext_lazy("I found it and fixed it")),
        ],
        initial=RESIDENT,
        widget=forms.RadioSelect,
    )
    contact_name = forms.CharField(label=gettext_lazy("The resident's name"), max_length=60, required=False)
    opinion = forms.CharField(
        label=gettext_lazy("What you did"),
        max_length=2_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("kind") == FIXED and not data.get("opinion", "").strip():
            self.add_error("opinion", _("Say in a few words what you did."))
        return data


@member_required
@require_http_methods(["GET", "HEAD", "POST"])
def desk_file(request: HttpRequest) -> HttpResponse:
    """The form, and filing it. ``step`` asks for the next list of the address only (no script)."""
    if request.method != "POST":
        return _page(request, MemberFilingForm(), places.find())
    form, place, wrong = MemberFilingForm(request.POST), _place(request.POST), None
    if "step" in request.POST:
        return _page(request, MemberFilingForm(initial=request.POST.dict()), place)
    if form.is_valid():
        try:
            case = _file(request, form.cleaned_data, place)
        except BadField as refused:
            wrong = refused
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            return _filed(request, case)
    return _page(request, form, place, wrong=wrong, status=422)


@member_required
@require_POST
def desk_file_fields(request: HttpRequest) -> HttpResponse:
    """Fragment: what the workflow of the chosen kind asks besides, with what was typed. Nothing is kept."""
    definition = _definition(request.POST.get("kind", ""))
    more = more_fields.shown(request, request.POST, _place(request.POST), definition=definition)
    return render(request, "portal/_more_fields.html", {"more": more})


def _definition(kind: str) -> str | None:
    """The workflow this occasion has of its own; None leaves it to the category."""
    return ON_THE_SPOT if kind == FIXED else None


def _file(request: HttpRequest, data: dict[str, Any], place: places.Place) -> Request:
    common = {
        "text": data["text"],
        "category": data["category"],
        "lon": data["lon"],
        "lat": data["lat"],
        "datum": data["datum"],
        "area": place.area if place.steps or data["lon"] is None else None,
        "address": data["address"],
        "photos": request.FILES.getlist("photos"),
        "urgency": Urgency.URGENT if data["urgent"] else Urgency.NORMAL,
        "client_key": data["client_key"],
        "fields": more_fields.given(request.POST, place, _definition(data["kind"])),
    }
    match data["kind"]:
        case "fixed":
            after = request.FILES.getlist("photos_after")
            return fix_on_the_spot(member=request.user, opinion=data["opinion"], photos_after=after, **common)
        case "found":
            return file_request(reporter=None, filed_by=request.user, source=Source.MEMBER, **common)
    return file_request(
        reporter=_account(data["contact_phone"]),
        filed_by=request.user,
        source=Source.ON_BEHALF,
        contact_name=data["contact_name"],
        contact_phone=data["contact_phone"],
        anonymous=data["anonymous"],
        **common,
    )


def _account(phone: str) -> User | None:
    """The resident's account, if they proved to own this number: then they follow the case themselves."""
    if not phone:
        return None
    return User.objects.filter(phone=phones.normalise(phone), phone_verified=True, is_active=True).first()


def _filed(request: HttpRequest, case: Request) -> HttpResponse:
    words = _("Filed as %(number)s.") if case.is_open else _("Filed as %(number)s and closed: well done.")
    messages.success(request, words % {"number": case.number})
    return redirect("case_detail", number=case.number)


def _place(data: QueryDict) -> places.Place:
    point = FilingForm(data)
    point.is_valid()
    where = point.cleaned_data
    return places.find(
        data.getlist("area"), lon=where.get("lon"), lat=where.get("lat"), datum=where.get("datum") or "wgs84"
    )


def _page(
    request: HttpRequest,
    form: MemberFilingForm,
    place: places.Place,
    *,
    wrong: BadField | None = None,
    status: int = 200,
) -> HttpResponse:
    definition = _definition(request.POST.get("kind", ""))
    context = {
        "form": form,
        "place": place,
        "more": more_fields.shown(request, request.POST, place, definition=definition, wrong=wrong),
        "photo_limit": settings.LINLI_PHOTOS_PER_REQUEST,
    }
    return render(request, "desk/file.html", context, status=status)
