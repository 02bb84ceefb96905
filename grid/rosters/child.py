"""The process that opens an uploaded workbook: no Django, no settings, bounded in memory, time and output.

    python -I child.py WORKBOOK OUT

OUT is JSON: ``{"rows": [[row number, [cell, …]], …]}`` with cells as text, or ``{"error": CODE}``.
"""

import datetime
import json
import resource
import sys
import zipfile
from pathlib import Path

MEMORY, SECONDS, OUTPUT = 512 * 1024**2, 30, 64 * 1024**2
MAX_ROWS, MAX_COLUMNS, MAX_TEXT = 5_000, 40, 300


def text_of(value: object) -> str:
    """A cell as text: dates as 2026-03-01, whole numbers without a point."""
    if value is None:
        return ""
    if isinstance(value, datetime.datetime | datetime.date):
        return value.strftime("%Y-%m-%d")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)[:MAX_TEXT].strip()


def rows_of(path: str) -> list[tuple[int, list[str]]]:
    import openpyxl

    book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
    sheet = book.worksheets[0]
    # What the file says of its size may be wrong, or hostile.
    sheet.reset_dimensions()
    found: list[tuple[int, list[str]]] = []
    for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        cells = [text_of(value) for value in row[:MAX_COLUMNS]]
        if any(cells):
            found.append((number, cells))
        if len(found) > MAX_ROWS + 1 or number > MAX_ROWS * 20:
            raise OverflowError
    return found


def main(path: str, out: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (OUTPUT, OUTPUT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        answer: dict[str, object] = {"rows": rows_of(path)}
    except OverflowError:
        answer = {"error": "too_many"}
    except (
        zipfile.BadZipFile,
        KeyError,
        ValueError,
        OSError,
        SyntaxError,
        TypeError,
        IndexError,
        AttributeError,
    ):
        answer = {"error": "unreadable"}
    Path(out).write_text(json.dumps(answer, ensure_ascii=False), encoding="utf-8", errors="replace")


if __name__ == "__main__":
    main(*sys.argv[1:])
