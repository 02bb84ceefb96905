"""Areas as a file, for administrators: which, as what, on which day; then the file itself."""

import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from ui.forms import DayField, NodeField

from .. import exporting
from ..exporting import FORMATS
from ..models import Area, Level
from ..policies import ADMINISTRATOR, administered_areas, scope
from .console import administrators_only


class ExportForm(forms.Form):
    """``format``, ``level`` (several), ``on``, ``under`` (a code): all that makes up an export's address."""

    under = NodeField(
        label=gettext_lazy("Which areas"),
        queryset=Area.objects.none(),
        to_field_name="code",
        required=False,
        empty_label=gettext_lazy("All that I look after"),
    )
    level = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Levels"),
        queryset=Level.objects.all(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None chosen means all of them."),
    )
    on = DayField(
        label=gettext_lazy("As they were on"),
        required=False,
        help_text=gettext_lazy("At the end of that day; today means now."),
    )
    format = forms.ChoiceField(
        label=gettext_lazy("Format"),
        choices=[(each.code, each.title) for each in FORMATS.values()],
        initial="gpkg",
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, areas: QuerySet[Area], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields["under"]
        choice.queryset = areas.defer("geometry")


@require_safe
@administrators_only
def export_page(request: HttpRequest) -> HttpResponse:
    """What to export; ``?under=CODE`` as the list of areas hands it on."""
    initial = {"under": request.GET.get("under", ""), "on": timezone.localdate()}
    return _page(request, ExportForm(initial=initial, areas=areas_that_hold_grids(request)))


@require_safe
@administrators_only
def export_file(request: HttpRequest) -> HttpResponse | FileResponse:
    """The file; the form again, with what to change, when there is none."""
    form = ExportForm(request.GET, areas=areas_that_hold_grids(request))
    if not form.is_valid():
        return _page(request, form, status=400)
    under, on = form.cleaned_data["under"], form.cleaned_data["on"]
    paths = [under.path] if under else scope(request.user, ADMINISTRATOR)
    table = exporting.gather(paths, levels=[level.pk for level in form.cleaned_data["level"]], on=on)
    if not table.rows:
        form.add_error(None, _("There were no areas of these levels on that day. Choose others."))
        return _page(request, form, status=404)
    return _file(table, FORMATS[form.cleaned_data["format"]], _name(under, on))


def _file(table: exporting.Table, format: exporting.Format, stem: str) -> FileResponse:
    with tempfile.TemporaryDirectory(prefix="linli-export-") as folder:
        target = Path(folder) / f"areas{format.suffix}"
        exporting.write(table, format.code, target)
        # The open file outlives its name.
        stream = target.open("rb")
    return FileResponse(
        stream, as_attachment=True, filename=f"{stem}{format.suffix}", content_type=format.content_type
    )


def _name(under: Area | None, on: date | None) -> str:
    return "-".join(["areas", *([under.code] if under else []), (on or timezone.localdate()).isoformat()])


def areas_that_hold_grids(request: HttpRequest) -> QuerySet[Area]:
    """Areas that hold grids: a list of single ones would be as long as the city has grids."""
    first = Level.objects.filter(is_grid=True).order_by("order").first()
    mine = administered_areas(request.user)
    return mine.filter(level__order__lt=first.order) if first else mine


def _page(request: HttpRequest, form: ExportForm, status: int = 200) -> HttpResponse:
    formats: Sequence[tuple[str, str, str]] = [
        ("gpkg", "GeoPackage", _("for GIS programs: holds everything")),
        ("geojson", "GeoJSON", _("for GIS programs and web maps: holds everything")),
        ("shp", "Shapefile", _("for older GIS programs: zipped, texts in GB18030")),
        ("kml", "KML", _("for map programs on phones and computers")),
        ("xlsx", "Excel (XLSX)", _("to look at and to correct as a table; outlines as text (WKT)")),
    ]
    context = {"form": form, "formats": formats, "chosen": form["format"].value()}
    return render(request, "grid/export.html", context, status=status)
