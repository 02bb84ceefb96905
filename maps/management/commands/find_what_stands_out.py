"""``manage.py find_what_stands_out``: hot spots, changes and next week's load, worked out now."""

from __future__ import annotations

import argparse
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand

from maps.actions.foresight import find_what_stands_out


class Command(BaseCommand):
    help = "Work out what stands out and what to expect from all that was filed up to the end of a day."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--day", type=date.fromisoformat, help="local day, 2026-11-26 (default: yesterday)"
        )
        parser.add_argument("--again", action="store_true", help="also if it has been worked out before")

    def handle(self, *, day: date | None, again: bool, verbosity: int, **options: Any) -> None:
        found = find_what_stands_out(day=day, again=again)
        if not verbosity:
            return
        if found is None:
            self.stdout.write("Worked out already, or somebody is at it. --again does it once more.")
            return
        notes = found.notes
        self.stdout.write(
            f"{found.day}: {notes['cases']} cases in {notes['grids']} grids over {notes['days']} days"
        )
        for kind in sorted(set(found.findings.values_list("kind", flat=True))):
            self.stdout.write(f"  {kind}: {found.findings.filter(kind=kind).count()}")
        self.stdout.write(f"  forecasts: {found.outlooks.count()}")
        if tried := notes.get("tried"):
            self.stdout.write(
                f"  forecasts of the last {tried['weeks']} weeks were off by {tried['mae']} "
                "cases a grid and week"
            )
