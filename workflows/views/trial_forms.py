"""What an administrator asks of a trial: which drawing, on which case, how fast people are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from grid.models import Area, User
from grid.policies import administered_areas
from workflows.calendar import FIRST, LAST
from workflows.engine import schema
from workflows.models import Request, Source

from . import choices
from .forms import CategoryField, resident_categories

PAST, MADE_UP = "past", "made_up"
GIVEN, MEASURED, NOBODY = "given", "measured", "nobody"
DEFAULT_HOURS = 4
#: Areas offered when a name fits several.
OFFERED = 8
#: The working calendar reaches ten years further, for limits and deadlines.
FIRST_YEAR, LAST_YEAR = FIRST.year + 1, LAST.year - 10
YEARS = {"first": FIRST_YEAR, "last": LAST_YEAR}
MOMENT = "%Y-%m-%dT%H:%M"


class TrialForm(forms.Form):
    """The case and the pace. ``what`` is a code of ``trial.bodies``; a place is an area's name or code."""

    what = forms.ChoiceField(label=_("What is tried"), widget=forms.Select)
    case = forms.ChoiceField(
        label=_("On which case"),
        choices=[(MADE_UP, _("One I make up")), (PAST, _("A past one"))],
        widget=forms.RadioSelect,
    )
    number = forms.CharField(
        label=_("Number of the past case"),
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"list": "past-cases", "autocomplete": "off"}),
    )
    place = forms.CharField(label=_("Where: name or code of the grid"), required=False, max_length=60)
    category = CategoryField(
        label=_("Kind"), queryset=resident_categories(), required=False, empty_label=_("None chosen")
    )
    source = forms.ChoiceField(
        label=_("Where it comes from"),
        choices=[choice for choice in Source.choices if choice[0] != Source.IMPORT],
    )
    urgent = forms.BooleanField(label=_("Urgent"), required=False)
    filed = forms.DateTimeField(
        label=_("Filed at"),
        required=False,
        input_formats=[MOMENT, "%Y-%m-%d %H:%M"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT),
        help_text=_("A past case was filed when it was filed, unless you say another time."),
    )
    pace = forms.ChoiceField(
        label=_("How long each step takes"),
        choices=[
            (GIVEN, _("The hours below")),
            (MEASURED, _("What it took in past cases")),
            (NOBODY, _("Nobody acts: only deadlines move the case")),
        ],
        widget=forms.RadioSelect,
    )
    hours = forms.DecimalField(
        label=_("Working hours for each step"),
        min_value=0,
        max_value=800,
        max_digits=5,
        decimal_places=1,
        required=False,
    )

    def clean_filed(self) -> datetime | None:
        filed: datetime | None = self.cleaned_data["filed"]
        if filed is not None and not FIRST_YEAR <= filed.year <= LAST_YEAR:
            raise forms.ValidationError(_("Choose a year from %(first)s to %(last)s.") % YEARS)
        return filed


def initial() -> dict[str, Any]:
    """What is asked before anybody has said anything."""
    now = timezone.localtime().replace(second=0, microsecond=0)
    return {
        "case": MADE_UP,
        "source": Source.PORTAL,
        "filed": now.strftime(MOMENT),
        "pace": GIVEN,
        "hours": DEFAULT_HOURS,
    }


def form_of(data: QueryDict, what: Iterable[tuple[str, str]]) -> TrialForm:
    """The form as sent, or with what is asked to begin with; always bound, so that it can be answered."""
    what = list(what)
    values: dict[str, Any] = initial() | {"what": what[0][0] if what else ""}
    # A checkbox that is not ticked is not sent: once the form was sent, nothing is filled in for it.
    values |= {name: data[name] for name in data if name in TrialForm.base_fields}
    form = TrialForm(values)
    form.fields["what"].choices = what  # type: ignore[attr-defined]
    return form


@dataclass(frozen=True)
class Place:
    """The area meant; without it, those that may have been meant."""

    area: Area | None = None
    offered: list[choices.Place] = field(default_factory=list)
    unknown: bool = False


def place_of(user: User, words: str) -> Place:
    """The area of the administrator's own that these words name: by code, else by name."""
    areas = administered_areas(user)
    if not words:
        first = areas.filter(level__is_grid=True).order_by("path").first()
        return Place(first or areas.order_by("path").first())
    if exact := areas.filter(code=words).first():
        return Place(exact)
    found = choices.areas(user, Request(), words=words)[:OFFERED]
    if len(found) == 1:
        return Place(areas.filter(pk=found[0].pk).first())
    return Place(offered=found, unknown=not found)


def chosen_outcomes(data: QueryDict) -> dict[str, list[str]]:
    """Block → outcomes to take there. ``chosen`` is what was chosen before, ``choose`` what just now,
    ``*:`` to forget it all."""
    if "*:" in data.getlist("choose"):
        return {}
    found: dict[str, list[str]] = {}
    for text in [*data.getlist("chosen"), *data.getlist("choose")]:
        block, _colon, outcome = text.partition(":")
        if outcome:
            found[block] = [outcome]
    return found


@dataclass(frozen=True)
class Asked:
    """A form field of the workflow to be filled in for a made-up case."""

    part: schema.FormField
    raw: str
    options: list[tuple[str, str]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"f.{self.part.code}"


#: What a trial can be given a value for. An area or a kind is the case's own.
ASKED = ("text", "number", "bool", "date", "choice", "person", "people")


def asked_fields(parts: Iterable[schema.FormField], data: QueryDict, case: Request) -> list[Asked]:
    """The fields to fill in, with what was filled in."""
    found = []
    for part in parts:
        if part.type not in ASKED or part.sets:
            continue
        options: list[tuple[str, str]] = []
        if part.type == "choice":
            options = [(choice.code, choice.title) for choice in part.choices]
        elif part.type in ("person", "people"):
            near = choices.colleagues(case, role=part.role or "")
            options = [(str(one.user_id), f"{one.name} · {one.role}") for one in near]
        found.append(Asked(part, data.get(f"f.{part.code}", ""), options))
    return found


def values_of(asked: Iterable[Asked]) -> Mapping[str, Any]:
    """The values, as a process keeps them; what cannot be read is left out, as if nothing was filled in."""
    values: dict[str, Any] = {}
    for one in asked:
        value = _value(one)
        if value is not None:
            values[one.part.code] = value
    return values


def _value(one: Asked) -> Any:
    raw = one.raw.strip()[:200]
    if not raw:
        return None
    match one.part.type:
        case "number":
            try:
                number = Decimal(raw)
            except InvalidOperation:
                return None
            return float(number) if number.is_finite() else None
        case "bool":
            return raw == "yes"
        case "choice":
            return raw if raw in dict(one.options) else None
        case "person":
            return int(raw) if raw in dict(one.options) else None
        case "people":
            return [int(raw)] if raw in dict(one.options) else None
    return raw


def moment_of(form: TrialForm) -> datetime | None:
    filed: datetime | None = form.cleaned_data["filed"]
    return filed
