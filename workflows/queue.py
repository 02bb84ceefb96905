"""A queue of work that somebody waits for: done in a thread of the web process, or of ``manage.py worker``.

Whoever works on a job says so every second or so; one that has not been heard of for ``SILENCE`` seconds is
taken up again from its beginning, by whichever process finds it first.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.db import close_old_connections, connections, transaction
from django.db.models import QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from grid.errors import Refused
from realtime import hub

from .models.jobs import BackgroundJob

logger = logging.getLogger(__name__)
Stage = BackgroundJob.Stage
#: Seconds after which a job nobody is heard of is taken up again.
SILENCE = 60
#: Seconds between two words of how far it is.
TELL_EVERY = 1.0

J = TypeVar("J", bound=BackgroundJob)
#: Hears how far a job is, in per cent.
Tell = Callable[[int], None]
#: Does a job: its report, and in a sentence what came of it.
Do = Callable[[J, Tell], tuple[dict[str, Any], str]]


def state_of(job: BackgroundJob) -> dict[str, Any]:
    """Where a job stands, for the page that waits: ``stage``, ``progress`` (%), ``words``, ``is_done``."""
    is_done = job.stage in (Stage.DONE, Stage.FAILED)
    words = job.message if is_done else str(Stage(job.stage).label)
    return {"stage": job.stage, "progress": job.progress, "words": words, "is_done": is_done}


class Queue(Generic[J]):
    """The jobs of one table. ``do`` works on one; ``related`` are the rows it needs of others."""

    def __init__(self, model: type[J], do: Do[J], *, name: str, related: tuple[str, ...] = ("by",)) -> None:
        self.model, self.do, self.name, self.related = model, do, name, related
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def begin(self, job: J, *, at_once: bool) -> J:
        """Do it now, while the person waits; else put it into the queue."""
        if at_once:
            job.stage, job.heard_at = Stage.AT_WORK, timezone.now()
            job.save()
            self._work(job)
            return job
        with transaction.atomic():
            job.save()
            transaction.on_commit(self._wake, robust=True)
        return job

    def _wake(self) -> None:
        """Begin if this process serves people and does background work; else the worker finds it."""
        if hub.running() is not None and settings.LINLI_SWEEP_SECONDS > 0:
            self.run_in_background()

    def run_in_background(self) -> None:
        """Work on what waits in a thread of its own: other background work shall not wait for it."""
        if not self._waiting().exists():
            return
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                # A daemon: it may be cut off anywhere, and is taken up again.
                self._thread = threading.Thread(target=self._run_and_close, name=self.name, daemon=True)
                self._thread.start()

    def _run_and_close(self) -> None:
        try:
            close_old_connections()
            while self.run_waiting():
                pass
        finally:
            connections.close_all()

    def run_waiting(self) -> int:
        """Work on what waits, oldest first; how many. What another process works on is left to it."""
        done = 0
        for job in self._waiting().order_by("created_at").select_related(*self.related):
            mine = self._rows().filter(pk=job.pk, stage=job.stage, heard_at=job.heard_at)
            if mine.update(stage=Stage.AT_WORK, heard_at=timezone.now()):
                self._work(job)
                done += 1
        return done

    def _rows(self) -> QuerySet[J]:
        rows: QuerySet[J] = self.model._default_manager.all()
        return rows

    def _waiting(self) -> QuerySet[J]:
        silent = self._rows().filter(
            stage=Stage.AT_WORK, heard_at__lt=timezone.now() - timedelta(seconds=SILENCE)
        )
        return self._rows().filter(stage=Stage.WAITING) | silent

    def _work(self, job: Any) -> None:
        """Do it, in the language of who asked. Whatever goes wrong ends in the job's message."""
        with translation.override(job.by.language or settings.LANGUAGE_CODE):
            try:
                job.report, job.message = self.do(job, _Telling(self.model, job))
                job.stage, job.progress = Stage.DONE, 100
            except Refused as refused:
                job.stage, job.message = Stage.FAILED, str(refused)[:500]
            except Exception:
                logger.exception("%s: job %s failed", self.name, job.pk)
                job.stage = Stage.FAILED
                job.message = _("Something went wrong here. The administrator finds it in the log.")
        job.finished_at = timezone.now()
        job.save()

    def remove_old(self, days: int) -> int:
        """Remove the rows of what ended so many days ago; how many."""
        before = timezone.now() - timedelta(days=days)
        old = self._rows().filter(created_at__lt=before, stage__in=(Stage.DONE, Stage.FAILED))
        return old.delete()[0]


class _Telling:
    """Says how far a job is, and thereby that somebody is at it."""

    def __init__(self, model: Any, job: BackgroundJob) -> None:
        self.model, self.job, self.last = model, job, time.monotonic()

    def __call__(self, percent: int) -> None:
        if time.monotonic() - self.last >= TELL_EVERY:
            self.last = time.monotonic()
            self.model.objects.filter(pk=self.job.pk).update(progress=percent, heard_at=timezone.now())
