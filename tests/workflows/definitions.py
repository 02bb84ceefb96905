"""Random sound definitions, for whoever needs many: every one passes the lint, compiles and ends.

@given(definitions())
@given(definitions(kinds={"approval", "parallel"}, modes={"one"}, roles=("grid_member",)))
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

Block = dict[str, Any]
Draw = Any

LEAVES = frozenset({"approval", "cc", "notify", "webhook", "timer", "milestone", "whistle", "subprocess"})
FORKS = frozenset({"condition", "inclusive", "parallel"})
KINDS = LEAVES | FORKS
MODES = frozenset({"one", "all", "in_turn", "any", "vote"})
ROLES = ("grid_member", "grid_leader", "registrar", "dispatcher", "checker", "shift_leader", "supervisor")
#: Ways a step may decide beyond going on.
FATES = frozenset({"return", "end", "timer"})

CLOCKS = ("urgent_hours", "work_hours", "work_days", "calendar_days")
NAMES = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=12)
FACTS = (
    "urgent = true", "not (located = true)", 'category in ("lighting", "roads")', "reopened >= 2",
    "photos in [1..3]", "category = null or anonymous", '紧急 = 是 且 来源 = "portal"',
)  # fmt: skip


@dataclass
class _Making:
    draw: Draw
    kinds: Collection[str]
    modes: Collection[str]
    fates: Collection[str]
    roles: Sequence[str]
    left: int
    count: int = 0
    depth: int = 0
    #: Forks around the present place that run several branches: the engine takes three inside one another.
    splits: int = 0

    def id(self, kind: str) -> str:
        self.count += 1
        return f"{kind[:20]}_{self.count}"

    def named(self, kind: str) -> Block:
        named = {"type": kind, "id": self.id(kind), "name": self.draw(NAMES)}
        return named | ({"name_en": self.draw(NAMES)} if self.draw(st.booleans()) else {})

    def limit(self) -> Block:
        return {
            "limit": self.draw(st.sampled_from([1, 2, 4.5, 10])),
            "clock": self.draw(st.sampled_from(CLOCKS)),
        }

    def whom(self, before: list[Block]) -> list[Block]:
        ways: list[Block] = [{"role": self.draw(st.sampled_from(self.roles))}]
        ways += [{"person": person} for person in ("reporter", "filer")]
        ways += [{"doer_of": step["id"]} for step in before[-2:]]
        chosen = [asked["code"] for step in before for asked in step.get("fields", ())]
        ways += [{"field": code} for code in chosen[-1:]]
        return self.draw(st.lists(st.sampled_from(ways), min_size=1, max_size=2))

    # --- blocks ------------------------------------------------------------------------------------
    def sequence(self, before: list[Block], *, at_least: int = 0) -> tuple[list[Block], list[Block]]:
        """Blocks one after the other, and the approvals a case may have come through behind them."""
        blocks: list[Block] = []
        self.depth += 1
        for _number in range(self.draw(st.integers(at_least, 4))):
            if self.left <= 0 and len(blocks) >= at_least:
                break
            block, before = self.block(before)
            blocks.append(block)
        self.depth -= 1
        return blocks, before

    def block(self, before: list[Block]) -> tuple[Block, list[Block]]:
        self.left -= 1
        possible = sorted(self.possible())
        kind = self.draw(st.sampled_from(possible))
        if kind == "approval":
            step = self.approval(before)
            return step, [*before, step]
        if kind in FORKS:
            return self.fork(kind, before)
        return self.leaf(kind, before), before

    def possible(self) -> set[str]:
        kinds = set(self.kinds) if self.depth < 4 and self.left > 0 else set(self.kinds) & LEAVES
        return kinds if self.splits < 3 else kinds - {"parallel", "inclusive", "whistle"}

    def leaf(self, kind: str, before: list[Block]) -> Block:
        block = self.named(kind)
        match kind:
            case "cc":
                return block | {"who": self.whom(before)}
            case "notify":
                return block | {"who": self.whom(before), "text": self.draw(NAMES)}
            case "webhook":
                return block | {"hook": "city-hall"}
            case "timer":
                return block | {"after": self.limit()}
            case "whistle":
                respond = self.limit()
                block |= {"departments": self.whom(before), "respond": respond}
                return block | {"finish": respond | {"limit": respond["limit"] * 2}}
            case "subprocess":
                frozen = {"type": "sequence", "blocks": [_step(f"{block['id']}_inner", self.roles[0])]}
                return (
                    block | {"definition": "other"} | ({"body": frozen} if self.draw(st.booleans()) else {})
                )
        mark = self.draw(st.sampled_from(["registered", "handled"]))
        return {
            "type": kind,
            "id": block["id"],
            "mark": mark,
            "state": self.draw(st.sampled_from(["handling", None])),
        }

    def approval(self, before: list[Block]) -> Block:
        step = self.named("approval") | {"who": self.whom(before), "outcomes": self.outcomes(before)}
        mode = self.draw(st.sampled_from(sorted(self.modes if self.splits < 3 else {"one"})))
        if mode != "one":
            step |= {"mode": mode}
            step["outcomes"][0]["agrees"] = True
            step["outcomes"].append({"code": "refuse", "name": "不同意", "style": "danger"})
        if mode == "vote":
            # No more than can be found: whom a role finds are many, everybody else is one person.
            count = 2 if any("role" in one for one in step["who"]) else 1
            step["vote"] = self.draw(st.sampled_from([{"count": count}, {"percent": 60}, {"percent": 66.7}]))
        if self.draw(st.booleans()):
            step |= {"handler": True, "state": "handling", "moves": ["transfer"]}
        if before and self.draw(st.booleans()):
            step["moves"] = ["transfer", "return"]
            step["return_to"] = [self.draw(st.sampled_from(before))["id"]]
        if self.draw(st.booleans()):
            code = self.id("who")
            step["fields"] = [{"code": code, "name": self.draw(NAMES), "type": "person"}]
        self.deadlines(step, before)
        return step

    def outcomes(self, before: list[Block]) -> list[Block]:
        outcomes: list[Block] = [{"code": "done", "name": self.draw(NAMES), "style": "primary"}]
        if "return" in self.fates and before and self.draw(st.booleans()):
            target = self.draw(st.sampled_from(before))["id"]
            outcomes.append({"code": "back", "name": "退回", "needs_opinion": True, "returns_to": target})
        if "end" in self.fates and self.draw(st.integers(0, 3)) == 0:
            outcomes.append({"code": "stop", "name": "不予受理", "ends": self.end() | {"state": "rejected"}})
        if self.draw(st.booleans()):
            outcomes.append({"code": "other", "name": self.draw(NAMES), "style": "neutral"})
        return outcomes

    def deadlines(self, step: Block, before: list[Block]) -> None:
        found: list[Block] = []
        if self.draw(st.booleans()):
            found.append({"after": self.limit(), "action": "remind", "every": self.limit()})
        if self.draw(st.integers(0, 3)) == 0:
            found.append({"after": self.limit(), "action": "escalate", "to": self.whom(before)})
        if "timer" in self.fates and self.draw(st.integers(0, 3)) == 0:
            step["outcomes"].append({"code": "lapse", "name": "逾期", "by": "timer"})
            found.append({"after": self.limit(), "action": "outcome", "outcome": "lapse"})
        if found:
            step["deadlines"] = found

    def end(self) -> Block:
        end = {"type": "end", "id": self.id("end"), "name": self.draw(NAMES)}
        return end | ({"state": "closed"} if self.draw(st.booleans()) else {})

    # --- forks -------------------------------------------------------------------------------------
    def fork(self, kind: str, before: list[Block]) -> tuple[Block, list[Block]]:
        number = self.draw(st.integers(2, 3) if kind == "parallel" else st.integers(1, 3))
        block: Block = {"type": kind, "id": self.id(kind)}
        after = list(before)
        bodies = []
        self.splits += kind != "condition"
        for _branch in range(number):
            body, inner = self.body(before, several=kind != "condition")
            bodies.append(body)
            after += [step for step in inner if step not in after]
        self.splits -= kind != "condition"
        if kind == "parallel":
            return block | {"branches": bodies}, after
        whens = self.whens(before, number)
        block["cases"] = [{"when": when, "body": body} for when, body in zip(whens, bodies, strict=True)]
        otherwise, inner = ({"type": "sequence", "blocks": []}, before)
        if self.draw(st.booleans()):
            self.splits += kind != "condition"
            otherwise, inner = self.body(before, several=True)
            self.splits -= kind != "condition"
        block |= {"otherwise": otherwise, "name": self.draw(NAMES)}
        return block, after + [step for step in inner if step not in after]

    def body(self, before: list[Block], *, several: bool) -> tuple[Block, list[Block]]:
        blocks, after = self.sequence(before, at_least=1)
        if "end" in self.fates and not several and self.draw(st.integers(0, 4)) == 0:
            blocks.append(self.end())
        if len(blocks) == 1 and self.draw(st.booleans()):
            return blocks[0], after
        return {"type": "sequence", "blocks": blocks}, after

    def whens(self, before: list[Block], number: int) -> list[str]:
        """As many conditions, no two the same."""
        asked = [f'{step["id"]}.outcome = "done"' for step in before[-3:]]
        pairs = [f"{one} or {other}" for one, other in zip(FACTS, FACTS[2:], strict=False)]
        some = st.lists(
            st.sampled_from([*FACTS, *asked, *pairs]), min_size=number, max_size=number, unique=True
        )
        return self.draw(some)


def _step(block_id: str, role: str) -> Block:
    done = {"code": "done", "name": "完成", "style": "primary"}
    return {"type": "approval", "id": block_id, "name": "步骤", "who": [{"role": role}], "outcomes": [done]}


@st.composite
def definitions(
    draw: Draw,
    *,
    kinds: Collection[str] = KINDS,
    modes: Collection[str] = MODES,
    fates: Collection[str] = FATES,
    roles: Sequence[str] = ROLES,
    key: str = "random",
    most: int = 14,
) -> Block:
    """A sound definition as JSON: about ``most`` blocks of these ``kinds``, approvals for people of ``roles``
    in these ``modes`` and with these ``fates`` (return, end, timer). It has an approval, and an end."""
    making = _Making(draw, {*kinds, "approval"}, modes, fates, roles, left=draw(st.integers(3, most)))
    blocks, _after = making.sequence([], at_least=1)
    handle = _step("handle", roles[0]) | {"handler": True}
    body = {"type": "sequence", "blocks": [handle, *blocks, making.end()]}
    return {"schema": 1, "key": key, "name": draw(NAMES), "body": body}
