"""The live map of a large town in a real browser: how soon it can be used, how much it takes, what it shows.

Prints what it measures (``pytest -s``); asserts only what is right or wrong. The town is generated in bulk;
``LINLI_LARGE_TOWN=40000x1000000`` makes it a city of so many grids and cases.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from playwright.sync_api import Browser, CDPSession, Request, Response, expect

from maps.queries.cases import ENDED_STATES, MOST_FEATURES, OPEN_STATES
from maps.queries.outlines import MOST_AREAS
from tests import services
from tests.e2e.people import DESK, Person, says

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

GRIDS, CASES = map(int, os.environ.get("LINLI_LARGE_TOWN", "2000x20000").split("x"))
KEPT = services.ROOT / "build" / "large-town" / f"sqlite-{GRIDS}-{CASES}"
BUILD = "from tests.benchmarks import large_town; large_town.build({grids}, {cases})"
#: Its sessions were begun with another key.
SIGN_IN = """
from django.contrib.sessions.models import Session
from grid.models import User
from tests.factories import sign_in
Session.objects.all().delete()
sign_in(User.objects.filter(username="citywide"))
"""
#: How many cases lie where the browser looks, counted one after the other; and of each light.
RECOUNT = """
from datetime import datetime
from grid.models import User
from maps.policies import watched_paths
from maps.queries import cases
from maps.viewport import Viewport
filters = cases.Filters(states=frozenset({states}))
view = Viewport.parse({bbox!r}, {zoom!r})
roots = watched_paths(User.objects.get(username="citywide"))
picture = cases.recounted(roots, filters, view, datetime.fromisoformat({now!r}))
answer = [picture.counts.total, picture.counts.lights]
"""
#: What is drawn: cases in clusters and single ones, features, areas.
SHOWN = """
() => {
  const { points, clusters } = document.querySelector(".map-frame").markers;
  const total = clusters.reduce((sum, { count }) => sum + count, 0) + points.size;
  return { total, features: clusters.length + points.size };
}
"""
#: How many areas are drawn there.
AREAS = """
async (query) => {
  const { areas } = await (await fetch("/map/data/outlines/?" + query)).json();
  return areas.filter(({ role }) => role === "area").length;
}
"""


@dataclass
class Meter:
    """Bytes over the wire and the size of the heap, as Chromium's own tools tell them."""

    session: CDPSession
    bytes: int = 0

    def __post_init__(self) -> None:
        self.session.send("Network.enable")
        self.session.send("Performance.enable")
        self.session.on("Network.loadingFinished", self._finished)

    def _finished(self, event: dict) -> None:
        self.bytes += int(event["encodedDataLength"])

    def heap(self) -> float:
        """Megabytes of JavaScript that are still in use."""
        self.session.send("HeapProfiler.collectGarbage")
        metrics = self.session.send("Performance.getMetrics")["metrics"]
        return next(one["value"] for one in metrics if one["name"] == "JSHeapUsedSize") / 1e6


@pytest.fixture
def product(environment_of, translations: None, tmp_path):
    environment = environment_of("sqlite", LINLI_SWEEP_SECONDS="1")
    if (KEPT / "complete").exists():
        # A copy of the one that make bench-map has left there: a large one takes ten minutes to write.
        for part in ("", "-wal", "-shm"):
            here = Path(environment["DATABASE_URL"].removeprefix("sqlite:///") + part)
            here.unlink(missing_ok=True)
            if (there := KEPT / f"town.sqlite3{part}").exists():
                shutil.copyfile(there, here)
        services.python(SIGN_IN, environment)
    else:
        services.python(BUILD.format(grids=GRIDS, cases=CASES), environment)
    running = services.Product(environment, tmp_path)
    yield running.start()
    running.stop()


