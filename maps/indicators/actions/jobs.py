"""Files with figures, made in the background: which figures was fixed when they were asked for."""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.utils import timezone
from django.utils.translation import gettext as _

from grid.errors import NotAllowed, Refused
from grid.models import Area, User
from maps.policies import watched_paths
from workflows.models import Category
from workflows.queue import Queue, Stage, Tell

from ..files import WRITERS
from ..models import FigureJob
from ..periods import Period
from ..reading import Question
from ..rights import covers_still, may_see_figures
from .follow import catch_up

#: Files a person may have waiting at once.
MOST_WAITING = 10


def start_file(*, question: Question, kind: str, actor: User) -> FigureJob:
    """Have the figures a question asks for written into a file. Raises :class:`Refused`."""
    if not may_see_figures(actor):
        raise NotAllowed(_("Figures are for supervisors. Ask your administrator if you need them."))
    if kind not in FigureJob.Kind.values:
        raise Refused(_("Choose a format."))
    waiting = FigureJob.objects.filter(by=actor, stage__in=(Stage.WAITING, Stage.AT_WORK))
    if waiting.count() >= MOST_WAITING:
        raise Refused(_("Ten files are being made for you already. Wait until one is done."))
    job = FigureJob(by=actor, kind=kind, wishes=_wishes(question, actor))
    return queue.begin(job, at_once=False)


def _wishes(question: Question, actor: User) -> dict[str, Any]:
    as_of = question.as_of or catch_up()
    return {
        "period": question.period.code,
        "area": question.area.pk if question.area else None,
        "category": question.category.pk if question.category else None,
        "member": question.member,
        "as_of": as_of.isoformat(),
        # What the file is about: it is handed out only while its owner watches all of it.
        "paths": [question.area.path] if question.area else watched_paths(actor),
    }


def question_of(job: FigureJob) -> Question:
    """What a job was asked. Raises :class:`Refused` when its owner does not watch all of it any more."""
    user = User.objects.get(pk=job.by_id)
    if not covers_still(user, job):
        raise Refused(_("You do not watch this area any more."))
    said = job.wishes
    return Question(
        user,
        Period.parse(said["period"]),
        area=Area.objects.select_related("level").get(pk=said["area"]) if said["area"] else None,
        category=Category.objects.filter(pk=said["category"]).first() if said["category"] else None,
        member=said["member"],
        as_of=datetime.fromisoformat(said["as_of"]),
    )


def _do(job: FigureJob, tell: Tell) -> tuple[dict[str, Any], str]:
    with tempfile.TemporaryDirectory(prefix="linli-figures-") as folder:
        target = Path(folder) / f"figures.{job.kind}"
        report = WRITERS[job.kind](question_of(job), target, tell)
        job.size = target.stat().st_size
        with target.open("rb") as stream:
            # A name that nobody guesses; it is handed out by the page alone.
            job.file = default_storage.save(f"figures/{job.pk.hex}.{job.kind}", File(stream))
    return report, _("The file is ready.")


queue = Queue(FigureJob, _do, name="figures")
run_in_background, run_waiting = queue.run_in_background, queue.run_waiting


def keep_until(job: FigureJob) -> datetime:
    """When a job's file is removed."""
    return job.created_at + timedelta(days=settings.LINLI_FIGURES_KEEP_DAYS)


def remove_old_files() -> int:
    """Remove the files that have been kept long enough, and what is known of them; how many."""
    before = timezone.now() - timedelta(days=settings.LINLI_FIGURES_KEEP_DAYS)
    for job in FigureJob.objects.filter(created_at__lt=before).exclude(file=""):
        default_storage.delete(job.file)
        FigureJob.objects.filter(pk=job.pk).update(file="")
    return queue.remove_old(settings.LINLI_FIGURES_KEEP_DAYS)
