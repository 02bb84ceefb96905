"""What the address of a page asks: the period, the area, the category, the member, known when."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from grid import days
from grid.models import Area, Level, Responsibility, User
from maps.policies import watched_areas, watched_paths
from ui.forms import DayField, NodeField
from workflows.models import Category

from ..actions.follow import catch_up
from ..periods import BadPeriod, Period
from ..reading import Question
from ..tables import start_area

OTHER = "other"


def usual_periods() -> list[tuple[str, str]]:
    """Those most asked for: code and name."""
    today = timezone.localdate()
    month, week = Period.month(today), Period.week(today)
    return [
        (month.code, _("This month (%(month)s)") % {"month": month}),
        (month.previous().code, _("Last month (%(month)s)") % {"month": month.previous()}),
        (week.code, _("This week")),
        (week.previous().code, _("Last week")),
    ]


class AskForm(forms.Form):
    """All that makes up a page's address."""

    period = forms.ChoiceField(label=_lazy("Period"), required=False)
    first = DayField(label=_lazy("From"), required=False)
    last = DayField(label=_lazy("to (included)"), required=False)
    area = NodeField(
        label=_lazy("Area"),
        queryset=Area.objects.none(),
        to_field_name="code",
        required=False,
        empty_label=_lazy("All that I watch"),
    )
    category = NodeField(
        label=_lazy("Category"),
        queryset=Category.objects.none(),
        to_field_name="code",
        required=False,
        empty_label=_lazy("All categories"),
    )
    member = forms.ModelChoiceField(
        label=_lazy("Member"),
        queryset=User.objects.none(),
        required=False,
        empty_label=_lazy("All members"),
    )
    known = DayField(
        label=_lazy("As it was known on"),
        required=False,
        help_text=_lazy("At the end of that day; without one, as it is known now."),
    )

    def __init__(self, data: QueryDict, user: Any, *, own: bool = False) -> None:
        super().__init__(data)
        self.user, self.own = user, own
        fields: Any = self.fields
        chosen = data.get("period", "")
        choices = usual_periods()
        if chosen and chosen != OTHER and chosen not in dict(choices):
            choices.append((chosen, _named(chosen)))
        fields["period"].choices = [*choices, (OTHER, _("Other days"))]
        fields["category"].queryset = Category.objects.filter(dictionary="resident", depth__lte=2)
        if own:
            del self.fields["area"], self.fields["member"]
            return
        # One that is not offered, a single grid say, may be asked for all the same.
        fields["area"].queryset = _offered(user, data.get("area", ""))
        fields["member"].queryset = _members(user)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        code = said.get("period") or ""
        try:
            if code == OTHER or (not code and said.get("first")):
                if not said.get("first") or not said.get("last"):
                    raise forms.ValidationError(_("Say from which day to which."))
                said["of"] = Period.days(said["first"], said["last"])
            else:
                said["of"] = Period.parse(code or Period.month(timezone.localdate()).code)
        except BadPeriod:
            raise forms.ValidationError(
                _("Choose a period that begins before it ends and is not longer than a year.")
            ) from None
        return said

    def question(self) -> Question:
        """What is asked; the form is valid. Follows the log first, so that nothing recent is missing."""
        said = self.cleaned_data
        member = said.get("member")
        return Question(
            self.user,
            said["of"],
            area=said.get("area") or (None if self.own else start_area(self.user)),
            category=said.get("category"),
            member=member.pk if member else None,
            as_of=_known_at(said.get("known")) or catch_up(),
            own=self.own,
        )

    def link(self, **other: str) -> str:
        """The address's parameters with some others; an empty one is left out."""
        said = self.cleaned_data
        own = {
            "period": said["of"].code,
            "area": said["area"].code if said.get("area") else "",
            "category": said["category"].code if said.get("category") else "",
            "member": str(said["member"].pk) if said.get("member") else "",
            "known": said["known"].isoformat() if said.get("known") else "",
        } | other
        return urlencode({name: value for name, value in own.items() if value})


def _known_at(day: Any) -> datetime | None:
    """The end of a local day; None for today and days to come, as for no day."""
    return days.after(day) - timedelta.resolution if day and day < timezone.localdate() else None


def _named(code: str) -> str:
    try:
        return str(Period.parse(code))
    except BadPeriod:
        return code


def _offered(user: Any, code: str) -> QuerySet[Area]:
    """Areas above grids: a list of single grids would be as long as the city has grids."""
    mine = watched_areas(user).defer("geometry")
    first = Level.objects.filter(is_grid=True).order_by("order").first()
    above = mine.filter(level__order__lt=first.order) if first else mine
    return above | mine.filter(code=code) if code else above


def _members(user: Any) -> QuerySet[User]:
    """Those who hold, or held, a post in what the user watches."""
    here = Area.objects.within(watched_paths(user)).values("pk")
    posts = Responsibility.objects.filter(area__in=here).values("member__user")
    return User.objects.filter(pk__in=posts).order_by("name", "pk")
