"""现场办结: a member finds something and puts it right at once: reported, handled and closed in one go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.files import File
from django.db import transaction
from viewflow.workflow.models import Task

from grid.models import User

from ..models import Request, Source
from ..policies import OPEN_TASK
from .requests import file_request
from .tasks import decide_task

DEFINITION = "on_the_spot"


@transaction.atomic
def fix_on_the_spot(
    *, member: User, opinion: str, photos_after: Sequence[File] = (), **request: Any
) -> Request:
    """File what a member found on the short workflow and, in the same transaction, report it done.

    ``opinion`` says what was done, ``photos_after`` show it; the rest is as for
    :func:`workflows.actions.requests.file_request`. Sent twice, it is done once.
    Raises :class:`grid.errors.Refused`; nothing is written then.
    """
    case = file_request(
        reporter=None, filed_by=member, source=Source.MEMBER, definition=DEFINITION, **request
    )
    step = Task.objects.filter(process_id=case.process_id, owner=member, status__in=OPEN_TASK).first()
    if step is not None:
        decide_task(task_id=step.pk, actor=member, outcome="done", opinion=opinion, photos=photos_after)
        case.refresh_from_db()
    return case
