"""A case in brief: what every event about it carries (see :class:`realtime.events.CaseBrief`)."""

from realtime.events import CaseBrief

from .models import Request, Urgency


def case_brief(request: Request) -> CaseBrief:
    """The case as it is now. ``category`` and ``grid`` are codes, "" where it has none."""
    return CaseBrief(
        id=request.pk,
        number=request.number,
        state=request.state,
        category=request.category.code if request.category else "",
        lon=request.lon,
        lat=request.lat,
        grid=request.area.code if request.area else "",
        yellow_at=request.yellow_at,
        due_at=request.due_at,
        closed_at=request.closed_at,
        urgent=request.urgency == Urgency.URGENT,
        handler=request.handler_id,
    )
