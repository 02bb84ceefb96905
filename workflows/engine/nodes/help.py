"""协办: a task beside a step, for somebody whom its holder asks for help. The case never waits for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from viewflow.workflow.models import Task

from ..hands import BESIDE
from ..move import move_of
from ..schema import Approval, Deadline, Limit
from .approval import ApprovalNode, ApprovalStep
from .steps import override
from .timers import DeadlineNode, DeadlineStep, limit_ends


def help_block(block: Approval) -> Approval:
    """What a helper's task says of itself: there is nothing to decide, only an answer to give."""
    return block.model_copy(
        update={
            "id": block.id + BESIDE,
            "name": f"协办：{block.name}",
            "name_en": f"Help: {block.name_en}" if block.name_en else "",
            "mode": "one",
            "state": None,
            "state_on_return": None,
            "state_on_reopen": None,
            "outcomes": (),
            "fields": (),
            "moves": (),
            "deadlines": (),
            "handler": False,
            "form": "decision",
        }
    )


class HelpStep(ApprovalStep):
    """``task.data``: ``help`` says with which task, and who asked (``task``, ``by``); ``limit`` by when."""

    @override()
    def create_next(self) -> Iterator[Any]:
        yield from ()


class HelpNode(ApprovalNode):
    activation_class = HelpStep

    def __init__(self, block: Approval) -> None:
        super().__init__(help_block(block))


class HelpDeadlineStep(DeadlineStep):
    @classmethod
    def due(cls, flow_task: Any, host: Any, now: datetime) -> datetime:
        limit = Limit.model_validate(host.task.data["limit"])
        return limit_ends(now, limit, move_of(host).request)


class HelpDeadlineNode(DeadlineNode):
    """Reminds both of them; its limit is the one whoever asked for help has set."""

    activation_class = HelpDeadlineStep

    def __init__(self, attached_to: Any) -> None:
        limit = Limit.model_validate({"limit": 1, "clock": "work_days"})
        super().__init__(attached_to, Deadline(after=limit, action="remind"))

    def counted(self, task: Task) -> tuple[datetime, Limit]:
        """From when and for how long an armed deadline runs."""
        return task.created, Limit.model_validate(task.previous.get().data["limit"])

    def _arm(self, host_activation: Any) -> None:
        if "limit" in host_activation.task.data:
            super()._arm(host_activation)
