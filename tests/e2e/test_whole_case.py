"""Moves about a whole case in real browsers: one asks, others decide, everybody sees it at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Locator, expect

from tests.e2e.people import DESK, Person, files_a_request, says
from tests.e2e.test_accessibility import LOOKS, violations
from tests.e2e.test_desk import place_in
from tests.services import Product

pytestmark = pytest.mark.e2e


def opened(person: Person, move: str) -> Locator:
    """The form of a move about the case, unfolded."""
    fold = person.page.locator(f"#{move}")
    fold.locator("summary").click()
    return fold


def decides(person: Person, number: str, button: str) -> None:
    """Go from the list of what waits to the application, and decide it."""
    page = person.goes("/desk/decisions/")
    person.follows(page.locator(".row-link", has_text=number))
    person.follows(person.main.get_by_role("button", name=says(button), exact=True))


def test_a_case_stands_still_is_given_more_time_and_answers_an_order(
    shared_product: Product, browser: Browser
) -> None:
    base = shared_product.url
    resident = Person.sits_down(browser, base).signs_in("resident")
    number = files_a_request(resident, "楼门口的路灯又坏了", kind="路灯", pin=place_in(2, 0))
    member = Person.sits_down(browser, base).signs_in("member3")
    leader = Person.sits_down(browser, base, viewport=DESK).signs_in("leader1")
    shift_leader = Person.sits_down(browser, base, viewport=DESK).signs_in("shift_leader")
    supervisor = Person.sits_down(browser, base, viewport=DESK, language="en").signs_in("supervisor")

    page = member.goes("/desk/")
    member.follows(page.locator("[data-task] a"))

    # More time: two levels agree, one after the other.
    form = opened(member, "ask-extension")
    form.locator("textarea").fill("要等厂家送零件")
    member.follows(form.get_by_role("button", name=says("Ask for more time")))
    member.sees(says("waits for a decision"))
    decides(leader, number, "Agree")
    decides(shift_leader, number, "Agree")
    expect(page.locator("#oversight-asked")).to_contain_text(says("granted"))

    # Standing still: the resident reads why and until when; a superior lets it go on.
    until = timezone.localdate() + timedelta(days=5)
    form = opened(member, "ask-suspension")
    form.locator("input[type=date]").fill(until.isoformat())
    form.locator("textarea").fill("等新灯杆到货")
    member.follows(form.get_by_role("button", name=says("Ask for it")))
    decides(shift_leader, number, "Agree")
    expect(page.locator("#oversight-pause")).to_contain_text("等新灯杆到货")
    resident.goes(f"/requests/{number}/")
    resident.sees("等新灯杆到货")

    watch = supervisor.goes(f"/cases/{number}/")
    supervisor.follows(watch.get_by_role("button", name="Let it go on now"))
    expect(watch.locator("#oversight-pause")).to_have_count(0)
    expect(page.locator("#oversight-pause")).to_have_count(0)

    # An order, with an answer that is wanted by tomorrow night: tonight may be over before it is given.
    form = opened(supervisor, "give-order")
    form.locator("textarea").fill("明晚之前装好临时照明")
    tomorrow = timezone.localdate() + timedelta(days=1)
    form.locator("input[type=date]").fill(tomorrow.isoformat())
    supervisor.follows(form.get_by_role("button", name="Give the order"))
    order = page.locator("#oversight-orders article", has_text="明晚之前装好临时照明")
    order.locator("textarea").fill("临时灯已经装好")
    member.follows(order.get_by_role("button", name=says("Send the answer")))
    expect(watch.locator("#oversight-orders")).to_contain_text("临时灯已经装好")

    found = []
    for person in (member, supervisor):
        for look, cookies in LOOKS.items():
            person.context.add_cookies([{**cookie, "url": base} for cookie in cookies])
            person.page.reload()
            person.settles()
            found += [f"{look}: {violation}" for violation in violations(person.page)]
    assert found == []
