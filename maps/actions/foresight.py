"""Working out what stands out and what is to be expected: once a day, and whenever somebody asks for it.

The libraries for it take seconds and 160 MB to load, so background work starts a process for it that ends
when it is done; a web process never loads them.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from datetime import date, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from maps.models import Finding, Foresight, Outlook
from workflows.models import Request

logger = logging.getLogger(__name__)
#: After so long without an end, whoever was at it is taken to be gone.
SILENCE = timedelta(hours=1)
#: Findings are kept for so many days; forecasts only until the next ones.
KEEP_DAYS = 35
#: Rows written at once.
BATCH = 2_000
COMMAND = "find_what_stands_out"


def latest_day() -> date:
    """The last local day that is over."""
    return timezone.localdate() - timedelta(days=1)


def find_what_stands_out(*, day: date | None = None, again: bool = False) -> Foresight | None:
    """Work out everything for ``day`` (by default the last whole one) and write it down.

    None when it is there already and ``again`` is not set, or when another process is at it.
    """
    wanted = day or latest_day()
    foresight = _claimed(wanted, again)
    if foresight is None:
        return None
    from maps.foresight.work import work_out

    worked = work_out(foresight, wanted)
    with transaction.atomic():
        foresight.findings.all().delete()
        foresight.outlooks.all().delete()
        Finding.objects.bulk_create(worked.findings, batch_size=BATCH)
        Outlook.objects.bulk_create(worked.outlooks, batch_size=BATCH)
        foresight.notes, foresight.finished_at = worked.notes, timezone.now()
        foresight.save(update_fields=["notes", "finished_at"])
        Outlook.objects.filter(foresight__day__lt=wanted).delete()
        Foresight.objects.filter(day__lt=wanted - timedelta(days=KEEP_DAYS)).delete()
    return foresight


def _claimed(day: date, again: bool) -> Foresight | None:
    """The row to work on, if nobody else is at it. Of several processes one gets it."""
    now = timezone.now()
    try:
        with transaction.atomic():
            return Foresight.objects.create(day=day, begun_at=now)
    except IntegrityError:
        there = Foresight.objects.get(day=day)
    if there.finished_at is None and now - there.begun_at < SILENCE:
        return None
    if there.finished_at is not None and not again:
        return None
    # What was found before stays readable until there is something to put in its place.
    mine = Foresight.objects.filter(day=day, begun_at=there.begun_at).update(begun_at=now)
    there.begun_at = now
    return there if mine else None


_thread: threading.Thread | None = None
_starting = threading.Lock()


def follow_days() -> None:
    """Begin with a day's work once it is over, if nobody has; it goes on in a process of its own."""
    global _thread
    if not settings.LINLI_FORESIGHT or not _is_due():
        return
    with _starting:
        if _thread is None or not _thread.is_alive():
            # A daemon: the process goes on to its end even if this one is told to stop.
            _thread = threading.Thread(target=_run_process, name="foresight", daemon=True)
            _thread.start()


def _is_due() -> bool:
    there = Foresight.objects.filter(day=latest_day()).first()
    if there is None:
        return Request.objects.exists()
    return there.finished_at is None and timezone.now() - there.begun_at >= SILENCE


def _run_process() -> None:
    """Run the command and wait for it; its output is for the log."""
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), COMMAND, "--verbosity", "0"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    if run.returncode:
        logger.error("%s failed: %s", COMMAND, run.stderr[-2000:])
