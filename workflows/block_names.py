"""What people call a block of a workflow, also one that was given no name. Pure."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from .engine.schema.blocks import Condition, Inclusive, Milestone, Parallel
from .engine.schema.parts import Named


def called(block: Any) -> str:
    """The block's name in the active language; else what it does; "" for a mere sequence."""
    if isinstance(block, Named):
        return block.title
    if name := getattr(block, "name", ""):
        return str(name)
    match block:
        case Milestone():
            return _("Record %(what)s") % {"what": marked(block.mark)}
        case Condition() | Inclusive():
            return _("Condition")
        case Parallel():
            return _("At the same time")
    return ""


def marked(mark: str) -> str:
    """What a milestone records."""
    return {
        "registered": _("that the case is registered"),
        "handled": _("that the case is handled"),
        "closed": _("that the case is closed"),
    }[mark]
