"""Questions to the map service: what may be asked, and which areas are meant."""

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.http import QueryDict
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from .exporting.table import COLUMNS, Selection
from .models import Level
from .policies import ever_public_areas

#: What everybody may know of an area: how many live there is not said.
PUBLIC = tuple(name for name in COLUMNS if name != "households")
LIMIT, MOST = 100, 1000
NAMES = ("bbox", "limit", "offset", "level", "code", "datetime")
#: QGIS and GDAL add these; there is only one answer to either.
ALSO = {"f": ("json", "geojson"), "crs": ("http://www.opengis.net/def/crs/OGC/1.3/CRS84",)}
BBox = tuple[float, float, float, float]


class BadQuestion(ValueError):
    """The question makes no sense; the text says what was expected."""


@dataclass(frozen=True)
class Question:
    """``bbox`` is west, south, east, north in WGS-84 degrees; ``on`` a day, an instant, or None: now."""

    bbox: BBox | None
    limit: int
    offset: int
    level: str
    code: str
    on: date | datetime | None

    @classmethod
    def parse(cls, asked: QueryDict) -> "Question":
        """Read a query string. Raises :class:`BadQuestion`."""
        check_names(asked, NAMES)
        return cls(
            bbox=_bbox(asked["bbox"]) if asked.get("bbox") else None,
            limit=min(_whole(asked, "limit", LIMIT, least=1), MOST),
            offset=_whole(asked, "offset", 0, least=0),
            level=_level(asked.get("level", "")),
            code=asked.get("code", ""),
            on=_moment(asked["datetime"]) if asked.get("datetime") else None,
        )

    def selection(self) -> Selection:
        """The areas that are meant."""
        found = Selection(ever_public_areas(), self.on)
        if self.level:
            found = found.of_level(self.level)
        if self.code:
            found = found.of_code(self.code)
        return found.touching(*self.bbox) if self.bbox else found


def check_names(asked: QueryDict, names: Iterable[str]) -> None:
    """Refuse what is not understood: a slip of the pen would else get a wrong answer, not none."""
    for name, values in asked.lists():
        if name in names or all(value in ALSO.get(name, ()) for value in values):
            continue
        raise BadQuestion(
            _("There is no parameter “%(name)s”. There are: %(names)s.")
            % {"name": name[:40], "names": ", ".join(names) or "–"}
        )


def json_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _bbox(text: str) -> BBox:
    message = _("Give bbox as west,south,east,north in degrees, west less than east, south less than north.")
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        raise BadQuestion(message) from None
    if len(numbers) == 6:  # With heights, which areas do not have.
        numbers = [numbers[0], numbers[1], numbers[3], numbers[4]]
    if len(numbers) != 4 or not all(map(math.isfinite, numbers)):
        raise BadQuestion(message)
    west, south, east, north = numbers
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise BadQuestion(message)
    return west, south, east, north


def _whole(asked: QueryDict, name: str, otherwise: int, *, least: int) -> int:
    text = asked.get(name, "")
    if not text:
        return otherwise
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) < least:
        raise BadQuestion(
            _("Give %(name)s as a whole number, %(least)s or more.") % {"name": name, "least": least}
        )
    return int(text)


def _level(code: str) -> str:
    levels = list(Level.objects.values_list("code", flat=True)) if code else []
    if code and code not in levels:
        raise BadQuestion(
            _("There is no level %(level)s. There are: %(levels)s.")
            % {"level": code[:40], "levels": ", ".join(levels)}
        )
    return code


def _moment(text: str) -> date | datetime:
    """A day or an instant. A space stands for the plus sign that a query string swallows."""
    message = _("Give datetime as one day (2026-05-01) or one instant (2026-05-01T08:00:00Z), no interval.")
    day_only = re.fullmatch(r"\d{4}-\d{2}-\d{2}", text)
    try:
        found = date.fromisoformat(text) if day_only else parse_datetime(text.replace(" ", "+"))
    except (ValueError, OverflowError):
        raise BadQuestion(message) from None
    # At either end of the calendar there is no day before or after.
    if found is None or found.year in (date.min.year, date.max.year):
        raise BadQuestion(message)
    return found
