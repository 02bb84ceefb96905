"""Words and addresses for what is beside the cases on the live map: layers, tools, search, choosing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _

from maps.queries import search

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grid.models import User


def live_config(
    config: dict[str, Any], user: User, bounds: Sequence[Sequence[float]] | None
) -> dict[str, Any]:
    """The live map's configuration with what its layers and tools need.

    ``bounds``: [[south, west], [north, east]] of what the user watches, in degrees.
    """
    return {
        **config,
        "user": user.pk,
        "mine": bounds and [bounds[0][1], bounds[0][0], bounds[1][1], bounds[1][0]],
        "urls": config["urls"]
        | {
            "figures": reverse("map_figures"),
            "staffing": reverse("map_staffing"),
            "deadlines": reverse("map_deadlines"),
            "standing": reverse("map_standing_out"),
            "search": reverse("map_search"),
            "chosen": reverse("map_chosen"),
        },
        "found": search.kinds(),
        "words": config["words"] | _words(),
    }


def _words() -> dict[str, str]:
    return {
        "cases": _("Requests"),
        "heat": _("Where requests gather"),
        "heat_scale": _("few – many (%(n)s in view)"),
        "members": _("Members on duty"),
        "gaps": _("Grids without a member"),
        "due": _("Due within a day"),
        "standing": _("What stands out"),
        "no_data": _("no data"),
        "up_to": _("up to %(value)s"),
        "between": _("more than %(low)s up to %(high)s"),
        "classes": _("Classes: natural breaks of what is in view."),
        "value": _("%(value)s (n = %(n)s)"),
        "period_and_n": _("%(period)s · n = %(n)s"),
        "as_list": _("The same as a list"),
        "staffed": _("%(n)s of %(of)s grids have a member"),
        "at_desk": _("on duty, has the desk open"),
        "on_duty": _("on duty"),
        "online_grids": _("in %(n)s of them the desk is open"),
        "no_member": _("No member of its own"),
        "gaps_total": _("%(n)s grids in view have no member of their own"),
        "gaps_none": _("Every grid in view has a member."),
        "due_total": _("%(n)s requests in view are due within a day"),
        "due_most": _("the nearest %(n)s are drawn"),
        "standing_total": _("%(n)s findings in view"),
        "standing_none": _("Nothing stands out now."),
        "layer_failed": _("This layer could not be read. It tries again when the map is moved."),
        "metres": _("%(n)s m"),
        "kilometres": _("%(n)s km"),
        "measure_hint": _("Tap points on the map. Enter adds the middle of the map."),
        "measured": _("Distance: %(length)s"),
        "shape_hint": _("Tap the corners around the requests. Enter adds the middle of the map."),
        "box_hint": _("Draw a rectangle: press, move, let go."),
        "corners": _("%(n)s corners"),
        "copied": _("The link is copied. Whoever opens it sees this view, as far as they may."),
        "copy_by_hand": _("Copy this link:"),
        "picture_saved": _("The picture was saved."),
        "picture_name": _("live-map"),
        "without_base": _("without the base map, which belongs to others"),
        "as_of": _("As of %(when)s"),
        "search_none": _("Nothing found. Try a number, a name or a street."),
        "search_found": _("%(n)s found. Choose with the arrow keys."),
        "search_failed": _("The search did not answer. Try again."),
        "no_place": _("has no place on the map"),
    }
