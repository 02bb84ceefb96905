"""The browser's side, in a real browser against the running product."""

import pytest

from tests.services import PATIENCE

#: Collects what ``live.js`` reports in ``window.seen``.
LISTEN = """async (path) => {
    const { subscribe } = await import("/static/realtime/live.js");
    window.seen = { kinds: [], resyncs: 0, statuses: [], details: [] };
    window.listening = subscribe(path, {
        onEvents: (events) => window.seen.kinds.push(...events.map((event) => event.kind)),
        onResync: () => { window.seen.resyncs += 1; },
        onStatus: (status, detail) => {
            window.seen.statuses.push(status);
            window.seen.details.push(detail);
        },
    });
}"""


@pytest.fixture
def page(browser, product):
    context = browser.new_context()
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    page.goto(f"{product.url}/healthz")
    yield page
    context.close()


#: Keeps in ``window.shown`` all that a light says: a page may have connected again before one looks.
KEEP = """(selector) => {
    const light = document.querySelector(selector);
    window.shown = [];
    const keep = () => window.shown.push(light.textContent);
    new MutationObserver(keep).observe(light, { childList: true, characterData: true, subtree: true });
}"""

#: A device that is online again tries at once, however long the server was away.
ONLINE = "dispatchEvent(new Event('online'))"


def seen(page, condition):
    """Wait for a condition on ``window.seen``; what was seen."""
    page.wait_for_function(f"() => {{ const seen = window.seen; return {condition}; }}")
    return page.evaluate("window.seen")


def has_shown(page, words):
    """Wait until the light says or has said so since ``KEEP``."""
    page.wait_for_function("(words) => window.shown.some((text) => text.includes(words))", arg=words)


def test_a_page_hears_events_and_after_a_restart_reads_again(page, product, office):
    page.evaluate(LISTEN, "/ws/public/")
    # A page is older than its connection: it reads once more at the start.
    assert seen(page, "seen.statuses.at(-1) === 'live' && seen.resyncs")["resyncs"] == 1
    office.do("say(); say(RequestReopened(case=brief(), reason='x'))")
    assert seen(page, "seen.kinds.length === 2")["kinds"] == ["request.filed", "request.reopened"]

    product.stop()
    seen(page, "seen.statuses.at(-1) !== 'live'")
    office.do("say()")
    product.start()
    page.evaluate(ONLINE)
    again = seen(page, "seen.resyncs === 2")
    assert again["statuses"][:2] == ["live", "reconnecting"]
    assert again["statuses"][-1] == "live"
    office.do("say(RequestReopened(case=brief(), reason='x'))")
    assert seen(page, "seen.kinds.length === 3")["kinds"][-1] == "request.reopened"


def test_a_page_that_lost_its_connection_hears_each_event_once(page, office):
    page.evaluate(
        """() => {
            window.sockets = [];
            window.WebSocket = class extends window.WebSocket {
                constructor(address) { super(address); window.sockets.push(this); }
            };
        }"""
    )
    page.evaluate(LISTEN, "/ws/public/")
    seen(page, "seen.statuses.at(-1) === 'live'")
    office.do("say()")
    seen(page, "seen.kinds.length === 1")
    page.evaluate("window.sockets.at(-1).close()")
    seen(page, "seen.statuses.includes('reconnecting')")  # and perhaps connected again
    office.do("say(RequestReopened(case=brief(), reason='while away'))")
    caught_up = seen(page, "seen.kinds.length >= 2 && seen.statuses.at(-1) === 'live'")
    assert caught_up["kinds"] == ["request.filed", "request.reopened"]
    assert caught_up["resyncs"] == 1
    assert page.evaluate("window.sockets.length") == 2


def test_a_refusal_is_final_and_says_why(page, product):
    page.evaluate(LISTEN, "/ws/tasks/")
    refused = seen(page, "seen.statuses.length === 1")
    assert refused["statuses"] == ["stale"]
    assert refused["details"][0]["code"] == 4401


def test_a_marked_element_is_fetched_when_something_names_me_and_the_light_says_so(browser, product, office):
    """``refresh.js`` with the product's own htmx, on a page of the product."""
    context = browser.new_context()
    context.set_default_timeout(PATIENCE * 1000)
    name, _, value = office.sign_in("member1").partition("=")
    context.add_cookies([{"name": name, "value": value, "url": product.url}])
    page = context.new_page()
    page.goto(f"{product.url}/")
    page.wait_for_function("() => window.htmx")
    page.evaluate(
        """() => {
            const light = document.createElement("span");
            light.id = "light";
            Object.assign(light.dataset, {
                liveLight: "/ws/tasks/", textLive: "now", textReconnecting: "soon", textStale: "since {time}",
            });
            const list = document.createElement("div");
            list.id = "list";
            list.dataset.live = "/ws/tasks/";
            window.fetched = 0;
            list.addEventListener("live", () => { window.fetched += 1; });
            document.body.append(light, list);
        }"""
    )
    page.evaluate("import(document.querySelector('meta[name=live-module]').content)")
    page.evaluate("document.dispatchEvent(new Event('htmx:afterSettle'))")  # as after any new content
    page.wait_for_function("() => document.getElementById('light').textContent === 'now'")
    assert page.evaluate("document.getElementById('light').dataset.status") == "live"
    page.evaluate(KEEP, "#light")
    office.do("me = User.objects.get(username='member1').pk\nfor n in range(5): say(users=[me])")
    page.wait_for_function("() => window.fetched >= 1")
    office.do("say(users=[me])")
    page.wait_for_function("() => window.fetched >= 2")
    product.stop()
    has_shown(page, "soon")
    product.start()
    page.evaluate(ONLINE)
    page.wait_for_function("() => document.getElementById('light').textContent === 'now'")
    context.close()
