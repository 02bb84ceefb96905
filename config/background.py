"""Background work: periodic jobs, run by a thread of the web process or by ``manage.py worker``.

Every job is safe to run in several processes at once; here they only take turns. A job that fails is logged
and tried again in the next round; it never keeps the others from running.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import close_old_connections, connections
from django.utils.module_loading import import_string

logger = logging.getLogger(__name__)

#: Every six hours.
PHOTO_SWEEP_SECONDS = 6 * 3600.0


@dataclass(frozen=True)
class Job:
    """Something to do every ``every`` seconds. ``path``: dotted name of a function without arguments."""

    path: str
    every: float

    def run(self) -> None:
        """Do it once. Failures are logged, never raised."""
        run: Callable[[], object]
        try:
            close_old_connections()
            run = import_string(self.path)
            run()
        except Exception:
            logger.exception("Background job %s failed; it runs again in %g s", self.path, self.every)


def jobs(sweep_seconds: float) -> list[Job]:
    """What this installation's settings ask for."""
    paths = [
        "workflows.actions.timers.fire_timers",
        "workflows.actions.suspension.resume_due",
        "workflows.actions.calendar.follow_calendar",
        "workflows.actions.deadlines.tell_deadlines",
        "workflows.actions.supervision.tell_unanswered",
        "workflows.actions.borders.follow_time",
        "workflows.actions.orphans.pass_on_orphans",
        "realtime.mail.send_mails",
        "workflows.actions.webhooks.send_webhooks",
        "grid.actions.imports.run_in_background",
        "workflows.actions.workflow_jobs.run_in_background",
        "maps.indicators.actions.follow.follow",
        "maps.indicators.actions.jobs.run_in_background",
    ]
    found = [Job(path, sweep_seconds) for path in paths]
    # Photo files of filings that were cut off; nothing waits for it.
    found.append(Job("workflows.photos.sweep", PHOTO_SWEEP_SECONDS))
    found.append(Job("grid.actions.imports.remove_old_uploads", PHOTO_SWEEP_SECONDS))
    found.append(Job("workflows.actions.workflow_jobs.remove_old_jobs", PHOTO_SWEEP_SECONDS))
    found.append(Job("maps.indicators.actions.jobs.remove_old_files", PHOTO_SWEEP_SECONDS))
    if settings.LINLI_SIMULATE_RATE > 0:
        found.append(Job("demo.simulator.tick", min(1.0, sweep_seconds)))
    return found


class Sweeper:
    """Runs the jobs, each in its own rhythm, until told to stop."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.jobs = list(jobs)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Run in a thread. A daemon: all it does is done in transactions, so it may be cut off anywhere."""
        self._thread = threading.Thread(target=self.run, name="background", daemon=True)
        self._thread.start()

    def stop(self, patience: float = 1.5) -> None:
        """Finish the present job, within ``patience`` seconds, and end."""
        self._stop.set()
        if self._thread:
            self._thread.join(patience)

    def run(self) -> None:
        """Run in the calling thread until :meth:`stop`."""
        due = {job: time.monotonic() + job.every for job in self.jobs}
        while not self._stop.is_set():
            for job in [job for job in self.jobs if due[job] <= time.monotonic()]:
                if self._stop.is_set():
                    break
                job.run()
                due[job] = time.monotonic() + job.every
            # A connection kept through the pause would outlive a restart of the database.
            connections.close_all()
            self._stop.wait(max(0.01, min(due.values(), default=time.monotonic() + 1) - time.monotonic()))
