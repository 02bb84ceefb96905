"""Graph → nested blocks: forks and the places where they close, decisions, returns, ends.

Blocks nest; a BPMN graph need not. What has one way in and one way out becomes a block; flows back to an
earlier step become outcomes that return there; whatever cannot nest is left out and reported, never guessed.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from workflows.conditions import MAX_LENGTH

from .graph import GATEWAYS, Graph, Item, Way, graph_of, mark_circles
from .outcomes import Outcomes
from .regions import Meeting, is_straight, meeting
from .report import Report
from .steps import BlockJson, Steps

MAX_NESTING = 40
_FORKS = {"condition": "exclusiveGateway", "inclusive": "inclusiveGateway", "parallel": "parallelGateway"}
_KINDS = {"exclusiveGateway": "condition", "inclusiveGateway": "inclusive", "parallelGateway": "parallel"}
_NESTED = {"subProcess", "transaction"}


class Recovery:
    """Walks a graph once, from its start; every item is drawn once, except ends that several flows share."""

    def __init__(self, graph: Graph, steps: Steps, report: Report, *, depth: int = 0) -> None:
        self.graph = graph
        self.steps = steps
        self.report = report
        self.depth = depth
        self.drawn: set[Item] = set()
        self.may_repeat: set[Item] = set()
        self.outcomes = Outcomes(steps, report)
        self.open_branches = 0
        self._deadlines_to_ways()
        self.order = mark_circles(graph.start)
        self.joins = {
            str(item.ours[1].get("of")): item
            for item in graph.items.values()
            if item.ours and item.ours[0] == "join"
        }

    def body(self) -> list[BlockJson]:
        blocks = self.run(self.graph.start, self.graph.sink)
        beside = {timer for item in self.graph.items.values() for timer in item.boundary}
        told = {line.element for line in self.report.lines}
        for item in self.graph.items.values():
            if item in self.drawn or item in beside or item.kind == "deadline_end":
                continue
            if item.id not in told:
                self.report.add("unmapped", item, _("No way leads to it that could be drawn."))
        return blocks

    def _deadlines_to_ways(self) -> None:
        """A deadline of another tool that ends its step is one more way out of it."""
        for item in self.graph.items.values():
            for timer in item.boundary:
                if timer.kind == "deadline" or timer.event != "timer":
                    continue
                if timer.element.get("cancelActivity") != "false":
                    for way in timer.outgoing[:1]:
                        taken = Way(way.id, item, way.target, way.name or timer.name, timed=timer)
                        item.outgoing.append(taken)
                        way.target.incoming.append(taken)

    # --- one after the other -----------------------------------------------------------------------
    def run(self, item: Item | None, stop: Item | None) -> list[BlockJson]:
        blocks: list[BlockJson] = []
        if self.depth > MAX_NESTING:
            if item is not None:
                self.report.add("unmapped", item, _("What comes here is nested too deeply."))
            return blocks
        self.depth += 1
        while item is not None and item is not stop:
            if item in self.drawn and item not in self.may_repeat:
                self.report.add(
                    "unmapped",
                    item,
                    _("Several ways lead here that do not come together; only one is drawn."),
                )
                break
            self.drawn.add(item)
            item = self.one(item, blocks, stop)
        self.depth -= 1
        return blocks

    def one(self, item: Item, blocks: list[BlockJson], stop: Item | None) -> Item | None:
        """Draw an item at the end of ``blocks``; the item that comes next."""
        if item.tag == "endEvent" and self.graph.sink is not None:
            self.report.add("mapped", item)
            return self.graph.sink
        if item.tag == "endEvent":
            self.end(item, blocks)
            return None
        if item.tag in GATEWAYS:
            return self.gateway(item, blocks, stop)
        if item.tag in _NESTED and not item.kind:
            self.nested(item, blocks)
        elif item.tag == "startEvent":
            note = _("A case begins when somebody files it.") if item.event else ""
            self.report.add("mapped", item, note)
        elif (block := self.steps.block(item)) is not None:
            blocks.append(block)
            self.outcomes.boundaries(item, block)
            if block["type"] == "approval":
                self.outcomes.approvals[item] = block
                return self.after_approval(item, block, blocks, stop)
        return self.leave(item, item.outgoing, blocks, stop)

    def end(self, item: Item, blocks: list[BlockJson]) -> None:
        if self.open_branches and not item.kind and item.event != "terminate":
            # Only this branch ends; the others go on.
            self.report.add("implicit", item, _("It ends its own branch; the branches come together."))
            return
        if (block := self.steps.block(item)) is not None:
            blocks.append(block)

    def leave(self, item: Item, ways: list[Way], blocks: list[BlockJson], stop: Item | None) -> Item | None:
        """What comes after an item that is no gateway."""
        forward = [way for way in ways if not way.is_back]
        for way in ways:
            if way.is_back:
                self.cannot_go_back(way)
        if len(forward) == 1:
            return forward[0].target
        if not forward:
            if len(ways) == 0 and not self.open_branches and self.graph.sink is None:
                self.report.add("implicit", item, _("Nothing comes after it, so the case ends here."))
                blocks.append({"type": "end", "id": self.steps.slugs.take("ended"), "name": "结束"})
            return self.graph.sink
        kind = "inclusive" if all(way.condition or way.is_default for way in forward) else "parallel"
        self.report.add("implicit", item, _("Several flows leave it at once; drawn as a fork of its own."))
        return self.fork(kind, item, forward, blocks, stop, name="")

    def cannot_go_back(self, way: Way) -> None:
        self.report.add(
            "unmapped", way, _("Only the decision of a step can send a case back to an earlier step.")
        )

    def nested(self, item: Item, blocks: list[BlockJson]) -> None:
        """A drawn-out sub-process: its steps, in its place."""
        triggered = item.element.get("triggeredByEvent") == "true"
        if triggered or not any(child.tag == "sequenceFlow" for child in item.element.children):
            if triggered or len(item.element.children) > 2:
                self.report.add("unmapped", item, self.steps.reason(item))
                return
            block_id = self.steps.slugs.take(item.name if item.name.isascii() else item.id, item.id)
            name = self.steps.name(item)
            blocks.append({"type": "subprocess", "id": block_id, "name": name, "definition": block_id})
            self.report.add(
                "mapped", item, _("Drawn as a sub-process; say which workflow it is."), block=block_id
            )
            return
        inner = Recovery(
            graph_of(item.element, self.report, is_inner=True), self.steps, self.report, depth=self.depth
        )
        blocks.extend(inner.body())
        self.report.add("mapped", item, _("Its steps are drawn in its place."))
        for timer in item.boundary:
            self.report.add(
                "unmapped", timer, _("A deadline or event of several steps together cannot be drawn.")
            )

    # --- decisions ---------------------------------------------------------------------------------
    def after_approval(
        self, item: Item, block: BlockJson, blocks: list[BlockJson], stop: Item | None
    ) -> Item | None:
        timed = [way for way in item.outgoing if way.timed is not None]
        plain = [way for way in item.outgoing if way.timed is None]
        following = plain[0].target if len(plain) == 1 and not plain[0].is_back else None
        if following is not None and following.kind == "outcomes":
            self.drawn.add(following)
            return self.our_outcomes(following, block, blocks, stop)
        if following is not None and self.is_decision(following):
            self.drawn.add(following)
            self.report.add(
                "mapped", following, _("Its flows are the outcomes of “%(step)s”.") % {"step": block["name"]}
            )
            return self.decide(item, block, [*following.outgoing, *timed], blocks, stop)
        if timed or any(way.is_back for way in plain):
            return self.decide(item, block, item.outgoing, blocks, stop)
        return self.leave(item, item.outgoing, blocks, stop)

    def is_decision(self, gateway: Item) -> bool:
        """Whether an exclusive gateway asks how the step before it was decided."""
        if gateway.tag != "exclusiveGateway" or gateway.ours or len(gateway.outgoing) < 2:
            return False
        if len(gateway.incoming) > 1:
            return False
        conditions = [
            self.steps.when(way, must_be_known=True) for way in gateway.forward if not way.is_default
        ]
        return bool(gateway.back) or not conditions or any(condition is None for condition in conditions)

    def our_outcomes(
        self, gateway: Item, block: BlockJson, blocks: list[BlockJson], stop: Item | None
    ) -> Item | None:
        """The gateway we drew behind a step: each flow says which outcome it is; the others go on."""
        by_code = {outcome.get("code"): outcome for outcome in block["outcomes"]}
        onward = []
        for way in gateway.outgoing:
            outcome = by_code.get(way.outcome)
            if outcome is None:
                onward.append(way)
            elif way.is_back:
                self.outcomes.go_back(way, [outcome])
            elif way.target.tag == "endEvent":
                self.drawn.add(way.target)
                self.outcomes.end_outcome(outcome, way.target)
            else:
                onward.append(way)
        forward = [way for way in onward if not way.is_back]
        if len(forward) > 1:
            return self.fork("condition", gateway, forward, blocks, stop)
        return forward[0].target if forward else None

    def decide(
        self, item: Item, block: BlockJson, ways: list[Way], blocks: list[BlockJson], stop: Item | None
    ) -> Item | None:
        """Give a step of another tool an outcome for every way out."""
        several = "mode" in block
        onward: list[tuple[Way, BlockJson]] = []
        outcomes: list[BlockJson] = []
        codes: set[str] = set()
        for number, way in enumerate(ways, start=1):
            outcome = self.outcomes.outcome_of(way, number, codes)
            ends = way.target.tag == "endEvent" and self.graph.sink is None and not self.open_branches
            if way.is_back:
                if not self.outcomes.go_back(way, [outcome]):
                    continue
            elif ends:
                self.drawn.add(way.target)
                self.outcomes.end_outcome(outcome, way.target)
            else:
                outcome["style"] = "neutral" if onward else "primary"
                if several and not onward:
                    outcome["agrees"] = True
                onward.append((way, outcome))
            outcomes.append(outcome)
        if outcomes and all(outcome.get("by") == "timer" for outcome in outcomes):
            outcomes.insert(0, self.steps.outcome("done", "完成"))
        block["outcomes"] = outcomes or block["outcomes"]
        if len(onward) < 2:
            return onward[0][0].target if onward else None
        for way, outcome in onward:
            way.condition, way.is_default = f'{block["id"]}.outcome = "{outcome["code"]}"', False
        onward[-1][0].is_default = True
        return self.fork("condition", item, [way for way, _outcome in onward], blocks, stop, name="")

    # --- forks -------------------------------------------------------------------------------------
    def gateway(self, item: Item, blocks: list[BlockJson], stop: Item | None) -> Item | None:
        forward = item.forward
        for way in item.back:
            self.cannot_go_back(way)
        if len(forward) < 2 and item.kind not in _FORKS:
            self.report.add("mapped", item)
            return forward[0].target if forward else self.graph.sink
        kind = item.kind if item.kind in _FORKS else _KINDS.get(item.tag, "")
        if not kind:
            self.report.add(
                "unmapped", item, _("A workflow cannot wait for events or rules here; drawn as a choice.")
            )
            kind = "condition"
        return self.fork(kind, item, forward, blocks, stop)

    def fork(
        self,
        kind: str,
        item: Item,
        ways: list[Way],
        blocks: list[BlockJson],
        stop: Item | None,
        name: str | None = None,
    ) -> Item | None:
        """Draw a fork and what is in its branches; the item where it goes on."""
        is_ours = item.kind == kind and item.ours is not None
        said = dict(item.ours[1]) if is_ours and item.ours else {}
        wish = said.get("id")
        block_id = self.steps.slugs.take(
            *([wish] if isinstance(wish, str) else []), f"{item.id if name is None else 'decision'}", kind
        )
        block: BlockJson = {"type": kind, **said, "id": block_id}
        title = (item.name if name is None else name)[:60].strip()
        if kind != "parallel" or title:
            block["name"] = title
        if not block.get("name"):
            block.pop("name", None)
        found = self.meeting(kind, item, ways, stop, self.joins.get(str(wish)) if is_ours else None)
        if found.crossing:
            self.report.add("unmapped", item, _("Its branches cross each other; only part of them is drawn."))
        self.report.add("mapped", item, block=block_id)
        self.fill(block, ways, found, stop, is_ours=is_ours)
        blocks.append(block)
        return self.behind(kind, item, found, blocks, stop)

    def meeting(
        self, kind: str, item: Item, ways: list[Way], stop: Item | None, hint: Item | None
    ) -> Meeting:
        if kind == "condition" and hint is None:
            direct = [way for way in ways if way.target.tag == "endEvent" and way.target is not stop]
            if 0 < len(direct) < len(ways):
                self.may_repeat |= {way.target for way in direct}
        found = meeting(ways, stop, self.order, hint)
        if found.crossing:
            # Ends that several branches share may be drawn several times.
            ends = {end for end in self.graph.items.values() if is_straight(end)} - self.drawn
            again = meeting([way for way in ways if way.target not in ends], stop, self.order)
            if not again.crossing:
                self.may_repeat |= ends
                return Meeting(again.join, [[number] for number in range(len(ways))])
        elif found.join is None and kind == "condition" and not item.ours:
            going_on = [way for way in ways if way.target.tag != "endEvent"]
            if len(going_on) > 1:
                going_on = [way for way in ways if not is_straight(way.target)]
            if len(going_on) == 1:
                # The others end at once: it goes on behind the fork.
                return Meeting(going_on[0].target, found.groups)
        return found

    def behind(
        self, kind: str, item: Item, found: Meeting, blocks: list[BlockJson], stop: Item | None
    ) -> Item | None:
        join = found.join
        if join is None:
            if kind != "condition" and not self.open_branches and self.graph.sink is None and not item.ours:
                self.report.add("implicit", item, _("The case ends when all branches have."))
                blocks.append({"type": "end", "id": self.steps.slugs.take("ended"), "name": "结束"})
            return None
        if kind == "parallel" and join is not stop and join.tag != "parallelGateway":
            self.report.add(
                "implicit",
                join,
                _("The branches come together here, and the case goes on when all are done."),
            )
        elif join.tag not in GATEWAYS and join is not stop:
            self.report.add("implicit", join, _("Several flows come together here."))
        if join.tag == "parallelGateway" and kind == "condition" and not join.ours:
            self.report.add(
                "unmapped", join, _("It would wait for branches that are never taken; it does not wait.")
            )
        return join

    def fill(
        self, block: BlockJson, ways: list[Way], found: Meeting, stop: Item | None, *, is_ours: bool
    ) -> None:
        inner_stop = found.join or stop
        several = block["type"] != "condition"
        self.open_branches += several
        bodies = []
        for group in found.groups:
            if len(group) == 1:
                bodies.append((ways[group[0]], self.branch(ways[group[0]], inner_stop)))
            else:
                bodies.append(self.regrouped(block, [ways[number] for number in group], inner_stop))
        self.open_branches -= several
        if block["type"] == "parallel":
            block["branches"] = [body for _way, body in bodies]
            return
        block["cases"] = [
            {"when": self.case_of(way, is_ours=is_ours), "body": body}
            for way, body in bodies
            if not way.is_default
        ] or [{"when": "?", "body": {"type": "sequence", "blocks": []}}]
        default = [body for way, body in bodies if way.is_default]
        if default:
            block["otherwise"] = default[0]
        elif not is_ours:
            self.without_default(block, bodies)

    def without_default(self, block: BlockJson, bodies: list[tuple[Way, Any]]) -> None:
        """No default flow: a single one without a condition is it, else nothing happens otherwise."""
        free = [number for number, (way, _body) in enumerate(bodies) if not way.condition.strip()]
        if len(free) == 1 and len(bodies) > 1 and block["type"] == "condition":
            block["otherwise"] = bodies[free[0]][1]
            del block["cases"][free[0]]
        else:
            block["otherwise"] = {"type": "sequence", "blocks": []}

    def case_of(self, way: Way, *, is_ours: bool) -> str:
        if is_ours and way.condition:
            return way.condition
        found = self.steps.when(way)
        if found is not None:
            return found
        text = way.condition.strip() or way.name
        self.report.add(
            "note", way, _("Its condition “%(text)s” has to be written anew.") % {"text": text[:200]}
        )
        return text[:1000] or "?"

    def branch(self, way: Way, stop: Item | None) -> Any:
        blocks = self.run(way.target, stop)
        if way.body == "block" and len(blocks) == 1:
            return blocks[0]
        return {"type": "sequence", "blocks": blocks} | ({"id": way.sequence} if way.sequence else {})

    def regrouped(self, block: BlockJson, ways: list[Way], stop: Item | None) -> tuple[Way, Any]:
        """Branches that come together before the others do: a fork of their own inside the fork."""
        inner: list[BlockJson] = []
        first = ways[0]
        whole = Way(first.id, first.source, first.target, is_default=any(way.is_default for way in ways))
        conditions = [f"({self.case_of(way, is_ours=False)})" for way in ways if way.condition.strip()]
        whole.condition = " or ".join(conditions) if len(" or ".join(conditions)) <= MAX_LENGTH else ""
        if not whole.is_default and len(conditions) < len(ways):
            whole.condition = ""
        if block["type"] != "parallel" and not whole.is_default and not any(way.is_default for way in ways):
            ways[-1].is_default = block["type"] == "condition"
        self.report.add(
            "implicit", first.source, _("Some of its branches come together earlier; drawn as a fork inside.")
        )
        found = meeting(ways, stop, self.order)
        if len(found.groups) < 2:
            self.report.add(
                "unmapped", first.source, _("Its branches cross each other; only part of them is drawn.")
            )
            found = Meeting(found.join, [[number] for number in range(len(ways))])
        own: BlockJson = {"type": block["type"], "id": self.steps.slugs.take(f"{block['id']}_inner")}
        self.fill(own, ways, found, stop, is_ours=False)
        inner.append(own)
        if found.join is not None and found.join is not stop:
            inner += self.run(found.join, stop)
        return whole, {"type": "sequence", "blocks": inner}
