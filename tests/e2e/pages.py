"""The main pages, who looks at them, and how to get there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from playwright.sync_api import Browser, Page, Response

from tests import factories
from tests.e2e.people import DESK, PHONE, Person, files_a_request


class MainPage(NamedTuple):
    """``path`` may name ``{number}``, a request of the resident, and ``{task}``, the task about it."""

    name: str
    path: str
    who: str


MAIN_PAGES = [
    MainPage("home", "/", "resident"),
    MainPage("file-a-request", "/requests/new/", "resident"),
    MainPage("my-requests", "/requests/", "resident"),
    MainPage("one-request", "/requests/{number}/", "resident"),
    MainPage("desk", "/desk/", "member1"),
    MainPage("one-task", "/desk/tasks/{task}/", "member1"),
    MainPage("decisions", "/desk/decisions/", "member1"),
    MainPage("live-map", "/map/live/", "supervisor"),
    MainPage("wall", "/wall/", "supervisor"),
    MainPage("figures", "/figures/", "supervisor"),
    MainPage("cases-behind-a-figure", "/figures/cases/?indicator=filed", "supervisor"),
    MainPage("my-figures", "/figures/mine/", "member1"),
    MainPage("public-map", "/map/", "resident"),
    MainPage("grid-page", "/grids/149901001001001/", "resident"),
    MainPage("stairwell-sheet", "/grids/149901001001001/print/", "resident"),
    MainPage("console-areas", "/console/areas/", "administrator"),
    MainPage("operations", "/console/operations/", "administrator"),
    MainPage("console-workflows", "/console/workflows/", "administrator"),
    MainPage("console-versions", "/console/workflows/standard/versions/", "administrator"),
    MainPage("console-bindings", "/console/workflows/bindings/", "administrator"),
    MainPage("try-a-workflow", "/console/workflows/standard/try/", "administrator"),
    MainPage("replay-cases", "/console/workflows/standard/replay/", "administrator"),
    MainPage("move-cases", "/console/workflows/standard/migrate/", "administrator"),
    MainPage("console-calendar", "/console/calendar/", "administrator"),
    MainPage("console-export", "/console/areas/export/", "administrator"),
]
TEXT = "3号楼门口的路灯坏了三天，晚上漆黑一片，老人出门不敢走。"
PLACE = (factories.WEST + 0.4 * factories.WIDTH, factories.NORTH - 0.6 * factories.HEIGHT)  # in grid 1


@dataclass
class Tour:
    """Four people signed in, one request under way, and the way to each main page."""

    by_name: dict[str, Person]
    number: str
    task: str

    @classmethod
    def prepared(cls, browser: Browser, base: str, **options: object) -> Tour:
        people = {
            name: Person.sits_down(
                browser, base, viewport=DESK if name in {"supervisor", "administrator"} else PHONE, **options
            ).signs_in(name)
            for name in dict.fromkeys(page.who for page in MAIN_PAGES)
        }
        number = files_a_request(people["resident"], TEXT, kind="路灯", pin=PLACE)
        people["member1"].goes("/desk/")
        task = people["member1"].main.locator("[data-task]").get_attribute("data-task")
        assert task is not None
        return cls(people, number, task)

    @property
    def people(self) -> list[Person]:
        return list(self.by_name.values())

    def shows(self, page: MainPage) -> Response:
        """Open the page in the browser of whoever looks at it."""
        answer = self.page_of(page).goto(page.path.format(number=self.number, task=self.task))
        assert answer is not None
        assert answer.status == 200, f"{page.name} answered {answer.status}"
        return answer

    def page_of(self, page: MainPage) -> Page:
        return self.by_name[page.who].page

    def ends(self) -> None:
        for person in self.people:
            person.leaves()
