"""改派: a superior gives somebody else's step to another person."""

from __future__ import annotations

from django.utils.translation import gettext as _
from viewflow.workflow.models import Process, Task

from grid.duty import roles_of
from grid.errors import NotAllowed, Refused
from grid.models import User
from realtime.events import TaskTransferred

from .. import policies
from ..engine import people
from ..engine.move import OPEN
from ..models import Opinion
from .handover import is_requesters
from .moves import moving, named
from .whole_case import words


def reassign_task(*, task_id: int, actor: User, to: User, reason: str) -> Task:
    """Give an open step to somebody on duty, whoever has it now; they finish it, and its deadlines stay.

    For the shift leader, supervisors and administrators of the case's area, whatever the step allows its
    holder. Not a step that waits for the requester. Raises :class:`Refused`.
    """
    reason = words(reason, missing=_("Say why: the next person has to know."))
    try:
        with moving(task_id, actor) as (move, step):
            task: Task = step.task
            if not policies.may_command(actor, move.request):
                raise NotAllowed(
                    _("Only the shift leader, supervisors and administrators give work to others.")
                )
            if task.status not in OPEN or not hasattr(step, "hand_to"):
                raise Refused(_("This step is no longer open. Reload the page to see where the case is."))
            if is_requesters(task):
                raise Refused(_("This step waits for the resident. Nobody else can take it."))
            if to.pk == task.owner_id:
                raise Refused(_("%(who)s has this task already. Choose somebody else.") % {"who": to})
            if not to.is_active or not roles_of(to):
                raise Refused(_("%(who)s is not on duty. Choose somebody who is.") % {"who": to})
            before = set(task.data.get("told", ()))
            Opinion.objects.create(
                task=task,
                request=move.request,
                block=step.flow_task.block.id,
                move="reassign",
                text=reason,
                actor=actor,
                at=move.now,
            )
            assignment = people.one(to)
            step.hand_to(assignment)
            task.save(update_fields=["owner", "owner_permission", "status", "assigned", "data"])
            move.note(
                TaskTransferred,
                **named(step),
                to=str(to),
                reason=reason,
                notify=assignment.told | before,
            )
    except Process.DoesNotExist:
        raise Refused(_("This task does not exist any more. Reload the page.")) from None
    return task
