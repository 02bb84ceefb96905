"""The communities whose borders somebody may redraw, with what the list says of each."""

from __future__ import annotations

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from grid.borders import grid_level
from grid.models import Area, AreaDraft, AreaEdit, Level, User


def communities(areas: QuerySet[Area], user: User, text: str = "") -> QuerySet[Area]:
    """Those among ``areas`` that hold grids, or could: the areas right above the level of grids.

    Each with ``grids`` (their number), ``saved_at`` and ``saved_by`` of the last save on its map, and
    ``draft_at`` of the user's own unsaved work. One query, however many there are.
    """
    level = grid_level()
    if level is None:
        return areas.none()
    above = Level.objects.filter(order__lt=level.order).order_by("-order").first()
    inside = Area.objects.in_force().filter(
        path__startswith=OuterRef("path"), depth=OuterRef("depth") + 1, level__is_grid=True
    )
    edits = AreaEdit.objects.filter(path=OuterRef("path")).order_by("-pk")
    drafts = AreaDraft.objects.filter(community=OuterRef("pk"), user=user)
    found = areas.filter(level__is_grid=False).filter(Exists(inside) | Q(level=above, numchild=0))
    if text:
        found = found.filter(Q(name__icontains=text) | Q(name_en__icontains=text) | Q(code__startswith=text))
    count = inside.order_by().values("level__is_grid").annotate(number=Count("pk")).values("number")
    return found.select_related("level").annotate(
        grids=Coalesce(Subquery(count), 0),
        saved_at=Subquery(edits.values("at")[:1]),
        saved_by=Subquery(edits.values("by__name")[:1]),
        draft_at=Subquery(drafts.values("saved_at")[:1]),
    )
