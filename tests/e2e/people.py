"""People with devices of their own, for the journeys: what they tap and what they see.

Texts are looked up in the product's own catalogue, so a journey reads in English and runs in Chinese,
the language people see.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext, override
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request, expect

from tests.factories import PASSWORD, session_of
from tests.services import PATIENCE

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}

#: What the browser tells of itself as JavaScript: the map of folium's page.
FIND_MAP = """
() => Object.values(window).find((value) => window.L && value instanceof window.L.Map)
"""
#: The pixels the cases' own canvas has around a point, as one string; "" where nothing is drawn.
MARKER = """
([lon, lat]) => {
  const map = Object.values(window).find((value) => window.L && value instanceof window.L.Map);
  const canvas = map.getPane("linli-cases").querySelector("canvas");
  const box = canvas.getBoundingClientRect(), frame = map.getContainer().getBoundingClientRect();
  const point = map.latLngToContainerPoint([lat, lon]), scale = canvas.width / box.width;
  const x = (point.x + frame.x - box.x) * scale, y = (point.y + frame.y - box.y) * scale;
  const data = canvas.getContext("2d").getImageData(x - 9, y - 9, 18, 18).data;
  return data.some((value) => value) ? Array.from(data).join() : "";
}
"""
#: Whether the device keeps a draft with these words.
KEPT = """
async (words) => {
  if (!(await indexedDB.databases()).some(({ name }) => name === "linli")) return false;
  const answer = (request) => new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
  const database = await answer(indexedDB.open("linli"));
  const draft = await answer(database.transaction("drafts").objectStore("drafts").get("filing"));
  database.close();
  return Boolean(draft?.fields.some(([, value]) => value === words));
}
"""


#: Whether the page shows all news of what it keeps up to date; see realtime/static/realtime/refresh.js.
SETTLED = """
() => document.documentElement.dataset.news === "shown"
  || !document.querySelector("[data-live], [data-live-light]")
"""
#: How many times slower than it is the machine shall seem to browsers, to find what does not wait:
#: ``SLOWLY=6 make e2e``.
SLOWLY = float(os.environ.get("SLOWLY", "1"))


def slowed_down(page: Page) -> Page:
    """Have the page's scripts run slowly and each answer come late, if that is asked for."""
    if SLOWLY <= 1:
        return page
    browser = page.context.new_cdp_session(page)
    browser.send("Emulation.setCPUThrottlingRate", {"rate": SLOWLY})
    browser.send("Network.enable")
    late = {"offline": False, "latency": 50 * SLOWLY, "downloadThroughput": -1, "uploadThroughput": -1}
    browser.send("Network.emulateNetworkConditions", late)
    return page


def says(msgid: str, **values: object) -> str:
    """What a Chinese screen shows for a text of the code."""
    with override("zh-hans"):
        shown = gettext(msgid)
    assert shown != msgid, f"{msgid!r} has no Chinese translation"
    return shown % values if values else shown


