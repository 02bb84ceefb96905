"""Drawing workflows in a real browser on the running product: by mouse, by finger, by keyboard."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests import services
from tests.e2e.people import DESK, PHONE, Person, outside, says
from tests.e2e.test_accessibility import LOOKS, violations

pytestmark = pytest.mark.e2e

TABLET = {"width": 820, "height": 1180}
OWN_SCRIPTS = services.ROOT / "workflows" / "static" / "designer"
#: What the database holds of a draft: null when there is none.
STORED = """
import json
from workflows.models import WorkflowDraft
draft = WorkflowDraft.objects.filter(key=%r).first()
print(json.dumps(draft and {"body": draft.body, "revision": draft.revision, "by": draft.saved_by.username}))
"""
#: The registrar is an administrator too.
PREPARE = """
from grid.models import Area, Member, Responsibility
from tests.factories import SINCE
Responsibility.objects.create(
    member=Member.objects.get(user__username="registrar"), area=Area.objects.get(depth=1),
    role_id="administrator", since=SINCE,
)
"""
BEGIN = """
from grid.models import User
from workflows.actions.drafts import begin_draft
from workflows.starting_points import starting_point
begin_draft(body=starting_point(%r).body, actor=User.objects.get(username="administrator"))
"""


def stored(product: services.Product, key: str) -> dict[str, Any]:
    return json.loads(services.python(STORED % key, product.environment).splitlines()[-1])


def blocks(body: dict[str, Any]) -> list[dict[str, Any]]:
    return body["body"]["blocks"]


#: What the page calls the kinds of blocks; other texts are called the same.
KINDS = {
    "Step": "办理环节",
    "Condition": "条件分支",
    "At the same time": "同时进行",
    "Copy": "抄送",
    "Wait": "等待",
}

#: Whether the drawing is saved, and what the check says of it is shown.
CHECKED = """
() => {
  const { checked, revision } = document.querySelector("[data-designer]").dataset;
  return document.querySelector("[data-light]").dataset.state === "saved" && checked === revision;
}
"""
#: The page reads what the check says only once something is pressed; what it does then, in its order.
CHECKED_WHEN_PRESSED = """
window.order = [];
addEventListener("click", () => order.push("click"), true);
const isDown = new Promise((go) => addEventListener("pointerdown", go, { once: true }));
const ask = window.fetch;
window.fetch = async (url, ...options) => {
  const answer = await ask(url, ...options);
  if (!String(url).includes("/findings/")) return answer;
  const said = await answer.json();
  await isDown;
  return Object.assign(answer, { json: async () => said });
};
document.addEventListener("DOMContentLoaded", () => {
  const state = document.querySelector("[data-findings-state]");
  const isShown = new MutationObserver(() => order.push("check"));
  if (state) isShown.observe(state, { attributeFilter: ["data-state"] });
});
"""
#: A finger's tap, as a browser tells of it that is busy between the finger and its click.
TAP = """
async (card) => {
  const tell = (type) => card.dispatchEvent(new PointerEvent(type, { bubbles: true, pointerType: "touch" }));
  tell("pointerdown");
  tell("pointerup");
  await new Promise((go) => setTimeout(go, 100));
  card.click();
}
"""
#: Whether this browser keeps a drawing that is not on the server.
KEEPS_A_DRAWING = "() => Object.keys(localStorage).some((name) => /^linli-workflow-\\d/.test(name))"


class Clerk(Person):
    """An administrator at the designer."""

    wrong: list[str]

    def listens(self) -> Clerk:
        """Remember whatever the policy blocked, whatever broke, whoever else was asked."""
        self.wrong = []
        self.page.on(
            "console",
            lambda message: "Content Security Policy" in message.text and self.wrong.append(message.text),
        )
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on(
            "request", lambda request: outside(request, self.base) and self.wrong.append(request.url)
        )
        return self

    def begins(self, start: str) -> Page:
        """From the list of workflows to a new drawing."""
        page = self.goes("/console/workflows/")
        self.follows(page.get_by_role("link", name=says("New workflow")))
        page.locator(f"button[value={start}]").click()
        return self.is_there()

    def opens(self, key: str) -> Page:
        self.goes(f"/console/workflows/{key}/draw/")
        return self.is_there()

    def is_there(self) -> Page:
        expect(self.page.locator("[data-designer][data-ready]")).to_be_visible()
        return self.page

    # --- What is on the page ---------------------------------------------------------------------
    def card(self, key: str) -> Locator:
        return self.page.locator(f".tree [data-key='{key}']")

    def plus(self, address: str, index: int) -> Locator:
        return self.card(f"+{address}:{index}")

    @property
    def panel(self) -> Locator:
        return self.page.locator("[data-panel]")

    def field(self, path: str) -> Locator:
        return self.panel.locator(f"[data-path='{path}']")

    def names(self) -> list[str]:
        """The names on the cards, from top to bottom."""
        return self.page.locator(".tree .block .block-name").all_inner_texts()

    def is_saved(self) -> None:
        expect(self.page.locator("[data-light]")).to_have_attribute("data-state", "saved")

    def is_checked(self) -> None:
        """Nothing moves by itself any more."""
        self.page.wait_for_function(CHECKED)

    def looks(self) -> None:
        """Come back to the window: whether somebody else has saved is asked then."""
        self.page.evaluate("dispatchEvent(new Event('focus'))")

    # --- By mouse --------------------------------------------------------------------------------
    def adds(self, word: str, address: str, index: int) -> str:
        """Click a "+" and choose; the key of the new card, whose form is open."""
        self.plus(address, index).click()
        menu = self.page.locator("[data-menu]")
        menu.get_by_role("button", name=KINDS[word]).click()
        expect(menu).to_be_hidden()
        return self.page.locator(".tree [aria-current]").get_attribute("data-key") or ""

    def unfolds(self, section: str) -> None:
        details = self.panel.locator(f"details[data-section={section}]").first
        if details.get_attribute("open") is None:
            details.locator("summary").first.click()

    def drags(self, what: Locator, to: Locator) -> None:
        self.is_checked()
        to.scroll_into_view_if_needed()
        what.hover()
        self.page.mouse.down()
        x, y = middle(to)
        self.page.mouse.move(x + 30, y + 30, steps=4)
        x, y = middle(to)
        self.page.mouse.move(x, y, steps=4)
        expect(to).to_have_class("plus drop-here")
        self.page.mouse.up()

    # --- By keyboard -----------------------------------------------------------------------------
    def tabs_to(self, there: Locator) -> None:
        for _press in range(80):
            if there.evaluate("element => element === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError("Tab does not get there")

    def presses_keys(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def writes(self, text: str) -> None:
        """Instead of what stands in the field."""
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(text)

    def chooses(self, word: str) -> None:
        """In the menu of kinds, by arrow keys."""
        wanted = self.page.locator("[data-menu]").get_by_role("button", name=KINDS[word])
        for _press in range(14):
            if wanted.evaluate("element => element === document.activeElement"):
                break
            self.page.keyboard.press("ArrowDown")
        self.page.keyboard.press("Enter")

    @property
    def focused(self) -> str:
        return self.page.evaluate(
            "document.activeElement.dataset.key ?? document.activeElement.dataset.path ?? ''"
        )


def is_get(route: Route) -> bool:
    return route.request.method == "GET"


def middle(what: Locator) -> tuple[float, float]:
    box = what.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.fixture
def product(start_product: Callable[..., services.Product]) -> services.Product:
    product = start_product()
    services.python(PREPARE, product.environment)
    return product


@pytest.fixture
def clerks(browser: Browser, product: services.Product) -> Iterator[Callable[..., Clerk]]:
    """``clerks("administrator")``: signed in, with nothing wrong until the end."""
    people: list[Clerk] = []

    def sits_down(username: str = "administrator", **options: Any) -> Clerk:
        options.setdefault("viewport", DESK)
        clerk = Clerk.sits_down(browser, product.url, **options).signs_in(username)
        people.append(clerk)
        return clerk.listens()

    yield sits_down
    wrong = [trouble for clerk in people for trouble in clerk.wrong]
    for clerk in people:
        clerk.leaves()
    assert wrong == []


def test_a_flow_is_drawn_by_mouse_alone(clerks, product: services.Product):
    clerk = clerks()
    clerk.begins("empty")

    clerk.card("start").click()
    clerk.field("name").fill("装修押金退还")
    clerk.field("fields#add").click()
    clerk.field("fields.0.name").fill("押金")
    clerk.field("fields.0.type").select_option("number")
    clerk.field("fields.0.unit").fill("元")

    step = clerk.adds("Step", "", 0)
    clerk.field("name").fill("物业核验")
    clerk.field("who.0.role").select_option("grid_leader")
    clerk.field("outcomes#add").click()
    clerk.field("outcomes.1#way").select_option("ends")
    clerk.unfolds("deadlines")
    clerk.field("deadlines#add").click()

    fork = clerk.adds("Condition", "", 1)
    clerk.card(f"{fork}/0").click()
    clerk.field("when.0#add").click()
    clerk.field("when.0.0.op").select_option(">")
    clerk.field("when.0.0.value").fill("5000")
    clerk.field("when.0.0.value").press("Tab")
    expect(clerk.card(f"{fork}/0")).to_contain_text("押金大于 5000")

    sign = clerk.adds("Step", f"{fork}/0", 0)
    clerk.field("name").fill("会签")
    clerk.field("mode").select_option("vote")
    clerk.field("vote.percent").fill("60")
    expect(clerk.card(sign)).to_contain_text("60 % 同意即可")

    # A card from the palette, then a card from its place to another one.
    for _time in range(2):
        clerk.page.locator("[data-do=smaller]").click()
    palette = clerk.page.locator(".designer-palette [data-kind-button=cc]")
    clerk.drags(palette, clerk.plus("", 2))
    expect(clerk.card("cc")).to_be_visible()
    clerk.drags(clerk.card("cc"), clerk.plus("", 1))
    clerk.is_saved()

    body = stored(product, "workflow")["body"]
    assert body["name"] == "装修押金退还"
    assert body["fields"] == [
        {"code": "field_1", "name": "押金", "name_en": "New field 1", "type": "number", "unit": "元"}
    ]
    assert [block["id"] for block in blocks(body)] == [step, "cc", fork, "ended"]
    first, _copy, condition, _end = blocks(body)
    assert first["who"] == [{"role": "grid_leader"}]
    assert first["outcomes"][1]["code"] == "refuse"
    assert first["outcomes"][1]["ends"]["state"] == "closed"
    assert first["deadlines"] == [{"after": {"limit": 2, "clock": "work_days"}, "action": "remind"}]
    (case,) = condition["cases"]
    assert case["when"] == "fields.field_1 > 5000"
    (countersign,) = case["body"]["blocks"]
    assert (countersign["mode"], countersign["vote"]) == ("vote", {"percent": 60})
    assert condition["otherwise"] == {"type": "sequence", "blocks": []}


def test_a_flow_is_drawn_by_keyboard_alone(clerks, product: services.Product):
    clerk = clerks()
    page = clerk.goes("/console/workflows/new/")
    clerk.tabs_to(page.locator("button[value=empty]"))
    with page.expect_navigation():
        clerk.presses_keys("Enter")
    clerk.is_there()

    clerk.tabs_to(clerk.card("start"))
    clerk.presses_keys("ArrowDown", "Enter")  # the "+" below the beginning
    clerk.chooses("Step")
    assert clerk.focused == "step"
    clerk.presses_keys("Enter")
    assert clerk.focused == "name"
    clerk.writes("受理")
    clerk.presses_keys("Escape")
    assert clerk.focused == "step"

    clerk.presses_keys("Insert")
    clerk.chooses("At the same time")
    assert clerk.focused == "parallel"
    clerk.presses_keys("ArrowRight")
    assert clerk.focused == "parallel/0"
    clerk.presses_keys("Insert")
    clerk.chooses("Copy")
    clerk.presses_keys("ArrowUp", "ArrowUp", "ArrowRight")  # past the "+" to the branch's head, then beside
    assert clerk.focused == "parallel/1"
    clerk.presses_keys("ArrowDown", "Enter")
    clerk.chooses("Wait")
    assert clerk.focused == "timer"
    clerk.presses_keys("Enter", "Tab", "Tab")
    clerk.writes("3")
    clerk.presses_keys("Escape", "Home")
    assert clerk.focused == "start"
    clerk.presses_keys("ArrowDown", "ArrowDown", "Alt+ArrowDown")
    assert clerk.focused == "step"
    clerk.is_saved()

    body = stored(product, "workflow")["body"]
    assert [block["id"] for block in blocks(body)] == ["parallel", "step", "ended"]
    parallel, step, _end = blocks(body)
    assert step["name"] == "受理"
    assert [branch["blocks"][0]["type"] for branch in parallel["branches"]] == ["cc", "timer"]
    assert parallel["branches"][1]["blocks"][0]["after"] == {"limit": 3, "clock": "work_days"}


def test_what_the_check_says_waits_for_a_click_that_has_begun(clerks):
    clerk = clerks()
    checks: list[Route] = []
    clerk.page.route("**/findings/", lambda route: checks.append(route))
    with clerk.page.expect_request("**/findings/"):
        page = clerk.begins("empty")
    clerk.card("start").hover()
    page.mouse.down()
    with page.expect_response("**/findings/") as answered:
        checks[-1].continue_()
    answered.value.finished()
    # By the time a later request is answered, the page has read this one's answer.
    page.evaluate("async () => { await (await fetch('/healthz')).text(); }")
    page.mouse.up()
    expect(clerk.field("name")).to_be_visible()
    expect(page.locator("[data-findings-state]")).to_have_attribute("data-state", "warning")


def test_what_the_check_says_waits_for_a_fingers_click(clerks):
    """It comes later after the finger has gone up than a mouse's does."""
    clerk = clerks(viewport=TABLET, has_touch=True)
    clerk.page.add_init_script(CHECKED_WHEN_PRESSED)
    with clerk.page.expect_response("**/findings/") as answered:
        page = clerk.begins("empty")
    answered.value.finished()
    clerk.card("start").evaluate(TAP)
    expect(clerk.field("name")).to_be_visible()
    expect(page.locator("[data-findings-state]")).to_have_attribute("data-state", "warning")
    assert page.evaluate("order") == ["click", "check"]


