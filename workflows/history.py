"""Reading another system's history: a mapping in TOML, rows in CSV, one by one, each usable or with a reason.

Pure but for the file: nothing here touches the database. docs/how-to/import-requests.md explains the mapping.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from grid.datums import to_wgs84

from .models import Clock, State, Urgency
from .models.request import ENDED_STATES
from .texts import TEXT_MAX

#: The header is row 1, as in a spreadsheet.
FIRST_ROW = 2
#: The date format that stands for ISO 8601, with or without an offset.
ISO = "iso"


class BadMapping(Exception):
    """The mapping cannot be used; the message says which entry and why."""


class BadRow(Exception):
    """A row cannot be imported; the message is written to the rejects file."""


def _zone(name: str) -> str:
    ZoneInfo(name)
    return name


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Columns(_Strict):
    """Which column of the file holds what. ``text`` and ``closing_note`` join several, in order."""

    id: str
    filed_at: str
    state: str
    text: list[str] = Field(min_length=1)
    closed_at: str | None = None
    due_at: str | None = None
    limit: str | None = None
    registered_at: str | None = None
    handled_at: str | None = None
    closing_note: list[str] = []
    category: str | None = None
    urgency: str | None = None
    address: str | None = None
    lon: str | None = None
    lat: str | None = None
    on_time: str | None = None

    def named(self) -> set[str]:
        values = [value for value in self.model_dump().values() if value]
        return {name for value in values for name in (value if isinstance(value, list) else [value])}


class LimitEntry(_Strict):
    """What a limit of the file means on our clocks."""

    limit: Annotated[Decimal, Field(gt=0, le=9999, decimal_places=2)]
    clock: Clock


class OnTime(_Strict):
    """The file's own words for in time and late."""

    yes: list[str]
    no: list[str]


class FileMapping(_Strict):
    """A whole mapping file."""

    system: Annotated[str, Field(pattern=r"^[0-9A-Za-z._-]+$", max_length=40)]
    columns: Columns
    states: dict[str, State]
    encoding: str = "utf-8-sig"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    time_zone: Annotated[str, AfterValidator(_zone)]
    date_formats: list[str] = Field(default=[ISO], min_length=1)
    datum: Literal["wgs84", "cgcs2000", "gcj02", "bd09"] = "wgs84"
    categories: dict[str, str] = {}
    limits: dict[str, LimitEntry] = {}
    urgent: list[str] = []
    on_time: OnTime | None = None

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One case of the file. Instants are in UTC, places in WGS-84 degrees; ``on_time`` is the file's word."""

    row: int
    external_id: str
    text: str
    state: State
    filed_at: datetime
    closed_at: datetime | None
    due_at: datetime | None
    registered_at: datetime | None
    handled_at: datetime | None
    limit: LimitEntry | None
    category: str
    urgency: str
    address: str
    closing_note: str
    lon: float | None
    lat: float | None
    on_time: bool | None


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that cannot be imported: its number as in a spreadsheet, why, and its cells as they were."""

    row: int
    reason: str
    cells: list[str]


def read_mapping(file: Path) -> FileMapping:
    """A mapping from a TOML file. Raises :class:`BadMapping` naming every wrong entry."""
    try:
        return FileMapping.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise BadMapping(
            f"{file} cannot be read: {error}. (Left of = only Latin letters may stand without quotes; "
            'others go in quotes: "已结案" = "closed".)'
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadMapping(f"{file} cannot be read: {error}") from error
    except ValidationError as error:
        lines = (f"  {'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise BadMapping(f"{file} is not a mapping:\n" + "\n".join(lines)) from error
    except (KeyError, ValueError) as error:
        raise BadMapping(f"{file}: unknown time zone {error}") from error


def header_of(file: Path, mapping: FileMapping) -> list[str]:
    """The names of the file's columns. Raises :class:`BadMapping` when the mapping names others."""
    header = next(_records(file, mapping), [])
    if missing := sorted(mapping.columns.named() - set(header)):
        raise BadMapping(
            f"the file has no column {', '.join(missing)}; its columns are: {', '.join(header) or '(none)'}"
        )
    return header


def count_rows(file: Path, mapping: FileMapping) -> int:
    """Rows below the header, for the progress bar."""
    return max(sum(1 for _ in _records(file, mapping)) - 1, 0)


def read_rows(file: Path, mapping: FileMapping, *, now: datetime) -> Iterator[HistoryRow | Reject]:
    """Every row of the file, in order: usable, or with the reason why not. None is left out."""
    records = _records(file, mapping)
    header = next(records)
    seen: dict[str, int] = {}
    reader = _RowReader(mapping, now)
    for row, cells in enumerate(records, start=FIRST_ROW):
        try:
            if len(cells) != len(header):
                raise BadRow(f"{len(cells)} cells, but the file has {len(header)} columns")
            case = reader.read(row, dict(zip(header, cells, strict=True)))
            if first := seen.get(case.external_id):
                raise BadRow(f"the id {case.external_id!r} occurred in row {first} already")
            seen[case.external_id] = row
            yield case
        except BadRow as problem:
            yield Reject(row, str(problem), cells)


def _records(file: Path, mapping: FileMapping) -> Iterator[list[str]]:
    try:
        with file.open(encoding=mapping.encoding, newline="") as stream:
            yield from (cells for cells in csv.reader(stream, delimiter=mapping.delimiter) if cells)
    except (OSError, LookupError) as error:
        raise BadMapping(f"{file} cannot be read: {error}") from error
    except UnicodeDecodeError as error:
        raise BadMapping(
            f"{file} is not {mapping.encoding}: {error.reason} at byte {error.start}. "
            'Files from Chinese spreadsheets often are encoding = "gb18030".'
        ) from error
    except csv.Error as error:
        raise BadMapping(f"{file} is not CSV: {error}") from error


