"""Viewflow nodes and activations for the blocks of a definition.

They leave the rows viewflow's own nodes would leave, with fewer statements: a step no person takes is
inserted once, when it is over; links between tasks are written together at the end of the move (see
:mod:`.move`); a deadline is armed and disarmed with one statement each.

Two traps of viewflow 2.4 are closed here: cancelling a task disarms its deadlines (viewflow does so only
when the task finishes), and titles never reach ``Task.brief``, which renders them as templates.
"""

from .approval import ApprovalNode, ApprovalStep
from .automatic import CopyNode, MilestoneNode, NotifyNode, WebhookNode
from .gateways import (
    ConditionNode,
    EndNode,
    ForkNode,
    InclusiveNode,
    JoinNode,
    LeaveNode,
    StartNode,
    StartStep,
    otherwise,
)
from .help import HelpDeadlineNode, HelpNode
from .several import SeatsNode, SettleNode, SettleStep
from .timers import DeadlineNode, TimerNode

__all__ = [
    "ApprovalNode",
    "ApprovalStep",
    "ConditionNode",
    "CopyNode",
    "DeadlineNode",
    "EndNode",
    "ForkNode",
    "HelpDeadlineNode",
    "HelpNode",
    "InclusiveNode",
    "JoinNode",
    "LeaveNode",
    "MilestoneNode",
    "NotifyNode",
    "SeatsNode",
    "SettleNode",
    "SettleStep",
    "StartNode",
    "StartStep",
    "TimerNode",
    "WebhookNode",
    "otherwise",
]