def test_a_check_that_fails_is_asked_for_again(clerks):
    clerk = clerks()
    answers = iter([503])

    def check(route: Route) -> None:
        status = next(answers, None)
        route.fulfill(status=status) if status else route.continue_()

    clerk.page.route("**/findings/", check)
    page = clerk.begins("empty")
    expect(page.locator("[data-findings-state]")).to_have_attribute("data-state", "warning")


def test_a_card_stays_the_same_element_whatever_is_drawn_around_it(clerks):
    """A click, a drag or a screen reader that is on it does not lose it."""
    clerk = clerks()
    page = clerk.begins("empty")
    with page.expect_response("**/findings/"):
        step = clerk.adds("Step", "", 0)
    held = [clerk.card(key).element_handle() for key in ("start", step, "+:1")]
    clerk.field("name").fill("受理")
    clerk.adds("Copy", "", 0)
    clerk.adds("Wait", "", 2)
    clerk.is_saved()
    assert [handle.get_attribute("id") for handle in held if handle.evaluate("card => card.isConnected")] == [
        "at-start",
        f"at-{step}",
        "at-+:1",
    ]


def test_everything_can_be_undone_and_done_again_also_after_it_was_saved(clerks, product: services.Product):
    services.python(BEGIN % "reimbursement", product.environment)
    clerk = clerks()
    page = clerk.opens("reimbursement")
    before = clerk.names()
    clerk.card("review").focus()
    clerk.presses_keys("Delete")
    expect(page.locator("[data-note]")).to_contain_text("初审")
    clerk.card("pay").focus()
    clerk.presses_keys("Delete")
    clerk.card("by_amount/0").click()
    clerk.field("when.0.0.value").fill("8000")
    clerk.field("when.0.0.value").press("Tab")
    after = clerk.names()
    assert (len(after), len(before)) == (len(before) - 2, len(before))
    clerk.is_saved()
    assert "review" not in json.dumps(blocks(stored(product, "reimbursement")["body"])[0])

    clerk.card("start").focus()
    clerk.presses_keys("Control+z", "Control+z", "Control+z")
    assert clerk.names() == before
    expect(page.locator(".designer-tools [data-do=undo]")).to_be_disabled()
    clerk.is_saved()
    assert blocks(stored(product, "reimbursement")["body"])[0]["id"] == "review"
    clerk.presses_keys("Control+y", "Control+y", "Control+Shift+z")
    assert clerk.names() == after
    expect(clerk.card("by_amount/0")).to_contain_text("8000")


