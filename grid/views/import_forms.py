"""Forms of the import wizard. What may be chosen comes from the file (``ImportJob.contents``)."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..importing.wishes import MOST_TOLERANCE, NONE
from ..models import Area, Level

#: A column's values in brackets behind its name.
SAMPLE_LENGTH = 16
MOST_PARENTS = 2_000
#: Marks in the values of a select: every row the same, a column of the file says, the place on the map does.
SAME, COLUMN, PLACE = "=", "@", "~"


class UploadForm(forms.Form):
    """One file."""

    file = forms.FileField(
        error_messages={
            "required": gettext_lazy("Choose the file first."),
            "empty": gettext_lazy(
                "This file is empty: there is nothing in it. Export it again, then choose it here."
            ),
            "missing": gettext_lazy("Choose the file first."),
        }
    )


class ReadForm(forms.Form):
    """Layer, encoding, coordinate system: whatever is not plain from the file."""

    layer = forms.CharField(required=False)
    encoding = forms.CharField(required=False)
    crs = forms.CharField(
        error_messages={"required": gettext_lazy("Choose where the grids lie: we cannot tell for certain.")}
    )
    crs_other = forms.CharField(required=False, max_length=40)
    wkt_field = forms.CharField(required=False)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("crs") == "other":
            if not cleaned.get("crs_other"):
                self.add_error(
                    "crs_other", _("Write the number of the coordinate system, such as EPSG:4547.")
                )
            elif cleaned["crs_other"].isdigit():
                cleaned["crs_other"] = f"EPSG:{cleaned['crs_other']}"
        return cleaned

    @property
    def wishes(self) -> dict[str, str]:
        chosen = self.cleaned_data
        crs = chosen["crs_other"] if chosen["crs"] == "other" else chosen["crs"]
        return {
            "layer": chosen["layer"],
            "encoding": chosen["encoding"],
            "crs": crs,
            "wkt_field": chosen["wkt_field"],
        }


class ColumnsForm(forms.Form):
    """Which column is what, what lies above, how strict."""

    code_field = forms.ChoiceField(label=gettext_lazy("Code of the area"))
    name_field = forms.ChoiceField(label=gettext_lazy("Name of the area"))
    households_field = forms.ChoiceField(label=gettext_lazy("Households"))
    level = forms.ChoiceField(
        label=gettext_lazy("What is each row?"),
        help_text=gettext_lazy("Choose one for all, or the column that says it."),
    )
    parent = forms.ChoiceField(
        label=gettext_lazy("What lies above them?"),
        help_text=gettext_lazy("Choose one for all, or the column with the code of the area above."),
    )
    missing = forms.ChoiceField(
        label=gettext_lazy("Areas we have and the file has not"),
        widget=forms.RadioSelect,
        choices=[
            ("leave", gettext_lazy("Leave them as they are: the file is only a part")),
            ("retire", gettext_lazy("Retire them: the file has everything there is")),
        ],
    )
    tolerance = forms.FloatField(
        label=gettext_lazy("Overlooked up to (metres)"),
        help_text=gettext_lazy("Overlaps and gaps narrower than this are not worth a word."),
        min_value=0,
        max_value=MOST_TOLERANCE,
        error_messages={
            "required": gettext_lazy("Write a number of metres, such as 1."),
            "invalid": gettext_lazy("Write a number of metres, such as 1."),
        },
    )
    skip_unusable = forms.BooleanField(
        label=gettext_lazy("Leave out rows that cannot be used, and import the others"), required=False
    )

    def __init__(
        self,
        *args: Any,
        fields: list[dict[str, Any]],
        levels: Iterable[Level],
        parents: Iterable[Area],
        may_have_none_above: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        columns = [(field["name"], column_words(field)) for field in fields]
        self._choices("code_field", [(NONE, _("no column: number them")), *columns])
        self._choices("name_field", [(NONE, _("no column: call them by their codes")), *columns])
        self._choices("households_field", [(NONE, _("no column")), *columns])
        by_column = (_("as a column says"), [(f"{COLUMN}{name}", words) for name, words in columns])
        same = [(f"{SAME}{one.code}", str(one)) for one in levels]
        self._choices("level", [(_("all of them"), same), by_column])
        nothing = [(SAME, _("nothing: they are at the top"))] if may_have_none_above else []
        above = [(f"{SAME}{area.code}", f"{area} ({area.level})") for area in parents]
        by_place = (_("each by itself"), [(PLACE, _("the area in which most of it lies"))])
        self._choices("parent", [(_("all of them"), [*nothing, *above]), by_place, by_column])

    def _choices(self, name: str, choices: list[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    @property
    def wishes(self) -> dict[str, Any]:
        """As ``grid.importing.wishes.Wishes`` wants them."""
        chosen = self.cleaned_data
        level, parent = chosen["level"], chosen["parent"]
        return {
            "code_field": chosen["code_field"],
            "name_field": chosen["name_field"],
            "households_field": chosen["households_field"],
            "level": level[1:] if level.startswith(SAME) else "",
            "level_field": level[1:] if level.startswith(COLUMN) else NONE,
            "parent": parent[1:] if parent.startswith(SAME) else "",
            "parent_field": parent[1:] if parent.startswith(COLUMN) else NONE,
            "parent_by": {SAME: "fixed", COLUMN: "column", PLACE: "place"}[parent[0]],
            "retire_missing": chosen["missing"] == "retire",
            "tolerance_metres": chosen["tolerance"],
            "skip_unusable": chosen["skip_unusable"],
        }


def initial_of(wishes: dict[str, Any], recognised: dict[str, str], *, level: str) -> dict[str, Any]:
    """What the form shows at first: what was chosen before, else what the file's columns seem to be.

    ``recognised``: field by what it holds; ``level``: code of the level to offer when no column has it.
    """

    def column(thing: str) -> str:
        return wishes.get(f"{thing}_field") or recognised.get(thing) or NONE

    level_column, parent_column = column("level"), column("parent")
    above = PLACE if parent_column == NONE else f"{COLUMN}{parent_column}"
    if wishes.get("parent_by") == "place":
        above = PLACE
    elif wishes.get("parent_by") == "fixed":
        above = f"{SAME}{wishes.get('parent', '')}"
    same = f"{SAME}{wishes.get('level') or level}"
    return {
        "code_field": column("code"),
        "name_field": column("name"),
        "households_field": column("households"),
        "level": same if level_column == NONE else f"{COLUMN}{level_column}",
        "parent": above,
        "missing": "retire" if wishes.get("retire_missing") else "leave",
        "tolerance": wishes.get("tolerance_metres", 1.0),
        "skip_unusable": wishes.get("skip_unusable", False),
    }


def column_words(field: dict[str, Any]) -> str:
    """A column with what its first rows say: 网格名称 (东直门街道, 和平里北, …)."""
    texts = dict.fromkeys(" ".join(str(value).split()) for value in field["samples"])
    shown = [text if len(text) <= SAMPLE_LENGTH else f"{text[:SAMPLE_LENGTH]}…" for text in texts]
    if not shown:
        return _("%(column)s (empty)") % {"column": field["name"]}
    return f"{field['name']} ({_(', ').join(shown)})"
