"""Areas from files of other systems.

``sniff`` decides by content what a file is and lays a copy aside; ``sandbox`` reads the copy in a process of
its own (``child``), which knows at most one GDAL driver and has limits; ``inspection`` shows what is in it
and ``guess`` in which coordinate system; ``checks``, ``tree`` and ``coverage`` find out what the rows mean,
where they belong and how they lie side by side; ``plan`` puts it together; ``grid.actions.imports`` writes.
Nothing in here trusts a file's name, and nothing in here writes to the database.
"""

from dataclasses import replace
from pathlib import Path

from ..errors import Refused
from . import known, sandbox, sniff
from .guess import guess
from .inspection import LOOKED_AT, Inspection, look_at
from .plan import Plan, Progress, make_plan
from .wishes import Wishes

__all__ = ["Inspection", "Plan", "Refused", "Wishes", "inspect", "plan_import"]


def inspect(file: Path, name: str = "", *, wishes: Wishes | None = None, within: str = "") -> Inspection:
    """A first look at a file called ``name``: layers, fields, sample rows, encoding, coordinate system.

    ``within``: materialised path of the areas against which coordinates are measured ("": all of them).
    Raises :class:`Refused` if it cannot be used at all.
    """
    wishes = wishes or Wishes()
    with sniff.lay_aside(file, name=name, encoding=wishes.encoding) as source:
        contents = sandbox.read(
            source,
            layer=wishes.layer,
            encoding=wishes.encoding,
            columns=wishes.geometry_columns,
            most=LOOKED_AT,
        )
    return look_at(contents, wishes, known.place(within))


def plan_import(
    file: Path,
    wishes: Wishes,
    *,
    name: str = "",
    within: str = "",
    progress: Progress = lambda percent, words: None,
) -> Plan:
    """Read and check a file of areas, writing nothing. Raises :class:`Refused` if it cannot be used.

    ``within``: code of the area everything must lie in.
    """
    progress(0, "")
    with sniff.lay_aside(file, name=name, encoding=wishes.encoding) as source:
        contents = sandbox.read(
            source, layer=wishes.layer, encoding=wishes.encoding, columns=wishes.geometry_columns
        )
    if not wishes.crs:
        wishes = _with_guess(contents, wishes)
    return make_plan(contents, wishes, file=name or file.name, within=within, progress=progress)


def _with_guess(contents: sandbox.Contents, wishes: Wishes) -> Wishes:
    """Nobody said which coordinate system it is: take the guess where it is certain, and say what it goes by.

    Where it is not, what the file says holds, or WGS-84 for degrees, which the report then calls assumed.
    """
    found = guess(contents.shapes, contents.crs, known.place())
    if not found.sure:
        contents.notes += [found.why] if contents.crs and found.candidates else []
        return wishes
    if contents.crs is None:
        contents.notes.append(found.why)
    return replace(wishes, crs=found.code or "")
