"""指标: what has been done in time, and how it was found, over a period, by area, category and member.

What each figure means exactly is in ``definitions`` (and docs/reference/indicators.md). They are counted from
:class:`.models.CaseFacts`, which says what was known of each case when, and which is read from the event log.

For others: :func:`by_area`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grid.models import Area
    from workflows.models import Category

    from .definitions import Figures
    from .periods import Period


def by_area(
    user: Any,
    *,
    period: Period,
    areas: Iterable[Area] | None = None,
    level: str | None = None,
    category: Category | None = None,
    as_of: datetime | None = None,
    within: Area | None = None,
) -> dict[int, Figures]:
    """Area id → its figures, each with everything below it, as far as the user may see cases there.

    ``areas``: these; else those in force of a ``level`` (its code) that the user watches. As many queries for
    forty thousand areas as for one. ``as_of``: what was known then; now when not given. An area without any
    case has figures with ``of`` 0. ``within``: an area that all of them lie in, to count no more than needed.
    """
    from .actions.follow import catch_up
    from .reading import Question, of_areas
    from .rights import areas_of_level

    chosen = list(areas) if areas is not None else list(areas_of_level(user, level))
    question = Question(user, period, area=within, category=category, as_of=as_of or catch_up())
    return of_areas(question, chosen)
