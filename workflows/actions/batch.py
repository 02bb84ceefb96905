"""Several tasks decided the same way: each its own move, each with its own result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from grid.errors import Refused
from grid.models import User

from .tasks import decide_task

#: More at once could not be looked at by anybody.
MOST = 50


@dataclass(frozen=True)
class Result:
    """What became of one task of a batch: done, or in one sentence why not."""

    task_id: int
    refused: str = ""


def decide_tasks(*, task_ids: Sequence[int], actor: User, outcome: str, opinion: str = "") -> list[Result]:
    """Decide each of these tasks with the same outcome and the same words, one transaction each.

    One that cannot be decided stops none of the others. Results come in the order of ``task_ids``.
    """
    if len(task_ids) > MOST:
        raise Refused(_("Choose at most %(most)d tasks at once.") % {"most": MOST})
    results = []
    for task_id in task_ids:
        try:
            decide_task(task_id=task_id, actor=actor, outcome=outcome, opinion=opinion)
        except Refused as error:
            results.append(Result(task_id, str(error)))
        else:
            results.append(Result(task_id))
    return results
