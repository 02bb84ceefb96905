"""Definition → a real viewflow ``Flow`` class. Pure: no query, no global state.

What is compiled is the definition written out (:mod:`.expand`): sub-processes are scopes in it.

A block compiles to a chain of nodes that ends in the node given as ``after``; so the compiler walks the
blocks from the last to the first and every reference points to a node that exists. Nodes are named
``b_<block id>``, their parts ``b_<block id>__<part>``.

Titles never reach viewflow: it renders them as templates. Screens take them from ``describe``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from viewflow import this
from viewflow.workflow.base import Flow

from workflows import conditions

from . import nodes, schema
from .expand import expand, is_fork
from .facts import Facts
from .move import move_of
from .schema import (
    Approval,
    Condition,
    Copy,
    Definition,
    End,
    FormField,
    Inclusive,
    Milestone,
    Notify,
    Parallel,
    Sequence,
    SubProcess,
    Timer,
    Webhook,
    node_name,
)
from .vocabulary import form_fields, names_of

START = "b_start__"


def compile_flow(definition: Definition, *, name: str, base: type[Flow]) -> type[Flow]:
    """The flow class of a definition that passed the lint; ``base`` is the class it extends."""
    definition = expand(definition)
    builder = _Builder(names_of(definition))
    first = builder.chain(definition.body, None)
    everything = list(schema.blocks(definition.body))
    attributes: dict[str, Any] = {
        "__module__": base.__module__,
        "__qualname__": name,
        "process_title": name,
        "process_description": name,
        "definition": definition,
        "form_fields": _by_code(definition),
        "hides": any(
            "hidden" in block.access.values() for block in everything if isinstance(block, Approval)
        ),
        "earlier": schema.earlier_approvals(definition.body),
        "has_parallel": any(is_fork(block) for block in everything),
        "asked_outcomes": _asked_outcomes(everything, builder.names),
        START: nodes.StartNode().Next(_ref(first)),
        **builder.nodes,
    }
    for node in builder.nodes.values():
        node.Annotation(title=name)
    compiled: type[Flow] = type(base)(name, (base,), attributes)  # type: ignore[misc]
    return compiled


def _ref(node: str | None) -> Any:
    return getattr(this, node) if node else None


def _by_code(definition: Definition) -> dict[str, FormField]:
    """Code → field of the filing form or of a step, in the order people meet them; of two the first."""
    found: dict[str, FormField] = {}
    for field in form_fields(definition):
        found.setdefault(field.code, field)
    return found


def _asked_outcomes(everything: list[Any], names: conditions.Names) -> frozenset[str]:
    """Blocks whose outcome some condition asks for: only these are remembered with the process."""
    asked = set()
    for block in everything:
        if isinstance(block, Condition | Inclusive):
            for case in block.cases:
                read = conditions.fields(conditions.parse(case.when, names, longest=len(case.when)))
                asked |= {name.split(".")[0] for name in read if name.endswith(".outcome")}
    return frozenset(asked)


def _when(text: str, names: conditions.Names) -> Callable[[Any], bool]:
    # Published texts keep to the limits; the names in them have grown with the sub-processes they are in.
    condition = conditions.parse(text, names, longest=len(text))
    return lambda activation: conditions.holds(condition, Facts(move_of(activation)))


@dataclass
class _Scope:
    """A sub-process being built: the node after it, and how many of its forks are open."""

    after: str | None
    forks: int = 0


class _Builder:
    def __init__(self, names: conditions.Names) -> None:
        self.names = names
        self.nodes: dict[str, Any] = {}
        self.scopes: list[_Scope] = []

    def chain(self, block: Any, after: str | None) -> str | None:
        """Add the nodes of a block that goes on to ``after``; the name of its first node."""
        match block:
            case None:
                return after
            case Sequence(blocks=inner):
                for child in reversed(inner):
                    after = self.chain(child, after)
                return after
            case Parallel():
                return self.parallel(block, after)
            case Inclusive():
                return self.inclusive(block, after)
            case Condition():
                return self.condition(block, after)
            case Approval():
                return self.approval(block, after)
            case SubProcess():
                return self.sub_process(block, after)
            case End():
                return self.end(block)
            case Copy():
                step = nodes.CopyNode(block)
            case Notify():
                step = nodes.NotifyNode(block)
            case Webhook():
                step = nodes.WebhookNode(block)
            case Milestone():
                step = nodes.MilestoneNode(block)
            case Timer():
                step = nodes.TimerNode(block)
            case _:
                raise TypeError(f"not a block: {block!r}")
        return self.add(block.id, step.Next(_ref(after)))

    def add(self, block_id: str, node: Any, part: str = "") -> str:
        name = node_name(block_id, part)
        self.nodes[name] = node
        return name

    def condition(self, block: Condition, after: str | None) -> str:
        switch = nodes.ConditionNode()
        for case in block.cases:
            switch.Case(_ref(self.chain(case.body, after)), _when(case.when, self.names))
        switch.Default(_ref(self.chain(block.otherwise, after)))
        return self.add(block.id, switch)

    def sub_process(self, block: SubProcess, after: str | None) -> str | None:
        self.scopes.append(_Scope(after))
        first = self.chain(block.body, after)
        self.scopes.pop()
        return first

    def end(self, block: End) -> str:
        if self.scopes and not block.terminate:
            scope = self.scopes[-1]
            return self.add(block.id, nodes.LeaveNode(block, scope.forks).Next(_ref(scope.after)))
        return self.add(block.id, nodes.EndNode(block))

    def parallel(self, block: Parallel, after: str | None) -> str:
        join = self.add(block.id, nodes.JoinNode().Next(_ref(after)), "join")
        fork = nodes.ForkNode()
        with self.inside_fork():
            for branch in block.branches:
                fork.Next(_ref(self.chain(branch, join)))
        return self.add(block.id, fork)

    def inclusive(self, block: Inclusive, after: str | None) -> str:
        join = self.add(block.id, nodes.JoinNode().Next(_ref(after)), "join")
        fork = nodes.InclusiveNode()
        with self.inside_fork():
            for case in block.cases:
                fork.Next(_ref(self.chain(case.body, join)), case=_when(case.when, self.names))
            fork.Next(_ref(self.chain(block.otherwise, join)), case=nodes.otherwise)
        return self.add(block.id, fork)

    @contextmanager
    def inside_fork(self) -> Iterator[None]:
        """What is built now lies in a branch."""
        for scope in self.scopes[-1:]:
            scope.forks += 1
        yield
        for scope in self.scopes[-1:]:
            scope.forks -= 1

    def approval(self, block: Approval, after: str | None) -> str:
        if block.for_several:
            return self.several(block, after)
        node = nodes.ApprovalNode(block).Next(_ref(after))
        self.ends(block, node)
        return self.step(block, node)

    def several(self, block: Approval, after: str | None) -> str:
        """A fork that gives out the seats, the seats' own node, and the join that settles the step."""
        join = nodes.SettleNode(block).Next(_ref(after))
        self.ends(block, join)
        seat = self.step(block, nodes.ApprovalNode(block).Next(_ref(self.add(block.id, join, "join"))))
        return self.add(block.id, nodes.SeatsNode(block).Next(_ref(seat)), "fork")

    def ends(self, block: Approval, node: Any) -> None:
        for outcome in block.outcomes:
            if outcome.ends:
                node.ends[outcome.code] = _ref(self.chain(outcome.ends, None))

    def step(self, block: Approval, node: Any) -> str:
        """The node people's tasks are of, and its deadlines."""
        name = self.add(block.id, node)
        for number, deadline in enumerate(block.deadlines, start=1):
            self.add(block.id, nodes.DeadlineNode(_ref(name), deadline), f"deadline{number}")
        if "co_handle" in block.moves:
            beside = self.add(block.id, nodes.HelpNode(block), "help")
            self.add(block.id, nodes.HelpDeadlineNode(_ref(beside)), "helplate")
        return name
