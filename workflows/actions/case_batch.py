"""The same move about several cases: each the ordinary action in its own transaction, with its own result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _
from viewflow.workflow.models import Task

from grid.errors import Refused
from grid.models import User

from ..models import Request
from ..policies import OPEN_TASK
from .batch import MOST
from .handover import is_requesters
from .messages import message_member
from .reassign import reassign_task
from .supervision import supervise_case
from .urging import urge_request

__all__ = ["MOST", "CaseResult", "message_members", "reassign_cases", "supervise_cases", "urge_cases"]


@dataclass(frozen=True)
class CaseResult:
    """What became of one case of a batch: done, or in one sentence why not."""

    request_id: int
    refused: str = ""


def urge_cases(*, request_ids: Sequence[int], actor: User, text: str = "") -> list[CaseResult]:
    """Ask those who have them to hurry: :func:`.urging.urge_request` for each."""
    return _each(request_ids, lambda pk: urge_request(request_id=pk, actor=actor, text=text))


def supervise_cases(
    *, request_ids: Sequence[int], actor: User, level: int, text: str, reply_by: date | None = None
) -> list[CaseResult]:
    """The same order about each: :func:`.supervision.supervise_case`."""
    return _each(
        request_ids,
        lambda pk: supervise_case(request_id=pk, actor=actor, level=level, text=text, reply_by=reply_by),
    )


def message_members(*, request_ids: Sequence[int], actor: User, text: str) -> list[CaseResult]:
    """Write to whoever is on duty where each of them is: :func:`.messages.message_member`."""
    return _each(request_ids, lambda pk: message_member(request_id=pk, actor=actor, text=text))


def reassign_cases(*, request_ids: Sequence[int], actor: User, to: User, reason: str) -> list[CaseResult]:
    """Give the open step of each to one person: :func:`.reassign.reassign_task`.

    A case with several open steps is left alone: which of them is meant is chosen on its own page.
    """
    return _each(
        request_ids,
        lambda pk: reassign_task(task_id=only_step(pk).pk, actor=actor, to=to, reason=reason),
    )


def only_step(request_id: int) -> Task:
    """The one open step of a case that a member has to do. Raises :class:`Refused` for none or more."""
    process = Request.objects.filter(pk=request_id).values_list("process", flat=True).first()
    tasks = Task.objects.filter(process=process, status__in=OPEN_TASK, flow_task_type="HUMAN")
    steps = [task for task in tasks.select_related("process").order_by("pk") if not is_requesters(task)]
    if process is None or not steps:
        raise Refused(_("Nobody is to do anything about this case now."))
    if len(steps) > 1:
        raise Refused(_("Several people have a step of this case. Open it to choose one."))
    return steps[0]


def _each(request_ids: Sequence[int], act: Callable[[int], object]) -> list[CaseResult]:
    """One transaction each; one that is refused stops none of the others. In the order of the ids."""
    if len(request_ids) > MOST:
        raise Refused(_("Choose at most %(most)d cases at once.") % {"most": MOST})
    results = []
    for pk in request_ids:
        try:
            act(pk)
        except Refused as error:
            results.append(CaseResult(pk, str(error)))
        else:
            results.append(CaseResult(pk))
    return results