def test_a_copy_has_names_of_its_own_and_points_where_it_should(clerks, product: services.Product):
    services.python(BEGIN % "complaint", product.environment)
    clerk = clerks()
    clerk.opens("complaint")
    # The appeal asks for the decision of the step before it, and holds a step and a condition on that step.
    clerk.card("appealed").focus()
    clerk.presses_keys("Control+c", "Control+v")
    assert clerk.focused == "appealed_2"
    # Cut and pasted elsewhere a card stays itself, and what points to it still does.
    clerk.card("investigate").focus()
    clerk.presses_keys("Control+x")
    clerk.card("start").focus()
    clerk.presses_keys("Control+v")
    assert clerk.focused == "investigate"
    clerk.is_saved()

    body = stored(product, "complaint")["body"]
    ids = [block["id"] for block in blocks(body)]
    assert ids[0] == "investigate"
    copied = blocks(body)[ids.index("appealed_2")]
    (case,) = copied["cases"]
    assert case["when"] == 'content.outcome = "appeal"'
    hear, overturned = case["body"]["blocks"]
    assert (hear["id"], overturned["id"]) == ("hear_2", "overturned_2")
    assert overturned["cases"][0]["when"] == 'hear_2.outcome = "overturn"'


def test_what_is_drawn_without_a_connection_is_kept_and_sent_later(clerks, product: services.Product):
    services.python(BEGIN % "empty", product.environment)
    clerk = clerks()
    page = clerk.opens("workflow")
    light = page.locator("[data-light]")
    clerk.adds("Step", "", 0)
    clerk.field("name").fill("第一步")
    clerk.is_saved()
    page.reload()
    clerk.is_there()
    assert clerk.names()[1] == "第一步"

    clerk.context.set_offline(True)
    clerk.card("step").click()
    clerk.field("name").fill("断网时改的")
    expect(light).to_have_attribute("data-state", "offline")
    expect(light).to_contain_text("本机")
    assert blocks(stored(product, "workflow")["body"])[0]["name"] == "第一步"
    clerk.context.set_offline(False)
    clerk.is_saved()
    assert blocks(stored(product, "workflow")["body"])[0]["name"] == "断网时改的"

    # The page is closed before the connection is back.
    clerk.context.set_offline(True)
    clerk.field("name").fill("关页面前改的")
    expect(light).to_have_attribute("data-state", "offline")
    page.close()
    clerk.context.set_offline(False)
    clerk.page = clerk.context.new_page()
    clerk.opens("workflow")
    clerk.is_saved()
    assert clerk.names()[1] == "关页面前改的"
    assert blocks(stored(product, "workflow")["body"])[0]["name"] == "关页面前改的"


