"""Template tags about what people have been told."""

from django import template

from realtime import notifications
from realtime.models import Event, Notification

register = template.Library()

#: Kind of event, or its family before the dot → icon.
ICONS = {
    "request.closed": "circle-check",
    "request.rated": "star",
    "request.reopened": "rotate-clockwise",
    "request.urged": "bell-ringing",
    "request.passed_on": "transfer",
    "task.returned": "arrow-back-up",
    "task.timed_out": "clock-exclamation",
    "message": "message-2",
    "deadline": "clock-exclamation",
    "request": "message-circle",
    "task": "checklist",
    "copy": "copy",
    "workflow": "git-branch",
    "publishing_rule": "users",
}


@register.simple_tag
def unread_notifications(user) -> int:
    """How many notifications a person has not read. One query."""
    return notifications.unread_count(user) if user.is_authenticated else 0


@register.filter
def sentence(notification: Notification) -> str:
    """What happened, in one sentence of plain text."""
    return notifications.sentence(notification.event)


@register.filter
def notice_icon(event: Event) -> str:
    return ICONS.get(event.kind) or ICONS.get(event.kind.partition(".")[0], "bell")
