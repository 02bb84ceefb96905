import csv
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm

from workflows.actions.history import Punctuality, Tally, import_history
from workflows.history import BadMapping, Reject, count_rows, header_of, read_mapping, read_rows


class Command(BaseCommand):
    help = "Take over cases from another system's CSV file, as docs/how-to/import-requests.md says."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="CSV, its first row naming the columns")
        parser.add_argument(
            "--mapping", type=Path, required=True, metavar="FILE.toml", help="what its columns mean"
        )
        parser.add_argument(
            "--rejects",
            type=Path,
            metavar="FILE.csv",
            help="where rows in error go, with their reason (default: imports/ in the data directory)",
        )

    def handle(self, *, file: Path, mapping: Path, rejects: Path | None, **options: Any) -> None:
        rejects = rejects or settings.DATA_DIR / "imports" / f"{file.stem}.rejects.csv"
        try:
            self._run(file, mapping, rejects, quiet=options["verbosity"] == 0)
        except BadMapping as error:
            raise CommandError(str(error)) from error

    def _run(self, file: Path, mapping_file: Path, rejects: Path, *, quiet: bool) -> None:
        mapping = read_mapping(mapping_file)
        header = header_of(file, mapping)
        rejects.parent.mkdir(parents=True, exist_ok=True)
        rejects.unlink(missing_ok=True)
        tally, started = Tally(), time.perf_counter()
        rows = read_rows(file, mapping, now=timezone.now())
        with tqdm(total=count_rows(file, mapping), unit=" rows", unit_scale=True, disable=quiet) as progress:
            for tally, batch in import_history(rows, mapping):
                _write_rejects(rejects, header, batch)
                progress.update(tally.read - progress.n)
        if not quiet:
            self._report(tally, time.perf_counter() - started, rejects)

    def _report(self, tally: Tally, seconds: float, rejects: Path) -> None:
        self.stdout.write(
            f"{tally.read:,} rows read: {tally.imported:,} imported, {tally.rejected:,} rejected, "
            f"{tally.already_there:,} already there. "
            f"{seconds:.1f} s, {tally.read / max(seconds, 1e-9):,.0f} rows/s."
        )
        if tally.rejected:
            self.stdout.write(f"Rejected rows and why: {rejects}")
        for line in _punctuality(tally.punctuality):
            self.stdout.write(line)


def _write_rejects(file: Path, header: list[str], rejects: list[Reject]) -> None:
    if not rejects:
        return
    fresh = not file.exists()
    # With a byte order mark, so that spreadsheets read it as UTF-8.
    with file.open("a", encoding="utf-8-sig" if fresh else "utf-8", newline="") as stream:
        writer = csv.writer(stream)
        if fresh:
            writer.writerow(["row", "reason", *header])
        writer.writerows([reject.row, reject.reason, *reject.cells] for reject in rejects)


def _punctuality(found: Punctuality) -> list[str]:
    if not found.closed:
        return []
    lines = [
        f"Closed in time, by due and closing time: {found.in_time:,} of {found.closed:,} "
        f"({found.in_time / found.closed:.1%})."
    ]
    if found.said:
        lines.append(
            f"Closed in time, by the file's own word: {found.said_in_time:,} of {found.said:,} "
            f"({found.said_in_time / found.said:.1%}); "
            f"{found.said - len(found.differing):,} rows agree, {len(found.differing):,} differ"
            + (f" (rows {', '.join(map(str, found.differing[:20]))})." if found.differing else ".")
        )
    return lines