def test_what_is_taken_back_before_it_was_sent_is_saved(clerks, product: services.Product):
    services.python(BEGIN % "reimbursement", product.environment)
    clerk = clerks()
    page = clerk.opens("reimbursement")
    clerk.card("review").focus()
    clerk.presses_keys("Delete", "Control+z")
    clerk.is_saved()
    assert page.evaluate(KEEPS_A_DRAWING) is False
    assert blocks(stored(product, "reimbursement")["body"])[0]["id"] == "review"


def test_of_two_who_draw_the_second_is_told_and_nothing_is_lost(clerks, product: services.Product):
    services.python(BEGIN % "reimbursement", product.environment)
    first, second = clerks(), clerks("registrar")
    first.opens("reimbursement")
    second.opens("reimbursement")
    first.card("review").click()
    first.field("name").fill("初审（甲）")
    first.is_saved()

    # Before the second one's page has looked by itself.
    second.page.route("**/draft/", lambda route: route.abort() if is_get(route) else route.continue_())
    second.card("pay").click()
    second.field("name").fill("付款（乙）")
    dialog = second.page.locator("[data-overtaken]")
    expect(dialog).to_be_visible()
    second.page.unroute("**/draft/")
    expect(dialog).to_contain_text("杨管理")
    expect(dialog.locator("[data-differences] li")).to_have_text(
        ["不一样的：“初审（甲）”", "不一样的：“付款”"]
    )
    second.presses_keys("Escape")
    expect(dialog).to_be_visible()
    dialog.locator("button[value=mine]").click()
    second.is_saved()
    assert stored(product, "reimbursement")["by"] == "registrar"
    assert {"初审", "付款（乙）"} <= set(second.names())
    # The other's is one step back.
    second.card("start").focus()
    second.presses_keys("Control+z")
    assert {"初审（甲）", "付款"} <= set(second.names())
    second.is_saved()

    # Who has changed nothing simply sees what the other one saved, and may go back to what was.
    first.looks()
    expect(first.page.locator("[data-note]")).to_contain_text("受理")
    expect(first.card("review").locator(".block-name")).to_have_text("初审（甲）")
    expect(first.card("pay").locator(".block-name")).to_have_text("付款")


