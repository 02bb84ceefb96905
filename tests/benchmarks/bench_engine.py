"""The workflow engine against plain rows: ``make bench-engine``.

Both sides carry a case through a three-step approval on PostgreSQL: start, three decisions, end. *Ours* is
``start_case`` and ``decide_task``. The *reference* writes the same rows (checked at the end, table by
table) with Django's ORM as a program would that knows beforehand what to write: one transaction per
transition, under the same row lock, without reading the case, checking any right, finding any person or
hashing any chain.

With ``--peer`` (``make bench-engine-peer``) the reference is SpiffWorkflow with its state as JSON, see
``peer_side.py``.

The two take turns in one run; the medians of the rounds are compared.
Ends with the line `engine: ratio=… ours=… reference=…` (`engine-peer: …`).
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests import services

if TYPE_CHECKING:
    from tests.benchmarks.engine_sides import Side

#: Short turns, many of them: whatever else the machine does then weighs on both sides alike.
ROUNDS = int(os.environ.get("LINLI_BENCH_ROUNDS", "60"))
CASES = int(os.environ.get("LINLI_BENCH_CASES", "5"))
#: Start and three decisions.
TRANSITIONS = 4


@dataclass
class Record:
    """Seconds per transition, a number per round: by the clock, and of this process's processor time."""

    clock: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def time(self, side: Side) -> None:
        cases = side.new_cases(CASES)
        clock, processor = time.perf_counter(), time.process_time()
        side.carry(cases)
        self.clock.append((time.perf_counter() - clock) / (CASES * TRANSITIONS))
        self.processor.append((time.process_time() - processor) / (CASES * TRANSITIONS))

    def __str__(self) -> str:
        tenths = statistics.quantiles([value * 1e3 for value in self.clock], n=10)
        return (
            f"median {statistics.median(self.clock) * 1e3:.2f} ms a transition (10–90 %: {tenths[0]:.2f}–"
            f"{tenths[-1]:.2f}), of it {statistics.median(self.processor) * 1e3:.2f} ms in this process"
        )


PEER = "--peer" in sys.argv


def _sides(setting: dict[str, Any]) -> tuple[Side, Side]:
    from tests.benchmarks.engine_sides import Ours, Plain

    if not PEER:
        return Ours(setting), Plain(setting)
    from tests.benchmarks.peer_side import Peer

    return Ours(setting), Peer(setting)


def measure(setting: dict[str, Any]) -> tuple[Record, Record]:
    sides, records = _sides(setting), (Record(), Record())
    for side in sides:
        side.carry(side.new_cases(CASES))  # compile, connect, fill the caches
    for turn in range(ROUNDS):
        for number in (0, 1) if turn % 2 else (1, 0):
            records[number].time(sides[number])
    counts = [side.rows() for side in sides]
    if PEER:
        # Its tasks and their links are in its JSON; what the product needs beside an engine is the same.
        counts = [
            {name: count[name] for name in ("Opinion", "Event", "Notification", "closed")} for count in counts
        ]
    if counts[0] != counts[1]:
        raise SystemExit(f"the two sides wrote different rows: {counts}")
    print("rows per case:", counts[0])
    return records


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, services.running_postgres() as server:
        url = server.create("bench")
        os.environ.update(services.product_environment(url, Path(folder), LINLI_CONN_MAX_AGE="60"))
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        from tests.benchmarks.engine_sides import prepare

        setting = prepare()
        if "--queries" in sys.argv:
            from tests.benchmarks.engine_sides import show_queries

            show_queries(setting)
            return
        ours, reference = measure(setting)
        from django.db import connection

        connection.close()
    print(f"{ROUNDS} rounds of {CASES} cases each, {TRANSITIONS} transitions a case, alternating")
    print(f"ours: {ours}")
    print(f"reference: {reference}")
    mine, theirs = statistics.median(ours.clock), statistics.median(reference.clock)
    name = "engine-peer" if PEER else "engine"
    print(f"{name}: ratio={theirs / mine:.2f} ours={1 / mine:.0f}/s reference={1 / theirs:.0f}/s")


if __name__ == "__main__":
    main()
