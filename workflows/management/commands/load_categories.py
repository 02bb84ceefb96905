import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from grid.errors import Refused
from workflows.actions.dictionary import load_dictionary, read_dictionary

FOLDER = Path(__file__).resolve().parents[2] / "dictionaries"
#: The standard first: residents' categories map to it.
OWN = (FOLDER / "standard.json", FOLDER / "resident.json")


class Command(BaseCommand):
    help = "Load dictionaries of categories (the product's own when no FILE is given). Safe to run again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "files", nargs="*", type=Path, metavar="FILE", help="JSON, see docs/reference/categories.md"
        )

    def handle(self, *, files: list[Path], verbosity: int, **options: Any) -> None:
        for file in files or OWN:
            try:
                loaded = load_dictionary(read_dictionary(json.loads(file.read_text(encoding="utf-8"))))
            except (OSError, ValueError) as error:
                raise CommandError(f"{file} cannot be read as JSON: {error}") from error
            except Refused as refused:
                raise CommandError(f"{file}: {refused}") from refused
            if verbosity:
                self.stdout.write(f"{file.name}: {loaded.added} categories added, {loaded.changed} changed")
