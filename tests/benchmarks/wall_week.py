"""A week in the life of a wall, in minutes: the page in a browser whose clock we turn, told of events and
answered by us. What it holds after each hour is counted after its garbage has been collected.

Of each hour a minute passes second by second, with every timer of the page; the rest is jumped over, as when
the machine sleeps. So a week brings 168 lost connections, midnights, and thousands of turns of the map.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, Route, WebSocketRoute, expect

HOUR = timedelta(hours=1)
#: Seconds of each hour that pass one by one: longer than any timer of the page but the one of five minutes.
DENSE = 66
#: Events of one frame, and frames of an hour.
EVENTS, FRAMES = 50, 4
KINDS = ("request.filed", "request.registered", "task.created", "task.decided", "request.closed")
GRIDS = [f"14990100100{community}{grid:03}" for community in (1, 2) for grid in range(1, 5)]
LAYERS = "Object.keys(map_wall._layers).length"


@dataclass(frozen=True)
class Held:
    """What the page holds: bytes of its heap, DOM nodes, event listeners, layers of the map."""

    heap: int
    nodes: int
    listeners: int
    layers: int

    def __str__(self) -> str:
        return (
            f"heap {self.heap / 1e6:7.2f} MB   nodes {self.nodes:5}   "
            f"listeners {self.listeners:4}   layers {self.layers:4}"
        )


class Week:
    """Turns the page's clock. ``page`` must be signed in and not have opened the wall yet."""

    def __init__(self, page: Page, path: str = "/wall/") -> None:
        self.page, self.path = page, path
        self.now = datetime(2026, 11, 23, 8, tzinfo=UTC)
        self.hour = 0
        self.events = 0
        self.connections = 0
        self.socket: WebSocketRoute | None = None
        self.dice = random.Random(7)
        self.cdp = page.context.new_cdp_session(page)

    def begin(self) -> None:
        page = self.page
        page.route("**/wall/news/", self._news)
        page.route("**/wall/outlook/", self._outlook)
        page.route("**/wall/cases/**", self._cases)
        page.route_web_socket("**/ws/wall/**", self._connected)
        page.clock.install(time=self.now)
        page.goto(self.path)
        self.cdp.send("Performance.enable")

    def hours(self, number: int) -> Iterator[Held]:
        """Let so many hours pass; what the page holds after each."""
        for _ in range(number):
            self._pass_an_hour()
            yield self._held()

    def _pass_an_hour(self) -> None:
        self.hour += 1
        for _ in range(FRAMES):
            self._tell()
            self._run(DENSE / FRAMES)
        # The numbers of this hour are shown: what was asked for has been answered.
        expect(self.page.locator("[data-today=filed]")).to_have_text(str(self.hour))
        rest = HOUR - timedelta(seconds=DENSE)
        self.now += rest
        self.page.clock.fast_forward(int(rest.total_seconds() * 1000))
        before = self.connections
        self._run(3)
        # The page has found out that its connection was lost, and has another.
        for _ in range(120):
            if self.connections > before:
                break
            self._run(1)
        assert self.connections > before, "the wall did not come back after a sleep"
        # What the page read again because of it has come: an answer under way is held only for a moment.
        expect(self.page.locator("[data-cases]")).to_have_attribute("data-cases", "shown")

    def _run(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.page.clock.run_for(int(seconds * 1000))

    def _held(self) -> Held:
        for _ in range(2):
            self.cdp.send("HeapProfiler.collectGarbage")
        metrics = {one["name"]: one["value"] for one in self.cdp.send("Performance.getMetrics")["metrics"]}
        return Held(
            heap=int(metrics["JSHeapUsedSize"]),
            nodes=int(metrics["Nodes"]),
            listeners=int(metrics["JSEventListeners"]),
            layers=self.page.evaluate(LAYERS),
        )

    # --- What the page is told ----------------------------------------------------------------
    def _connected(self, socket: WebSocketRoute) -> None:
        self.socket = socket
        self.connections += 1
        socket.send(json.dumps({"type": "hello", "token": f"week:{self.events}"}))

    def _tell(self) -> None:
        told = [self._event() for _ in range(EVENTS)]
        self.events += EVENTS
        assert self.socket
        self.socket.send(json.dumps({"type": "events", "token": f"week:{self.events}", "events": told}))

    def _event(self) -> dict[str, Any]:
        case = self._case()
        kind = self.dice.choice(KINDS)
        if kind == "request.closed":
            case |= {"state": "closed", "closed_at": self.now.isoformat()}
        at = self.now.isoformat()
        subject = {"type": "request", "id": case["id"]}
        return {"kind": kind, "at": at, "subject": subject, "case": case, "actor": "赵网格", "title": "办理"}

    def _case(self, number: int = 0) -> dict[str, Any]:
        """Some case; as a rule one that the page has never heard of."""
        number = number or self.dice.randrange(1, 10**9)
        grid, filed = self.dice.choice(GRIDS), self.now - timedelta(minutes=self.dice.randrange(9_000))
        due = self.now + timedelta(minutes=self.dice.randrange(-600, 3_000))
        return {
            "id": number, "number": f"T{number:09}", "state": "handling", "category": "lamp", "grid": grid,
            "grid_name": f"第{grid[-1]}网格", "urgent": number % 9 == 0, "closed_at": None,
            "lon": round(self.dice.uniform(112.548, 112.572), 6),
            "lat": round(self.dice.uniform(37.862, 37.878), 6),
            "filed_at": filed.isoformat(), "due_at": due.isoformat(),
            "yellow_at": (due - timedelta(minutes=60)).isoformat(),
        }  # fmt: skip

    # --- What it is answered ------------------------------------------------------------------
    def _news(self, route: Route) -> None:
        today = {"filed": self.hour, "closed": self.hour // 2, "open": 300, "overdue": 20}
        route.fulfill(
            json={
                "now": self.now.isoformat(),
                "day": self.now.date().isoformat(),
                "events": [self._event() for _ in range(30)],
                "today": today,
                "before": today,
                "lights": {"red": 20, "yellow": 30, "green": 240, "none": 10},
                "waiting": [self._case() for _ in range(5)],
            }
        )

    def _cases(self, route: Route) -> None:
        bbox = parse_qs(urlsplit(route.request.url).query)["bbox"][0]
        # Always as many: which picture is the last before the page is weighed is chance.
        points = [self._case() for _ in range(200)]
        clusters = [
            {"lon": one["lon"], "lat": one["lat"], "count": 8, "lights": [1, 2, 4, 1]} for one in points[:20]
        ]
        picture = {
            "next_turn": (self.now + timedelta(seconds=40)).isoformat(),
            "counts": {"total": 300, "lights": {}, "states": {}},
            "clusters": clusters if len(bbox) % 2 else [],
            "points": points,
            "rows": points[:60],
            "off_map": {"total": 0, "rows": []},
        }
        route.fulfill(json=picture, headers={"Linli-Now": self.now.isoformat()})

    def _outlook(self, route: Route) -> None:
        kinds = ("hot_spot", "sudden", "rising", "silent")
        # Another list each time.
        ids = [self.hour * 10 + number for number in range(1, 4)]
        findings = [
            {"id": pk, "kind": kinds[pk % 4], "title": "突然增多", "sentence": f"第{pk}网格 噪音 {pk} 件"}
            for pk in ids
        ]
        rates = {
            name: {"value": 0.9, "count": 90, "of": 100} for name in ("responded", "solved", "satisfied")
        }
        route.fulfill(
            json={
                "rates": rates,
                "is_whole": True,
                "period": "",
                "day": "11月22日",
                "findings": findings,
                "grids": {"type": "FeatureCollection", "features": [self._grid(pk) for pk in ids]},
                "categories": {
                    "lamp": {"name": "路灯", "parent": "", "active": True, "dictionary": "resident"}
                },
            }
        )

    def _grid(self, pk: int) -> dict[str, Any]:
        west, south = self.dice.uniform(112.55, 112.565), self.dice.uniform(37.864, 37.874)
        east, north = west + 0.003, south + 0.002
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        return {
            "type": "Feature",
            "properties": {"code": str(pk), "kind": "hot_spot", "items": [pk]},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }


def grown(held: list[Held], *, heap: int) -> list[str]:
    """What grew, in words; nothing is what there should be. ``held``: after each hour, the first third is
    there to warm up. ``heap``: bytes by which the last third may lie above the second.

    Of each third the least counts: a picture, an answer or a list that has just been replaced is held for a
    moment longer and comes and goes; what is held for good raises the least as well.
    """
    third = len(held) // 3
    middle, last = held[third : 2 * third], held[-third:]
    found = []
    for name, slack in (("heap", heap), ("nodes", 60), ("listeners", 6), ("layers", 0)):
        was, now = (min(getattr(one, name) for one in part) for part in (middle, last))
        if now > was + slack:
            found.append(f"{name} grew from {was:,} to {now:,}")
    return found
