"""Options by which a command reads counts from a file instead of the town's own data."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from maps.foresight.files import BadFile, Columns, FileCounts, read

COLUMNS = {
    "date": "column with the day or instant of filing",
    "area": "column with the place; without it points make square cells",
    "parent": "column with the area above the place",
    "category": "column with the category",
    "lon": "column with the longitude (WGS-84)",
    "lat": "column with the latitude",
    "name": "column whose commonest value names a cell",
    "date_format": "how days are written, in strptime's terms (default: ISO 8601)",
}


def add_file_options(parser: argparse.ArgumentParser) -> None:
    """``--file`` and which of its columns is what."""
    parser.add_argument("--file", type=Path, help="CSV, or JSON as Open311 answers (its columns are known)")
    for name, words in COLUMNS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", default="", help=words)
    parser.add_argument("--cell", type=float, default=600.0, help="side of a cell in metres (default: 600)")


def from_file(options: dict[str, Any]) -> FileCounts:
    """Read it, or end with a sentence."""
    columns = Columns(**{name: options[name] for name in COLUMNS}, cell=options["cell"])
    try:
        return read(options["file"], columns)
    except BadFile as error:
        raise CommandError(str(error)) from error