def test_a_finding_stands_at_its_card_and_leads_to_it(clerks, product: services.Product):
    services.python(BEGIN % "empty", product.environment)
    clerk = clerks()
    page = clerk.opens("workflow")
    fork = clerk.adds("Condition", "", 0)
    clerk.is_saved()
    state = page.locator("[data-findings-state]")
    expect(state).to_have_attribute("data-state", "error")
    expect(clerk.card(fork).locator(".block-finding")).to_be_visible()
    clerk.card("start").click()
    state.click()
    page.locator("[data-finding-list] button").first.click()
    expect(clerk.card(fork)).to_have_attribute("aria-current", "true")
    clerk.card(f"{fork}/0").click()
    clerk.field("when.0#add").click()
    clerk.field("when.0.0.field").select_option("urgent")
    expect(state).to_have_attribute("data-state", "warning")
    expect(clerk.card(fork).locator(".block-finding")).to_have_count(0)

    # What the check can mend itself it mends at a click, and that can be undone like anything else.
    clerk.card("ended").focus()
    clerk.presses_keys("Delete")
    expect(state).to_have_attribute("data-state", "error")
    clerk.is_saved()
    state.click()
    page.locator("[data-finding-list]").get_by_role("button", name=says("Add an end")).click()
    expect(page.locator(".tree .tone-end")).to_be_visible()
    clerk.is_saved()
    assert blocks(stored(product, "workflow")["body"])[-1]["type"] == "end"


