"""Outline icons (Tabler Icons, MIT), read once and written into the page."""

import json
from functools import cache
from pathlib import Path

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

FILE = Path(__file__).with_name("outline.json")


@cache
def outlines() -> dict[str, list]:
    """Name → list of paths: a path's ``d``, or all its attributes."""
    return json.loads(FILE.read_text(encoding="utf-8"))


@cache
def svg(name: str, css: str = "") -> SafeString:
    """An icon as inline SVG, hidden from screen readers: the words beside it carry the meaning.

    Raises ``LookupError`` for a name the set does not have.
    """
    shapes = ({"d": shape} if isinstance(shape, str) else shape for shape in outlines()[name])
    paths = format_html_join(
        "", "<path{}/>", ((format_html_join("", ' {}="{}"', shape.items()),) for shape in shapes)
    )
    return format_html(
        '<svg class="icon{}" width="24" height="24" viewBox="0 0 24 24" fill="none" stroke="currentColor"'
        ' stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"'
        ' focusable="false">{}</svg>',
        f" {css}" if css else "",
        paths,
    )
