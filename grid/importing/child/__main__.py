"""The child process that opens a file of areas. Run by ``sandbox``; knows no Django, no settings, no secrets.

    python -I child/ REQUEST OUT

REQUEST is a JSON file: ``reader`` (geodata or tables), ``driver``, ``datasets`` (name and path of each),
``layer``, ``encoding``, ``most`` (rows to read, 0 for all), ``columns`` (of a table). The answer goes to OUT
(JSON: what the layer is and its columns of values) and OUT.shapes (the outlines one after the other as WKB in
the file's own coordinates). On failure the answer is ``{"error": CODE, ...}``.
The environment's GDAL_SKIP has switched all drivers off but one before this process started.
"""

import json
import sys
from pathlib import Path
from typing import Any

import limits


def main(request_path: str, out: str) -> None:
    limits.apply()
    request: dict[str, Any] = json.loads(Path(request_path).read_text(encoding="utf-8"))
    # Imported under the limits, and only the one that is needed.
    if request["reader"] == "tables":
        import tables as reader
    else:
        import geodata as reader
    try:
        answer, shapes = reader.read(request)
    except limits.Unreadable as error:
        answer, shapes = {"error": error.code, **error.details}, []
    with Path(f"{out}.shapes").open("wb") as stream:
        sizes = [-1 if shape is None else stream.write(shape) for shape in shapes]
    with Path(out).open("w", encoding="utf-8", errors="replace") as stream:
        json.dump({**answer, "sizes": sizes}, stream, ensure_ascii=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
