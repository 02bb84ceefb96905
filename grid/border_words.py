"""What to tell people of borders that do not fit, and of changes that cannot be made."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from .topology import Impossible, Label, Problem, Reason

#: Each says what is wrong and what to do. ``%(grid)s`` and ``%(grids)s`` are names with codes.
SENTENCES: Mapping[Reason, Any] = {
    Reason.MALFORMED: gettext_lazy("This change cannot be read (%(what)s). Reload the page and do it again."),
    Reason.UNKNOWN_GRID: gettext_lazy("There is no grid %(grid)s here any more. Reload the page."),
    Reason.NO_GROUND: gettext_lazy("%(grid)s has no border yet. Draw it first."),
    Reason.CODE_MISSING: gettext_lazy("The new grid needs a code. Enter one."),
    Reason.CODE_TAKEN: gettext_lazy("The code %(code)s is taken. Choose another one."),
    Reason.CODE_TOO_LONG: gettext_lazy("The code is too long. Use at most %(length)s characters."),
    Reason.NAME_MISSING: gettext_lazy("The grid needs a name. Enter one."),
    Reason.NAME_TOO_LONG: gettext_lazy("The name is too long. Use at most %(length)s characters."),
    Reason.HOUSEHOLDS: gettext_lazy("Give the households as a whole number, or leave the field empty."),
    Reason.NO_CORNER: gettext_lazy(
        "There is no border point here any more. Reload the page and choose another one."
    ),
    Reason.NO_EDGE: gettext_lazy("There is no border here any more. Reload the page and choose another one."),
    Reason.CORNER_THERE: gettext_lazy("There is a border point here already. Move that one."),
    Reason.JUNCTION: gettext_lazy("Several borders meet at this point. It can be moved, but not removed."),
    Reason.OUTLINE: gettext_lazy(
        "This point is on the community's own border, which stays as it is. "
        "Move a point between two grids of the community."
    ),
    Reason.FOREIGN: gettext_lazy(
        "This ground belongs to %(area)s. Change the border there first, or stay on this side of it."
    ),
    Reason.CROSSES: gettext_lazy(
        "The border of %(grids)s would cross itself or another border. Move the point less far."
    ),
    Reason.VANISHES: gettext_lazy(
        "Nothing would be left of %(grid)s. Draw a smaller grid, or merge the two instead."
    ),
    Reason.FALLS_APART: gettext_lazy(
        "%(grid)s would fall apart into pieces. Draw the new grid so that the rest stays in one piece, "
        "or split %(grid)s first."
    ),
    Reason.TOO_CLOSE: gettext_lazy(
        "Two borders would lie closer than two centimetres here. Draw the line a little further away, "
        "or exactly through the border point."
    ),
    Reason.LINE_SHORT: gettext_lazy("The dividing line needs at least two points."),
    Reason.LINE_CROSSES_ITSELF: gettext_lazy("The dividing line crosses itself. Draw it without a loop."),
    Reason.LINE_MISSES: gettext_lazy("The line does not cross %(grid)s. Draw it from border to border."),
    Reason.LINE_ENDS_INSIDE: gettext_lazy(
        "The line ends inside %(grid)s. Begin and end it on the border or outside."
    ),
    Reason.LINE_CUTS_MORE: gettext_lazy(
        "The line would cut %(grid)s into more than two pieces. Draw it so that it crosses the border twice."
    ),
    Reason.LINE_CUTS_NOTHING: gettext_lazy(
        "The line does not divide %(grid)s: it ends on the same piece. "
        "Draw it from one side of the grid to another."
    ),
    Reason.RING_SHORT: gettext_lazy("A grid needs at least three points."),
    Reason.RING_CROSSES_ITSELF: gettext_lazy(
        "The border of the new grid crosses itself. Draw it without a loop."
    ),
    Reason.RING_OUTSIDE: gettext_lazy(
        "The new grid lies outside of the community. Draw it within the community's border."
    ),
    Reason.RING_IN_PIECES: gettext_lazy(
        "Within the community the new grid would be in several pieces. Draw it in one piece."
    ),
    Reason.MERGE_ONE: gettext_lazy("Choose at least two grids to merge."),
    Reason.MERGE_INTO: gettext_lazy("Choose which of the merged grids stays."),
    Reason.MERGE_APART: gettext_lazy(
        "%(grids)s and the others do not border on each other. Only neighbours can be merged."
    ),
}
_MALFORMED = {
    "coordinates": gettext_lazy("a place"),
    "edge": gettext_lazy("a border"),
    "operation": gettext_lazy("the kind of change"),
    "do": gettext_lazy("the kind of change"),
    "keep": gettext_lazy("which piece stays"),
    "grids": gettext_lazy("which grids"),
    "same_members": gettext_lazy("who serves there"),
}


def why_not(impossible: Impossible, labels: Mapping[str, Label]) -> str:
    """Why an operation cannot be done, for the person at the screen."""
    params: dict[str, Any] = dict(impossible.params)
    if "grid" in params:
        params["grid"] = named([params["grid"]], labels)
    if "grids" in params:
        params["grids"] = named(params["grids"], labels) or _("the ground without a grid")
    if "what" in params:
        params["what"] = _MALFORMED[params["what"]]
    return str(SENTENCES[impossible.reason]) % params


def what_is_wrong(problem: Problem, labels: Mapping[str, Label]) -> str:
    """A problem of the stored borders, for the person at the screen."""
    area = "" if problem.area is None else number_format(round(problem.area, 1 if problem.area < 100 else 0))
    if problem.kind == "gap":
        beside = named(problem.grids, labels)
        if not beside:
            return _("%(area)s m² of the community belong to no grid. Draw a grid there.") % {"area": area}
        return _("%(area)s m² beside %(grids)s belong to no grid. Draw a grid there, or move the border.") % {
            "area": area,
            "grids": beside,
        }
    if problem.kind == "overlap":
        return _("%(grids)s overlap on %(area)s m². When you save, the ground goes to %(holder)s.") % {
            "area": area,
            "grids": named(problem.grids, labels),
            "holder": named(problem.grids[:1], labels),
        }
    if problem.kind == "outside":
        return _("%(area)s m² of %(grids)s lie outside of the community.") % {
            "area": area,
            "grids": named(problem.grids, labels),
        }
    if problem.kind == "no_ground":
        return _("%(grids)s has no border of its own. Draw it, with its code.") % {
            "grids": named(problem.grids, labels)
        }
    return _("This community has no border of its own: the outer border of its grids is taken for it.")


def named(codes: Iterable[str], labels: Mapping[str, Label]) -> str:
    """Names with codes: numbered grids are called alike everywhere. Three at most."""
    codes = list(codes)
    shown = [
        f"{labels[code].name} ({code})" if code in labels and labels[code].name != code else code
        for code in codes[:3]
    ]
    text = _(", ").join(shown)
    more = len(codes) - len(shown)
    if more:
        text += ngettext(" and %(count)d other", " and %(count)d others", more) % {"count": more}
    return text
