"""How the news gets through: the figures of this process, and those that every serving process reports.

A process writes its own figures into one row every few seconds, so that the page about them shows all
processes, whichever of them answers.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any

from asgiref.sync import sync_to_async
from django.db import DatabaseError, connection
from django.utils import timezone

from . import hub
from .counts import DELAYS, here
from .models import ProcessReport

logger = logging.getLogger(__name__)

#: Seconds between two reports, and after which a process that reported no more is taken for gone.
REPORT_EVERY = 15.0
GONE_AFTER = 60.0
#: Seconds from the start to the first report.
SETTLED_AFTER = 2.0

_started_at = timezone.now()


@dataclass(frozen=True)
class Figures:
    """Sums since the process started, unless a field says "now"."""

    #: Open now, by kind ("map socket", "tasks stream"); all there were; refused, by close code.
    present: dict[str, int] = field(default_factory=dict)
    opened: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    #: See :class:`realtime.counts.Counts`.
    events: int = 0
    frames: int = 0
    bytes: int = 0
    skipped: int = 0
    replays: int = 0
    rereads: int = 0
    dropped: int = 0
    #: Connections that take nothing, now.
    stuck: int = 0
    #: Number of delays per class of ``DELAYS``, the last for those above; and their sum in seconds.
    delays: list[int] = field(default_factory=lambda: [0] * (len(DELAYS) + 1))
    delayed: float = 0.0
    #: Serving processes, and those of them whose hub follows the events, now.
    processes: int = 1
    following: int = 0

    def __add__(self, other: Figures) -> Figures:
        return Figures(
            **{one.name: _sum(getattr(self, one.name), getattr(other, one.name)) for one in fields(Figures)}
        )

    def within(self, seconds: float) -> int:
        """How many delays were no longer than one of ``DELAYS``."""
        return sum(self.delays[: DELAYS.index(seconds) + 1])


def _sum(one: Any, other: Any) -> Any:
    if isinstance(one, dict):
        return {key: one.get(key, 0) + other.get(key, 0) for key in sorted({*one, *other})}
    if isinstance(one, list):
        return [a + b for a, b in zip(one, other, strict=True)]
    return one + other


def of_this_process() -> Figures:
    """As they stand now. Cheap, asks no database; from any thread."""
    running = hub.running()
    return Figures(
        present={kind: number for kind, number in dict(here.present).items() if number},
        opened=dict(here.opened),
        refused={str(code): number for code, number in dict(here.refused).items()},
        events=here.events,
        frames=here.frames,
        bytes=here.bytes,
        skipped=here.skipped,
        replays=here.replays,
        rereads=here.rereads,
        dropped=here.dropped,
        stuck=running.stuck if running else 0,
        delays=list(here.delays.classes),
        delayed=here.delays.total,
        following=int(running is not None and running.is_healthy),
    )


# --- All processes -------------------------------------------------------------------------------
@dataclass(frozen=True)
class Process:
    """A process that serves."""

    name: str
    started_at: datetime
    figures: Figures


def name() -> str:
    """Of this process: where it runs, and its number there."""
    return f"{socket.gethostname()}:{os.getpid()}"[:100]


def report() -> None:
    """Write this process's figures down for the others; forget processes that have long been gone."""
    now = timezone.now()
    ProcessReport.objects.filter(reported_at__lt=now - timedelta(hours=1)).delete()
    values = {"started_at": _started_at, "reported_at": now, "figures": asdict(of_this_process())}
    ProcessReport.objects.update_or_create(pk=name(), defaults=values)


def processes() -> Sequence[Process]:
    """Every process that serves now, by name; this one as it stands, the others as they last reported."""
    since = timezone.now() - timedelta(seconds=GONE_AFTER)
    reports = ProcessReport.objects.filter(reported_at__gt=since).exclude(pk=name())
    found = [Process(one.pk, one.started_at, _read(one.figures)) for one in reports]
    if hub.running() is not None:
        found.append(Process(name(), _started_at, of_this_process()))
    return sorted(found, key=lambda process: process.name)


def total(found: Iterable[Process]) -> Figures:
    return sum((process.figures for process in found), start=Figures(processes=0))


def _read(kept: dict[str, Any]) -> Figures:
    """A process of another release may report more, or less."""
    known = {one.name for one in fields(Figures)}
    return Figures(**{name: value for name, value in kept.items() if name in known})


async def keep_reporting() -> None:
    """Report until cancelled, from when the hub has had time to look around."""
    await asyncio.sleep(SETTLED_AFTER)
    while True:
        try:
            await sync_to_async(_report_once, thread_sensitive=False)()
        except Exception:
            logger.exception("Could not report how the news gets through; trying again")
        await asyncio.sleep(REPORT_EVERY)


def _report_once() -> None:
    try:
        report()
    finally:
        connection.close()


def withdraw() -> None:
    """This process ends, so it is not to be missed."""
    try:
        ProcessReport.objects.filter(pk=name()).delete()
    except DatabaseError:
        logger.warning("Could not withdraw the report of this process; it is taken for gone in a minute")
    finally:
        connection.close()
