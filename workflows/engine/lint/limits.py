"""Deadlines of steps, and the two of a whistle."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from ...words import limit_in_words
from ..schema import Approval, Deadline, Limit, Whistle
from .findings import Finding, Fix, remove, replace
from .places import Place
from .whom import whom


def deadlines(place: Place) -> Iterator[Finding]:
    block: Approval = place.block
    for number, deadline in enumerate(block.deadlines):
        path = (*place.path, "deadlines", number)
        away = Fix(_("Take the deadline away"), (remove(path),))
        if deadline.action == "escalate" and not deadline.to:
            yield place.error(_("The deadline escalates, but does not say to whom."), away)
        if deadline.action == "outcome":
            yield from _decides(place, deadline, away)
        if deadline.every is not None and deadline.action != "remind":
            yield place.error(
                _("Only reminders can be repeated."),
                Fix(_("Do not repeat it"), (remove((*path, "every")),)),
            )
        if deadline.to and deadline.action == "outcome":
            yield place.warning(
                _("The deadline says to whom, but it does not escalate."),
                Fix(_("Leave it out"), (remove((*path, "to")),)),
            )
        if deadline.outcome and deadline.action != "outcome":
            yield place.warning(
                _("The deadline names an outcome, but it does not decide."),
                Fix(_("Leave it out"), (remove((*path, "outcome")),)),
            )
        yield from whom(place, deadline.to, "deadlines", number, "to")
    yield from _in_vain(place)


def _decides(place: Place, deadline: Deadline, away: Fix) -> Iterator[Finding]:
    outcome = place.block.outcome(deadline.outcome or "")
    if outcome is None:
        yield place.error(
            _("The deadline decides “%(code)s”, which is no outcome.") % {"code": deadline.outcome or ""},
            away,
        )
    elif outcome.returns_to:
        # The only way to go in circles: people send back knowingly, a timer would for ever.
        yield place.error(_("A deadline must not send the case back: it could go in circles for ever."), away)


def _in_vain(place: Place) -> Iterator[Finding]:
    """Deadlines that come when the step has been decided by itself already."""
    every = place.block.deadlines
    deciding = [deadline for deadline in every if deadline.action == "outcome"]
    for number, deadline in enumerate(every):
        earlier = [one for one in deciding if one is not deadline and longer(deadline.after, one.after)]
        if earlier:
            yield place.warning(
                _("What comes after %(limit)s comes too late: after %(earlier)s the step decides itself.")
                % {"limit": _words(deadline.after), "earlier": _words(earlier[0].after)},
                Fix(_("Take the deadline away"), (remove((*place.path, "deadlines", number)),)),
            )


def whistle(place: Place) -> Iterator[Finding]:
    block: Whistle = place.block
    yield from whom(place, block.departments, "departments")
    yield from whom(place, block.escalate_to, "escalate_to")
    if block.finish is not None and longer(block.respond, block.finish):
        yield place.error(
            _("They may take %(respond)s to report in, but must be done within %(finish)s.")
            % {"respond": _words(block.respond), "finish": _words(block.finish)},
            Fix(
                _("Report in within %(limit)s") % {"limit": _words(block.finish)},
                (replace((*place.path, "respond"), place.drawn("finish")),),
            ),
        )


def longer(one: Limit, other: Limit) -> bool:
    """Whether a limit is surely longer than another: only those on one clock can be compared."""
    return one.clock == other.clock and one.limit > other.limit


def _words(limit: Limit) -> str:
    return limit_in_words(limit.limit, limit.clock)
