"""What the maps keep in the database: sums of the cases (docs/adr/0007), and what was found to stand out."""

from .foresight import Finding, FindingKind, Foresight, Outlook
from .summaries import Cell, Change, Fold, Spot, Tally

__all__ = ["Cell", "Change", "Finding", "FindingKind", "Fold", "Foresight", "Outlook", "Spot", "Tally"]
