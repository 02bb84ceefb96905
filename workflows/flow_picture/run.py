"""What a tried case would do on its workflow, for the picture."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from grid.models import DutyRole, User

from ..condition_words import with_value
from ..engine import schema
from ..outline import titles_of
from ..trial.pace import Took
from ..trial.seats import Seat
from ..trial.walk import Run, Visit
from .cards import Remark, Stay, Trace, Who
from .draw import consequence, passed_over


def trace_of_run(run: Run) -> Trace:
    """Everything a run said, by block. Two queries."""
    return _Tracer(run).trace()


class _Tracer:
    def __init__(self, run: Run) -> None:
        self.run = run
        self.titles = titles_of(run.definition)
        self.roles = {role.code: str(role) for role in DutyRole.objects.all()}
        ids = {user for visit in run.visits for seat in _all_seats(visit) for user in seat.people()}
        self.names = {pk: str(user) for pk, user in User.objects.in_bulk(ids).items()}

    def trace(self) -> Trace:
        stays: dict[str, list[Stay]] = {}
        taken: dict[str, frozenset[int]] = {}
        why: dict[str, list[list[Remark]]] = {}
        outcomes: dict[str, frozenset[str]] = {}
        for visit in self.run.visits:
            block = visit.block.id
            stays.setdefault(block, []).append(self.stay(visit))
            taken[block] = taken.get(block, frozenset()) | frozenset(visit.taken)
            if visit.reasons:
                why[block] = list(self.why(visit))
            if visit.outcome:
                outcomes[block] = outcomes.get(block, frozenset()) | {visit.outcome}
        is_over = self.run.went is not None and self.run.went.how in ("on", "ended")
        return Trace(stays, taken, why, outcomes, is_over)

    def why(self, visit: Visit) -> Iterator[list[Remark]]:
        for reasons in visit.reasons:
            yield [
                Remark(
                    with_value(reason.comparison, reason.value, self.titles),
                    "check" if reason.holds else "x",
                    "done" if reason.holds else "idle",
                )
                for reason in reasons
            ]

    def stay(self, visit: Visit) -> Stay:
        state = "void" if visit.void else "done" if visit.until else "now"
        stay = Stay(state, visit.at, visit.until)
        if visit.skipped:
            stay.remarks.append(passed_over(visit.skipped))
            return stay
        stay.who = [who for seat in visit.seats for who in self.who(seat)]
        stay.pool = any(seat.is_pool for seat in visit.seats)
        if any(seat.fallback for seat in visit.seats):
            text = _("Nobody was found whom this step names: the administrators get it")
            stay.remarks.append(Remark(text, "alert-triangle", "late"))
        if isinstance(visit.block, schema.Approval):
            self.step(stay, visit)
        elif isinstance(visit.block, schema.Copy | schema.Notify) and not visit.seats:
            stay.remarks.append(Remark(_("Nobody was found: nothing is sent"), "alert-triangle", "late"))
        return stay

    def step(self, stay: Stay, visit: Visit) -> None:
        block: schema.Approval = visit.block
        if outcome := block.outcome(visit.outcome):
            stay.outcome, stay.style = outcome.title, outcome.style
        if visit.took is not None and visit.outcome_by != "deadline" and not visit.void:
            stay.took_words = took_in_words(visit.took)
        if visit.void:
            stay.remarks.append(Remark(_("Not needed any more: another branch settled the case"), "x"))
        for firing in visit.deadlines:
            said = consequence(block, firing.deadline, self.roles, self.titles)
            names = [who.name for seat in firing.to for who in self.who(seat)]
            if names:
                said = _("Goes to %(who)s") % {"who": _(", ").join(names)}
            if firing.fires:
                stay.remarks.append(Remark(said, "bell-ringing", "late", firing.at))
            else:
                said = _("If nobody acts by then: %(what)s") % {"what": said}
                stay.remarks.append(Remark(said, "clock", "idle", firing.at))

    def who(self, seat: Seat) -> Iterator[Who]:
        role = self.roles.get(seat.role, "")
        if seat.is_resident:
            yield Who(_("the resident who asked"))
        elif seat.user_id is not None and seat.user_id in self.names:
            yield Who(self.names[seat.user_id], self.stand_ins(seat) or role)
        for user in seat.pool:
            if user in self.names:
                yield Who(self.names[user])

    def stand_ins(self, seat: Seat) -> str:
        names = [self.names[user] for user in seat.stand_ins if user in self.names]
        return _("%(names)s stands in") % {"names": _(", ").join(names)} if names else ""


def _all_seats(visit: Visit) -> Iterator[Seat]:
    yield from visit.seats
    for firing in visit.deadlines:
        yield from firing.to


def took_in_words(took: Took) -> str:
    """A duration and where the number is from."""
    if took.hours is None:
        return ""
    hours = f"{round(took.hours, 1):g}"
    if took.how == "case":
        return _("%(hours)s working hours, as this case took") % {"hours": hours}
    if took.how == "step":
        sentence = ngettext(
            "%(hours)s working hours, as in %(n)s past case",
            "%(hours)s working hours, the middle of %(n)s past cases",
            took.n,
        )
        return sentence % {"hours": hours, "n": took.n}
    if took.how == "steps":
        return _("%(hours)s working hours, the middle of all %(n)s steps measured") % {
            "hours": hours,
            "n": took.n,
        }
    if took.how == "none":
        return _("no time: nothing was measured yet")
    return _("%(hours)s working hours, as given") % {"hours": hours}
