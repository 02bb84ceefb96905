"""Taking over cases from another system: in batches, each a transaction of its own, none of them twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice

from django.db import transaction
from django.utils import timezone

from grid import locator, stamp
from grid.models import Area
from realtime.events import RequestClosed, RequestImported
from realtime.log import Audience, Said, Subject, emit_all

from .. import clocks, limits, numbers
from ..brief import case_brief
from ..calendar import working_calendar
from ..history import BadMapping, FileMapping, HistoryRow, Reject
from ..models import Category, Request, Source
from ..models.request import ENDED_STATES

BATCH = 1000
#: What has been announced of an imported case: nothing is to be, it is history.
TOLD = "red"


@dataclass
class Tally:
    """What became of the rows: ``read`` = imported + rejected + already there, always."""

    read: int = 0
    imported: int = 0
    rejected: int = 0
    already_there: int = 0
    punctuality: Punctuality = field(default_factory=lambda: Punctuality())


@dataclass
class Punctuality:
    """Closed cases with a due date: in time as we reckon, and as the file itself says where it says so."""

    closed: int = 0
    in_time: int = 0
    said: int = 0
    said_in_time: int = 0
    #: Numbers of the rows where the two differ.
    differing: list[int] = field(default_factory=list)

    def add(self, row: HistoryRow) -> None:
        if row.closed_at is None or row.due_at is None:
            return
        in_time = row.closed_at <= row.due_at
        self.closed += 1
        self.in_time += in_time
        if row.on_time is not None:
            self.said += 1
            self.said_in_time += row.on_time
            if row.on_time != in_time:
                self.differing.append(row.row)


def import_history(
    rows: Iterable[HistoryRow | Reject], mapping: FileMapping, *, batch_size: int = BATCH
) -> Iterator[tuple[Tally, list[Reject]]]:
    """Import rows batch by batch; after each, the tally so far and the batch's rejects.

    A batch is written completely or, when the process dies, not at all; running again takes up what is
    missing. Imported cases keep the file's times and states, run on no workflow, and lie where their points
    are, also outside all grids. Raises :class:`BadMapping` when the mapping names an unknown category.
    """
    importer = _Importer(mapping)
    tally = Tally()
    remaining = iter(rows)
    while batch := list(islice(remaining, batch_size)):
        rejects = [item for item in batch if isinstance(item, Reject)]
        cases = [item for item in batch if isinstance(item, HistoryRow)]
        for case in cases:
            tally.punctuality.add(case)
        imported = importer.write(cases)
        tally.read += len(batch)
        tally.rejected += len(rejects)
        tally.imported += imported
        tally.already_there += len(cases) - imported
        yield tally, rejects


class _Importer:
    def __init__(self, mapping: FileMapping) -> None:
        self.mapping = mapping
        self.categories = _categories(mapping)
        self.conditions = {code: limits.default_condition(found) for code, found in self.categories.items()}
        self.areas: dict[int, Area] = {}
        self.calendar = working_calendar()
        # The grids as they are when a batch begins.
        self.locator = locator.current_locator(fresh=True)

    @transaction.atomic
    def write(self, rows: Sequence[HistoryRow]) -> int:
        """Write the rows that are not there yet; how many those were."""
        known = set(
            Request.objects.filter(
                external_system=self.mapping.system, external_id__in=[row.external_id for row in rows]
            ).values_list("external_id", flat=True)
        )
        new = [row for row in rows if row.external_id not in known]
        stamp.hold_borders()
        self.locator = locator.current_locator(fresh=True)
        cases = [self._case(row) for row in new]
        _number(cases)
        Request.objects.bulk_create(cases)
        emit_all(said for row, case in zip(new, cases, strict=True) for said in self._story(row, case))
        return len(cases)

    def _case(self, row: HistoryRow) -> Request:
        case = Request(
            category=self.categories.get(row.category),
            text=row.text,
            source=Source.IMPORT,
            urgency=row.urgency,
            address=row.address,
            state=row.state,
            filed_at=row.filed_at,
            registered_at=row.registered_at,
            handled_at=row.handled_at,
            closed_at=row.closed_at,
            external_system=self.mapping.system,
            external_id=row.external_id,
            light_told=TOLD,
        )
        self._place(case, row)
        self._limit(case, row)
        return case

    def _place(self, case: Request, row: HistoryRow) -> None:
        case.lon, case.lat, case.source_datum = row.lon, row.lat, self.mapping.datum
        if row.lon is None or row.lat is None:
            return
        found = self.locator.locate(row.lon, row.lat)
        case.placed = found.placed
        if found.area_id is not None:
            if found.area_id not in self.areas:
                self.areas[found.area_id] = Area.objects.get(pk=found.area_id)
            case.area = case.area_today = self.areas[found.area_id]
            case.area_path = case.path_today = found.path

    def _limit(self, case: Request, row: HistoryRow) -> None:
        """The file's own due date counts; else its limit, on our clocks; else the category's condition."""
        condition = self.conditions.get(row.category)
        if row.limit is not None:
            case.limit, case.clock = row.limit.limit, row.limit.clock
        elif row.due_at is None and condition is not None and self.mapping.columns.due_at is None:
            case.condition, case.limit, case.clock = condition, condition.limit, condition.clock
        if row.due_at is not None:
            case.due_at = row.due_at
            share = float(clocks.YELLOW_SHARE)
            case.yellow_at = max(row.filed_at, row.filed_at + share * (row.due_at - row.filed_at))
        elif case.limit is not None:
            case.due_at = clocks.due(row.filed_at, case.limit, case.clock, self.calendar)
            case.yellow_at = clocks.yellow(row.filed_at, case.limit, case.clock, self.calendar)

    def _story(self, row: HistoryRow, case: Request) -> Iterator[Said]:
        subject, audience, brief = Subject("request", case.pk), Audience(case.area_path), case_brief(case)
        imported = RequestImported(
            case=brief, system=self.mapping.system, external_id=row.external_id, imported_at=timezone.now()
        )
        yield Said(imported, subject, audience=audience, at=row.filed_at)
        if case.state in ENDED_STATES and case.closed_at is not None:
            on_time = None if case.due_at is None else case.closed_at <= case.due_at
            closed = RequestClosed(case=brief, state=case.state, on_time=on_time, note=row.closing_note)
            yield Said(closed, subject, audience=audience, at=case.closed_at)


def _categories(mapping: FileMapping) -> dict[str, Category]:
    wanted = set(mapping.categories.values()) - {""}
    found = {category.code: category for category in Category.objects.filter(code__in=wanted)}
    if missing := sorted(wanted - set(found)):
        raise BadMapping(
            f"there is no category with the code {', '.join(missing)}; run load_categories first"
        )
    return found


def _number(cases: Sequence[Request]) -> None:
    """Number cases by the day they were filed, taking the numbers of one day and area at once."""
    together: Mapping[tuple[str, date], list[Request]] = defaultdict(list)
    for case in cases:
        together[case.area.code if case.area else "", timezone.localdate(case.filed_at)].append(case)
    for (code, _day), group in together.items():
        at: datetime = group[0].filed_at
        for case, number in zip(group, numbers.next_numbers(code, at, len(group)), strict=True):
            case.number = number
