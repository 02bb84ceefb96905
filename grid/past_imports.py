"""Former imports: who brought in what when, and whether it was taken back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet

from .models import AreaEdit


@dataclass(frozen=True)
class PastImport:
    """One applied import. ``counts`` are those of its report; without one only ``touched`` is known."""

    pk: int
    at: datetime
    by: str
    file: str
    into: str
    counts: dict[str, int]
    touched: int
    undone_at: datetime | None
    undone_by: str


def past_imports(edits: QuerySet[AreaEdit], *, most: int) -> list[PastImport]:
    """The latest of these edits, newest first. Three queries, however many there are."""
    found = edits.select_related("by").annotate(touched=Count("versions"))
    return [_past(edit) for edit in found.prefetch_related("import_jobs__parent", "undone_by__by")[:most]]


def _past(edit: Any) -> PastImport:
    job = next(iter(edit.import_jobs.all()), None)
    undone = next(iter(edit.undone_by.all()), None)
    return PastImport(
        pk=edit.pk,
        at=edit.at,
        by=str(edit.by) if edit.by else "",
        file=edit.file,
        into=str(job.parent) if job and job.parent else "",
        counts=job.report.get("counts", {}) if job else {},
        touched=edit.touched,
        undone_at=undone.at if undone else None,
        undone_by=str(undone.by) if undone and undone.by else "",
    )
