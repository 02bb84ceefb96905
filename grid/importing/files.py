"""What lies beside a job on disk: the upload, how far the work is, and who is at it.

One folder per job under ``LINLI_IMPORTS_DIR``, shared by all processes. Progress is a file rather than a row,
because the transaction that applies an import keeps everybody, itself included, from writing rows that others
can see before it ends.
"""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from django.conf import settings

from ..models import ImportJob

PROGRESS = "progress.json"
UPLOAD = "upload"


def root() -> Path:
    """The folder of all uploads."""
    folder = Path(settings.LINLI_IMPORTS_DIR)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def upload_of(job: ImportJob) -> Path:
    """The file as it was uploaded. It is gone some days later."""
    return root() / job.stored


def folder_of(job: ImportJob) -> Path:
    return upload_of(job).parent


def put_away(job: ImportJob) -> None:
    """Remove everything on disk of a job."""
    remove(folder_of(job))


def remove(folder: Path) -> None:
    """Remove a folder of uploads with what is in it."""
    shutil.rmtree(folder, ignore_errors=True)


def tell(job: ImportJob, progress: int, words: str) -> None:
    """Say how far the work on a job is: per cent, and in the words of the person who waits."""
    _write(folder_of(job) / PROGRESS, {"progress": progress, "words": words, "stage": job.stage})


def told(job: ImportJob) -> dict[str, Any]:
    """What was said last; empty before anything was."""
    return read_progress(folder_of(job))


def read_progress(folder: Path) -> dict[str, Any]:
    try:
        said: dict[str, Any] = json.loads((folder / PROGRESS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return said


def forget(job: ImportJob) -> None:
    """Nothing has been said: the work begins anew."""
    with suppress(FileNotFoundError):
        (folder_of(job) / PROGRESS).unlink()


def _write(file: Path, content: dict[str, Any]) -> None:
    """Replace a file as a whole: a reader sees the old content or the new one."""
    if not file.parent.is_dir():
        return
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=".progress-")
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        json.dump(content, stream, ensure_ascii=False)
    os.replace(name, file)


@contextmanager
def locked(file: Path, *, wait: bool = False) -> Iterator[bool]:
    """Hold a lock that ends with the process, however that ends. False if somebody else holds it."""
    with file.open("a") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True


def is_at_work(job: ImportJob) -> bool:
    """Whether some process works on the job now."""
    lock = folder_of(job) / "lock"
    if not lock.exists():
        return False
    with locked(lock) as free:
        return not free
