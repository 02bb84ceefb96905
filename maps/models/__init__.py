"""What the maps keep in the database: sums over the cases, see docs/adr/0007."""

from .summaries import Cell, Change, Fold, Spot, Tally

__all__ = ["Cell", "Change", "Fold", "Spot", "Tally"]
