"""News of a case reaches pages on which somebody is busy, and takes nothing out of their hands.

What happens elsewhere is done by actions in a second process. The tests wait for the news to be on the
page, so their outcome does not depend on how fast anything is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.e2e.people import Person, answers, says
from tests.services import Product

pytestmark = pytest.mark.e2e

WORDS = "又灭了，晚上还是看不见路。"
NEWS = "刚才用手机评的。"

PREPARE = """
from tests.workflows.desk_helpers import open_task
from workflows.actions.ratings import rate_request, reopen_request
from workflows.actions.requests import file_request
from workflows.actions.urging import urge_request
from workflows.actions.tasks import claim_task, decide_task
from workflows.models import Category

def user(name):
    return User.objects.get(username=name)

def files(grid=1):
    area = Area.objects.get(code__endswith=f"{grid:03}", level__is_grid=True)
    light = Category.objects.filter(conditions__is_default=True).first()
    return file_request(reporter=user("resident"), text="楼道的灯坏了三天", category=light, area=area)

def decides(name, outcome, opinion="已修好"):
    decide_task(task_id=open_task(case).pk, actor=user(name), outcome=outcome, opinion=opinion)

def rates(comment, solved=True):
    answers = dict(in_time=True, solved=solved, satisfied=True, comment=comment)
    rate_request(request_id=case.pk, actor=user("resident"), **answers)

def reopens(reason):
    reopen_request(request_id=case.pk, actor=user("resident"), reason=reason)

def urges(text):
    urge_request(request_id=case.pk, actor=user("resident"), text=text)

case = files()
answer = case.number
"""
#: Counts how often what stands after the story, and lives by the same socket, was to be fetched.
LISTENS_TOO = """
() => {
  const listener = Object.assign(document.createElement("div"), { id: "listener" });
  listener.dataset.live = document.getElementById("story-live").dataset.live;
  listener.addEventListener("live", () => (window.heard = (window.heard ?? 0) + 1));
  document.body.append(listener);
}
"""
CLOSE = "decides('member1', 'done'); decides('checker', 'pass'); decides('shift_leader', 'close')"


@dataclass
class Case:
    """A case of the resident's in the running product, with which things can be done elsewhere."""

    product: Product
    number: str

    def elsewhere(self, code: str) -> None:
        self.product.office.do(code)

    def opened_by(self, username: str, browser: Browser, path: str) -> Person:
        """The person with a page of the case open, once it has been read again after its socket opened."""
        person = Person.sits_down(browser, self.product.url).signs_in(username)
        with person.page.expect_response(
            lambda answer: "/timeline/" in answer.url or "/story/" in answer.url
        ):
            person.goes(path)
        return person


@pytest.fixture
def case(shared_product: Product) -> Case:
    """A case in the hands of its member, one for each test."""
    return Case(shared_product, shared_product.office.do(PREPARE))


@pytest.fixture
def closed(case: Case) -> Case:
    case.elsewhere(CLOSE)
    return case


def not_solved(page: Page) -> Locator:
    """The part of a resident's page where a closed case is opened again."""
    return page.locator("details.move").filter(has_text=says("It is not solved"))


@pytest.mark.parametrize("words", [WORDS, ""], ids=["written", "only unfolded"])
def test_what_a_resident_has_begun_stays_when_news_of_the_case_arrive(
    closed: Case, browser: Browser, words: str
) -> None:
    resident = closed.opened_by("resident", browser, f"/requests/{closed.number}/")
    page, move = resident.page, not_solved(resident.page)
    reason = move.locator("textarea")
    move.locator("summary").click()
    reason.press_sequentially(words)
    reason.focus()
    page.keyboard.press("Home")

    closed.elsewhere(f"rates({NEWS!r})")
    expect(page.locator(".story")).to_contain_text(NEWS)
    resident.sees(says("Your rating"))

    expect(move).to_have_attribute("open", "")
    expect(reason).to_have_value(words)
    expect(reason).to_be_focused()
    page.keyboard.type("请看：")
    expect(reason).to_have_value(f"请看：{words}")
    resident.presses(says("Open it again"), within=move)
    resident.sees(says("Reopened"))
    expect(page.locator(".story")).to_contain_text(f"请看：{words}")


def test_words_begun_while_the_answer_is_on_its_way_stay(closed: Case, browser: Browser) -> None:
    resident = closed.opened_by("resident", browser, f"/requests/{closed.number}/")
    page, move = resident.page, not_solved(resident.page)
    held: list[Route] = []
    page.route("**/timeline/", lambda route: held.append(route), times=1)
    with page.expect_request("**/timeline/"):
        closed.elsewhere(f"rates({NEWS!r})")
    move.locator("summary").click()
    move.locator("textarea").press_sequentially(WORDS)
    held[0].continue_()
    expect(page.locator(".story")).to_contain_text(NEWS)
    expect(move).to_have_attribute("open", "")
    expect(move.locator("textarea")).to_have_value(WORDS)
    expect(move.locator("textarea")).to_be_focused()
    resident.presses(says("Open it again"), within=move)
    resident.sees(says("Reopened"))


