"""A workflow as a vertical picture: nested cards, and on them what a case did there or would do.

One picture for three uses: a definition as it is drawn (:func:`picture_of`), a case on its way
(:func:`picture_of_case`), and a case that is only tried (:func:`picture_of_run`). The template is
``flow/_picture.html``, its look ``flow/picture.css``.
"""

from __future__ import annotations

from typing import Any

from ..engine import schema
from ..models import Request
from ..trial.walk import Run
from .cards import Branch, Card, Picture, Remark, Stay, Trace, Way, Who
from .case import trace_of
from .draw import draw
from .run import trace_of_run

__all__ = [
    "Branch",
    "Card",
    "Picture",
    "Remark",
    "Stay",
    "Trace",
    "Way",
    "Who",
    "picture_of",
    "picture_of_case",
    "picture_of_run",
]


def picture_of(definition: schema.Definition) -> Picture:
    """The definition as drawn. One query."""
    return Picture(draw(definition, None))


def picture_of_case(request: Request, viewer: Any) -> Picture | None:
    """Where a case is on its workflow, for one viewer; None for a case without one. At most seven queries."""
    definition = getattr(request.process.flow_class, "definition", None) if request.process else None
    if definition is None:
        return None
    return Picture(draw(definition, trace_of(request, definition, viewer)), has_case=True)


def picture_of_run(run: Run) -> Picture:
    """What would happen to a case that is only tried. Two queries."""
    return Picture(draw(run.definition, trace_of_run(run)), has_case=True, choosable=True)
