"""Areas from a file, or an import taken back. See docs/how-to/import-grids.md."""

import argparse
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from grid.actions.import_undo import undo_import
from grid.actions.import_writing import import_areas
from grid.errors import Refused
from grid.importing import Plan, Wishes, plan_import
from grid.importing.report import KINDS, Fate, Finding
from grid.models import AreaEdit

#: Findings of one kind that are printed in full.
SHOWN = 50
#: Options that are wishes: name, metavar, help.
TEXTS = (
    ("layer", "NAME", "layer, in a file that has several"),
    ("encoding", "NAME", "encoding of the texts: UTF-8 or GB18030 (default: found out)"),
    ("crs", "WHICH", "coordinate system, such as EPSG:4490, GCJ-02 or BD-09, whatever the file says"),
    ("code-field", "F", "field that holds the codes"),
    ("name-field", "F", "field that holds the names"),
    ("name-en-field", "F", "field that holds the English names"),
    ("level-field", "F", "field that holds the levels, as codes or names"),
    ("parent-field", "F", "field that holds the parents' codes"),
    ("households-field", "F", "field that holds the numbers of households"),
    ("wkt-field", "F", "column of a table that holds the outlines as WKT"),
    ("lon-field", "F", "column of a table that holds longitudes"),
    ("lat-field", "F", "column of a table that holds latitudes"),
    ("level", "CODE", "level of the areas (default: the level of the grids)"),
    ("parent", "CODE", "code of the area they lie in (default: found by their place)"),
)


class Command(BaseCommand):
    help = (
        "Import areas from a GeoJSON, GeoPackage, Shapefile (also zipped), KML, or a CSV or XLSX table:"
        " all of them, or none."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", nargs="?")
        for name, metavar, words in TEXTS:
            parser.add_argument(f"--{name}", default="", metavar=metavar, help=words)
        parser.add_argument(
            "--parent-by",
            default="",
            choices=["", "column", "fixed", "place"],
            help="how parents are found: named in a column, --parent for all, or by where the areas lie",
        )
        parser.add_argument(
            "--tolerance",
            type=float,
            default=Wishes.tolerance_metres,
            metavar="METRES",
            help="overlaps and gaps narrower than this are not reported (default: %(default)s)",
        )
        parser.add_argument(
            "--valid-from",
            type=date.fromisoformat,
            metavar="DATE",
            help="first day of new areas, YYYY-MM-DD (default: today)",
        )
        parser.add_argument("--skip-unusable", action="store_true", help="leave out rows that cannot be used")
        parser.add_argument(
            "--retire-missing",
            action="store_true",
            help="end the areas of the same levels and parents that the file does not have",
        )
        parser.add_argument("--dry-run", action="store_true", help="report only, write nothing")
        parser.add_argument(
            "--undo",
            metavar="NUMBER",
            nargs="?",
            const="last",
            help="take an import back: the one with this number, else the last one",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["undo"]:
                self._undo(options["undo"])
            elif options["file"] is None:
                raise CommandError(_("Which file? Or --undo?"))
            else:
                self._import(options)
        except Refused as refused:
            raise CommandError(str(refused)) from refused

    def _import(self, options: dict[str, Any]) -> None:
        names = [name.replace("-", "_") for name, _metavar, _words in TEXTS]
        wishes = Wishes.from_json(
            {name: options[name] for name in names}
            | {name: options[name] for name in ("parent_by", "skip_unusable", "retire_missing", "valid_from")}
            | {"tolerance_metres": options["tolerance"]}
        )
        self._said = ""
        plan = plan_import(options["file"], wishes, progress=self._progress)
        self._report(plan)
        if options["dry_run"]:
            self.stdout.write(_("Dry run: nothing was imported."))
            return
        if not plan.report.errors and not plan.report.can_apply:
            return
        done = import_areas(plan=plan, progress=self._progress)
        self.stdout.write(
            self.style.SUCCESS(
                _(
                    "%(added)s areas added, %(changed)s changed, %(retired)s ended,"
                    " %(unchanged)s as they were."
                )
                % vars(done)
            )
        )
        self.stdout.write(_("To take it back: --undo %(number)s") % {"number": done.edit.pk})

    def _undo(self, which: str) -> None:
        imports = AreaEdit.objects.filter(kind=AreaEdit.Kind.IMPORT)
        if which == "last":
            edit = imports.filter(undone_by=None).order_by("-pk").first()
        else:
            edit = imports.filter(pk=which).first() if which.isdecimal() else None
        if edit is None:
            raise CommandError(_("There is no such import."))
        undo_import(edit=edit)
        self.stdout.write(
            self.style.SUCCESS(_("The import of %(file)s was taken back.") % {"file": edit.file})
        )

    def _progress(self, percent: int, words: str) -> None:
        """On a terminal only: a log wants the report, not how it came about."""
        if self.stderr.isatty() and words and words != self._said:
            self._said = words
            self.stderr.write(f"  {percent:3} % {words}")

    def _report(self, plan: Plan) -> None:
        report = plan.report
        self.stdout.write(
            _("%(file)s: %(format)s, layer %(layer)s, %(count)s rows.")
            % {"file": report.file, "format": report.format, "layer": report.layer, "count": report.read}
        )
        for note in report.notes:
            self.stdout.write(f"  {note}")
        for what, title in KINDS.items():
            self._list(str(title), report.of(what))
        self._ending(_("Will end"), report.fates["retired"])
        self._ending(_("Not in the file, and left as they are"), report.fates["missing"])
        self.stdout.write(report.verdict())

    def _list(self, title: str, findings: list[Finding]) -> None:
        if not findings:
            return
        self.stdout.write(f"{title}: {len(findings)}")
        for finding in findings[:SHOWN]:
            self.stdout.write(
                _("  row %(row)s, %(name)s: %(reason)s")
                % {"row": finding.row or "–", "name": finding.name, "reason": finding.message}
            )
        self._more(len(findings))

    def _ending(self, title: str, areas: list[Fate]) -> None:
        if not areas:
            return
        self.stdout.write(f"{title}: {len(areas)}")
        for area in areas[:SHOWN]:
            self.stdout.write(f"  {area.code} {area.name}")
        self._more(len(areas))

    def _more(self, count: int) -> None:
        if count > SHOWN:
            self.stdout.write(_("  … and %(count)s more") % {"count": count - SHOWN})
