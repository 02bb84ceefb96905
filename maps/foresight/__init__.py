"""What matters: where cases gather, what departs from its own past, what next week will bring.

``standing_out`` and ``next_week`` read what was worked out last; they load nothing heavy. All else here is
arithmetic on counts (``hotspots``, ``trends``, ``forecasting``, ``backtest``; no database) and the day's work
on top of it (``gathering``, ``work``), which ``maps.actions.foresight`` does in a process of its own.
Nothing here knows of residents: counts by grid, category and day are all there is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from grid.models import User

    from .reading import Expected, Item, StandingOut

__all__ = ["item_of", "next_week", "standing_out"]


def standing_out(
    user: User | AnonymousUser, *, kind: str = "", category: str = "", days: int = 0, most: int = 100
) -> StandingOut:
    """What stands out where this user watches, the most certain first; empty choices mean all.

    ``kind``: a ``maps.models.FindingKind``; ``category``: a code; ``days``: length of the period looked at.
    Grids that hang together in one hot spot are one item. Five queries, however many there are.
    """
    from .reading import read_standing_out

    return read_standing_out(user, kind=kind, category=category, days=days, most=most)


def next_week(
    user: User | AnonymousUser, *, category: str = "", most: int = 100
) -> tuple[list[Expected], int]:
    """What the user's grids have to expect in the seven days that follow, most first, and of how many grids.

    ``category``: a code; none means all categories together. Four queries.
    """
    from .reading import read_next_week

    return read_next_week(user, category=category, most=most)


def item_of(user: User | AnonymousUser, finding: int) -> Item | None:
    """The item a finding is part of, as this user may see it; None for another's."""
    from .reading import read_item

    return read_item(user, finding)
