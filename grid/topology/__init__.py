"""The grids of one community as one coverage: no overlap, no gap, shared borders shared exactly.

Pure: integers and shapely, no Django, no database. See docs/explanation/shared-borders.md.
"""

from .coverage import Coverage, Label, Origin, Retired
from .lattice import on_lattice
from .problems import Problem
from .reasons import Impossible, Reason

__all__ = ["Coverage", "Impossible", "Label", "Origin", "Problem", "Reason", "Retired", "on_lattice"]
