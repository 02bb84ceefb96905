"""Forms residents fill in. They check shapes; what is allowed the actions decide."""

import uuid
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from grid.datums import DATUMS
from workflows.actions.ratings import COMMENT_MAX
from workflows.actions.urging import URGE_TEXT_MAX
from workflows.actions.whole_case import WORDS_MAX
from workflows.models import Category, Visibility
from workflows.models.dictionary import Dictionary
from workflows.texts import TEXT_MAX


def resident_categories() -> QuerySet[Category]:
    """What residents may choose from, in the dictionary's order."""
    return Category.objects.filter(dictionary=Dictionary.RESIDENT, is_active=True).order_by("path")


class CategoryField(forms.ModelChoiceField):
    """One list of all kinds; the finer ones are indented below theirs."""

    def label_from_instance(self, obj: Category) -> str:
        return "　" * (obj.depth - 1) + str(obj)


class FilingForm(forms.Form):
    """A request as the portal asks for it. The place comes as a point, as a chosen area, or as both."""

    text = forms.CharField(
        label=_("Tell us what is the matter"),
        max_length=TEXT_MAX,
        strip=False,
        widget=forms.Textarea(
            attrs={
                "rows": 4,
                "placeholder": _("For example: the street lamp at gate 3 has been dark for two days."),
            }
        ),
        error_messages={"required": _("Say in a few words what it is about.")},
    )
    category = CategoryField(
        label=_("Kind"),
        queryset=Category.objects.none(),
        required=False,
        empty_label=_("I am not sure"),
    )
    address = forms.CharField(
        label=_("Where exactly"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": _("Building, gate, floor …"), "autocomplete": "off"}),
    )
    urgent = forms.BooleanField(label=_("It is urgent: somebody may come to harm"), required=False)
    contact_phone = forms.CharField(
        label=_("Phone to reach you at"),
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel"}),
    )
    anonymous = forms.BooleanField(
        label=_("Do not show my name to anyone but the one who handles it"), required=False
    )
    visibility = forms.ChoiceField(
        label=_("Who may see it"),
        choices=Visibility,
        initial=Visibility.PRIVATE,
        required=False,
        widget=forms.RadioSelect,
    )
    lon = forms.FloatField(
        required=False, min_value=-180, max_value=180, widget=forms.HiddenInput(attrs={"autocomplete": "off"})
    )
    lat = forms.FloatField(
        required=False, min_value=-90, max_value=90, widget=forms.HiddenInput(attrs={"autocomplete": "off"})
    )
    datum = forms.ChoiceField(
        required=False,
        choices=[(datum, datum) for datum in DATUMS],
        initial="wgs84",
        widget=forms.HiddenInput,
    )
    # The code of the area that a link placed the form in; tells what was begun by another link.
    grid = forms.CharField(
        required=False, max_length=40, widget=forms.HiddenInput(attrs={"autocomplete": "off"})
    )
    # Browsers that put old values back on a reload must not do so here: two requests would share one key.
    client_key = forms.UUIDField(
        required=False, initial=uuid.uuid4, widget=forms.HiddenInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["category"].queryset = resident_categories()  # type: ignore[attr-defined]

    def clean_visibility(self) -> str:
        return self.cleaned_data["visibility"] or Visibility.PRIVATE

    def clean_datum(self) -> str:
        return self.cleaned_data["datum"] or "wgs84"


def _yes_or_no(label: Any, yes: Any, no: Any) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label,
        choices=[("yes", yes), ("no", no)],
        coerce=lambda answer: answer == "yes",
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one of the two answers.")},
    )


class RatingForm(forms.Form):
    """Three questions, yes or no (docs/explanation/domain.md §5: response, resolution, satisfaction)."""

    in_time = _yes_or_no(_("Did someone respond in time?"), _("Yes, in time"), _("No, too late"))
    solved = _yes_or_no(_("Is it solved?"), _("Yes, solved"), _("No, not solved"))
    satisfied = _yes_or_no(
        _("Are you satisfied with the service?"), _("Yes, satisfied"), _("No, not satisfied")
    )
    comment = forms.CharField(
        label=_("Anything to add?"),
        required=False,
        max_length=COMMENT_MAX,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class ReasonForm(forms.Form):
    """Why a request is opened again."""

    reason = forms.CharField(
        label=_("What is not solved yet?"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Say what is not solved yet, so that it can be put right.")},
    )


class UrgeForm(forms.Form):
    """A word to those who have the case, if the requester wants to add one."""

    text = forms.CharField(
        label=_("A word to them"),
        required=False,
        max_length=URGE_TEXT_MAX,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class WithdrawForm(forms.Form):
    """Why a request is taken back, if the requester wants to say."""

    reason = forms.CharField(
        label=_("Why"),
        required=False,
        max_length=WORDS_MAX,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