def test_the_focus_stays_on_a_finding_and_mends_that_one(clerks, product: services.Product):
    """Whatever somebody else saves while the list is open."""
    services.python(BEGIN % "empty", product.environment)
    first, second = clerks(), clerks("registrar")
    first.opens("workflow")
    fork = first.adds("Condition", "", 0)
    first.presses_keys("Escape")
    first.card("ended").focus()
    first.presses_keys("Delete")
    first.is_checked()
    first.page.locator("[data-findings-state]").click()
    mend = first.page.locator("[data-finding-list]").get_by_role("button", name=says("Add an end"))
    before = first.page.locator("[data-finding-list] li").count()
    mend.focus()

    # The second one takes away what another finding is about; the first one's page has not heard of it.
    first.page.route("**/draft/", lambda route: route.abort() if is_get(route) else route.continue_())
    second.opens("workflow")
    second.card(fork).focus()
    second.presses_keys("Delete")
    second.is_saved()
    mend.press("Enter")
    expect(first.page.locator("[data-note]")).to_contain_text(
        says("This could not be mended just now. The drawing is being checked once more.")
    )
    assert first.card(fork).count() == 1
    assert first.page.locator(".tree .tone-end").count() == 0

    # Now it hears of it, with the list open again.
    first.page.locator("[data-findings-state]").click()
    mend.focus()
    first.page.unroute("**/draft/")
    first.looks()
    expect(first.card(fork)).to_have_count(0)
    first.is_checked()
    assert first.page.locator("[data-finding-list] li").count() < before
    expect(mend).to_be_focused()
    first.presses_keys("Enter")
    expect(first.page.locator(".tree .tone-end")).to_be_visible()


