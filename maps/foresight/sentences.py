"""Why something is shown: one plain sentence with its numbers, in the active language. No database."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from maps.models import FindingKind

#: Grids named in a sentence; of more only the number is said.
MOST_NAMED = 3


@dataclass(frozen=True)
class Rest:
    """The other grids of the area that the reader watches: its name, their cases and their number."""

    name: str
    n: int
    grids: int


def where(names: list[str]) -> str:
    """ "和平里社区 第3网格、第4网格 等 5 个网格" """
    between = pgettext("between names of grids", ", ")
    if len(names) <= MOST_NAMED:
        return between.join(names)
    gaps = {"names": between.join(names[:2]), "n": len(names)}
    return _("%(names)s and others (%(n)s grids)") % gaps


def number(value: float) -> str:
    """Whole from ten on, one decimal below: "12", "3.4", "3"."""
    return f"{value:.0f}" if value >= 10 or value == round(value) else f"{value:.1f}"


def hot_spot(place: str, grids: int, what: str, days: int, n: int, rest: Rest | None) -> str:
    """``rest`` is None for readers who watch nothing to compare with."""
    gaps = {"where": place, "what": what, "days": days, "n": n, "mean": number(n / grids)}
    if rest is None or rest.grids <= 0:
        return (
            _("%(where)s: %(n)s × %(what)s in the last %(days)s days, clearly denser than elsewhere.") % gaps
        )
    gaps |= {"area": rest.name, "usual": number(rest.n / rest.grids)}
    if grids == 1:
        return (
            _(
                "%(where)s: %(n)s × %(what)s in the last %(days)s days, together with the grids beside it "
                "clearly more than elsewhere. Other grids in %(area)s had %(usual)s on average."
            )
            % gaps
        )
    return (
        _(
            "%(where)s: %(n)s × %(what)s in the last %(days)s days, %(mean)s a grid. "
            "Other grids in %(area)s had %(usual)s on average."
        )
        % gaps
    )


def change(kind: str, place: str, what: str, days: int, n: int, usual: float, most: int, weeks: int) -> str:
    """A departure from a grid's own past; see ``maps.foresight.trends``."""
    gaps = {
        "where": place, "what": what, "days": days, "n": n, "usual": number(usual), "most": most,
        "weeks": weeks,
    }  # fmt: skip
    return _sentence(kind, n, most) % gaps


def _sentence(kind: str, n: int, most: int) -> str:
    if kind == FindingKind.SILENT and not n:
        return _(
            "%(where)s: no %(what)s in the last %(days)s days; usually about %(usual)s in that time. "
            "It is worth asking whether people there cannot report."
        )
    if kind == FindingKind.SILENT:
        return _(
            "%(where)s: only %(n)s × %(what)s in the last %(days)s days; usually about %(usual)s in that "
            "time. It is worth asking whether people there cannot report."
        )
    if not most:
        return _(
            "%(where)s: %(n)s × %(what)s in the last %(days)s days; none on the same weekdays of the "
            "%(weeks)s weeks before."
        )
    if kind == FindingKind.SUDDEN:
        return _(
            "%(where)s: %(n)s × %(what)s in the last %(days)s days; on the same weekdays of the "
            "%(weeks)s weeks before about %(usual)s, at most %(most)s."
        )
    return _(
        "%(where)s: %(n)s × %(what)s in the last %(days)s days; usually about %(usual)s in that time "
        "(at most %(most)s in the %(weeks)s weeks before)."
    )
