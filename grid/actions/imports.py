"""The life of an import: uploaded, read, checked, applied, undone.

Reading happens at once, checking of small files too. Everything that may take long is queued in the job's
stage and done by :func:`run_waiting`, in a thread of the web process or of ``manage.py worker``. How far it
is stands in a file beside the upload (:mod:`grid.importing.files`). Whoever works on a job holds a lock that
ends with the process: a job at work whose lock is free was interrupted, and nothing of it has been written.
"""

import logging
import threading
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import close_old_connections, connections, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from realtime import hub

from ..errors import NotAllowed, Refused
from ..importing import Wishes, files, inspect, plan_import
from ..importing.archives import MAX_BYTES
from ..importing.plan import Plan, Progress
from ..models import Area, ImportJob, User
from ..policies import may_administer, may_administer_everything
from .import_undo import undo_import
from .import_writing import Imported, Stale, append_children, import_areas, require_paths
from .rights import require

__all__ = [
    "MAX_BYTES",
    "Imported",
    "append_children",
    "apply_job",
    "check_job",
    "drop_import",
    "import_areas",
    "inspect_job",
    "keep_wishes",
    "remove_old_uploads",
    "run_waiting",
    "start_import",
    "state_of",
    "undo_import",
]

logger = logging.getLogger(__name__)
Stage = ImportJob.Stage
#: Stages in which the choices may be made anew.
OPEN = (Stage.UPLOADED, Stage.READ, Stage.CHECKED, Stage.FAILED)
AT_WORK = (Stage.CHECKING, Stage.APPLYING)
#: Files of at most so many rows are checked while the person waits: a second or two.
ROWS_AT_ONCE = 3000
#: Days after which an upload is removed; the job, its report and the edit stay.
KEEP_DAYS = 7
#: Times a plan is made anew because areas have changed while it was made.
ATTEMPTS = 3


