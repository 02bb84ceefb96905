"""What a block says, as labelled values in words. Pure.

Two versions of a block are compared property by property: the same key, another value. What a block does not
say, or says as everybody expects, has no property.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from ..block_names import marked
from ..condition_words import in_words
from ..conditions import Names
from ..engine import schema
from ..engine.vocabulary import names_of
from ..models import State
from ..outline import titles_of, whom_in_words
from ..words import limit_in_words


@dataclass(frozen=True)
class Property:
    """``key`` says which property it is, whatever the language; "" as ``value``: it is just there."""

    key: tuple[str, ...]
    label: str
    value: str


@dataclass(frozen=True)
class Words:
    """How one version calls things: roles by code, blocks by id, fields by ``fields.<code>``."""

    roles: Mapping[str, str]
    titles: Mapping[str, str]
    names: Names

    @classmethod
    def of(cls, definition: schema.Definition, roles: Mapping[str, str]) -> Words:
        return cls(roles, titles_of(definition), names_of(definition))

    def whom(self, whom: tuple[schema.Who, ...]) -> str:
        return whom_in_words(whom, self.roles, self.titles)

    def title(self, block_id: str) -> str:
        return self.titles.get(block_id, block_id)

    def when(self, text: str) -> str:
        return in_words(text, self.titles, self.names)


def of_definition(definition: schema.Definition, words: Words) -> Iterator[Property]:
    """What is said of the workflow as a whole."""
    yield from _names(definition)
    yield from _fields(definition.fields, words, _("Filing form"))


def of_block(block: Any, words: Words) -> Iterator[Property]:
    """What one block says, without the blocks inside it."""
    yield from _names(block)
    match block:
        case schema.Approval():
            yield from _approval(block, words)
        case schema.Parallel():
            yield Property(("branches",), _("Branches"), str(len(block.branches)))
        case schema.SubProcess():
            yield Property(("definition",), _("Workflow inside"), block.definition)
        case schema.Whistle():
            yield from _whistle(block, words)
        case schema.Copy():
            yield Property(("who",), _("Goes to"), words.whom(block.who))
        case schema.Notify():
            yield Property(("who",), _("Goes to"), words.whom(block.who))
            yield Property(("text",), _("Text"), _quoted(block.text))
        case schema.Webhook():
            yield Property(("hook",), _("System"), block.hook)
        case schema.Timer():
            yield Property(("after",), _("Waits"), limit(block.after))
        case schema.Milestone():
            yield Property(("mark",), _("Records"), marked(block.mark))
            yield from _states(block)
        case schema.End():
            yield from _states(block)
            if block.terminate:
                yield Property(("terminate",), _("Ends the whole case"), "")


def limit(one: schema.Limit) -> str:
    return limit_in_words(one.limit, one.clock)


def _names(block: Any) -> Iterator[Property]:
    if name := getattr(block, "name", ""):
        yield Property(("name",), _("Name"), _quoted(name))
    if name_en := getattr(block, "name_en", ""):
        yield Property(("name_en",), _("English name"), _quoted(name_en))


def _states(block: Any) -> Iterator[Property]:
    labels = {
        "state": _("State"),
        "state_on_return": _("State after a return"),
        "state_on_reopen": _("State after a reopening"),
    }
    for name, label in labels.items():
        if state := getattr(block, name, None):
            shown = State(state).label if state in State.values else state
            yield Property((name,), label, str(shown))


# --- approvals -----------------------------------------------------------------------------------------
def _approval(block: schema.Approval, words: Words) -> Iterator[Property]:
    yield Property(("who",), _("Goes to"), words.whom(block.who))
    yield Property(("mode",), _("Decided by"), _modes()[block.mode])
    if block.vote is not None:
        yield _vote(block.vote)
    if block.refusal == "waits":
        yield Property(("refusal",), _("After a refusal"), _("everybody is heard first"))
    if block.nobody != "up":
        ways = {"administrator": _("to the administrators"), "skip": _("it is passed over")}
        yield Property(("nobody",), _("When nobody is found"), ways[block.nobody])
    if block.self_approval != "keep":
        ways = {"skip": _("it is passed over"), "superior": _("to whoever is above")}
        yield Property(("self_approval",), _("One's own request"), ways[block.self_approval])
    yield from _states(block)
    for outcome in block.outcomes:
        label = _("Choice “%(name)s”") % {"name": outcome.title}
        yield Property(("outcome", outcome.code), label, _outcome(outcome, words))
    yield from _fields(block.fields, words)
    for code, access in block.access.items():
        label = _("Field “%(name)s” of before") % {"name": words.title(f"fields.{code}")}
        how = {"edit": _("may be changed"), "read": _("is read"), "hidden": _("is hidden")}[access]
        yield Property(("access", code), label, how)
    if block.moves:
        moves = [_moves()[move] for move in block.moves]
        yield Property(("moves",), _("Besides deciding"), _(", ").join(moves))
    if block.return_to:
        targets = [_quoted(words.title(target)) for target in block.return_to]
        yield Property(("return_to",), _("May be returned to"), _(", ").join(targets))
    yield from _deadlines(block, words)
    if block.handler:
        yield Property(("handler",), _("Whoever has it is the handler"), "")
    if block.form == "rating":
        yield Property(("form",), _("Asks the resident for a rating"), "")


def _modes() -> dict[str, str]:
    return {
        "one": _("one person"),
        "all": _("everybody, at the same time"),
        "in_turn": _("everybody, one after the other"),
        "any": _("whoever is first"),
        "vote": _("a vote"),
    }


def _moves() -> dict[str, str]:
    return {
        "transfer": _("hand on"),
        "return": _("return"),
        "delegate": _("delegate"),
        "sign_before": _("add a signer before"),
        "sign_after": _("add a signer after"),
        "remove_signer": _("remove a signer"),
        "co_handle": _("call others in"),
    }


def _vote(vote: schema.Vote) -> Property:
    if vote.percent is not None:
        share = f"{vote.percent.normalize():f} %"
        return Property(("vote",), _("Share that must agree"), share)
    return Property(("vote",), _("How many must agree"), _("%(count)s people") % {"count": vote.count})


def _outcome(outcome: schema.Outcome, words: Words) -> str:
    said = []
    if outcome.returns_to:
        said.append(_("back to “%(step)s”") % {"step": words.title(outcome.returns_to)})
    elif outcome.ends:
        said.append(_("ends the case as “%(end)s”") % {"end": outcome.ends.title})
    else:
        said.append(_("goes on"))
    if outcome.agrees:
        said.append(_("counts as agreement"))
    if outcome.needs_opinion:
        said.append(_("with an opinion"))
    if outcome.needs_photo:
        said.append(_("with a photo"))
    if outcome.by == "timer":
        said.append(_("by a deadline only"))
    return _(", ").join(said)


def _fields(fields: tuple[schema.FormField, ...], words: Words, where: str = "") -> Iterator[Property]:
    for field in fields:
        label = _("Field “%(name)s”") % {"name": field.title}
        if where:
            label = _("%(where)s, %(what)s") % {"where": where, "what": label}
        yield Property(("field", field.code), label, _field(field, words))


def _field(field: schema.FormField, words: Words) -> str:
    said = [_types()[field.type]]
    if field.unit:
        said.append(_("in %(unit)s") % {"unit": field.unit})
    if field.choices:
        said.append(" / ".join(choice.title for choice in field.choices))
    if field.required:
        said.append(_("must be filled in"))
    if field.role:
        said.append(words.roles.get(field.role, field.role))
    if field.sets:
        said.append(_("corrects the case"))
    return _(", ").join(said)


def _types() -> dict[str, str]:
    return {
        "text": _("text"),
        "number": _("a number"),
        "bool": _("yes or no"),
        "date": _("a day"),
        "choice": _("a choice"),
        "person": _("a person"),
        "people": _("several people"),
        "area": _("an area"),
        "category": _("a category"),
    }


def _deadlines(block: schema.Approval, words: Words) -> Iterator[Property]:
    labels = {"remind": _("Reminder"), "escalate": _("Passed up"), "outcome": _("Decided by itself")}
    count: Counter[str] = Counter()
    for deadline in block.deadlines:
        count[deadline.action] += 1
        said = [_("after %(limit)s") % {"limit": limit(deadline.after)}]
        if deadline.every:
            said.append(_("again every %(limit)s") % {"limit": limit(deadline.every)})
        if deadline.to:
            said.append(_("to %(who)s") % {"who": words.whom(deadline.to)})
        if deadline.outcome:
            outcome = block.outcome(deadline.outcome)
            said.append(_quoted(outcome.title if outcome else deadline.outcome))
        key = ("deadline", deadline.action, str(count[deadline.action]))
        yield Property(key, labels[deadline.action], _(", ").join(said))


def _whistle(block: schema.Whistle, words: Words) -> Iterator[Property]:
    yield Property(("departments",), _("Calls"), words.whom(block.departments))
    yield Property(("respond",), _("Report in within"), limit(block.respond))
    if block.finish:
        yield Property(("finish",), _("Done within"), limit(block.finish))
    if block.escalate_to:
        yield Property(("escalate_to",), _("Delays are told to"), words.whom(block.escalate_to))
    yield from _states(block)


def _quoted(text: str) -> str:
    return _("“%(text)s”") % {"text": text}
