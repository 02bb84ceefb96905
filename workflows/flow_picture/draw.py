"""Drawing a definition: blocks to cards, with the trace of a case upon them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from grid.models import DutyRole, User, in_language

from ..condition_words import in_words
from ..engine import people, schema
from ..engine.vocabulary import names_of
from ..outline import titles_of, whom_in_words
from ..words import limit_in_words
from .cards import Branch, Card, Remark, State, Stay, Trace, Way, every

ICONS = {
    "approval": "user-check",
    "condition": "arrows-split-2",
    "inclusive": "arrows-split-2",
    "parallel": "arrows-split",
    "cc": "copy",
    "notify": "bell",
    "webhook": "plug-connected",
    "timer": "hourglass",
    "milestone": "flag",
    "end": "circle-check",
    "subprocess": "git-branch",
    "whistle": "speakerphone",
}


def draw(definition: schema.Definition, trace: Trace | None) -> list[Card]:
    """The cards of a definition (expanded, as the engine runs it), with what a case did on them."""
    roles = {role.code: str(role) for role in DutyRole.objects.all()}
    return _Drawer(definition, roles, trace).cards(definition.body, [])


class _Drawer:
    def __init__(self, definition: schema.Definition, roles: Mapping[str, str], trace: Trace | None) -> None:
        self.roles, self.titles, self.names = roles, titles_of(definition), names_of(definition)
        self.people = names_of_people(definition)
        self.trace = trace or Trace()
        self.has_case = trace is not None

    def whom(self, whom: tuple[schema.Who, ...]) -> str:
        return whom_in_words(whom, self.roles, self.titles, self.people)

    def cards(self, block: Any, before: list[Card]) -> list[Card]:
        """The cards of a block, after those before it."""
        match block:
            case None:
                return before
            case schema.Sequence(blocks=inner):
                for child in inner:
                    before = self.cards(child, before)
                return before
        return [*before, self.card(block)]

    def card(self, block: Any) -> Card:
        stays = list(self.trace.stays.get(block.id, ()))
        card = Card(block.type, block.id, self.title(block), ICONS[block.type], self.state(block, stays))
        card.stays = stays
        match block:
            case schema.Approval():
                card.details = [self.goes_to(block), *self.mode(block)]
                card.ways = [self.way(block, outcome) for outcome in block.outcomes]
            case schema.Condition() | schema.Inclusive():
                self.fork(card, block)
            case schema.Parallel():
                self.branches(card, block)
            case schema.SubProcess(body=body):
                inner = self.cards(body, [])
                card.branches.append(Branch("", inner, _been(inner)))
                card.state = self.state_of_all(inner)
            case schema.Copy() | schema.Notify():
                card.details = [_("To %(who)s") % {"who": self.whom(block.who)}]
            case schema.Timer():
                wait = limit_in_words(block.after.limit, block.after.clock)
                card.details = [_("Waits %(limit)s") % {"limit": wait}]
        return card

    def title(self, block: Any) -> str:
        match block:
            case schema.Milestone():
                return {
                    "registered": _("The case counts as registered"),
                    "handled": _("The case counts as handled"),
                    "closed": _("The case is closed; its clock stops"),
                }[block.mark]
            case schema.End():
                return _("End: %(title)s") % {"title": block.title}
            case schema.Parallel() | schema.Condition() | schema.Inclusive():
                named = in_language(block.name, block.name_en) if block.name else ""
                kinds = {
                    "parallel": _("At the same time"),
                    "condition": _("It depends"),
                    "inclusive": _("Whatever applies"),
                }
                return named or kinds[block.type]
        return str(block.title)

    def state(self, block: Any, stays: Sequence[Stay]) -> State:
        if not stays:
            return "aside" if self.has_case and self.trace.is_over else "ahead"
        if any(stay.state == "now" for stay in stays):
            return "now"
        return stays[-1].state

    def state_of_all(self, inner: Sequence[Card]) -> State:
        """Of a sub-process: where the case is with what is in it."""
        states = [card.state for card in every(inner)]
        if "now" in states:
            return "now"
        if "done" in states or "void" in states:
            return "done"
        return "aside" if self.has_case and self.trace.is_over else "ahead"

    def goes_to(self, block: schema.Approval) -> str:
        return _("Goes to %(who)s") % {"who": self.whom(block.who)}

    def mode(self, block: schema.Approval) -> list[str]:
        match block.mode:
            case "all":
                return [_("All of them must agree")]
            case "in_turn":
                return [_("All of them must agree, one after the other")]
            case "any":
                return [_("The first to decide settles it")]
            case "vote" if block.vote is not None and block.vote.percent is not None:
                return [
                    _("Agreed when %(share)s %% agree") % {"share": f"{block.vote.percent.normalize():f}"}
                ]
            case "vote" if block.vote is not None:
                return [_("Agreed when %(count)s agree") % {"count": block.vote.count}]
        return []

    def way(self, block: schema.Approval, outcome: schema.Outcome) -> Way:
        leads = ""
        if outcome.returns_to:
            leads = _("back to “%(step)s”") % {
                "step": self.titles.get(outcome.returns_to, outcome.returns_to)
            }
        elif outcome.ends:
            leads = _("ends the case")
        elif outcome.by == "timer":
            leads = _("by itself")
        taken = outcome.code in self.trace.outcomes.get(block.id, frozenset())
        return Way(outcome.code, outcome.title, outcome.style, leads, taken, outcome.by == "person")

    def fork(self, card: Card, block: schema.Condition | schema.Inclusive) -> None:
        taken = self.trace.taken.get(block.id, frozenset())
        why = list(self.trace.why.get(block.id, ()))
        bodies = [
            *((_("If %(condition)s") % {"condition": in_words(case.when, self.titles, self.names)}, case.body)
              for case in block.cases),
            (_("Otherwise"), block.otherwise),
        ]  # fmt: skip
        for number, (label, body) in enumerate(bodies):
            cards = self.cards(body, [])
            if self.has_case and card.stays and number not in taken and not _been(cards):
                _set_aside(cards)
            remarks = list(why[number]) if number < len(why) else []
            card.branches.append(Branch(label, cards, number in taken, remarks))
        card.at_once = isinstance(block, schema.Inclusive)

    def branches(self, card: Card, block: schema.Parallel) -> None:
        for number, branch in enumerate(block.branches, start=1):
            label = _("Branch %(number)s") % {"number": number}
            card.branches.append(Branch(label, self.cards(branch, []), bool(card.stays)))
        card.at_once = True


def names_of_people(definition: schema.Definition) -> dict[str, str]:
    """User name → name of everybody a definition names. One query; none where it names nobody."""
    named = {
        username
        for block in schema.blocks(definition.body)
        for who in getattr(block, "who", ())
        for username in who.people or ()
    }
    return {user.username: str(user) for user in User.objects.filter(username__in=named)} if named else {}


def _been(cards: Iterable[Card]) -> bool:
    return any(card.lit for card in every(cards))


def _set_aside(cards: Iterable[Card]) -> None:
    """The case goes another way."""
    for card in every(cards):
        card.state = "aside"


def consequence(
    block: schema.Approval,
    deadline: schema.Deadline,
    roles: Mapping[str, str],
    titles: Mapping[str, str],
) -> str:
    """What a deadline does, as a short sentence: "a reminder", "goes to the shift leader"."""
    match deadline.action:
        case "escalate":
            return _("Goes to %(who)s") % {"who": whom_in_words(deadline.to, roles, titles)}
        case "outcome":
            outcome = block.outcome(deadline.outcome or "")
            return _("By itself: %(outcome)s") % {"outcome": outcome.title if outcome else deadline.outcome}
    return _("A reminder")


def passed_over(why: str) -> Remark:
    """Why nobody has to take a step."""
    words = {
        people.NOBODY: _("Passed over: nobody is there whom this step names"),
        people.SELF: _("Passed over: whoever it comes to has had their say already"),
    }
    return Remark(words.get(why, _("Passed over")), "player-skip-forward", "again")
