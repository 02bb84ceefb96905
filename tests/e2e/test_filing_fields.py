"""What a workflow asks besides when a case is filed: it comes with the kind and is never lost."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests import factories, services
from tests.e2e.people import DESK, Person, is_kept, says, sends
from tests.e2e.test_accessibility import violations
from tests.services import Product

pytestmark = pytest.mark.e2e

FIELDS = re.compile("/requests/new/fields/")
#: In grid 1.
PLACE = (factories.WEST + 0.4 * factories.WIDTH, factories.NORTH - 0.6 * factories.HEIGHT)
#: A kind of request whose workflow asks for an amount, a day, a choice and a person.
PREPARE = """
from django.utils import timezone
from tests.workflows.flowing import approval, definition
from workflows.actions.bindings import bind_workflow
from workflows.actions.definitions import publish_version
from workflows.models import Category, WorkflowDefinition
fields = [
    {"code": "amount", "name": "金额", "type": "number", "unit": "元", "required": True},
    {"code": "since", "name": "发生日期", "type": "date"},
    {"code": "kind", "name": "方式", "type": "choice",
     "choices": [{"code": "cash", "name": "现金"}, {"code": "bank", "name": "转账"}]},
    {"code": "helpers", "name": "希望谁来", "type": "people"},
]
step = approval("one", handler=True, name="处置", access={"amount": "edit"})
publish_version(body=definition(step, key="asking") | {"fields": fields})
category = Category.objects.filter(dictionary="resident", code="property-fees").get()
asking = WorkflowDefinition.objects.get(key="asking")
bind_workflow(category=category, area=None, definition=asking, since=timezone.localdate())
"""


@pytest.fixture
def product(start_product: Callable[..., Product]) -> Product:
    product = start_product("sqlite")
    services.python(PREPARE, product.environment)
    return product


def _places(page: Page, *names: str) -> None:
    for name in names:
        level = page.locator("#place select").filter(has=page.locator("option", has_text=name))
        with page.expect_response(re.compile("/requests/new/place/")):
            level.select_option(label=name)
        expect(page.locator("#place option[selected]", has_text=name)).to_have_count(1)


def test_a_resident_fills_in_what_the_kind_asks_and_the_member_reads_and_mends_it(
    product: Product, browser: Browser
) -> None:
    resident = Person.sits_down(browser, product.url).signs_in("resident")
    page = resident.goes("/requests/new/")
    more = page.locator("#more-fields")
    expect(more).to_be_hidden()
    page.get_by_label(says("Tell us what is the matter")).press_sequentially("申请报销")
    page.get_by_label(says("Kind")).select_option(label="　物业收费")
    expect(more.get_by_text("金额（元）")).to_be_visible()
    _places(page, "新华社区", "第5网格")
    expect(more.get_by_text("周网格")).to_be_visible()
    more.get_by_text("周网格").click()
    more.get_by_text("转账").click()
    assert violations(page) == []
    # Sent too early: the field is named, nothing is lost.
    page.get_by_role("button", name=says("Send")).click()
    expect(more.locator(".field-error.live")).to_contain_text("金额")
    more.get_by_label("金额").press_sequentially("1200.5")
    is_kept(page, "1200.5")
    page.reload()
    expect(more.get_by_label("金额")).to_have_value("1200.5")
    expect(more.get_by_label("转账")).to_be_checked()
    expect(more.get_by_role("checkbox", name="周网格")).to_be_checked()
    sends(resident)
    expect(resident.main).to_contain_text("1200.5 元")
    expect(resident.main).to_contain_text("转账")

    member = Person.sits_down(browser, product.url, viewport=DESK).signs_in("member5")
    page = member.goes("/desk/")
    member.follows(page.locator(".task-row a").first)
    expect(member.main).to_contain_text("1200.5 元")
    expect(page.get_by_label("金额")).to_have_value("1200.5")
    assert violations(page) == []


def test_what_is_typed_while_the_fields_are_drawn_anew_stays(product: Product, browser: Browser) -> None:
    resident = Person.sits_down(browser, product.url).signs_in("resident")
    page = resident.goes("/requests/new/")
    more = page.locator("#more-fields")
    page.get_by_label(says("Kind")).select_option(label="　物业收费")
    amount = more.get_by_label("金额")
    amount.press_sequentially("12")
    with page.expect_response(FIELDS):
        _places(page, "新华社区")
    held: list[Route] = []
    page.route(FIELDS, lambda route: held.append(route))
    with page.expect_request(FIELDS):
        _places(page, "第5网格")
    more.get_by_text("转账").click()
    more.get_by_label("发生日期").fill("2026-05-31")
    amount.press("End")
    amount.press_sequentially("00")
    (asked,) = held
    asked.continue_()
    expect(more.get_by_text("周网格")).to_be_visible()
    expect(amount).to_be_focused()
    amount.press_sequentially(".5")
    expect(amount).to_have_value("1200.5")
    expect(more.get_by_label("发生日期")).to_have_value("2026-05-31")
    expect(more.get_by_label("转账")).to_be_checked()


def test_a_placing_asks_once_for_the_fields(product: Product, browser: Browser) -> None:
    resident = Person.sits_down(browser, product.url).signs_in("resident")
    page = resident.goes("/requests/new/")
    with page.expect_response(FIELDS):
        page.get_by_label(says("Kind")).select_option(label="　物业收费")
    asked: list[str] = []
    page.on("request", lambda request: FIELDS.search(request.url) and asked.append(request.url))
    resident.context.grant_permissions(["geolocation"])
    resident.context.set_geolocation({"longitude": PLACE[0], "latitude": PLACE[1], "accuracy": 8})
    with page.expect_response(FIELDS):
        resident.presses(says("Where I am"))
    expect(page.locator("#place")).to_contain_text("第1网格")
    # Whatever the page asks for by then was asked for before this.
    page.evaluate("async () => { await (await fetch('/healthz')).text(); }")
    assert len(asked) == 1
