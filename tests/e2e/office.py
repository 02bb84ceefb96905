"""The people of a street who act on one case, each in a browser of their own."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from playwright.sync_api import Browser, Locator, expect

from tests.e2e.people import DESK, Person, decides, says
from tests.services import Product

#: Offices of the street and who works there, beside the people of the small town.
PREPARE = """
from grid.models import DutyRole
from tests.factories import Town, UserFactory, sign_in
OFFICES = {
    "finance": ("财务", {"finance1": "钱会计", "finance2": "孙会计", "finance3": "李会计"}),
    "law": ("司法所", {"law1": "周司法", "law2": "吴司法"}),
    "director": ("街道主任", {"director": "郑主任"}),
    "street_office": ("街道办", {"office": "曹街办"}),
    "peace": ("平安办", {"peace": "严平安"}),
}
town, people = Town.found(), []
for order, (role, (name, staff)) in enumerate(OFFICES.items(), start=200):
    DutyRole.objects.create(code=role, name=name, order=order)
    for username, called in staff.items():
        people.append(UserFactory(username=username, name=called))
        town.assign(people[-1], role, town.street)
sign_in(people)
"""
#: What time does to a limit, without the time: it is over. The product's own sweep finds it.
TIME_IS_UP = """
from datetime import timedelta
from django.utils import timezone
from viewflow.workflow.models import Task
timers = Task.objects.filter(process__request__number={number!r}, flow_task_type="TIMER", status="SCHEDULED")
answer = timers.update(scheduled=timezone.now() - timedelta(minutes=1))
"""


class Worker(Person):
    """Somebody at the desk, waiting for what comes."""

    def task(self, step: str) -> Locator:
        return self.main.locator("[data-task]", has_text=step)

    def has(self, *steps: str) -> None:
        """Nothing but these steps is on the desk, which shows by itself what comes and goes."""
        expect(self.main.locator("[data-task]")).to_have_count(len(steps))
        for step in steps:
            expect(self.task(step)).to_be_visible()

    def decides(self, step: str, outcome: str, opinion: str = "") -> None:
        decides(self, self.task(step).get_by_role("link"), outcome, opinion)

    def asks_to_sign(self, step: str, colleague: str, reason: str) -> None:
        """Have a colleague sign as well, and go back to the desk."""
        page = self.follows(self.task(step).get_by_role("link"))
        page.locator("summary", has_text=says("Ask a colleague")).click()
        way = page.locator("input[name=way][value=sign_after]")
        page.locator("label", has=way).click()
        expect(way).to_be_checked()
        page.locator("#ask-words").fill(colleague)
        found = page.locator("#ask-people label")
        expect(found).to_have_count(1)
        found.click()
        page.locator("#ask-reason").fill(reason)
        self.follows(page.locator("form[action$='/ask/'] button[type=submit]"))
        expect(page.locator(".countersign-seats")).to_contain_text(colleague)
        self.goes("/desk/")

    def sends_back(self, step: str, *, to: str, reason: str) -> None:
        page = self.follows(self.task(step).get_by_role("link"))
        page.locator("summary", has_text=says("Send back")).click()
        page.locator("form[action$='/return/'] label", has_text=to).click()
        page.locator("#return-reason").fill(reason)
        page.locator("form[action$='/return/'] button[type=submit]").click()
        page.wait_for_url(re.compile(r"/desk/($|\?)"))

    def reads_the_copy(self, number: str) -> None:
        self.goes("/desk/?tab=copies")
        self.follows(self.main.locator("[data-task]", has_text=number).get_by_role("link"))
        self.follows(self.page.get_by_role("button", name=says("I have read it")))


@dataclass
class Office:
    """Everybody who acts on one case: ``office("finance1")`` sits down when first called."""

    browser: Browser
    product: Product
    number: str
    seated: dict[str, Worker] = field(default_factory=dict)

    def __call__(self, username: str) -> Worker:
        if username not in self.seated:
            worker = Worker.sits_down(self.browser, self.product.url, viewport=DESK).signs_in(username)
            worker.goes("/desk/")
            self.seated[username] = worker
        return self.seated[username]

    def time_is_up(self) -> None:
        """The one limit that runs is over."""
        assert self.product.office.do(TIME_IS_UP.format(number=self.number)) == 1