def test_a_large_town_is_panned_and_zoomed_through(browser: Browser, product: services.Product):
    watcher = Person.sits_down(browser, product.url, viewport=DESK).signs_in("citywide")
    page, errors = watcher.page, []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: line.type == "error" and errors.append(line.text))
    meter = Meter(watcher.context.new_cdp_session(page))
    # Not the mere beginning of an answer: one that a newer question overtakes is given up half way.
    with page.expect_request_finished(lambda asked: "/map/data/cases/" in asked.url) as first:
        watcher.goes("/map/live/")
    expect(page.locator("[data-status]")).to_have_text(says("Live"))
    picture = _answer(first.value).json()
    _sees(watcher, picture)
    ready = page.evaluate("performance.now()")
    begin, bytes_at_first = meter.heap(), meter.bytes
    assert picture["counts"]["total"] > 0

    middle = page.evaluate("(({ lat, lng }) => [lat, lng])(map_live.getCenter())")
    stops = [(12, 0, 0), (14, 0, 0), (14, 400, 300), (16, -500, 200), (17, 0, 0), (11, 0, 0)]
    took = []
    for chosen in ("", "ended"):
        if chosen:
            page.locator(".live-more summary").click()
            with page.expect_response(lambda answer: "state=ended" in answer.url):
                page.locator("#filter-state").select_option("ended")
        for zoom, right, down in stops:
            answer = _goes(watcher, middle, zoom, right, down)
            picture = answer.json()
            shown = page.evaluate(SHOWN)
            assert shown["features"] <= MOST_FEATURES
            assert shown["total"] == picture["counts"]["total"]
            assert [picture["counts"]["total"], picture["counts"]["lights"]] == _recounted(product, answer)
            took.append(page.evaluate(_LAST_ANSWER))
            assert 0 < page.evaluate(AREAS, urlsplit(answer.url).query) <= MOST_AREAS
    assert errors == []
    print(
        f"\n{GRIDS} grids, {CASES} cases: to be used after {ready:.0f} ms and {bytes_at_first / 1e3:.0f} kB;"
        f" heap {begin:.1f} MB, {meter.heap():.1f} MB after {len(took)} moves and {meter.bytes / 1e3:.0f} kB;"
        f" an answer took {sorted(took)[len(took) // 2]:.0f} ms, the slowest {max(took):.0f} ms"
    )
    watcher.leaves()


#: Milliseconds from asking for the latest cases to having them.
_LAST_ANSWER = """
() => performance.getEntriesByType("resource")
  .filter(({ name }) => name.includes("/map/data/cases/")).at(-1).duration
"""


def _goes(watcher: Person, middle: list[float], zoom: int, right: int, down: int) -> Response:
    """Look somewhere else: so many pixels beside the middle. The answer that is shown now."""
    page = watcher.page
    finished: list[Request] = []
    move = f"""() => {{
      const at = map_live.project({json.dumps(middle)}, {zoom}).add([{right}, {down}]);
      map_live.setView(map_live.unproject(at, {zoom}), {zoom}, {{ animate: false }});
      const bounds = map_live.getBounds();
      return bounds.getWest().toFixed(6) + "," + bounds.getSouth().toFixed(6);
    }}"""
    # Only what the page says afterwards tells which of them asks for this place; it may be answered by then.

    def keep(request: Request) -> None:
        finished.append(request)

    page.on("requestfinished", keep)
    place = "bbox=" + page.evaluate(move)
    while not (found := [one for one in finished if "/cases/" in one.url and place in unquote(one.url)]):
        page.wait_for_event("requestfinished")
    page.remove_listener("requestfinished", keep)
    answer = _answer(found[-1])
    _sees(watcher, answer.json())
    return answer


def _sees(watcher: Person, picture: dict) -> None:
    """Wait until this picture is drawn."""
    features, total = len(picture["clusters"]) + len(picture["points"]), picture["counts"]["total"]
    wanted = f"features === {features} && total === {total}"
    watcher.page.wait_for_function(f"() => {{ const {{ features, total }} = ({SHOWN})(); return {wanted}; }}")


def _answer(request: Request) -> Response:
    answer = request.response()
    assert answer is not None
    return answer


def _recounted(product: services.Product, answer: Response) -> list[Any]:
    """The same counted from the cases one by one, for the same instant, by another process."""
    query = parse_qs(urlsplit(answer.url).query)
    code = RECOUNT.format(
        states=[str(state) for state in (ENDED_STATES if query.get("state") == ["ended"] else OPEN_STATES)],
        bbox=query["bbox"][0],
        zoom=query["zoom"][0],
        now=answer.headers["linli-now"],
    )
    return product.office.do(code)
