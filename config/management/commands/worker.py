"""``manage.py worker``: the background work in a process of its own."""

from __future__ import annotations

import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from config.background import Sweeper, jobs

#: Seconds between rounds where the setting leaves them to the worker (0).
DEFAULT_SECONDS = 5.0


class Command(BaseCommand):
    help = "Fire timers, announce deadlines and send mails until stopped; several may run at once."

    def handle(self, *args: Any, **options: Any) -> None:
        ends = {signal.SIGTERM, signal.SIGINT}
        signal.pthread_sigmask(signal.SIG_BLOCK, ends)
        sweeper = Sweeper(jobs(settings.LINLI_SWEEP_SECONDS or DEFAULT_SECONDS))
        sweeper.start()
        self.stdout.write("Working: " + ", ".join(job.path for job in sweeper.jobs))
        self.stdout.flush()
        signal.sigwait(ends)
        sweeper.stop(patience=10)
