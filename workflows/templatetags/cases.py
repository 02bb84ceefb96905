"""Template tags that say things about a case: its light, its limit, a small drawing of its place."""

from datetime import datetime

from django import template
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from grid.models import Area
from grid.queries import full_names
from ui import when
from workflows import clocks, minimap, words
from workflows.models import Request

register = template.Library()


@register.filter
def light_of(request: Request) -> str:
    """The traffic light of a case at this moment: green, yellow, red or none."""
    return clocks.light(timezone.now(), request.yellow_at, request.due_at, request.closed_at)


@register.filter
def limit_in_words(limited) -> str:
    """The limit of a filing condition or of a request: "2 urgent hours"."""
    return words.limit_in_words(limited.limit, limited.clock)


@register.simple_tag
def full_name(area: Area) -> str:
    """ "和平里社区 第五网格". One query; lists ask :func:`grid.queries.full_names` once for all rows."""
    return full_names([area])[area.path]


@register.simple_tag
def told_at(at: datetime) -> SafeString:
    """When a step of a story happened: near ones as people say it, far ones with date and hour."""
    words = when.relative(at, timezone.now())
    if (timezone.localdate() - timezone.localdate(at)).days > 1:
        words = f"{words} {formats.time_format(timezone.localtime(at), 'H:i')}"
    return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), when.exact(at), words)


@register.inclusion_tag("case/_minimap.html")
def minimap_of(request: Request) -> dict:
    """A small drawing of the grid with the case's place in it: no tiles, no script."""
    return {"drawing": minimap.of_request(request), "place": request}
