"""What the page about operations says: each figure, a sentence about it, and what to do when it is bad."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib.humanize.templatetags.humanize import intcomma
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from realtime.figures import Figures

#: Below that many, a share says nothing.
ENOUGH = 20
#: Of the news, this share is to be told within a second.
IN_TIME = 0.95
#: More than this share of the screens on the fallback means that something breaks websockets for all.
FEW_STREAMS = 0.5


@dataclass(frozen=True)
class Line:
    """``is_bad``: None where there is nothing to judge. ``advice``: what to do when it is bad."""

    name: str
    value: str
    sentence: str
    advice: str
    is_bad: bool | None = None


def lines(total: Figures) -> list[Line]:
    """For people, the most telling first. ``total``: of all serving processes."""
    return [*_health(total), *_screens(total), *_news(total), *_losses(total)]


def _health(total: Figures) -> Iterator[Line]:
    yield Line(
        name=_("Processes that follow the events"),
        value=_("%(n)s of %(all)s") % {"n": total.following, "all": total.processes},
        sentence=_("Each process reads the log of events and tells its screens what is new."),
        advice=_(
            "Screens of a process that does not follow are not up to date. See whether the database answers, "
            "then restart that process."
        ),
        is_bad=total.following < total.processes or not total.processes,
    )


def _screens(total: Figures) -> Iterator[Line]:
    screens = sum(total.present.values())
    streams = sum(number for kind, number in total.present.items() if kind.endswith(" stream"))
    shown = {kind: _of_kind(total, kind) for kind in ("map", "wall", "public", "tasks", "case")}
    shown["map"] += shown["wall"]
    yield Line(
        name=_("Connections now"),
        value=intcomma(screens),
        sentence=_(
            "Live maps: %(map)s, public maps: %(public)s, people signed in: %(tasks)s, "
            "single requests: %(case)s."
        )
        % {kind: intcomma(number) for kind, number in shown.items()},
        advice=_("When there are many more than people at work, look for a program that connects by itself."),
    )
    yield Line(
        name=_("Of them by the fallback"),
        value=intcomma(streams),
        sentence=_("These screens could not open a websocket and follow a stream of events instead."),
        advice=_(
            "They lose nothing. If it is most of them, a proxy on the way does not let websockets through: "
            "ask whoever looks after the network to allow them for /ws/."
        ),
        is_bad=streams > FEW_STREAMS * screens if screens >= ENOUGH else None,
    )
    yield Line(
        name=_("Refused or shown out"),
        value=intcomma(sum(total.refused.values())),
        sentence=_("Not signed in (any more): %(unknown)s. Not allowed (any more): %(forbidden)s.")
        % {
            "unknown": intcomma(total.refused.get("4401", 0)),
            "forbidden": intcomma(total.refused.get("4403", 0)),
        },
        advice=_(
            "Some are ordinary: people sign out with a page open. If it grows fast, look for a program."
        ),
    )


def _news(total: Figures) -> Iterator[Line]:
    told = sum(total.delays)
    share = total.within(1.0) / told if told else 1.0
    yield Line(
        name=_("Told within a second"),
        value=_("%(percent).1f %% of %(n)s") % {"percent": share * 100, "n": intcomma(told)} if told else "–",
        sentence=_("From the moment something is written until the message about it leaves for the screens.")
        if told
        else _("Nothing has been told yet since the start."),
        advice=_(
            "Late news mean that the machine or the database has too much to do. "
            "See what else runs, or add a process."
        ),
        is_bad=share < IN_TIME if told >= ENOUGH else None,
    )
    yield Line(
        name=_("Events heard of"),
        value=intcomma(total.events),
        sentence=_("What happened since the start, as each process heard of it."),
        advice=_("If it stands still while people work, see the first line."),
    )
    yield Line(
        name=_("Messages sent"),
        value=intcomma(total.frames),
        sentence=_("%(size)s in all, signs of life included.") % {"size": filesizeformat(total.bytes)},
        advice=_("Nothing to do, unless the network is full."),
    )


def _losses(total: Figures) -> Iterator[Line]:
    yield Line(
        name=_("Caught up"),
        value=intcomma(total.replays),
        sentence=_("Screens that were away for a moment and were sent what they had missed."),
        advice=_("Many at once: the network, or a process, was interrupted."),
    )
    yield Line(
        name=_("Told to read again"),
        value=intcomma(total.rereads),
        sentence=_("Screens that were away for long, or whose rights have changed, load everything anew."),
        advice=_(
            "Ordinary after a restart or an import. If it goes on without those, "
            "the network drops connections."
        ),
    )
    yield Line(
        name=_("Stuck now"),
        value=intcomma(total.stuck),
        sentence=_("Screens that take nothing at the moment, for example on a weak network."),
        advice=_("Nobody waits for them. If it is more than a few, look at the network."),
        is_bad=total.stuck > max(ENOUGH, sum(total.present.values()) // 10),
    )
    yield Line(
        name=_("Cut off"),
        value=intcomma(total.dropped),
        sentence=ngettext(
            "Screens that took nothing for ten seconds. "
            "%(n)s message found its screen busy and was sent later.",
            "Screens that took nothing for ten seconds. "
            "%(n)s messages found theirs busy and were sent later.",
            total.skipped,
        )
        % {"n": intcomma(total.skipped)},
        advice=_("They come back by themselves. If it grows by the minute, look at the network."),
    )


def _of_kind(total: Figures, kind: str) -> int:
    return total.present.get(f"{kind} socket", 0) + total.present.get(f"{kind} stream", 0)
