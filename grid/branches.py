"""Which party branches are built on an area (支部建在网格上)."""

from .models import Area, Branch
from .roster import STEP


def of_area(area: Area) -> list[Branch]:
    """The branches linked to an area, or else to the nearest one above it. Two queries."""
    paths = [area.path[:end] for end in range(STEP, len(area.path) + 1, STEP)]
    linked = Branch.areas.through.objects.filter(area__path__in=paths)
    nearest = linked.order_by("-area__path").values_list("area_id", flat=True).first()
    return list(Branch.objects.filter(areas=nearest).order_by("path")) if nearest else []
