"""Sums over the cases, so that a map of a million of them is drawn from a few thousand rows.

``Spot`` has a row for each case, as it was counted; ``Cell`` and ``Tally`` hold the sums over the spots and
nothing else; ``Change`` names the cases that were written since. :mod:`maps.actions.summaries` folds changes
into the sums, :mod:`maps.queries.summaries` reads sums and changes together. None of it says anything that
cannot be worked out again from the cases.
"""

from django.db import models
from django.db.models import Q

from workflows.models import Request


class Change(models.Model):
    """A case was written. Put here by the database itself (``maps.actions.noting``), taken away by folding.

    Rows are only ever added by those who write cases, so nobody waits for anybody here.
    """

    request_id = models.BigIntegerField()

    def __str__(self) -> str:
        return f"case {self.request_id} was written"


class Fold(models.Model):
    """One row: how far the sums are. Whoever folds holds its lock."""

    ONLY = 1

    # Grows with each fold; a reader who finds it unchanged has read sums of one moment.
    version = models.BigIntegerField(default=0)
    # Cells tell areas apart down to this depth of the tree; 1 is the top.
    depth = models.PositiveSmallIntegerField(default=1)
    # While the sums are built anew: cases with ids up to this have a spot, so many steps of adding them up
    # are done. Null once all is done.
    built_to = models.BigIntegerField(null=True)
    steps_done = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"sums, version {self.version}"


class Spot(models.Model):
    """A case as the sums count it: where, whose, what, and its light until ``turns``."""

    request = models.OneToOneField(
        Request, primary_key=True, db_constraint=False, on_delete=models.DO_NOTHING, related_name="+"
    )
    # The map tile at zoom 15 (``maps.viewport.tile_key``); ``NOWHERE`` for a case without a point.
    tile = models.BigIntegerField()
    # Column and row of the finest raster of cells (``maps.viewport.FINEST``).
    x = models.IntegerField()
    y = models.IntegerField()
    # WGS-84 in millionths of a degree: whole numbers, so that sums stay exact however often they change.
    lon = models.BigIntegerField()
    lat = models.BigIntegerField()
    # Materialised paths: of the area that has it, of the one it would fall into by the borders of today.
    area = models.CharField(max_length=255, blank=True)
    today = models.CharField(max_length=255, blank=True)
    # Id of the category; ``maps.spots.NO_CATEGORY`` without one.
    category = models.IntegerField()
    state = models.CharField(max_length=12)
    light = models.CharField(max_length=6)
    # Place in the list by urgency; ties go by ``due`` (``maps.spots``).
    rank = models.SmallIntegerField()
    # Microseconds since 1970: the deadline (far in the future without one), and when the light turns next.
    due = models.BigIntegerField()
    turns = models.BigIntegerField(null=True)
    # What the public map counts: 0 is open, 202611 was closed in that month, null is neither.
    month = models.IntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["tile", "rank"], name="spot_tile"),
            models.Index(fields=["area", "rank"], name="spot_area"),
            models.Index(fields=["rank", "due", "request"], name="spot_urgency"),
            models.Index(fields=["category", "tile"], name="spot_category"),
            models.Index(fields=["turns"], condition=Q(turns__isnull=False), name="spot_turns"),
            models.Index(fields=["tile", "turns"], condition=Q(turns__isnull=False), name="spot_tile_turns"),
        ]

    def __str__(self) -> str:
        return f"case {self.request_id} at {self.x}, {self.y}"


class Cell(models.Model):
    """How many cases lie in one cell of a raster, by area, state and light, and by category or of all.

    A row whose cases are all gone stays until the next tidying up, with nothing but zeros.
    """

    # 0 for cases without a point, which are all in one cell.
    level = models.PositiveSmallIntegerField()
    # ``maps.spots.ALL_CATEGORIES``, or one of them.
    category = models.IntegerField()
    # The block of 8 × 8 cells it lies in: what a viewport asks for.
    block = models.BigIntegerField()
    x = models.IntegerField()
    y = models.IntegerField()
    # Path of the area, cut off at ``Fold.depth``.
    area = models.CharField(max_length=255, blank=True)
    state = models.CharField(max_length=12)
    light = models.CharField(max_length=6)
    n = models.IntegerField()
    # Sums: of the coordinates for the middle, and of the ids, which is the case's own where n is 1.
    lon = models.BigIntegerField()
    lat = models.BigIntegerField()
    ids = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["level", "category", "block", "x", "y", "area", "state", "light"], name="cell_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.n} in {self.level}/{self.x}/{self.y}"


class Tally(models.Model):
    """How many requests are open (month 0) or were closed in a month, in an area and all below it."""

    # By the borders of today, or by who has the case.
    today = models.BooleanField()
    path = models.CharField(max_length=255)
    month = models.IntegerField()
    n = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["today", "path", "month"], name="tally_once")]

    def __str__(self) -> str:
        return f"{self.n} in {self.path}"
