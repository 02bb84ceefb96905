"""What a task's page shows of the moves that bring colleagues in: ways to ask, signers, who has agreed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from viewflow.workflow.models import Task

from grid.models import User
from workflows.countersign import countersigns
from workflows.engine import hands, seats, undo
from workflows.engine.describe import TaskSheet
from workflows.models import Clock
from workflows.policies import acted_last

from . import choices


@dataclass(frozen=True)
class Way:
    """One way to bring somebody in, in words for the one who chooses."""

    code: str
    title: str
    hint: str


def ways(task: Task, sheet: TaskSheet) -> list[Way]:
    """How somebody may be brought into this task."""
    block = task.flow_task.block
    if not block.for_several:
        signing = [
            Way("sign_before", _("Sign before me"), _("It goes to them first and comes back to me.")),
            Way("sign_after", _("Sign after me"), _("Once I have decided, it goes on to them.")),
        ]
    elif block.mode == "in_turn":
        signing = [
            Way("sign_before", _("Sign before me"), _("Their turn comes now, and mine after it.")),
            Way("sign_after", _("Sign after me"), _("Their turn comes right after mine.")),
        ]
    else:
        signing = [Way("sign_after", _("Sign as well"), _("They decide beside the others, from now on."))]
    offered = [
        Way("delegate", _("Do it for me"), _("They do it and give it back; I confirm it.")),
        *signing,
        Way("co_handle", _("Help me"), _("They get a task of their own beside mine; I need not wait.")),
    ]
    return [way for way in offered if way.code in sheet.moves]


def shown(request: HttpRequest, task: Task, sheet: TaskSheet, *, mine: bool) -> dict[str, Any]:
    """What the task's page shows of these moves."""
    offered = ways(task, sheet) if mine else []
    removable = seats.removable(task) if mine and "remove_signer" in sheet.moves else []
    users = User.objects.in_bulk(removable)
    everything = countersigns(task.process.request, request.user)
    return {
        "ways": offered,
        "asked_way": request.POST.get("way", ""),
        "ask_people": choices.colleagues(task.process.request, but=task.owner_id) if offered else [],
        "clocks": Clock.choices,
        "signers": [users[pk] for pk in removable if pk in users],
        "waits_for_answer": _who_waits(task) if mine and "answer" in sheet.moves else None,
        "can_take_back": may_take_back(request.user, task),
        "countersigns": [one for one in everything if one.block_id == task.flow_task.block.id],
    }


def may_take_back(user: User, task: Task) -> bool:
    """Whether the user may take this task back, and nobody has acted on it since."""
    return acted_last(user, task) and undo.possible(task)


def _who_waits(task: Task) -> User | None:
    user_id = task.data["help"]["by"] if hands.asks_for_help(task) else hands.lent_by(task)
    return User.objects.filter(pk=user_id).first()
