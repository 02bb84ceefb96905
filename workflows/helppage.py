"""The page of the documentation on drawing workflows, as HTML: help that works without any network."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from django.conf import settings
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

_DOCS: Path = settings.BASE_DIR / "docs"
_PICTURES = _DOCS / "screenshots"
_NAME = re.compile(r"designer-[a-z0-9-]+\.webp")


@cache
def html(language: str) -> SafeString:
    """The how-to in this language. It is part of the product, so what it becomes is trusted."""
    file = "draw-a-workflow.md" if language.startswith("en") else "draw-a-workflow.zh-CN.md"
    text = (_DOCS / "how-to" / file).read_text(encoding="utf-8")
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    shown = markdown.render(text)
    # Pictures come from the product; links to other documents lead nowhere here, their words stay.
    shown = re.sub(
        r'src="\.\./screenshots/([^"]+)"',
        lambda match: f'src="{reverse("workflow_help_picture", args=[match[1]])}" loading="lazy"',
        shown,
    )
    shown = re.sub(r'<a href="[^"]*\.md[^"]*">(.*?)</a>', r"\1", shown)
    return mark_safe(shown)  # noqa: S308


def picture(name: str) -> Path | None:
    """The file of a picture the page shows; None for any other name."""
    file = _PICTURES / name
    return file if _NAME.fullmatch(name) and file.is_file() else None
