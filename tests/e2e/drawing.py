"""A flow is drawn in the designer by the mouse or by the keyboard alone: the same words for both hands.

What is said in terms of a flow, "a step here, then its people", is done with one hand or the other, so that
whatever can be drawn by one is seen to be drawn by the other.
"""

from __future__ import annotations

from typing import Protocol

from playwright.sync_api import Locator, expect

from tests.e2e.people import says
from tests.e2e.test_designer import Clerk

#: What the menu calls the kinds of blocks.
KINDS = {
    "approval": "办理环节",
    "condition": "条件分支",
    "parallel": "同时进行",
    "cc": "抄送",
    "subprocess": "子流程",
}
#: More presses of a key than any page needs; who needs more goes in circles.
MOST = 250


class Hand(Protocol):
    """``key`` names a card, a branch's head or a "+" of the drawing; ``path`` a control of the open form."""

    clerk: Clerk

    def begins(self) -> None:
        """From the list of workflows to a clean sheet."""

    def opens(self, key: str) -> None: ...

    def adds(self, kind: str, address: str, index: int) -> str:
        """A block at a "+"; its key. Its form is open then."""

    def writes(self, path: str, text: str) -> None: ...

    def picks(self, path: str, value: str) -> None: ...

    def ticks(self, path: str) -> None: ...

    def pushes(self, path: str) -> None: ...

    def unfolds(self, section: str) -> None: ...

    def mends(self, words: str) -> None:
        """By the button that the check offers."""

    def follows(self, link: Locator) -> None: ...


class Mouse:
    """Clicks; letters are typed, of course."""

    def __init__(self, clerk: Clerk) -> None:
        self.clerk = clerk

    def begins(self) -> None:
        self.clerk.begins("empty")

    def opens(self, key: str) -> None:
        self.clerk.card(key).click()

    def adds(self, kind: str, address: str, index: int) -> str:
        self.clerk.plus(address, index).click()
        self.clerk.page.locator(f"[data-menu] [data-kind-button={kind}]").click()
        return _opened(self.clerk)

    def writes(self, path: str, text: str) -> None:
        self.clerk.field(path).fill(text)

    def picks(self, path: str, value: str) -> None:
        self.clerk.field(path).select_option(value)

    def ticks(self, path: str) -> None:
        self.clerk.field(path).check()

    def pushes(self, path: str) -> None:
        self.clerk.field(path).click()

    def unfolds(self, section: str) -> None:
        self.clerk.unfolds(section)

    def mends(self, words: str) -> None:
        page = self.clerk.page
        page.locator("[data-findings-state]").click()
        page.locator("[data-findings]").get_by_role("button", name=words, exact=True).click()

    def follows(self, link: Locator) -> None:
        self.clerk.follows(link)


class Keyboard:
    """Tab, arrow keys, Enter, Escape and letters; never the mouse."""

    def __init__(self, clerk: Clerk) -> None:
        self.clerk = clerk

    def begins(self) -> None:
        page = self.clerk.goes("/console/workflows/")
        self.follows(page.get_by_role("link", name=says("New workflow")))
        self.follows(page.locator("button[value=empty]"))
        self.clerk.is_there()

    def press(self, *keys: str) -> None:
        self.clerk.presses_keys(*keys)

    def opens(self, key: str) -> None:
        self._walks_to(key)
        self.press("Enter")

    def adds(self, kind: str, address: str, index: int) -> str:
        self.opens(f"+{address}:{index}")
        wanted = self.clerk.page.locator(f"[data-menu] [data-kind-button={kind}]")
        self._until(wanted, "ArrowDown")
        self.press("Enter")
        key = _opened(self.clerk)
        self.press("Enter")
        return key

    def writes(self, path: str, text: str) -> None:
        self._tabs_to(self.clerk.field(path))
        self.clerk.writes(text)
        self.press("Tab")

    def picks(self, path: str, value: str) -> None:
        """Choose by arrow keys: up to the first choice, then down to the one that is meant."""
        box = self.clerk.field(path)
        self._tabs_to(box)
        self.press("Home")
        for _press in range(MOST):
            if box.input_value() == value:
                return
            self.press("ArrowDown")
        raise AssertionError(f"{path} cannot be {value}")

    def ticks(self, path: str) -> None:
        self._tabs_to(self.clerk.field(path))
        self.press("Space")
        expect(self.clerk.field(path)).to_be_checked()

    def pushes(self, path: str) -> None:
        self._tabs_to(self.clerk.field(path))
        self.press("Enter")

    def unfolds(self, section: str) -> None:
        details = self.clerk.panel.locator(f"details[data-section={section}]").first
        if details.get_attribute("open") is None:
            self._tabs_to(details.locator("summary").first)
            self.press("Enter")

    def mends(self, words: str) -> None:
        page = self.clerk.page
        self.follows(page.locator("[data-findings-state]"), leads_away=False)
        self._until(page.locator("[data-findings]").get_by_role("button", name=words, exact=True), "Tab")
        self.press("Enter")

    def follows(self, link: Locator, *, leads_away: bool = True) -> None:
        self._tabs_to(link)
        if not leads_away:
            return self.press("Enter")
        with self.clerk.page.expect_navigation():
            self.press("Enter")
        self.clerk.settles()

    def _walks_to(self, key: str) -> None:
        """Through the drawing by arrow keys, from the form back to it if need be."""
        tree = self.clerk.page.locator(".tree")
        if not tree.evaluate("tree => tree.contains(document.activeElement)"):
            self.press("Escape")
        if not tree.evaluate("tree => tree.contains(document.activeElement)"):
            self._tabs_to(tree.locator("[data-key][tabindex='0']"))
        there = self.clerk.card(key)
        self._until(there, "ArrowDown" if _is_below(there) else "ArrowUp")

    def _tabs_to(self, there: Locator) -> None:
        self._until(there, "Tab" if _is_below(there) else "Shift+Tab")

    def _until(self, there: Locator, key: str) -> None:
        for _press in range(MOST):
            if there.evaluate("element => element === document.activeElement"):
                return
            self.press(key)
        raise AssertionError(f"{key} does not get to {there}")


