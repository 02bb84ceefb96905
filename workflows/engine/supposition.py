"""A move that is only supposed: the engine's rules answer for it, and nothing is written.

People, conditions and clocks ask a :class:`~.move.Move` about its case. Here the case and its process are
rows that were never saved, or copies of saved ones; what the database would know of the steps done so far is
kept in memory. ``workflows.trial`` walks a definition with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from .move import Move


@dataclass
class Supposition(Move):
    """``doers``: block → id of the user who is supposed to have decided it last (None: somebody of a
    pool).
    """

    is_supposed: ClassVar[bool] = True
    doers: dict[str, int | None] = field(default_factory=dict)
    latest: int | None = None

    def last_doer(self, block: str | None = None) -> int | None:
        return self.latest if block is None else self.doers.get(block)

    def decide(self, block: str, user_id: int | None) -> None:
        """Suppose that this user has just decided a block; None: nobody, or one of a pool."""
        self.doers[block] = user_id
        self.latest = user_id or self.latest
        self.decided_by = (user_id,) if user_id else ()

    def write(self) -> None:
        raise RuntimeError("a supposed move writes nothing")
