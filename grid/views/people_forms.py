"""Forms of the console about people, branches and areas. What they say is checked again by the actions."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ui.forms import DayField

from ..forms import PhoneField
from ..models import Area, Branch, Level, Member

OFF = {"autocomplete": "off"}


class MemberForm(forms.Form):
    """A member's data. ``phone`` signs in; ``public_phone`` is what residents see."""

    name = forms.CharField(label=pgettext_lazy("person", "Name"), max_length=60, widget=forms.TextInput(OFF))
    phone = PhoneField(
        label=_("Phone for signing in"),
        required=False,
        help_text=_("Only the office sees it."),
        widget=forms.TextInput({"type": "tel"} | OFF),
    )
    branch = forms.ModelChoiceField(Branch.objects.none(), label=_("Branch"), required=False)
    is_party_member = forms.BooleanField(label=_("Party member"), required=False)
    pledge = forms.CharField(
        label=_("Pledge"),
        max_length=200,
        required=False,
        help_text=_("Residents read it on the page of the grid."),
        widget=forms.Textarea({"rows": 2}),
    )
    public_phone = forms.CharField(
        label=_("Published phone"),
        max_length=20,
        required=False,
        help_text=_("Residents see it and call it. Empty: none is published."),
        widget=forms.TextInput({"type": "tel"} | OFF),
    )
    photo = forms.FileField(
        label=_("Photo"),
        required=False,
        help_text=_("It is cut square and made small; what the camera wrote into it is removed."),
        widget=forms.FileInput({"accept": "image/jpeg,image/png,image/webp"}),
    )

    def __init__(self, *args: Any, branches: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["branch"].queryset = branches

    @classmethod
    def of(cls, member: Member, branches: Any) -> "MemberForm":
        initial = {
            "name": member.user.name,
            "phone": member.user.phone or "",
            "branch": member.branch_id,
            "is_party_member": member.is_party_member,
            "pledge": member.pledge,
            "public_phone": member.public_phone,
        }
        return cls(initial=initial, branches=branches)


class NewMemberForm(MemberForm):
    username = forms.CharField(
        label=_("User name"),
        max_length=60,
        required=False,
        help_text=_("Needed only for somebody without a phone number."),
        widget=forms.TextInput({"autocapitalize": "none"} | OFF),
    )
    field_order = ["name", "phone", "username", "branch", "is_party_member"]


class AreaForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80, widget=forms.TextInput(OFF))
    name_en = forms.CharField(
        label=_("English name"), max_length=80, required=False, widget=forms.TextInput(OFF)
    )
    households = forms.IntegerField(label=_("Households"), min_value=0, max_value=1_000_000, required=False)

    @classmethod
    def of(cls, area: Area) -> "AreaForm":
        return cls(initial={"name": area.name, "name_en": area.name_en, "households": area.households})


class NewAreaForm(AreaForm):
    """An area without a border: a building or a unit that is known by its address."""

    code = forms.CharField(label=_("Code"), max_length=40, widget=forms.TextInput(OFF))
    level = forms.ModelChoiceField(Level.objects.none(), label=_("Level"), empty_label=None)
    field_order = ["level", "name", "code", "name_en", "households"]

    def __init__(self, *args: Any, parent: Area, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        below = Level.objects.filter(order__gt=parent.level.order)
        self.fields["level"].queryset = below
        # Usually buildings: what has no border is found by its address.
        self.fields["level"].initial = below.last()


class RetireForm(forms.Form):
    on = DayField(
        label=_("First day without it"),
        help_text=_("Its cases keep it; whoever is responsible there is so until that day."),
    )
    sure = forms.BooleanField(label=_("I have checked that it is this area that ends."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["on"].initial = timezone.localdate


class BranchForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80, widget=forms.TextInput(OFF))
    name_en = forms.CharField(
        label=_("English name"), max_length=80, required=False, widget=forms.TextInput(OFF)
    )
    areas = forms.ModelMultipleChoiceField(
        Area.objects.none(),
        label=_("Built on"),
        required=False,
        help_text=_("Communities and grids of yours."),
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, areas: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["areas"].queryset = areas


class NewBranchForm(BranchForm):
    code = forms.CharField(label=_("Code"), max_length=40, widget=forms.TextInput(OFF))
    parent = forms.ModelChoiceField(Branch.objects.none(), label=_("Under"), required=False)
    field_order = ["parent", "name", "code", "name_en", "areas"]

    def __init__(self, *args: Any, branches: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parent"].queryset = branches
