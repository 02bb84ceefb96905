"""A workflow read aloud: its blocks as indented lines, for people who approve it rather than draw it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from django.utils.translation import gettext as _

from .condition_words import in_words
from .conditions import NO_NAMES, Names
from .engine import schema
from .engine.vocabulary import form_fields, names_of
from .words import limit_in_words


@dataclass(frozen=True)
class Line:
    """One block. ``depth`` is the indentation; ``details`` are short sentences below the title."""

    depth: int
    icon: str
    title: str
    details: list[str] = field(default_factory=list)


def outline(definition: schema.Definition, roles: Mapping[str, str]) -> list[Line]:
    """The lines of a definition, top to bottom. ``roles`` gives the name of each duty role by code."""
    return list(_reader(definition, roles).lines(definition.body, 0))


@dataclass(frozen=True)
class _Reader:
    roles: Mapping[str, str]
    titles: Mapping[str, str]
    names: Names

    def lines(self, block: schema.Block, depth: int) -> Iterator[Line]:
        match block:
            case schema.Sequence(blocks=inner):
                for child in inner:
                    yield from self.lines(child, depth)
            case schema.Approval():
                yield Line(depth, "user-check", block.title, self._step(block))
            case schema.Condition():
                yield from self._fork(block, depth)
            case schema.Inclusive():
                yield Line(depth, "arrows-split", _("All of these that hold, at the same time"))
                yield from self._fork(block, depth + 1, every=True)
            case schema.SubProcess():
                yield Line(depth, "subtask", block.title, [_("Another workflow, on the same case")])
                if block.body is not None:
                    yield from self.lines(block.body, depth + 1)
            case schema.Whistle():
                yield Line(depth, "speakerphone", block.title, self._whistle(block))
            case schema.Notify():
                words = {"who": self._everybody(block.who), "text": block.text}
                yield Line(depth, "bell", block.title, [_("Tells %(who)s: %(text)s") % words])
            case schema.Webhook():
                yield Line(
                    depth, "plug-connected", block.title, [_("Tells “%(system)s”") % {"system": block.hook}]
                )
            case schema.Parallel(branches=branches):
                yield Line(depth, "arrows-split", _("At the same time"))
                for branch in branches:
                    yield from self.lines(branch, depth + 1)
            case schema.Copy():
                yield Line(
                    depth, "copy", block.title, [_("A copy to %(who)s") % {"who": self._whom(block.who)}]
                )
            case schema.Timer():
                wait = limit_in_words(block.after.limit, block.after.clock)
                yield Line(depth, "hourglass", block.title, [_("Waits %(limit)s") % {"limit": wait}])
            case schema.Milestone():
                yield Line(depth, "flag", self._milestone(block.mark))
            case schema.End():
                yield Line(depth, "circle-check", _("End: %(title)s") % {"title": block.title})

    def _fork(
        self, block: schema.Condition | schema.Inclusive, depth: int, *, every: bool = False
    ) -> Iterator[Line]:
        for number, case in enumerate(block.cases):
            sentence = _("If %(condition)s") if every or number == 0 else _("Or if %(condition)s")
            yield Line(
                depth,
                "arrows-split-2",
                sentence % {"condition": in_words(case.when, self.titles, self.names)},
            )
            yield from self.lines(case.body, depth + 1)
        if block.otherwise is not None and schema.children(block.otherwise):
            yield Line(depth, "arrows-split-2", _("Otherwise"))
            yield from self.lines(block.otherwise, depth + 1)

    def _step(self, block: schema.Approval) -> list[str]:
        details = [_("Goes to %(who)s") % {"who": self._whom(block.who)}]
        if block.for_several:
            details = [_("Goes to everybody of: %(who)s") % {"who": self._everybody(block.who)}]
        details += self._rules(block)
        outcomes = [self._outcome(outcome) for outcome in block.outcomes if outcome.by == "person"]
        details.append(_("Choices: %(choices)s") % {"choices": " / ".join(outcomes)})
        details += [self._deadline(block, deadline) for deadline in block.deadlines]
        return details

    @staticmethod
    def _rules(block: schema.Approval) -> list[str]:
        """What happens when nobody is there, and when it comes to somebody who has had their say."""
        nobody = {
            "administrator": _("If nobody is there for it, the administrators have it"),
            "skip": _("If nobody is there for it, it is passed over"),
        }.get(block.nobody)
        self_approval = {
            "superior": _("If it comes to whoever filed it or decided the step before, it goes up"),
            "skip": _("If it comes to whoever filed it or decided the step before, it is passed over"),
        }.get(block.self_approval)
        return [rule for rule in (nobody, self_approval) if rule]

    def _whistle(self, block: schema.Whistle) -> list[str]:
        respond = limit_in_words(block.respond.limit, block.respond.clock)
        details = [
            _("Calls %(who)s") % {"who": self._everybody(block.departments)},
            _("Each has to report in within %(limit)s") % {"limit": respond},
        ]
        if block.finish is not None:
            finish = limit_in_words(block.finish.limit, block.finish.clock)
            details.append(_("and to say what was done within %(limit)s") % {"limit": finish})
        if block.escalate_to:
            details.append(
                _("%(who)s hears of whoever is late") % {"who": self._everybody(block.escalate_to)}
            )
        return details

    def _outcome(self, outcome: schema.Outcome) -> str:
        if outcome.returns_to:
            return _("%(title)s (back to %(step)s)") % {
                "title": outcome.title,
                "step": self.titles.get(outcome.returns_to, outcome.returns_to),
            }
        if outcome.ends:
            return _("%(title)s (ends the case)") % {"title": outcome.title}
        return outcome.title

    def _deadline(self, block: schema.Approval, deadline: schema.Deadline) -> str:
        limit = limit_in_words(deadline.after.limit, deadline.after.clock)
        if deadline.action == "outcome" and deadline.outcome:
            outcome = block.outcome(deadline.outcome)
            title = outcome.title if outcome else deadline.outcome
            return _("After %(limit)s by itself: %(outcome)s") % {"limit": limit, "outcome": title}
        if deadline.action == "escalate":
            return _("After %(limit)s it goes to %(who)s") % {"limit": limit, "who": self._whom(deadline.to)}
        words = _("After %(limit)s a reminder") % {"limit": limit}
        if deadline.to:
            words = _("After %(limit)s a reminder, also to %(who)s") % {
                "limit": limit,
                "who": self._everybody(deadline.to),
            }
        if deadline.every is None:
            return words
        every = limit_in_words(deadline.every.limit, deadline.every.clock)
        return _("%(reminder)s, then every %(limit)s") % {"reminder": words, "limit": every}

    def _whom(self, whom: tuple[schema.Who, ...]) -> str:
        return _(", else ").join(self._one(who) for who in whom)

    def _everybody(self, whom: tuple[schema.Who, ...]) -> str:
        return _(", ").join(self._one(who) for who in whom)

    def _one(self, who: schema.Who) -> str:
        if who.role:
            return self.roles.get(who.role, who.role)
        if who.doer_of:
            return _("whoever did “%(step)s”") % {"step": self.titles.get(who.doer_of, who.doer_of)}
        if who.field:
            return _("the person chosen before")
        if who.branch:
            return _("the members of party branch %(code)s") % {"code": who.branch}
        if who.people:
            return _(", ").join(who.people)
        return {
            "reporter": _("the resident who asked"),
            "filer": _("whoever filed it"),
            "handler": _("whoever handles it"),
            "previous": _("whoever decided the step before"),
        }[who.person or "filer"]

    @staticmethod
    def _milestone(mark: str) -> str:
        return {
            "registered": _("The case counts as registered"),
            "handled": _("The case counts as handled"),
            "closed": _("The case is closed; its clock stops"),
        }[mark]


def whom_in_words(
    whom: tuple[schema.Who, ...],
    roles: Mapping[str, str],
    titles: Mapping[str, str],
    people: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Whom a step goes to, as a phrase; names of roles, blocks and people by code, id and user name."""
    named = [
        who.model_copy(update={"people": tuple(people.get(one, one) for one in who.people)})
        if who.people
        else who
        for who in whom
    ]
    return _Reader(roles, titles, NO_NAMES)._whom(tuple(named))


def titles_of(definition: schema.Definition) -> dict[str, str]:
    """What blocks are called by id, and form fields by ``fields.<code>``.

    What conditions compare with, by ``<name>=<code>``: choices of a field, outcomes of a step.
    """
    titles = {}
    for block in schema.blocks(definition.body):
        if getattr(block, "id", None):
            titles[block.id] = getattr(block, "title", "") or block.id
        for outcome in getattr(block, "outcomes", ()):
            titles[f"{block.id}.outcome={outcome.code}"] = outcome.title
    for asked in form_fields(definition):
        titles[f"fields.{asked.code}"] = asked.title
        titles |= {f"fields.{asked.code}={choice.code}": choice.title for choice in asked.choices}
    return titles


def _reader(definition: schema.Definition, roles: Mapping[str, str]) -> _Reader:
    return _Reader(roles, titles_of(definition), names_of(definition))
