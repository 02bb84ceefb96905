"""The browser's side where websockets do not get through, and the light, in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.people import DESK, Person, says
from tests.realtime.proxy import Proxy
from tests.realtime.test_live_js import KEEP, LISTEN, ONLINE, has_shown, page, seen  # noqa: F401


@pytest.fixture(scope="module")
def proxy(product):
    with Proxy(product) as proxy:
        yield proxy


def test_where_sockets_break_a_stream_takes_over_and_the_socket_comes_back(page, product, proxy, office):  # noqa: F811
    page.goto(f"{proxy.url}/healthz")
    page.evaluate(LISTEN, "/ws/public/")
    first = seen(page, "seen.statuses.at(-1) === 'live'")
    assert first["details"][-1]["via"] == "stream"
    assert first["resyncs"] == 1
    office.do("say()")
    assert seen(page, "seen.kinds.length")["kinds"] == ["request.filed"]
    # The server was there all the time, so the socket is tried once more, and then not for minutes.
    page.wait_for_function("() => sessionStorage.getItem('linli-stream')")
    refused = proxy.refused
    page.reload()
    page.evaluate(LISTEN, "/ws/public/")
    seen(page, "seen.statuses.at(-1) === 'live'")
    assert proxy.refused == refused

    proxy.breaks_sockets = False
    page.evaluate(ONLINE)  # another network
    page.wait_for_function("() => !sessionStorage.getItem('linli-stream')")
    office.do("say(RequestReopened(case=brief(), reason='x'))")
    came_back = seen(page, "seen.kinds.length")
    assert came_back["kinds"] == ["request.reopened"]
    assert came_back["resyncs"] == 1
    assert set(came_back["statuses"]) == {"live"}
    assert came_back["details"][-1]["via"] == "socket"

    product.stop()
    seen(page, "seen.statuses.at(-1) !== 'live'")
    product.start()
    page.evaluate(ONLINE)
    # By a stream if the first sockets came too early; either way it ends where it was.
    seen(page, "seen.statuses.at(-1) === 'live' && seen.details.at(-1).via === 'socket'")


def test_the_light_says_since_when_a_page_is_not_up_to_date(browser, product, proxy, translations, office):
    person = Person.sits_down(browser, proxy.url, viewport=DESK)
    name, _, value = office.sign_in("member1").partition("=")
    person.context.add_cookies([{"name": name, "value": value, "url": proxy.url}])
    person.page.clock.install()
    page = person.goes("/desk/")  # noqa: F811
    light = page.locator("[data-live-light]")
    expect(light).to_contain_text(says("Live"))
    expect(light).to_contain_text(says("This page keeps itself up to date."))
    page.evaluate(KEEP, "[data-live-light]")
    product.stop()
    has_shown(page, says("Reconnecting …"))
    page.clock.fast_forward(20_000)
    since = re.escape(says("Not up to date since {time}")).replace(r"\{time\}", r"(\d+/\d+ )?\d\d:\d\d")
    expect(light.locator("[data-status]")).to_have_text(re.compile(f"^{since}$"))
    product.start()
    page.evaluate(ONLINE)
    expect(light).to_contain_text(says("Live"))
    person.leaves()