class _RowReader:
    def __init__(self, mapping: FileMapping, now: datetime) -> None:
        self.mapping, self.columns, self.now = mapping, mapping.columns, now

    def read(self, row: int, cells: Mapping[str, str]) -> HistoryRow:
        """Raises :class:`BadRow`."""
        columns = self.columns
        state = self._state(cells)
        filed_at = self._required_instant(cells, columns.filed_at)
        closed_at = self._instant(cells, columns.closed_at)
        if state in ENDED_STATES and closed_at is None:
            raise BadRow(f"{columns.state} says it ended, but it has no time of closing")
        if state not in ENDED_STATES and closed_at is not None:
            raise BadRow(f"{columns.state} says it is open, but it has a time of closing")
        if closed_at is not None and closed_at < filed_at:
            raise BadRow("closed before it was filed")
        if max(filed_at, closed_at or filed_at) > self.now:
            raise BadRow("filed or closed in the future; check the date format and the time zone")
        lon, lat = self._place(cells)
        return HistoryRow(
            row=row,
            external_id=self._id(cells),
            text=self._text(cells),
            state=state,
            filed_at=filed_at,
            closed_at=closed_at,
            due_at=self._instant(cells, columns.due_at),
            registered_at=self._instant(cells, columns.registered_at),
            handled_at=self._instant(cells, columns.handled_at),
            limit=self._limit(cells),
            category=self._category(cells),
            urgency=self._urgency(cells),
            address=_cell(cells, columns.address)[:200],
            closing_note="\n".join(self._joined(cells, columns.closing_note)),
            lon=lon,
            lat=lat,
            on_time=self._on_time(cells),
        )

    def _id(self, cells: Mapping[str, str]) -> str:
        external_id = _cell(cells, self.columns.id)
        if not external_id:
            raise BadRow(f"{self.columns.id} is empty")
        if len(external_id) > 80:
            raise BadRow(f"{self.columns.id} has more than 80 characters")
        return external_id

    def _text(self, cells: Mapping[str, str]) -> str:
        text = "\n".join(self._joined(cells, self.columns.text))
        if not text:
            raise BadRow(f"{', '.join(self.columns.text)}: all empty")
        if len(text) > TEXT_MAX:
            raise BadRow(f"the text has {len(text)} characters; at most {TEXT_MAX} fit")
        return text

    def _joined(self, cells: Mapping[str, str], names: list[str]) -> list[str]:
        """The cells that say something, each once."""
        return list(dict.fromkeys(text for name in names if (text := _cell(cells, name))))

    def _state(self, cells: Mapping[str, str]) -> State:
        said = _cell(cells, self.columns.state)
        if said not in self.mapping.states:
            raise BadRow(f"{self.columns.state} is {said!r}, which the mapping's [states] does not name")
        return self.mapping.states[said]

    def _required_instant(self, cells: Mapping[str, str], name: str) -> datetime:
        instant = self._instant(cells, name)
        if instant is None:
            raise BadRow(f"{name} is empty")
        return instant

    def _instant(self, cells: Mapping[str, str], name: str | None) -> datetime | None:
        said = _cell(cells, name)
        if not said:
            return None
        for pattern in self.mapping.date_formats:
            try:
                parsed = (
                    datetime.fromisoformat(said) if pattern == ISO else datetime.strptime(said, pattern)  # noqa: DTZ007 (the zone follows)
                )
            except ValueError:
                continue
            if parsed.tzinfo is None:
                parsed = parsed.replace(tzinfo=self.mapping.zone)
            return parsed.astimezone(UTC)
        raise BadRow(f"{name} is {said!r}, which fits none of the date formats")

    def _place(self, cells: Mapping[str, str]) -> tuple[float, float] | tuple[None, None]:
        lon, lat = _cell(cells, self.columns.lon), _cell(cells, self.columns.lat)
        if not lon and not lat:
            return None, None
        try:
            x, y = to_wgs84(float(lon), float(lat), self.mapping.datum)
        except ValueError:
            raise BadRow(f"the place ({lon!r}, {lat!r}) is not a pair of numbers") from None
        if not (abs(x) <= 180 and abs(y) <= 90):
            raise BadRow(
                f"the place ({lon}, {lat}) is not on the globe; are longitude and latitude exchanged?"
            )
        return round(x, 7), round(y, 7)

    def _category(self, cells: Mapping[str, str]) -> str:
        said = _cell(cells, self.columns.category)
        if said and said not in self.mapping.categories:
            raise BadRow(
                f"{self.columns.category} is {said!r}, which the mapping's [categories] does not name"
            )
        return self.mapping.categories[said] if said else ""

    def _limit(self, cells: Mapping[str, str]) -> LimitEntry | None:
        said = _cell(cells, self.columns.limit)
        if said and said not in self.mapping.limits:
            raise BadRow(f"{self.columns.limit} is {said!r}, which the mapping's [limits] does not name")
        return self.mapping.limits[said] if said else None

    def _urgency(self, cells: Mapping[str, str]) -> str:
        said = _cell(cells, self.columns.urgency)
        return Urgency.URGENT if said and said in self.mapping.urgent else Urgency.NORMAL

    def _on_time(self, cells: Mapping[str, str]) -> bool | None:
        said, words = _cell(cells, self.columns.on_time), self.mapping.on_time
        if not said or words is None:
            return None
        return True if said in words.yes else False if said in words.no else None


def _cell(cells: Mapping[str, str], name: str | None) -> str:
    return cells[name].replace("\0", "").strip() if name else ""
