"""Work on many cases that somebody waits for: replays, checks of a migration, migrations.

What is small is done at once, everything else through the queue (:mod:`workflows.queue`). A job that was cut
off begins again: a replay and a check only read, and a migration passes over the cases moved already.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from grid.errors import NotAllowed, Refused
from grid.models import User
from grid.policies import may_administer, may_administer_everything

from ..migrating import running_on
from ..models import Request, WorkflowDefinition, WorkflowJob, WorkflowVersion
from ..queue import SILENCE, Queue, Tell, state_of
from ..trial.bodies import Body, published, replayed
from ..trial.case import as_filed_all
from ..trial.cases import past_cases
from ..trial.replay import MOST_CASES, replay
from .migration import Chosen, check_migration, migrate_cases

__all__ = ["SILENCE", "run_in_background", "run_waiting", "state_of"]

Stage, Kind = WorkflowJob.Stage, WorkflowJob.Kind
#: So few cases are worked on while the person waits: a second or two.
AT_ONCE = {Kind.REPLAY: 60, Kind.CHECK: 300, Kind.MIGRATION: 25}
#: Days after which a report is removed.
KEEP_DAYS = 90


def start_replay(
    *,
    definition: WorkflowDefinition,
    tried: Body,
    against: WorkflowVersion,
    since: date,
    until: date,
    actor: User,
) -> WorkflowJob:
    """Run the cases filed from one local day to another (both included) through a drawing and a version.

    ``tried`` is a sound drawing. Only cases the actor may see count.
    Raises :class:`Refused` when there are none.
    """
    if not may_administer(actor):
        raise NotAllowed(_("Only administrators can try workflows."))
    if until < since:
        raise Refused(_("The period ends before it begins."))
    job = WorkflowJob(
        kind=Kind.REPLAY,
        by=actor,
        definition=definition,
        version=against,
        wishes={
            "tried": tried.version.pk if tried.version else None,
            "body": tried.body,
            "title": tried.title,
            "since": since.isoformat(),
            "until": until.isoformat(),
        },
    )
    count = _replayed(job).count()
    if not count:
        raise Refused(_("No case of this workflow was filed in that period."))
    return _begin(job, count)


def start_check(
    *, target: WorkflowVersion, sources: list[WorkflowVersion], chosen: Chosen, actor: User
) -> WorkflowJob:
    """Check what moving every case that runs on ``sources`` to ``target`` would mean; moves none."""
    _require_all(actor)
    if any(source.definition_id != target.definition_id for source in sources):
        raise Refused(_("Cases can only be moved between versions of one workflow."))
    if target.status == WorkflowVersion.Status.DRAFT or target in sources:
        raise Refused(_("Choose the published version that the cases are to follow."))
    count = len(running_on(sources))
    if not count:
        raise Refused(_("No case is under way on the versions you chose."))
    wishes = {
        "sources": [source.pk for source in sources],
        "chosen": {key: dict(value) for key, value in chosen.items()},
    }
    job = WorkflowJob(kind=Kind.CHECK, by=actor, definition=target.definition, version=target, wishes=wishes)
    return _begin(job, count)


def start_migration(*, check: WorkflowJob, actor: User) -> WorkflowJob:
    """Move the cases as they were checked. Raises :class:`Refused` when the check found one stranded."""
    _require_all(actor)
    if check.kind != Kind.CHECK or check.stage != Stage.DONE:
        raise Refused(_("Check first what the move would mean."))
    if check.report.get("stranded_count"):
        raise Refused(_("Some cases would be stranded. Say what their steps correspond to, and check again."))
    job = WorkflowJob(
        kind=Kind.MIGRATION,
        by=actor,
        definition=check.definition,
        version=check.version,
        wishes=check.wishes,
    )
    return _begin(job, len(running_on(_sources(job))))


def _require_all(actor: User) -> None:
    if not may_administer_everything(actor):
        raise NotAllowed(_("Only administrators of the whole town can move cases to another version."))


# --- Work ------------------------------------------------------------------------------------------
def _begin(job: WorkflowJob, cases: int) -> WorkflowJob:
    """Do it now if it is small, else put it into the queue."""
    return queue.begin(job, at_once=cases <= AT_ONCE[Kind(job.kind)])


def _replayed(job: WorkflowJob) -> QuerySet[Request]:
    zone = timezone.get_current_timezone()
    since = datetime.combine(date.fromisoformat(job.wishes["since"]), datetime.min.time(), zone)
    until = datetime.combine(date.fromisoformat(job.wishes["until"]), datetime.min.time(), zone)
    filed = past_cases(job.by, job.definition)
    return filed.filter(filed_at__gte=since, filed_at__lt=until + timedelta(days=1))


def _do_replay(job: WorkflowJob, tell: Tell) -> tuple[dict[str, Any], str]:
    assert job.version is not None
    rows = _replayed(job)
    count = rows.count()
    latest = list(rows.order_by("-filed_at", "-pk")[:MOST_CASES])
    found = replay(
        published(job.version), replayed(job.wishes).definition, as_filed_all(latest), progress=tell
    )
    report = found.as_json() | {"left_out": count - len(latest), "most": MOST_CASES}
    words = ngettext("%(n)s case replayed.", "%(n)s cases replayed.", report["n"]) % {"n": report["n"]}
    return report, words


def _do_check(job: WorkflowJob, tell: Tell) -> tuple[dict[str, Any], str]:
    assert job.version is not None
    checked = check_migration(sources=_sources(job), target=job.version, chosen=_chosen(job), progress=tell)
    if stranded := len(checked.stranded):
        words = ngettext("%(n)s case would be stranded.", "%(n)s cases would be stranded.", stranded)
        return checked.as_json(), words % {"n": stranded}
    words = ngettext("%(n)s case can be moved.", "%(n)s cases can be moved.", checked.cases)
    return checked.as_json(), words % {"n": checked.cases}


def _do_migration(job: WorkflowJob, tell: Tell) -> tuple[dict[str, Any], str]:
    assert job.version is not None
    done = migrate_cases(
        sources=_sources(job),
        target=job.version,
        chosen=_chosen(job),
        actor=job.by,
        progress=tell,
    )
    if done.stranded:
        return done.as_json(), _(
            "Nothing was moved: since the check, cases have come to where they would be stranded."
        )
    words = ngettext("%(n)s case was moved.", "%(n)s cases were moved.", done.moved)
    return done.as_json(), words % {"n": done.moved}


_DO = {Kind.REPLAY: _do_replay, Kind.CHECK: _do_check, Kind.MIGRATION: _do_migration}


def _do(job: WorkflowJob, tell: Tell) -> tuple[dict[str, Any], str]:
    return _DO[Kind(job.kind)](job, tell)


queue = Queue(WorkflowJob, _do, name="workflow jobs", related=("by", "definition", "version"))
run_in_background, run_waiting = queue.run_in_background, queue.run_waiting


def _sources(job: WorkflowJob) -> list[WorkflowVersion]:
    return list(WorkflowVersion.objects.filter(pk__in=job.wishes["sources"]).order_by("number"))


def _chosen(job: WorkflowJob) -> Mapping[str, Mapping[str, str]]:
    chosen: Mapping[str, Mapping[str, str]] = job.wishes["chosen"]
    return chosen


def remove_old_jobs() -> int:
    """Remove reports after ``KEEP_DAYS``; how many. What was done stands in the log."""
    return queue.remove_old(KEEP_DAYS)