def _is_below(there: Locator) -> bool:
    """Whether it comes after what has the focus."""
    return bool(
        there.evaluate(
            "one => one.compareDocumentPosition(document.activeElement) & Node.DOCUMENT_POSITION_PRECEDING"
        )
    )


def _opened(clerk: Clerk) -> str:
    """The key of the card whose form is open."""
    expect(clerk.page.locator("[data-menu]")).to_be_hidden()
    chosen = clerk.page.locator(".tree [aria-current]")
    expect(chosen).to_have_count(1)
    return chosen.get_attribute("data-key") or ""


# --- The flow: how an event of a grid is disposed of --------------------------------------------------------
DISPOSAL, FLOW = "处置", "网格事件处置审批"
#: What is asked at filing.
AMOUNT, LEVEL = "field_1", "field_2"


def draws_the_disposal(hand: Hand) -> None:
    """The sub-process: whoever serves the grid puts it right."""
    hand.begins()
    hand.opens("start")
    hand.writes("name", DISPOSAL)
    hand.adds("approval", "", 0)
    hand.writes("name", "上门处置")
    hand.picks("who.0.role", "grid_member")
    hand.writes("outcomes.0.name", "处置完成")
    hand.unfolds("rules")
    hand.ticks("handler")
    hand.clerk.is_saved()


def draws_the_flow(hand: Hand, disposal: str) -> None:
    """All of it but for two mistakes: nobody can refuse in the countersign, and the condition is not set."""
    hand.begins()
    hand.opens("start")
    hand.writes("name", FLOW)
    hand.pushes("fields#add")
    hand.writes("fields.0.name", "金额")
    hand.picks("fields.0.type", "number")
    hand.writes("fields.0.unit", "元")
    hand.ticks("fields.0.required")
    hand.pushes("fields#add")
    hand.writes("fields.1.name", "等级")
    hand.picks("fields.1.type", "choice")
    hand.writes("fields.1.choices.0.name", "一般")
    hand.writes("fields.1.choices.1.name", "重大")

    hand.adds("approval", "", 0)
    hand.writes("name", "社区网格长审核")
    hand.picks("who.0.role", "grid_leader")
    hand.unfolds("deadlines")
    hand.pushes("deadlines#add")
    hand.writes("deadlines.0.after.limit", "4")
    hand.picks("deadlines.0.after.clock", "urgent_hours")
    hand.picks("deadlines.0.action", "escalate")
    hand.picks("deadlines.0.to.0.role", "street_office")

    hand.adds("condition", "", 1)
    hand.writes("name", "金额判断")
    hand.adds("parallel", "condition/0", 0)
    hand.writes("name", "会办")

    hand.adds("approval", "parallel/0", 0)
    hand.writes("name", "财务会签")
    hand.picks("who.0.role", "finance")
    hand.picks("mode", "vote")
    hand.writes("vote.percent", "60")
    hand.unfolds("moves")
    hand.ticks("moves#sign_after")

    hand.adds("approval", "parallel/1", 0)
    hand.writes("name", "司法所")
    hand.picks("who.0.role", "law")
    hand.picks("mode", "any")
    refuses(hand)

    hand.adds("approval", "", 2)
    hand.writes("name", "街道主任")
    hand.picks("who.0.role", "director")
    refuses(hand)
    hand.unfolds("moves")
    hand.ticks("moves#return")

    hand.adds("cc", "", 3)
    hand.writes("name", "抄送平安办")
    hand.picks("who.0.role", "peace")

    hand.adds("subprocess", "", 4)
    hand.writes("name", "处置子流程")
    hand.picks("definition", disposal)
    hand.clerk.is_saved()


def refuses(hand: Hand) -> None:
    """A second button, which ends the case."""
    hand.pushes("outcomes#add")
    ends_the_case(hand)


def ends_the_case(hand: Hand) -> None:
    hand.picks("outcomes.1#way", "ends")
    hand.writes("outcomes.1.ends.name", "驳回")
    hand.picks("outcomes.1.ends.state", "rejected")


def sets_the_condition(hand: Hand) -> None:
    """More than 5,000 yuan, or grave."""
    hand.opens("condition/0")
    hand.pushes("when.0#add")
    hand.picks("when.0.0.op", ">")
    hand.writes("when.0.0.value", "5000")
    hand.pushes("when#group")
    hand.picks("when.1.0.field", f"fields.{LEVEL}")
    hand.picks("when.1.0.op", "=")
    hand.picks("when.1.0.value", "choice_2")
