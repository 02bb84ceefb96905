"""What happens to a request: the dictionary, the case, its workflow."""

from .applications import Application, Consent
from .calendar import CalendarEntry, CalendarRevision
from .dictionary import Category, Clock, FilingCondition
from .draft import WorkflowDraft
from .exclusion import Exclusion
from .flow import CarbonCopy, Opinion, WebhookDelivery, WorkflowDefinition, WorkflowVersion
from .jobs import WorkflowJob
from .publishing import PublishingRule, WorkflowBinding, WorkflowProposal
from .request import (
    Attachment,
    BordersFollowed,
    Joiner,
    NumberSequence,
    Rating,
    Request,
    Source,
    State,
    Urgency,
    Visibility,
)
from .supervision import Supervision

__all__ = [
    "Application",
    "Attachment",
    "BordersFollowed",
    "CalendarEntry",
    "CalendarRevision",
    "CarbonCopy",
    "Category",
    "Clock",
    "Consent",
    "Exclusion",
    "FilingCondition",
    "Joiner",
    "NumberSequence",
    "Opinion",
    "PublishingRule",
    "Rating",
    "Request",
    "Source",
    "State",
    "Supervision",
    "Urgency",
    "Visibility",
    "WebhookDelivery",
    "WorkflowBinding",
    "WorkflowDefinition",
    "WorkflowDraft",
    "WorkflowJob",
    "WorkflowProposal",
    "WorkflowVersion",
]
