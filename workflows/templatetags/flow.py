"""Filters of the pages about workflows."""

from typing import Any

from django import template
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def block_title(block: Any) -> str:
    """What a block is called; forks often have no name."""
    return getattr(block, "title", "") or getattr(block, "name", "") or _("At the same time")
