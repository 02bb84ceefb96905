"""From a clean sheet to a case that is closed: a flow is drawn, mended, tried, published, and run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests import factories, services
from tests.e2e.clerk import fits
from tests.e2e.drawing import (
    FLOW,
    Hand,
    Keyboard,
    Mouse,
    draws_the_disposal,
    draws_the_flow,
    ends_the_case,
    sets_the_condition,
)
from tests.e2e.office import PREPARE, Office, Worker
from tests.e2e.people import DESK, PHONE, Person, answers, says, sends
from tests.e2e.test_accessibility import violations
from tests.e2e.test_designer import Clerk, stored
from tests.services import Product

pytestmark = pytest.mark.e2e

PLACE = (factories.WEST + 0.4 * factories.WIDTH, factories.NORTH - 0.6 * factories.HEIGHT)  # in grid 1
#: What the drafts are called inside: they are begun from the same clean sheet, one after the other.
DISPOSAL_KEY, KEY = "workflow", "workflow-2"
#: What the drawing is, whichever hand has drawn it.
DRAWN = Path(__file__).parent / "flows" / "event_approval.json"


@pytest.fixture
def product(start_product: Callable[..., Product]) -> Product:
    product = start_product()
    services.python(PREPARE, product.environment)
    return product


@pytest.fixture
def clerk(browser: Browser, product: Product) -> Iterator[Clerk]:
    """Nothing breaks and nobody else is asked while they work."""
    clerk = Clerk.sits_down(browser, product.url, viewport=DESK).signs_in("administrator").listens()
    yield clerk
    assert clerk.wrong == []
    clerk.leaves()


@pytest.mark.parametrize("hand_of", [Mouse, Keyboard])
def test_the_flow_is_drawn_and_mended_with_either_hand(
    hand_of: Callable[[Clerk], Hand], clerk: Clerk, product: Product
) -> None:
    hand = hand_of(clerk)
    draws_it_all(hand)
    assert stored(product, KEY)["body"] == json.loads(DRAWN.read_text(encoding="utf-8"))


def test_what_a_clerk_draws_is_what_people_do(clerk: Clerk, product: Product, browser: Browser) -> None:
    hand = Mouse(clerk)
    draws_it_all(hand)
    tries_it(clerk)
    clerk.opens(KEY)
    publishes(hand)
    binds_it(clerk)
    resident = Person.sits_down(browser, product.url).signs_in("resident")
    number = files(resident)
    office = Office(browser, product, number)

    # The leader of the community does not act in time: it goes up by itself, and is decided there.
    office("leader1").has("社区网格长审核")
    office("office").has()
    office.time_is_up()
    office("leader1").has()
    office("office").decides("社区网格长审核", "同意", "情况属实。")

    # Two branches at once. One signer asks for another one, so that three of four must agree now.
    for name in ("finance1", "finance2", "finance3"):
        office(name).has("财务会签")
    for name in ("law1", "law2"):
        office(name).has("司法所")
    office("finance1").asks_to_sign("财务会签", "沈部门", "请核对维修资金。")
    office("finance1").decides("财务会签", "同意", "预算内。")
    office("law1").decides("司法所", "同意", "合同有效。")
    office("law2").has()
    office("finance2").decides("财务会签", "同意")
    office("director").has()
    office("finance3").has("财务会签")
    office("department").decides("财务会签", "同意", "维修资金够用。")
    office("finance3").has()

    # Back into one branch, which was finished: the other one stays as it is.
    office("director").sends_back("街道主任", to="司法所", reason="缺合同原件。")
    for name in ("finance1", "finance2", "finance3", "department", "director"):
        office(name).has()
    office("law1").has("司法所")
    office("law2").decides("司法所", "同意", "合同原件已补。")
    office("law1").has()
    office("director").decides("街道主任", "同意", "尽快办理。")

    office("peace").reads_the_copy(number)
    office("member1").decides("上门处置", "处置完成", "围墙已修好。")

    rates(resident)
    tells_the_story(office("supervisor"), number)


def draws_it_all(hand: Hand) -> None:
    draws_the_disposal(hand)
    publishes(hand)
    draws_the_flow(hand, DISPOSAL_KEY)
    mends_it(hand)


def mends_it(hand: Hand) -> None:
    """Two findings: one is mended by the button beside it, one by hand."""
    clerk = hand.clerk
    count = clerk.page.locator("[data-findings-state]")
    expect(count).to_contain_text("2")
    expect(clerk.card("condition")).to_contain_text("条件 1 还没有设好")
    expect(clerk.card("step_2")).to_contain_text("没有人能不同意")
    clerk.is_checked()
    hand.mends("加上“不同意”")
    expect(count).to_contain_text("1")
    hand.opens("step_2")
    ends_the_case(hand)
    sets_the_condition(hand)
    expect(count).to_have_attribute("data-state", "sound")
    clerk.is_saved()


def publishes(hand: Hand) -> None:
    page = hand.clerk.page
    hand.follows(page.get_by_role("link", name=says("Publish …")))
    hand.follows(page.get_by_role("button", name=says("Publish now")))
    hand.clerk.sees(says("Version %(number)d is in force now. Cases under way stay on theirs.", number=1))


def tries_it(clerk: Clerk) -> None:
    """A made-up case shows the way it would take, who would get each step, and when."""
    page = clerk.follows(clerk.page.get_by_role("link", name=says("Try it")))
    page.get_by_label(says("Where: name or code of the grid")).fill("第1网格")
    amount = page.get_by_label("金额")
    for yuan, passes in (("3000", "不经过"), ("8000", "经过这里")):
        amount.fill(yuan)
        page.get_by_role("button", name=says("Try it")).click()
        expect(step(page, "会办")).to_contain_text(re.compile(f"会办\\s*{passes}"))
        expect(amount).to_have_value(yuan)
    for name in ("钱会计", "孙会计", "李会计"):
        expect(step(page, "财务会签")).to_contain_text(name)
    expect(step(page, "社区网格长审核")).to_contain_text("王书记")
    expect(step(page, "社区网格长审核")).to_contain_text(re.compile(r"\d月\d+日 \d\d:\d\d · 由曹街办办理"))
    expect(step(page, "处置子流程 · 上门处置")).to_contain_text("赵网格")
    assert violations(page) == []


def binds_it(clerk: Clerk) -> None:
    page = clerk.goes("/console/workflows/bindings/")
    page.locator("#category").select_option("property-fees")
    page.locator("#definition").select_option(KEY)
    clerk.presses(says("Set it"))
    expect(page.locator(".binding", has_text=FLOW)).to_contain_text("物业收费")
    assert violations(page) == []


def files(resident: Person) -> str:
    """On the phone, with what the flow asks besides; the number."""
    page = resident.goes("/requests/new/")
    page.get_by_label(says("Tell us what is the matter")).fill("小区围墙倒了一段，物业要收修缮费八千元。")
    page.get_by_label(says("Kind")).select_option(label="　物业收费")
    more = page.locator("#more-fields")
    more.get_by_label("金额").fill("8000")
    more.get_by_text("一般").click()
    resident.context.grant_permissions(["geolocation"])
    resident.context.set_geolocation({"longitude": PLACE[0], "latitude": PLACE[1], "accuracy": 8})
    with page.expect_response(re.compile(r"/requests/new/place/\?lon=")):
        resident.presses(says("Where I am"))
    expect(page.locator("#place")).to_contain_text("第1网格")
    assert violations(page) == []
    return sends(resident)


def rates(resident: Person) -> None:
    resident.sees(says("Closed"))
    for question in ("in_time", "solved", "satisfied"):
        answers(resident, question, "yes")
    resident.presses(says("Send my rating"))
    resident.sees(says("Your rating"))


#: The entries of the case's page, in their order.
STORY = [
    "提交诉求",
    "“社区网格长审核”交给王书记",
    "“社区网格长审核”超过时限，转给曹街办",
    "社区网格长审核：同意",
    "“财务会签”交给钱会计、孙会计、李会计",
    "“司法所”交给周司法、吴司法",
    "请沈部门一起签“财务会签”（加签）",
    "“财务会签”交给沈部门",
    "财务会签：同意",
    "司法所：同意",
    "“司法所”有了结论：同意",
    "财务会签：同意",
    "财务会签：同意",
    "“财务会签”有了结论：同意",
    "“街道主任”交给郑主任",
    "退回到“司法所”",
    "“司法所”交给周司法、吴司法",
    "司法所：同意",
    "“司法所”有了结论：同意",
    "“街道主任”交给郑主任",
    "街道主任：同意",
    "抄送给严平安",
    "“处置子流程 · 上门处置”交给赵网格",
    "已阅抄送",
    "处置子流程 · 上门处置：处置完成",
    "结案，按时",
    "居民评价：响应及时，已解决，满意",
]


def tells_the_story(reader: Worker, number: str) -> None:
    page = reader.goes(f"/cases/{number}/")
    expect(page.locator("#case-live")).to_contain_text(says("Nobody: the case is settled."))
    expect(page.locator(".story-title")).to_have_text(STORY)
    entries = page.locator(".story-step")
    for place, words in (
        (3, ("曹街办", "情况属实。")),
        (6, ("钱会计", "请核对维修资金。")),
        (13, ("4 人中 3 人同意，需 3 人同意。",)),
        (15, ("郑主任", "缺合同原件。")),
        (17, ("吴司法", "合同原件已补。")),
        (24, ("赵网格", "围墙已修好。")),
    ):
        for word in words:
            expect(entries.nth(place)).to_contain_text(word)

    # The picture: taken, and by whom; one branch once, the other one twice.
    for title in ("社区网格长审核", "财务会签", "司法所", "街道主任", "处置子流程 · 上门处置"):
        expect(step(page, title)).to_contain_text(says("Step done"))
    expect(page.locator(".flow-branch.is-taken", has_text="金额大于 5000，或者等级为“重大”")).to_contain_text(
        says("this way")
    )
    expect(step(page, "财务会签")).to_contain_text("李会计 不再需要")
    expect(step(page, "财务会签")).not_to_contain_text("第2次")
    expect(step(page, "司法所")).to_contain_text("第2次")
    assert violations(page) == []
    page.set_viewport_size(PHONE)
    assert fits(page)
    assert violations(page) == []


def step(page: Page, title: str) -> Locator:
    """A card of the picture of a flow."""
    return page.locator(".flow-box").filter(has=page.get_by_text(title, exact=True))
