"""Several people at one step, in real browsers: what one does, the others see at once."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.pages import PLACE, TEXT
from tests.e2e.people import DESK, Person, files_a_request, says
from tests.e2e.test_accessibility import violations
from tests.services import ROOT, Product

pytestmark = pytest.mark.e2e

MEMBERS = ["member1", "member2", "member3", "member4", "member5"]
YES = {"code": "yes", "name": "同意", "name_en": "Agree", "style": "primary", "agrees": True}
NO = {"code": "no", "name": "不同意", "name_en": "Refuse", "style": "danger"}
MOVES = ["transfer", "delegate", "sign_before", "sign_after", "remove_signer", "co_handle"]
VOTE = {
    "schema": 1, "key": "standard", "name": "会商流程", "name_en": "Joint decision",
    "body": {"type": "sequence", "blocks": [
        {"type": "approval", "id": "vote", "name": "网格会签", "name_en": "Countersign", "mode": "vote",
         "vote": {"percent": 60}, "who": [{"people": MEMBERS}], "outcomes": [YES, NO], "moves": MOVES,
         "state": "verifying"},
        {"type": "approval", "id": "close", "name": "结案", "who": [{"role": "shift_leader"}],
         "outcomes": [{"code": "close", "name": "结案", "style": "primary"}], "handler": True},
        {"type": "end", "id": "over", "name": "结束", "state": "closed"},
    ]},
}  # fmt: skip


def decides_together(product: Product, folder: Path) -> None:
    """From now on new cases are voted on by five members."""
    file = folder / "vote.json"
    file.write_text(json.dumps(VOTE), encoding="utf-8")
    command = [sys.executable, "manage.py", "load_workflows", str(file)]
    subprocess.run(command, cwd=ROOT, env=product.environment, check=True, stdout=subprocess.DEVNULL)


def opens(person: Person) -> None:
    """The first task on their desk."""
    person.goes("/desk/")
    task = person.main.locator("[data-task]").first.get_attribute("data-task")
    person.goes(f"/desk/tasks/{task}/")
    person.page.wait_for_load_state("networkidle")


def test_everybody_sees_who_has_agreed_and_a_mistake_is_taken_back(
    start_product: Callable[..., Product], browser: Browser, tmp_path: Path
) -> None:
    product = start_product()
    decides_together(product, tmp_path)
    files_a_request(Person.sits_down(browser, product.url).signs_in("resident"), TEXT, kind="路灯", pin=PLACE)
    first = Person.sits_down(browser, product.url).signs_in("member1")
    second = Person.sits_down(browser, product.url, viewport=DESK).signs_in("member2")
    opens(second)
    opens(first)
    summary = second.page.locator(".countersign-sum")
    expect(summary).to_contain_text(says("%(agreed)d of %(seats)d agreed", agreed=0, seats=5))
    for person in (first, second):
        assert violations(person.page) == []

    # One asks a colleague to sign as well: there are six now, on the other's page, too.
    first.page.locator("summary", has_text=says("Ask a colleague")).click()
    first.page.locator("input[name='way'][value='sign_after']").check()
    first.page.locator("#ask-words").fill("王书记")
    expect(first.page.locator("#ask-people label")).to_have_count(1)
    first.page.locator("#ask-people label", has_text="王书记").click()
    first.page.locator("#ask-reason").fill("请把把关")
    assert violations(first.page) == []
    first.follows(first.page.locator("form[action$='/ask/'] button[type='submit']"))
    expect(summary).to_contain_text(says("%(agreed)d of %(seats)d agreed", agreed=0, seats=6))
    expect(second.page.locator(".countersign-seats")).to_contain_text("王书记")

    # They agree, and think again.
    task = first.page.url
    first.follows(first.page.locator("#task-actions button[value='yes']"))
    expect(summary).to_contain_text(says("%(agreed)d of %(seats)d agreed", agreed=1, seats=6))
    first.goes(task)
    first.follows(first.page.get_by_role("button", name=says("Take this step back")))
    expect(summary).to_contain_text(says("%(agreed)d of %(seats)d agreed", agreed=0, seats=6))
    expect(first.page.locator("#decide")).to_be_visible()