def test_a_form_in_use_stays_although_it_is_no_longer_offered(closed: Case, browser: Browser) -> None:
    writes = closed.opened_by("resident", browser, f"/requests/{closed.number}/")
    looks = closed.opened_by("resident", browser, f"/requests/{closed.number}/")
    for person in (writes, looks):
        not_solved(person.page).locator("summary").click()
    not_solved(writes.page).locator("textarea").press_sequentially(WORDS)
    closed.elsewhere("reopens('在手机上先提交了')")
    for person in (writes, looks):
        expect(person.page.locator(".story")).to_contain_text("在手机上先提交了")
        expect(not_solved(person.page)).to_have_attribute("open", "")

    # Who has written nothing folds it, and it is gone.
    not_solved(looks.page).locator("summary").click()
    expect(not_solved(looks.page)).to_have_count(0)

    # Who has written sends it, reads why it is too late, and still has the words.
    expect(not_solved(writes.page).locator("textarea")).to_have_value(WORDS)
    writes.presses(says("Open it again"), within=not_solved(writes.page))
    writes.sees(says("This request is being worked on. You can urge it instead."))
    expect(not_solved(writes.page).locator("textarea")).to_have_value(WORDS)
    closed.elsewhere("urges('快一点')")
    expect(writes.page.locator(".story")).to_contain_text("快一点")
    expect(not_solved(writes.page).locator("textarea")).to_have_value(WORDS)


def test_answers_chosen_stay_where_they_were_when_the_case_is_opened_again(
    closed: Case, browser: Browser
) -> None:
    resident = closed.opened_by("resident", browser, f"/requests/{closed.number}/")
    page = resident.page
    answers(resident, "solved", "no")
    page.locator("textarea[name=comment]").fill(WORDS)
    closed.elsewhere("reopens('换了人又来看')")
    expect(page.locator(".story")).to_contain_text("换了人又来看")
    resident.sees(says("Reopened"))
    expect(page.locator("input[name=solved][value=no]")).to_be_checked()
    expect(page.locator("textarea[name=comment]")).to_have_value(WORDS)
    order = page.locator("#story-live > *").evaluate_all("parts => parts.map((part) => part.id)")
    assert order == ["case-now", "case-rating", "urge", "case-story"]


def test_nothing_moves_while_a_finger_is_down(closed: Case, browser: Browser) -> None:
    """What comes meanwhile is shown once it is let go."""
    resident = closed.opened_by("resident", browser, f"/requests/{closed.number}/")
    page, story = resident.page, resident.page.locator(".story")
    page.locator("#case-now").hover()
    page.mouse.down()
    with page.expect_response("**/timeline/"):
        closed.elsewhere(f"rates({NEWS!r})")
    page.wait_for_function("() => !document.querySelector('#story-live.htmx-request')")
    expect(story).not_to_contain_text(NEWS)
    page.mouse.up()
    expect(story).to_contain_text(NEWS)


def test_what_happens_while_an_answer_is_late_is_asked_for_after_it(closed: Case, browser: Browser) -> None:
    """One question at a time, and the page does not say that all news is shown before the last answer."""
    resident = closed.opened_by("resident", browser, f"/requests/{closed.number}/")
    page, html = resident.page, resident.page.locator("html")
    held: list[Route] = []
    page.route("**/timeline/", lambda route: held.append(route))
    with page.expect_request("**/timeline/"):
        closed.elsewhere(f"rates({NEWS!r})")
    # Turns are a second apart: the second one of a listener that begins now is later than the story's.
    page.evaluate(LISTENS_TOO)
    for count, news in ((1, "reopens('换了人又来看')"), (2, "urges('快一点')")):
        closed.elsewhere(news)
        page.wait_for_function("(count) => window.heard >= count", arg=count)
    # By the time this has an answer, whatever was asked before has reached the route.
    page.evaluate("() => fetch('/healthz').then(() => document.getElementById('listener').remove())")
    assert len(held) == 1
    with page.expect_request("**/timeline/"):
        held[0].continue_()
    assert html.get_attribute("data-news") == "coming"
    page.unroute("**/timeline/")  # lets it go
    resident.settles()
    expect(page.locator(".story")).to_contain_text("快一点")


def test_a_page_that_loads_slowly_is_read_again_once_it_is_connected(
    shared_product: Product, browser: Browser
) -> None:
    """What happened between its first byte and its socket would be missing otherwise."""
    member = Person.sits_down(browser, shared_product.url).signs_in("member4")
    page = member.page
    held: list[Route] = []
    page.route("**/desk/desk.js", lambda route: held.append(route))
    with page.expect_response(re.compile("/desk/inbox/")):
        page.goto("/desk/", wait_until="commit")
    held[0].continue_()
    member.settles()
    expect(page.locator("html")).to_have_attribute("data-news", "shown")


def test_a_form_nobody_uses_follows_the_case(closed: Case, browser: Browser) -> None:
    resident = closed.opened_by("resident", browser, f"/requests/{closed.number}/")
    page = resident.page
    expect(page.locator("#rating-form")).to_have_count(1)
    closed.elsewhere(f"rates({NEWS!r}, solved=False)")
    resident.sees(says("Your rating"))
    expect(page.locator("#rating-form")).to_have_count(0)
    closed.elsewhere("reopens('还是不亮')")
    resident.sees(says("Reopened"))
    expect(not_solved(page)).to_have_count(0)


def test_a_task_s_story_goes_on_while_its_member_writes(case: Case, browser: Browser) -> None:
    task = case.product.office.do("answer = open_task(case).pk")
    member = case.opened_by("member1", browser, f"/desk/tasks/{task}/")
    page, opinion = member.page, member.page.locator("#opinion")
    opinion.press_sequentially("已到现场，")
    case.elsewhere("urges('老人昨晚摔了一跤')")
    expect(page.locator(".story")).to_contain_text("老人昨晚摔了一跤")
    expect(opinion).to_be_focused()
    page.keyboard.type("灯泡已换。")
    expect(opinion).to_have_value("已到现场，灯泡已换。")
    page.locator(".task-actions").get_by_role("button", name="处置完成", exact=True).click()
    member.sees(says("Done. The next step is on its way."))
