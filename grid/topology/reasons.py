"""Why an operation cannot be done. The words for people are in :mod:`grid.border_words`."""

from enum import StrEnum
from typing import Any


class Reason(StrEnum):
    """Each comes with the parameters its sentence needs, named in the comment."""

    MALFORMED = "malformed"  # what
    UNKNOWN_GRID = "unknown_grid"  # grid
    NO_GROUND = "no_ground"  # grid
    CODE_MISSING = "code_missing"
    CODE_TAKEN = "code_taken"  # code
    CODE_TOO_LONG = "code_too_long"  # length
    NAME_MISSING = "name_missing"
    NAME_TOO_LONG = "name_too_long"  # length
    HOUSEHOLDS = "households"
    NO_CORNER = "no_corner"
    NO_EDGE = "no_edge"
    CORNER_THERE = "corner_there"
    JUNCTION = "junction"
    OUTLINE = "outline"
    FOREIGN = "foreign"  # area
    CROSSES = "crosses"  # grids
    VANISHES = "vanishes"  # grid
    FALLS_APART = "falls_apart"  # grid
    TOO_CLOSE = "too_close"
    LINE_SHORT = "line_short"
    LINE_CROSSES_ITSELF = "line_crosses_itself"
    LINE_MISSES = "line_misses"  # grid
    LINE_ENDS_INSIDE = "line_ends_inside"  # grid
    LINE_CUTS_MORE = "line_cuts_more"  # grid
    LINE_CUTS_NOTHING = "line_cuts_nothing"  # grid
    RING_SHORT = "ring_short"
    RING_CROSSES_ITSELF = "ring_crosses_itself"
    RING_OUTSIDE = "ring_outside"
    RING_IN_PIECES = "ring_in_pieces"
    MERGE_ONE = "merge_one"
    MERGE_INTO = "merge_into"  # grid
    MERGE_APART = "merge_apart"  # grids


class Impossible(Exception):
    """An operation was not done; the coverage is as it was. ``params`` are for the sentence."""

    def __init__(self, reason: Reason, **params: Any) -> None:
        super().__init__(reason.value, params)
        self.reason = reason
        self.params = params