def test_by_finger_a_card_is_held_and_dragged_on_a_tablet(clerks, product: services.Product):
    services.python(BEGIN % "reimbursement", product.environment)
    clerk = clerks(viewport=TABLET, has_touch=True)
    page = clerk.opens("reimbursement")
    clerk.is_checked()
    clerk.card("review").tap()
    expect(clerk.panel).to_be_visible()
    expect(page.locator(".designer-tools [data-do=undo]")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("[data-panel] [data-do=close]").tap()
    expect(clerk.panel).to_be_hidden()
    session = clerk.context.new_cdp_session(page)

    def touch(kind: str, x: float, y: float) -> None:
        points = [] if kind == "touchEnd" else [{"x": x, "y": y}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    start, end = middle(clerk.card("registered")), middle(clerk.plus("", 0))
    touch("touchStart", *start)
    expect(page.locator(".drag-ghost")).to_be_visible()
    touch("touchMove", end[0] + 9, end[1] + 40)
    touch("touchMove", *end)
    expect(clerk.plus("", 0)).to_have_class("plus drop-here")
    touch("touchEnd", *end)
    expect(page.locator(".drag-ghost")).to_have_count(0)
    clerk.is_saved()
    assert [block["id"] for block in blocks(stored(product, "reimbursement")["body"])][:2] == [
        "registered",
        "review",
    ]


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_in_the_designer(look: str, clerks, product: services.Product):
    services.python(BEGIN % "complaint", product.environment)
    found = []
    for viewport in (DESK, PHONE):
        clerk = clerks(viewport=viewport)
        clerk.context.add_cookies([{**cookie, "url": product.url} for cookie in LOOKS[look]])
        page = clerk.opens("complaint")
        found += violations(page)
        for key in ("start", "investigate", "appealed/0", "come"):
            if clerk.card(key).count():
                clerk.card(key).click()
                for section in clerk.panel.locator("details:not([open]) > summary").all():
                    if section.is_visible():
                        section.click()
                found += [f"{key}: {violation}" for violation in violations(page)]
        page.keyboard.press("Escape")
        clerk.plus("", 0).click()
        found += violations(page)
        page.keyboard.press("Escape")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        for path in ("/console/workflows/", "/console/workflows/new/", "/console/workflows/help/"):
            clerk.goes(path)
            found += [f"{path}: {violation}" for violation in violations(page)]
    assert found == [], "\n" + "\n".join(found)


def test_the_designers_own_scripts_are_small():
    """In bytes: what the browser reads of it, comments and indentation aside, and what goes over the wire."""
    texts = [file.read_text(encoding="utf-8") for file in OWN_SCRIPTS.glob("*.js")]
    code = [line.strip() for text in texts for line in text.splitlines()]
    read = "\n".join(line for line in code if not line.startswith(("//", "/**", "* ")))
    assert len(read.encode()) < 60_000
    assert sum(len(gzip.compress(text.encode())) for text in texts) < 30_000
