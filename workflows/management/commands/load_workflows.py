"""``manage.py load_workflows [FILE …]``: publish workflow definitions from JSON files."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from workflows.actions.definitions import Unsound, publish_version
from workflows.engine.schema import json_schema
from workflows.installation import findings

SHIPPED = Path(__file__).resolve().parents[2] / "definitions"


class Command(BaseCommand):
    help = "Publish workflow definitions from JSON files; those that come with Linli when no file is named."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="*", type=Path)
        parser.add_argument("--check", action="store_true", help="only look for mistakes, publish nothing")
        parser.add_argument("--note", default="", help="what changed and why, kept with the version")
        parser.add_argument("--schema", action="store_true", help="print the JSON Schema of a definition")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["schema"]:
            self.stdout.write(json.dumps(json_schema(), indent=2, ensure_ascii=False))
            return
        quiet = options["verbosity"] == 0
        for file in options["files"] or sorted(SHIPPED.glob("*.json")):
            self.load(file, only_check=options["check"], note=options["note"], quiet=quiet)

    def load(self, file: Path, *, only_check: bool, note: str, quiet: bool) -> None:
        try:
            body = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise CommandError(f"{file}: {error}") from error
        found = findings(body)
        for finding in found:
            self.stderr.write(f"{file.name}: {finding}")
        if only_check:
            if any(finding.is_error for finding in found):
                raise CommandError(f"{file.name} cannot be published as it is.")
            return
        try:
            version, is_new = publish_version(body=body, note=note)
        except Unsound as error:
            raise CommandError(f"{file.name} cannot be published as it is.") from error
        if not quiet:
            self.stdout.write(f"{version} " + ("is in force now." if is_new else "was in force already."))