def start_import(*, file: UploadedFile, actor: User, parent: Area | None = None) -> ImportJob:
    """Keep an upload and look into it; everything in it must lie in ``parent``.

    Raises :class:`Refused`, and keeps nothing, when it is no file of areas at all.
    """
    _require(actor, parent)
    name = Path(str(file.name or "")).name or "upload"
    if file.size is not None and file.size > MAX_BYTES:
        raise Refused(_("The file is too big: at most %(most)s MB.") % {"most": MAX_BYTES // 1024**2})
    pk = uuid.uuid4()
    job = ImportJob(id=pk, by=actor, parent=parent, file=name[:200], stored=f"{pk}/{files.UPLOAD}")
    files.folder_of(job).mkdir(mode=0o700)
    try:
        with files.upload_of(job).open("wb") as out:
            for chunk in file.chunks():
                out.write(chunk)
        job.size = files.upload_of(job).stat().st_size
        _inspect(job, Wishes())
        job.save(force_insert=True)
    except BaseException:
        files.put_away(job)
        raise
    return job


def inspect_job(*, job: ImportJob, actor: User, wishes: dict[str, Any] | None = None) -> ImportJob:
    """Look into the file again, with another layer, encoding or columns for the outlines.

    Choices that were made before are kept; of two made in quick succession the later holds. Raises
    :class:`Refused` when it cannot be read that way; the job then stays as it was.
    """
    _require_open(job, actor)
    with files.locked(files.folder_of(job) / "lock", wait=True):
        _require_open(job, actor)
        _inspect(job, Wishes.from_json({**job.wishes, **(wishes or {})}))
        job.save(update_fields=["stage", "wishes", "contents", "report", "message", "progress"])
    return job


def _inspect(job: ImportJob, wishes: Wishes) -> None:
    path = job.parent.path if job.parent else ""
    found = inspect(files.upload_of(job), job.file, wishes=wishes, within=path)
    job.contents, job.wishes = found.as_json(), wishes.as_json()
    job.stage, job.report, job.message, job.progress = Stage.READ, {}, "", 0


def keep_wishes(*, job: ImportJob, actor: User, wishes: dict[str, Any]) -> ImportJob:
    """Note choices without acting upon them: somebody goes on to the next page, or back. A report that was
    made by other choices is dropped."""
    _require_open(job, actor)
    chosen = Wishes.from_json({**job.wishes, **wishes}).as_json()
    if chosen != job.wishes:
        job.wishes, job.stage, job.report, job.message, job.progress = chosen, Stage.READ, {}, "", 0
        job.save(update_fields=["stage", "wishes", "report", "message", "progress"])
    return job


def check_job(*, job: ImportJob, actor: User, wishes: dict[str, Any] | None = None) -> ImportJob:
    """Check the whole file by the person's choices. Afterwards the job is ``checked`` and has a report; a
    large one is ``checking`` first.

    Raises :class:`Refused` when the file cannot be used that way.
    """
    _require_open(job, actor)
    job.wishes = Wishes.from_json({**job.wishes, **(wishes or {})}).as_json()
    guessed = job.contents["crs"]
    if not job.wishes["crs"] and guessed["candidates"] and not guessed["sure"]:
        raise Refused(_("Say in which coordinate system the file is: it cannot be told for certain."))
    files.forget(job)
    if (job.contents.get("rows") or 0) <= ROWS_AT_ONCE:
        with files.locked(files.folder_of(job) / "lock", wait=True):
            _check(job)
        return job
    job.stage, job.report, job.message, job.progress = Stage.CHECKING, {}, "", 0
    _queue(job)
    return job


def apply_job(*, job: ImportJob, actor: User) -> ImportJob:
    """Have what was checked applied: all of it or nothing, soon, in the background.

    Raises :class:`Refused` when it was not checked or has errors.
    """
    _require_open(job, actor)
    if not job.report.get("can_apply"):
        raise Refused(_("This file was not checked, or there is nothing to import. Check it first."))
    files.forget(job)
    job.stage, job.message, job.progress = Stage.APPLYING, "", 0
    _queue(job)
    return job


def drop_import(*, job: ImportJob, actor: User) -> None:
    """Put away a job that was not applied, with its file. :class:`Refused` if it is at work or done."""
    _require_open(job, actor)
    files.put_away(job)
    job.delete()


def state_of(job: ImportJob) -> dict[str, Any]:
    """Where a job stands, for the page that waits: ``stage``, ``progress`` (%), ``words``, ``is_done``."""
    if job.stage not in AT_WORK:
        return {"stage": job.stage, "progress": job.progress, "words": job.message, "is_done": True}
    said = files.told(job)
    words = said.get("words") or _("Waiting for its turn")
    return {"stage": job.stage, "progress": said.get("progress", 0), "words": words, "is_done": False}


def _require(actor: User, parent: Area | None) -> None:
    if parent is None:
        require(actor, may_administer_everything)
    else:
        require(actor, may_administer, parent)


def _require_open(job: ImportJob, actor: User) -> None:
    """The job is the actor's own, and nobody works on it."""
    _require(actor, job.parent)
    if job.by_id != actor.pk:
        raise NotAllowed(_("Somebody else began this import."))
    job.refresh_from_db()
    if job.stage in AT_WORK:
        raise Refused(_("This import is being worked on. Wait until that is done."))
    if job.stage not in OPEN:
        raise Refused(_("This import is done. Begin a new one."))
    if not files.upload_of(job).exists():
        raise Refused(_("The file was removed after %(days)s days. Upload it again.") % {"days": KEEP_DAYS})


# --- Work ------------------------------------------------------------------------------------------


def _queue(job: ImportJob) -> None:
    with transaction.atomic():
        job.save()
        transaction.on_commit(_wake, robust=True)


def _wake() -> None:
    """Begin at once if this process serves people and does background work; else the worker finds it."""
    if hub.running() is not None and settings.LINLI_SWEEP_SECONDS > 0:
        run_in_background()


_thread: threading.Thread | None = None
_starting = threading.Lock()


def run_in_background() -> None:
    """Work on what waits in a thread of its own: other background work shall not wait for an import."""
    global _thread
    if not ImportJob.objects.filter(stage__in=AT_WORK).exists():
        return
    with _starting:
        if _thread is None or not _thread.is_alive():
            # A daemon: everything it does is done in one transaction, so it may be cut off anywhere.
            _thread = threading.Thread(target=_run_and_close, name="imports", daemon=True)
            _thread.start()


def _run_and_close() -> None:
    try:
        close_old_connections()
        while run_waiting():
            pass
    finally:
        connections.close_all()


def run_waiting() -> int:
    """Work on the jobs that wait, oldest first, those excepted that another process works on; how many."""
    done = 0
    for job in (
        ImportJob.objects.filter(stage__in=AT_WORK).order_by("created_at").select_related("by", "parent")
    ):
        folder = files.folder_of(job)
        if not folder.is_dir():
            _fail(job, _("The file is gone. Upload it again."))
            continue
        with files.locked(folder / "lock") as free:
            if not free:
                continue
            job.refresh_from_db(fields=["stage"])
            if job.stage in AT_WORK:
                _work(job)
                done += 1
    return done


def _work(job: ImportJob) -> None:
    """Check or apply, in the language of who asked. Whatever goes wrong ends in the job's message."""
    with translation.override(job.by.language or settings.LANGUAGE_CODE):
        if files.told(job).get("stage") == job.stage:
            # Somebody had begun, and does not hold the lock any more: that process is gone.
            _fail(job, _("The work was interrupted. Nothing was imported; try again."))
            return
        files.tell(job, 0, _("Reading the file"))
        try:
            _check(job) if job.stage == Stage.CHECKING else _apply(job)
        except Refused as refused:
            _fail(job, str(refused))
        except Exception:
            logger.exception("Import %s failed", job.pk)
            _fail(
                job,
                _("Something went wrong here. Nothing was imported; the administrator finds it in the log."),
            )


def _fail(job: ImportJob, message: str) -> None:
    job.stage, job.message, job.progress = Stage.FAILED, message[:500], 0
    job.finished_at = timezone.now()
    job.save(update_fields=["stage", "message", "progress", "finished_at"])


def _check(job: ImportJob) -> None:
    """Make the plan and keep its report."""
    plan = _plan(job, lambda percent, words: files.tell(job, percent, words))
    _keep_report(job, plan)


def _keep_report(job: ImportJob, plan: Plan, message: str = "") -> None:
    job.stage, job.report, job.progress = Stage.CHECKED, plan.as_json(), 100
    job.message = message or plan.report.verdict()[:500]
    job.save(update_fields=["stage", "report", "progress", "message", "wishes"])


def _plan(job: ImportJob, progress: Progress) -> Plan:
    plan = plan_import(
        files.upload_of(job),
        Wishes.from_json(job.wishes),
        name=job.file,
        within=job.parent.code if job.parent else "",
        progress=progress,
    )
    require_paths(job.by, plan.paths())
    return plan


def _apply(job: ImportJob) -> None:
    """One import after the other: each takes the whole of the database's attention for a while."""
    with files.locked(files.root() / "applying.lock") as free:
        if free:
            _apply_now(job)
            return
    files.tell(job, 0, _("Waiting until another import is done"))
    with files.locked(files.root() / "applying.lock", wait=True):
        _apply_now(job)


def _apply_now(job: ImportJob) -> None:
    """Make the plan again, and write it if it is still what the person has seen."""
    for _attempt in range(ATTEMPTS):
        plan = _plan(job, lambda percent, words: files.tell(job, percent * 45 // 100, words))
        if plan.digest() != job.report.get("digest"):
            message = _(
                "Areas have changed since you checked this file."
                " Nothing was imported: this is the new report."
            )
            _keep_report(job, plan, message)
            return
        try:
            _write(job, plan)
        except Stale:
            continue
        return
    raise Refused(_("Areas are being changed all the time. Nothing was imported; try again in a while."))


def _write(job: ImportJob, plan: Plan) -> None:
    with transaction.atomic():
        done = import_areas(
            plan=plan,
            actor=job.by,
            progress=lambda percent, words: files.tell(job, 45 + percent * 54 // 100, words),
        )
        message = _(
            "%(added)s areas added, %(changed)s changed, %(retired)s ended, %(unchanged)s as they were."
        ) % vars(done)
        # With the areas, or not at all.
        job.stage, job.edit, job.progress = Stage.APPLIED, done.edit, 100
        job.message, job.finished_at = message, timezone.now()
        job.save(update_fields=["stage", "edit", "progress", "message", "finished_at"])


# --- Later -----------------------------------------------------------------------------------------


def remove_old_uploads() -> int:
    """Remove uploads some days after their beginning, and folders that belong to no job; how many."""
    before, removed = timezone.now() - timedelta(days=KEEP_DAYS), 0
    for job in ImportJob.objects.filter(created_at__lt=before).exclude(stage__in=AT_WORK).iterator():
        if files.folder_of(job).is_dir():
            files.put_away(job)
            removed += 1
    return removed + _remove_strays(before.timestamp())


def _remove_strays(before: float) -> int:
    known = set(map(str, ImportJob.objects.values_list("pk", flat=True)))
    removed = 0
    for folder in files.root().iterdir():
        if folder.is_dir() and folder.name not in known and folder.stat().st_mtime < before:
            files.remove(folder)
            removed += 1
    return removed
