"""What is told about an import before anything is applied: findings, and what would happen to which area."""

from dataclasses import dataclass, field
from typing import Any

import shapely
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from shapely.geometry.base import BaseGeometry

ERROR, WARNING, NOTE = "error", "warning", "note"
#: Kinds of findings and what a list of them is called, worst first.
KINDS = {
    "duplicate": gettext_lazy("Same code twice"),
    "no_outline": gettext_lazy("Without an outline"),
    "wrong_type": gettext_lazy("Not an outline"),
    "text": gettext_lazy("Text to correct"),
    "level": gettext_lazy("Unknown or unsuitable level"),
    "parent": gettext_lazy("Parent not found"),
    "elsewhere": gettext_lazy("Code belongs to another area"),
    "retire": gettext_lazy("Cannot be ended"),
    "skipped": gettext_lazy("Left out"),
    "outside": gettext_lazy("Reaches beyond its parent"),
    "overlap": gettext_lazy("Overlapping"),
    "gap": gettext_lazy("Gaps"),
    "repaired": gettext_lazy("Repaired"),
}
#: What may happen to an area.
FATES = ("added", "changed", "retired", "unchanged", "missing")
#: Findings of one kind, and areas of one fate, that a stored report names one by one.
CAP = 500
#: Outlines in a report are for looking at: about a metre.
SIMPLIFY_DEGREES = 1e-5
MOST_CORNERS = 2000


@dataclass(frozen=True)
class Finding:
    """Something to tell. ``row`` counts the file's rows from 1, 0 for what is not in the file.

    ``geometry`` and ``place`` (lon, lat) in WGS-84 degrees show where it is, ``area_m2`` how much of it.
    """

    row: int
    code: str
    name: str
    what: str
    level: str
    message: str
    area_m2: float | None = None
    place: tuple[float, float] | None = None
    geometry: BaseGeometry | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "row": self.row,
            "code": self.code,
            "name": self.name,
            "what": self.what,
            "level": self.level,
            "message": self.message,
            "area_m2": None if self.area_m2 is None else round(self.area_m2, 1),
            "place": [round(degrees, 6) for degrees in self.place] if self.place else None,
            "geometry": sketch(self.geometry),
        }


@dataclass(frozen=True)
class Fate:
    """What would happen to one area; ``fields`` that change, ``parent`` is a code ("" for a root).

    ``geometry``: the outline it gets (added) or gets in place of its own (changed), WGS-84, for the report's
    map; None where the one in force stays.
    """

    row: int
    code: str
    name: str
    level: str
    parent: str
    fields: tuple[str, ...] = ()
    was: str = ""
    geometry: BaseGeometry | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "row": self.row,
            "code": self.code,
            "name": self.name,
            "level": self.level,
            "parent": self.parent,
            "fields": list(self.fields),
            "was": self.was,
            "geometry": sketch(self.geometry),
        }


@dataclass
class Report:
    """Everything to know before applying. ``assumed``: nobody said what the coordinates are."""

    file: str
    format: str
    layer: str
    read: int
    crs: str = ""
    crs_title: str = ""
    crs_assumed: bool = False
    encoding: str = ""
    notes: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    fates: dict[str, list[Fate]] = field(default_factory=lambda: {fate: [] for fate in FATES})
    bounds: tuple[float, float, float, float] | None = None

    def of(self, what: str) -> list[Finding]:
        return [finding for finding in self.findings if finding.what == what]

    @property
    def errors(self) -> list[Finding]:
        """Findings that forbid the import."""
        return [finding for finding in self.findings if finding.level == ERROR]

    @property
    def can_apply(self) -> bool:
        return not self.errors and any(self.fates[fate] for fate in ("added", "changed", "retired"))

    def counts(self) -> dict[str, int]:
        found = {fate: len(areas) for fate, areas in self.fates.items()}
        for level in (ERROR, WARNING, NOTE):
            found[f"{level}s"] = sum(finding.level == level for finding in self.findings)
        return found

    def as_json(self) -> dict[str, Any]:
        """For the job and its page: at most ``CAP`` of each kind, the counts are of all."""
        kinds = [
            {"what": what, "title": str(title), "level": worst(found), "count": len(found)}
            for what, title in KINDS.items()
            if (found := self.of(what))
        ]
        return {
            "file": self.file,
            "format": self.format,
            "layer": self.layer,
            "encoding": self.encoding,
            "crs": {"code": self.crs, "title": self.crs_title, "assumed": self.crs_assumed},
            "read": self.read,
            "notes": self.notes,
            "counts": self.counts(),
            "kinds": kinds,
            "findings": [finding.as_json() for what in KINDS for finding in self.of(what)[:CAP]],
            **{fate: [area.as_json() for area in areas[:CAP]] for fate, areas in self.fates.items()},
            "bounds": [round(value, 6) for value in self.bounds] if self.bounds else None,
            "cap": CAP,
            "can_apply": self.can_apply,
            "verdict": self.verdict(),
        }

    def verdict(self) -> str:
        """One sentence: what comes of it."""
        counts = self.counts()
        if counts["errors"]:
            return _(
                "%(count)s rows cannot be used. Correct them in the file, or choose to leave them out;"
                " nothing will be imported before."
            ) % {"count": len({(finding.row, finding.code) for finding in self.errors})}
        if not self.can_apply:
            return _("Everything in the file is there already; nothing would change.")
        return (
            _(
                "%(added)s areas will be added, %(changed)s changed, %(retired)s ended;"
                " %(unchanged)s stay as they are."
            )
            % counts
        )


def worst(findings: list[Finding]) -> str:
    levels = {finding.level for finding in findings}
    return next(level for level in (ERROR, WARNING, NOTE) if level in levels)


def sketch(geometry: BaseGeometry | None) -> dict[str, Any] | None:
    """A geometry as GeoJSON to look at: simplified, six decimals; None for one too intricate to be sent."""
    if geometry is None or geometry.is_empty:
        return None
    simple = shapely.simplify(geometry, SIMPLIFY_DEGREES)
    simple = geometry if simple.is_empty else simple
    if shapely.get_num_coordinates(simple) > MOST_CORNERS:
        simple = simple.envelope
    return _rounded(shapely.geometry.mapping(simple))


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(inner) for inner in value]
    return round(value, 6) if isinstance(value, float) else value
