"""Steps without a person: copies, notices, word to other systems, milestones."""

from __future__ import annotations

from viewflow.workflow import nodes
from viewflow.workflow.nodes.func import FunctionActivation

from realtime.events import CopySent, HookCalled, NoticeSent
from workflows.models import CarbonCopy, WebhookDelivery

from .. import marks, people
from ..move import move_of
from ..schema import Copy, Milestone, Notify, Webhook
from .steps import Automatic, override


class CopyStep(FunctionActivation, Automatic):
    @override()
    def activate(self) -> None:
        move, block = move_of(self), self.flow_task.block
        user_ids = people.everybody(block.who, move)
        CarbonCopy.objects.bulk_create(
            [
                CarbonCopy(request=move.request, user_id=user_id, block=block.id, created_at=move.now)
                for user_id in user_ids
            ],
            ignore_conflicts=True,
        )
        if user_ids:
            move.note(CopySent, block=block.id, to=people.names(user_ids, move.request), notify=user_ids)


class CopyNode(nodes.Function):
    activation_class = CopyStep

    def __init__(self, block: Copy) -> None:
        super().__init__(func=None)
        self.block = block


class NotifyStep(FunctionActivation, Automatic):
    @override()
    def activate(self) -> None:
        move, block = move_of(self), self.flow_task.block
        user_ids = people.everybody(block.who, move)
        if user_ids:
            names = people.names(user_ids, move.request)
            move.note(NoticeSent, block=block.id, text=block.text, to=names, notify=user_ids)


class NotifyNode(nodes.Function):
    activation_class = NotifyStep

    def __init__(self, block: Notify) -> None:
        super().__init__(func=None)
        self.block = block


class WebhookStep(FunctionActivation, Automatic):
    """Leaves word in the outbox, in the case's own transaction; ``actions.webhooks`` carries it."""

    @override()
    def activate(self) -> None:
        move, block = move_of(self), self.flow_task.block
        WebhookDelivery.objects.create(
            hook=block.hook,
            request=move.request,
            block=block.id,
            title=block.name[:200],
            definition=self.flow_class.definition.key,
            created_at=move.now,
            try_after=move.now,
        )
        move.note(HookCalled, block=block.id, hook=block.hook)


class WebhookNode(nodes.Function):
    activation_class = WebhookStep

    def __init__(self, block: Webhook) -> None:
        super().__init__(func=None)
        self.block = block


class MilestoneStep(FunctionActivation, Automatic):
    @override()
    def activate(self) -> None:
        move, block = move_of(self), self.flow_task.block
        move.enter(block.state)
        marks.reach(block.mark, move)


class MilestoneNode(nodes.Function):
    activation_class = MilestoneStep

    def __init__(self, block: Milestone) -> None:
        super().__init__(func=None)
        self.block = block
