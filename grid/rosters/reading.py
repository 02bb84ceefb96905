"""From an uploaded workbook to rows by column, in a process of its own."""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.utils.translation import gettext as _

from ..errors import Refused
from .columns import HEADINGS, NEEDED, as_meant, titles

CHILD = Path(__file__).with_name("child.py")
MAX_BYTES = 5 * 1024 * 1024
SECONDS = 60


@dataclass(frozen=True)
class Row:
    """One row of the workbook: its number there, and its cells by column."""

    number: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


def read(file: IO[bytes], *, size: int) -> list[Row]:
    """The rows below the headings; blank ones are left out. Raises :class:`Refused` for what is no roster."""
    if size > MAX_BYTES:
        raise Refused(_("The file is larger than 5 MB. A roster is not: is it the right file?"))
    with tempfile.TemporaryDirectory(prefix="linli-roster-") as folder:
        path, out = Path(folder) / "roster.xlsx", Path(folder) / "rows.json"
        path.write_bytes(file.read(MAX_BYTES + 1))
        answer = _in_a_process(path, out)
    match answer:
        case {"error": "too_many"}:
            raise Refused(_("The file has more than 5,000 rows. Import one district after the other."))
        case {"rows": [] | [_]}:
            raise Refused(_("The file has no rows below the headings."))
        case {"rows": [[_number, headings], *rows]}:
            return _rows(headings, rows)
    raise Refused(_("This is not an Excel file (.xlsx) that can be read. Save it as .xlsx again."))


def _in_a_process(path: Path, out: Path) -> dict:
    try:
        subprocess.run(  # noqa: S603 - our own script, paths of our own making
            [sys.executable, "-I", "-B", str(CHILD), str(path), str(out)],
            env={"LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"},
            cwd=path.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            check=True,
        )
        answer: dict = json.loads(out.read_text(encoding="utf-8"))
    except (subprocess.SubprocessError, OSError, ValueError):
        return {}
    return answer


def _rows(headings: list[str], rows: list[tuple[int, list[str]]]) -> list[Row]:
    known = {name.casefold(): key for key, names in HEADINGS.items() for name in names}
    keys = [known.get(heading.strip().casefold(), "") for heading in headings]
    if missing := [titles()[key] for key in NEEDED if key not in keys]:
        raise Refused(
            _("There is no column “%(columns)s”. Export the roster and correct that file.")
            % {"columns": _(", ").join(missing)}
        )
    return [
        Row(number, {key: as_meant(cell) for key, cell in zip(keys, cells, strict=False) if key})
        for number, cells in rows
    ]
