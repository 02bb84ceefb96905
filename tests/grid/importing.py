"""What the tests of importing share: looking into a file, planning, and going the wizard's way by actions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from grid.actions import imports
from grid.importing import Plan, Wishes, plan_import
from grid.models import Area, ImportJob, User
from tests.factories import Town


def uploaded(file: Path) -> SimpleUploadedFile:
    return SimpleUploadedFile(file.name, file.read_bytes())


def begin(file: Path, town: Town, *, parent: Area | None = None, actor: User | None = None) -> ImportJob:
    """A job that has been read, into the town's street."""
    return imports.start_import(
        file=uploaded(file), actor=actor or town.administrator, parent=parent or town.street
    )


def check(job: ImportJob, **wishes: Any) -> ImportJob:
    """The same, checked, whatever its size."""
    imports.check_job(job=job, actor=job.by, wishes={"crs": "EPSG:4326", **wishes})
    imports.run_waiting()
    job.refresh_from_db()
    return job


def apply(job: ImportJob) -> ImportJob:
    """The same, applied as the background does it."""
    imports.apply_job(job=job, actor=job.by)
    imports.run_waiting()
    job.refresh_from_db()
    return job


def bring(file: Path, town: Town, *, parent: Area | None = None, **wishes: Any) -> ImportJob:
    """From upload to the end."""
    return apply(check(begin(file, town, parent=parent), **wishes))


def plan(file: Path, **wishes: Any) -> Plan:
    return plan_import(file, Wishes(**wishes))


def state() -> list[tuple[Any, ...]]:
    """Everything there is to know of the areas in force."""
    fields = ("pk", "code", "name", "name_en", "level_id", "path", "numchild", "households", "valid_from")
    rows = Area.objects.filter(valid_to=None).order_by("path")
    return [
        (*(getattr(area, field) for field in fields), None if area.geometry is None else area.geometry.wkb)
        for area in rows
    ]