@dataclass
class Person:
    """Somebody in front of a browser of their own."""

    context: BrowserContext
    page: Page
    base: str
    has_scripts: bool = True

    @classmethod
    def sits_down(
        cls,
        browser: Browser,
        base: str,
        *,
        viewport: dict[str, int] = PHONE,
        language: str = "zh-CN",
        **options: object,
    ) -> Person:
        context = browser.new_context(
            viewport=viewport,
            locale=language,
            base_url=base,
            has_touch=options.pop("has_touch", viewport == PHONE),
            reduced_motion="reduce",
            **options,
        )
        context.set_default_timeout(PATIENCE * 1000)
        has_scripts = options.get("java_script_enabled") is not False
        return cls(context, slowed_down(context.new_page()), base, has_scripts)

    def leaves(self) -> None:
        self.context.close()

    def goes(self, path: str) -> Page:
        answer = self.page.goto(path)
        assert answer is not None
        assert answer.ok, f"{path} answered {answer.status}"
        return self.settles()

    def signs_in(self, username: str) -> Person:
        """Be signed in, from an earlier time: the town's people have a session (see ``Databases``)."""
        session = {"name": "sessionid", "value": session_of(username), "url": self.base}
        self.context.add_cookies([session])
        return self

    def signs_in_by_password(self, username: str) -> Person:
        page = self.goes("/accounts/login/")
        page.locator("input[name=login]").fill(username)
        page.locator("input[name=password]").fill(PASSWORD)
        self.main.locator("form button:not([type=button])").first.click()
        page.wait_for_url(re.compile(r"^(?!.*/login/)"))
        return self

    @property
    def main(self) -> Locator:
        return self.page.locator("main")

    def follows(self, link: Locator) -> Page:
        """Go where a link or a button leads."""
        with self.page.expect_navigation():
            link.click()
        return self.settles()

    def settles(self) -> Page:
        """Wait until scripts have run and the first news is shown: then nothing moves by itself any more."""
        if self.has_scripts:
            self.page.wait_for_function(SETTLED)
        return self.page

    def presses(self, name: str, *, within: Locator | None = None) -> None:
        (within or self.page).get_by_role("button", name=name).first.click()

    def sees(self, text: str | re.Pattern[str]) -> None:
        expect(self.main).to_contain_text(text)


def files_a_request(
    resident: Person,
    text: str,
    *,
    kind: str = "",
    photo: Path | None = None,
    pin: tuple[float, float] | None = None,
) -> str:
    """File a request in the portal; its number.

    ``kind`` is picked from what the words suggest; ``pin`` is (lon, lat), as the device would tell.
    """
    page = resident.goes("/requests/new/")
    page.get_by_label(says("Tell us what is the matter")).fill(text)
    if kind:
        resident.presses(kind, within=page.locator("#suggestions"))
    if photo:
        page.locator("input[name=photos]").set_input_files(photo)
    if pin:
        resident.context.grant_permissions(["geolocation"])
        resident.context.set_geolocation({"longitude": pin[0], "latitude": pin[1], "accuracy": 8})
        with page.expect_response(re.compile(r"/requests/new/place/\?lon=")):
            resident.presses(says("Where I am"))
    expect(page.locator("#place")).to_contain_text(re.compile("网格"))
    return sends(resident)


def sends(resident: Person) -> str:
    """Press the one primary button of the filing form; the number of the request."""
    resident.page.locator("#send").click()
    resident.page.wait_for_url(re.compile(r"/requests/\d{10,}/"))
    return resident.page.url.rstrip("/").split("/")[-1]


def decides(member: Person, task: Locator, outcome: str, opinion: str = "") -> None:
    """Open a task from the list and decide it by the outcome's button."""
    page = member.follows(task)
    claim = page.locator(".task-actions").get_by_role("button", name=says("Claim"))
    if claim.count():
        member.follows(claim)
    if opinion:
        page.locator("#opinion").fill(opinion)
    page.locator(".task-actions").get_by_role("button", name=outcome, exact=True).click()
    page.wait_for_url(re.compile(r"/desk/($|\?)"))


def answers(resident: Person, question: str, value: str) -> None:
    """Answer a question of the rating; what one sees and taps is the label."""
    button = resident.page.locator(f"input[name={question}][value={value}]")
    resident.page.locator("label", has=button).click()
    expect(button).to_be_checked()


def is_kept(page: Page, words: str) -> None:
    """Wait until the device keeps a draft with these words in one of its fields."""
    for _attempt in range(PATIENCE * 10):
        # ``wait_for_function`` would take the promise itself for a yes.
        if page.evaluate(KEPT, words):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"no draft with {words!r} is kept")


def outside(request: Request, base: str) -> bool:
    """Whether a request of the browser leaves for another host."""
    return not request.url.startswith((base, base.replace("http", "ws", 1), "data:", "blob:", "about:"))
