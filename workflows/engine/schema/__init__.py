"""What a workflow definition may say: nested blocks, as pydantic models that forbid everything else.

The JSON Schema of a definition is generated from these classes (``manage.py load_workflows --schema``) and
kept in ``docs/reference/workflow.schema.json``. ``docs/reference/definitions.md`` explains each block.
"""

from .blocks import (
    Approval,
    Block,
    Case,
    Condition,
    Copy,
    Definition,
    Inclusive,
    Milestone,
    Notify,
    Parallel,
    Sequence,
    SubProcess,
    Timer,
    Webhook,
    Whistle,
    json_schema,
)
from .parts import (
    Choice,
    Clock,
    Deadline,
    End,
    FormField,
    Limit,
    Outcome,
    Vote,
    Who,
)
from .walk import block_of, blocks, children, earlier_approvals, node_name

__all__ = [
    "Approval",
    "Block",
    "Case",
    "Choice",
    "Clock",
    "Condition",
    "Copy",
    "Deadline",
    "Definition",
    "End",
    "FormField",
    "Inclusive",
    "Limit",
    "Milestone",
    "Notify",
    "Outcome",
    "Parallel",
    "Sequence",
    "SubProcess",
    "Timer",
    "Vote",
    "Webhook",
    "Whistle",
    "Who",
    "block_of",
    "blocks",
    "children",
    "earlier_approvals",
    "json_schema",
    "node_name",
]
