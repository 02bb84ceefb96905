"""What residents write stays text, and no page asks anybody but its own server."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, ConsoleMessage, expect

from tests import factories, services
from tests.e2e.pages import MAIN_PAGES, Tour
from tests.e2e.people import DESK, Person, decides, files_a_request, outside
from tests.services import Product

pytestmark = pytest.mark.e2e

PLACE = (factories.WEST + 0.4 * factories.WIDTH, factories.NORTH - 0.6 * factories.HEIGHT)  # in grid 1
LONG = "长" * 9_800
HOSTILE = (
    f"路灯 <img src=x onerror=window.hurt=1><script>window.hurt=2</script> ${{alert(1)}} {{{{ 7*7 }}}} {LONG}"
)
PIECES = ("<img src=x onerror=window.hurt=1>", "<script>window.hurt=2</script>", "${alert(1)}", "{{ 7*7 }}")


def test_every_page_has_a_strict_policy_and_asks_no_other_host(
    start_product: Callable[..., Product], browser: Browser
) -> None:
    base = start_product("sqlite").url
    tour = Tour.prepared(browser, base)
    asked: list[str] = []
    broken: list[str] = []

    def listens(message: ConsoleMessage) -> None:
        if message.type == "error":
            broken.append(message.text)

    for person in tour.people:
        person.context.on(
            "request", lambda request: asked.append(request.url) if outside(request, base) else None
        )
        person.page.on("console", listens)
        person.page.on("pageerror", lambda error: broken.append(str(error)))

    for page in MAIN_PAGES:
        answer = tour.shows(page)
        policy = {
            name: sources.split()
            for name, _, sources in (
                part.strip().partition(" ") for part in answer.headers["content-security-policy"].split(";")
            )
        }
        assert "'unsafe-inline'" not in policy["script-src"], page.name
        assert "'unsafe-eval'" not in policy["script-src"], page.name
        assert "'unsafe-inline'" not in policy["style-src"], page.name
        assert policy["object-src"] == ["'none'"], page.name
        assert policy["base-uri"] == ["'none'"], page.name
        tour.page_of(page).wait_for_load_state("networkidle")
    tour.ends()

    assert asked == []
    assert broken == []


def test_hostile_words_are_words_on_every_screen_and_in_the_mail(
    start_product: Callable[..., Product], browser: Browser
) -> None:
    product = start_product("sqlite")
    resident = Person.sits_down(browser, product.url).signs_in("resident")
    member = Person.sits_down(browser, product.url).signs_in("member1")
    checker = Person.sits_down(browser, product.url).signs_in("checker")
    supervisor = Person.sits_down(browser, product.url, viewport=DESK).signs_in("supervisor")
    people = (resident, member, checker, supervisor)
    alerts: list[str] = []
    for person in people:
        person.page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    supervisor.goes("/map/live/")

    def harmless(person: Person, *pieces: str) -> None:
        """The words are there as words, and nothing of them ran or became a part of the page."""
        for piece in pieces:
            expect(person.main).to_contain_text(piece)
        assert person.page.evaluate("window.hurt") is None
        assert person.page.locator("img[src='x']").count() == 0
        assert " 49 " not in person.page.locator("body").inner_text()
        width = person.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert width <= 0, f"{person.page.url} scrolls sideways by {width} px"

    number = files_a_request(resident, HOSTILE, kind="路灯", pin=PLACE)
    harmless(resident, *PIECES, LONG[:200])
    resident.goes("/requests/")
    harmless(resident, PIECES[0])

    member.goes("/desk/")
    harmless(member, PIECES[0])
    member.follows(member.main.locator("[data-task] a"))
    harmless(member, *PIECES)
    assert "<" not in member.main.locator("h1").inner_text()
    member.goes("/desk/")
    decides(member, member.main.locator("[data-task] a"), "处置完成", HOSTILE[:1_900])

    expect(supervisor.page.locator("[data-list] button").first).to_be_visible()
    supervisor.page.locator("[data-list] button").first.click()
    expect(supervisor.page.locator("[data-drawer]")).to_contain_text(PIECES[0])
    harmless(supervisor, *PIECES)
    expect(supervisor.page.locator("[data-feed] li").first).to_be_visible()
    supervisor.goes("/wall/")
    expect(supervisor.page.locator("body")).to_contain_text("路灯")
    harmless(supervisor)

    checker.goes("/desk/")
    decides(checker, checker.main.locator("[data-task] a"), "返工", HOSTILE[:1_900])
    resident.goes(f"/requests/{number}/")
    expect(resident.main.locator(".story")).to_contain_text(PIECES[0])
    harmless(resident, *PIECES)

    # Whoever has not read it on the screen gets a mail some time later: plain text, with nothing worked out.
    services.python(
        "import datetime, time_machine\n"
        "from realtime.mail import send_mails\n"
        "with time_machine.travel(datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=2)):\n"
        "    send_mails()",
        product.environment,
    )
    mails = product.mails
    assert any(number in mail["Subject"] + mail.get_content() for mail in mails)
    assert {mail.get_content_type() for mail in mails} == {"text/plain"}
    assert not any(" 49 " in mail.get_content() for mail in mails)
    assert alerts == []
    for person in people:
        person.leaves()
