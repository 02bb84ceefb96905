"""Milestones on a case's row: when it was registered, handled, closed."""

from __future__ import annotations

from realtime.case_events import OutcomeShared
from realtime.events import RequestClosed, RequestRegistered
from realtime.prepared import Prepared
from workflows.models import Application, Joiner

from .move import Move

# Hardly any case has one of these when it closes: that is asked first.
_APPLIED = Prepared(lambda: Application.objects.filter(request=0, status="")[:1])
_JOINED = Prepared(lambda: Joiner.objects.filter(request=0)[:1])


def reach(mark: str, move: Move) -> None:
    """The case has come this far: set the moment, note the event. A repeated milestone keeps the first moment
    of registration and the latest of handling."""
    match mark:
        case "registered":
            register(move)
        case "handled":
            move.change(handled_at=move.now)
        case "closed":
            close(move)


def register(move: Move) -> None:
    if move.request.registered_at is None:
        move.change(registered_at=move.now)
        move.note(RequestRegistered, notify=[move.request.reporter_id])


def close(move: Move) -> None:
    """Stop the case's clock, once; what was asked for about it lapses; everyone linked to it hears of it."""
    case = move.request
    if case.closed_at is not None:
        return
    move.change(closed_at=move.now)
    if _APPLIED.get(case.pk, Application.Status.OPEN):
        open_ones = Application.objects.filter(request=case, status=Application.Status.OPEN)
        open_ones.update(status=Application.Status.LAPSED, decided_at=move.now)
    on_time = None if case.due_at is None else move.now <= case.due_at
    move.note(RequestClosed, state=case.state, on_time=on_time, notify=[case.reporter_id])
    share_outcome(move)


def share_outcome(move: Move) -> None:
    """Tell those who asked for the same what has become of it."""
    if _JOINED.get(move.request.pk) is None:
        return
    joiners = list(Joiner.objects.filter(request=move.request).values_list("user_id", flat=True))
    move.note(OutcomeShared, state=move.request.state, people=len(joiners), notify=joiners)


def reopen(move: Move) -> None:
    """The case is open again: its clock runs on."""
    case = move.request
    move.change(closed_at=None, handled_at=None, reopened_count=case.reopened_count + 1)
