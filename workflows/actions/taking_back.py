"""拿回: whoever acted last takes the step back, as long as nobody has done anything with it since."""

from __future__ import annotations

from django.utils.translation import gettext as _
from viewflow.workflow.models import Process, Task

from grid.errors import NotAllowed, Refused
from grid.models import User
from realtime.events import TaskTakenBack

from .. import policies
from ..engine import undo
from .moves import moving, named, write_opinion


def take_back_task(*, task_id: int, actor: User) -> Task:
    """The step is the actor's again, as it was, with the deadlines it had; what came of it is void.

    A decision that sent the case on, one seat of several while they are not settled, a transfer, a
    delegation, a step gone to a signer. Raises :class:`Refused` naming who has acted since.
    """
    try:
        with moving(task_id, actor) as (move, step):
            task: Task = step.task
            if not hasattr(step.flow_task, "block") or not policies.acted_last(actor, task):
                raise NotAllowed(_("Somebody else acted on this step last, so you cannot take it back."))
            undo.check(task)
            told = undo.undo(step)
            principal = write_opinion(move, step, "take_back")
            move.note(TaskTakenBack, **named(step), on_behalf_of=principal, notify=told)
    except Process.DoesNotExist:
        raise Refused(_("This task does not exist any more. Reload the page.")) from None
    return task
