"""The rules of an approval: outcomes, several people, moves, returns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from django.utils.translation import gettext as _

from workflows.models import State

from ..schema import Approval, Outcome
from .findings import Finding, Fix, Path, add, remove, replace
from .places import Place
from .whom import at_most

#: How much agreement a vote needs when nothing is said: what most offices use.
USUAL_VOTE = {"percent": 60}


def outcomes(place: Place) -> Iterator[Finding]:
    block: Approval = place.block
    path = (*place.path, "outcomes")
    yield from _twice(place)
    if all(outcome.by == "timer" for outcome in block.outcomes):
        yield place.error(
            _("There is no outcome a person can choose. Add one."),
            Fix(_("Let people choose the first"), (add((*path, 0, "by"), "person"),)),
        )
    if all(outcome.returns_to for outcome in block.outcomes):
        yield place.error(
            _("Whatever is decided here sends the case back: it could never go on. Add another outcome.")
        )
    automatic = {deadline.outcome for deadline in block.deadlines}
    for number, outcome in enumerate(block.outcomes):
        if outcome.by == "timer" and outcome.code not in automatic:
            away = Fix(_("Take it away"), (remove((*path, number)),)) if len(block.outcomes) > 1 else None
            yield place.warning(
                _("Outcome “%(outcome)s” is for a deadline, but none uses it.") % {"outcome": outcome.title},
                away,
            )
        if outcome.returns_to and outcome.returns_to not in place.scope.steps:
            yield _not_before(place, outcome.returns_to, _nearest(place, (*path, number, "returns_to")))


def _twice(place: Place) -> Iterator[Finding]:
    codes = [outcome.code for outcome in place.block.outcomes]
    taken: set[str] = set()
    for number, code in enumerate(codes):
        if code in taken:
            new = next(name for n in range(2, 99) if (name := f"{code[:36]}_{n}") not in {*codes, *taken})
            taken.add(new)
            yield place.error(
                _("Two outcomes are called “%(code)s”.") % {"code": code},
                Fix(
                    _("Call this one “%(id)s”") % {"id": new},
                    (replace((*place.path, "outcomes", number, "code"), new),),
                ),
            )
        taken.add(code)
    for title, count in Counter(outcome.title for outcome in place.block.outcomes).items():
        if count > 1:
            yield place.warning(_("Two buttons would say “%(title)s”.") % {"title": title})


def _not_before(place: Place, target: str, fix: Fix | None) -> Finding:
    message = _("A case cannot be sent back to “%(target)s”: no such step comes before this one.")
    return place.error(message % {"target": place.context.name(target)}, fix)


def _nearest(place: Place, path: Path) -> Fix:
    """Back to the step right before instead, or nowhere if there is none."""
    if not place.scope.steps:
        return Fix(_("Do not send it back"), (remove(path),))
    nearest = list(place.scope.steps)[-1]
    words = _("Send it back to “%(step)s”") % {"step": place.context.name(nearest)}
    return Fix(words, (replace(path, nearest),))


def moves(place: Place) -> Iterator[Finding]:
    block: Approval = place.block
    for number, target in enumerate(block.return_to):
        if target not in place.scope.steps:
            drop = Fix(_("Leave it out"), (remove((*place.path, "return_to", number)),))
            yield _not_before(place, target, drop)
    if block.return_to and "return" not in block.moves:
        allow = Fix(_("Allow “return”"), (add((*place.path, "moves"), [*block.moves, "return"]),))
        yield place.warning(
            _("It is said where this may be returned to, but “return” is not among the moves."), allow
        )
    if "return" in block.moves and not place.scope.decided:
        number = block.moves.index("return")
        yield place.warning(
            _("“Return” is allowed, but no step comes before this one."),
            Fix(_("Do not allow “return”"), (remove((*place.path, "moves", number)),)),
        )
    if (
        "remove_signer" in block.moves
        and not block.for_several
        and not {"sign_before", "sign_after"} & set(block.moves)
    ):
        number = block.moves.index("remove_signer")
        yield place.warning(
            _("A signer may be removed, but there is never one to remove."),
            Fix(_("Do not allow it"), (remove((*place.path, "moves", number)),)),
        )


# --- several people --------------------------------------------------------------------------------------
def several(place: Place) -> Iterator[Finding]:
    block: Approval = place.block
    if block.mode in ("all", "in_turn", "vote"):
        yield from _both_ways(place)
    if block.mode == "vote" and block.vote is None:
        words = _("60 % must agree")
        yield place.error(
            _("Say how many must agree: a number of people, or a share of them."),
            Fix(words, (add((*place.path, "vote"), USUAL_VOTE),)),
        )
    if block.mode != "vote" and block.vote is not None:
        yield place.error(
            _("How many must agree only goes with a vote. Make it a vote, or leave it out."),
            Fix(_("Leave it out"), (remove((*place.path, "vote")),)),
        )
    if block.refusal == "waits" and block.mode not in ("all", "in_turn"):
        yield place.warning(
            _("To hear everybody after a refusal only goes with a countersign."),
            Fix(_("Leave it out"), (remove((*place.path, "refusal")),)),
        )
    if block.mode == "vote" and block.vote is not None and block.vote.count is not None:
        yield from _reachable(place, block.vote.count)


def _both_ways(place: Place) -> Iterator[Finding]:
    """A step that counts agreement needs an outcome for either result."""
    block: Approval = place.block
    path = (*place.path, "outcomes")
    by_people = [(n, outcome) for n, outcome in enumerate(block.outcomes) if outcome.by == "person"]
    if by_people and not any(outcome.agrees for _n, outcome in by_people):
        number, likely = next(
            ((n, one) for n, one in by_people if one.style != "danger" and not one.returns_to), by_people[0]
        )
        words = _("“%(outcome)s” counts as agreement") % {"outcome": likely.title}
        yield place.error(
            _("Several people decide here, but no outcome counts as agreement."),
            Fix(words, (add((*path, number, "agrees"), True),)),
        )
    if by_people and all(outcome.agrees for _n, outcome in by_people):
        refusing = _refusing(block)
        yield place.error(
            _("Several people decide here, but nobody can refuse. Add an outcome that does not agree."),
            Fix(_("Add “%(outcome)s”") % {"outcome": _("Disagree")}, (add((*path, "-"), refusing),)),
        )


def _refusing(block: Approval) -> dict[str, object]:
    codes = {outcome.code for outcome in block.outcomes}
    code = next(name for n in range(1, 99) if (name := "refuse" if n == 1 else f"refuse_{n}") not in codes)
    return {"code": code, "name": "不同意", "name_en": "Disagree", "style": "danger", "needs_opinion": True}


def _reachable(place: Place, count: int) -> Iterator[Finding]:
    most = at_most(place.block.who, place)
    if most is None or count <= most:
        return
    fix = Fix(
        _("%(count)s must agree") % {"count": max(most, 1)},
        (replace((*place.path, "vote", "count"), max(most, 1)),),
    )
    message = _("%(count)s people must agree, but at most %(most)s can be found. It would always be refused.")
    refused = next((one for one in place.block.outcomes if not one.agrees and one.by == "person"), None)
    # Refused at once, and sent back to where it came from, it would be refused again, without end.
    say = place.error if refused is not None and refused.returns_to else place.warning
    yield say(message % {"count": count, "most": most}, fix)


# --- going in circles without a person -------------------------------------------------------------------
def passed_over(place: Place) -> Iterator[Finding]:
    """A step that may be passed over must then go on: passing it over again and again would never end."""
    block: Approval = place.block
    if block.nobody != "skip" and block.self_approval != "skip":
        return
    taken = agreed(block)
    if taken is not None and taken.returns_to:
        yield place.error(
            _(
                "This step may be passed over as “%(outcome)s”, which sends the case back: it could go in"
                " circles for ever. Let another outcome come first."
            )
            % {"outcome": taken.title}
        )


def agreed(block: Approval) -> Outcome | None:
    """The outcome of a step that is passed over: the first that agrees, else the first for a person."""
    by_people = [outcome for outcome in block.outcomes if outcome.by == "person"]
    return next((outcome for outcome in by_people if outcome.agrees), by_people[0] if by_people else None)


# --- states ----------------------------------------------------------------------------------------------
def states(place: Place) -> Iterator[Finding]:
    for name in ("state", "state_on_return", "state_on_reopen"):
        state = getattr(place.block, name, None)
        if state is not None and state not in State.values:
            yield place.error(
                _("There is no state “%(state)s”. Choose another one.") % {"state": state},
                Fix(_("Leave the state as it is"), (remove((*place.path, name)),)),
            )
