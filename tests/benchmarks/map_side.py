"""What ``bench_map`` runs in a process of its own for each database: the town, and looking at it."""

from __future__ import annotations

import gzip
import json
import statistics
import time
from typing import Any
from unittest.mock import patch

from django.core.cache import cache
from django.test import Client

from grid.models import Area, User
from maps.actions.summaries import keep_up
from maps.models import Cell, Spot
from maps.queries import summaries
from tests.benchmarks import large_town
from workflows.models import Category

#: Seconds after which the reference has been measured often enough.
ENOUGH = 10.0
#: A desk's map, in pixels.
WIDE, HIGH = 1_440, 900
FILTERS: dict[str, dict[str, Any]] = {
    "open": {},
    "all": {"state": ["open", "ended"]},
    "red": {"light": "red"},
    "one category": {"state": ["open", "ended"], "category": "?"},
}


def build(grids: int, cases: int) -> None:
    began = time.monotonic()
    large_town.build(grids, cases)
    took = time.monotonic() - began
    print(f"{Spot.objects.count()} cases in {Cell.objects.count()} cells, {took:.0f} s in all")


def measure(rounds: int) -> None:
    """A line of JSON for each view, user and filter: median milliseconds with and without sums, bytes."""
    while keep_up():
        pass
    FILTERS["one category"]["category"] = (
        Category.objects.filter(dictionary="resident", numchild=0)
        .order_by("pk")
        .values_list("code", flat=True)[2]
    )
    street = Area.objects.get(pk=User.objects.get(username="ofstreet").member.responsibilities.get().area_id)
    city = Area.objects.get(depth=1)
    for username, whole in (("citywide", city), ("ofstreet", street)):
        client = Client()
        client.force_login(User.objects.get(username=username))
        centre = ((street.west + street.east) / 2, (street.south + street.north) / 2)
        for name, zoom in (("city", fits(city)), ("street", fits(street)), ("zoom 14", 14), ("grid", 17)):
            at = (
                ((whole.west + whole.east) / 2, (whole.south + whole.north) / 2) if name == "city" else centre
            )
            for chosen, query in FILTERS.items():
                line = _compare(client, {"bbox": box(*at, zoom), "zoom": zoom, **query}, rounds)
                print(json.dumps({"who": username, "view": name, "zoom": zoom, "filter": chosen, **line}))
            if username == "citywide":
                for part in ("outlines", "outlines kept", "tallies"):
                    line = _public(part, {"bbox": box(*at, zoom), "zoom": zoom}, rounds)
                    print(json.dumps({"who": "anybody", "view": name, "zoom": zoom, "filter": part, **line}))


def fits(area: Area) -> int:
    """The zoom at which a desk's map shows all of an area."""
    zoom = 17
    while (area.east - area.west) / (360.0 / 256 / 2**zoom) > WIDE:
        zoom -= 1
    return zoom


def box(lon: float, lat: float, zoom: int) -> str:
    across = WIDE * 360.0 / 256 / 2**zoom / 2
    down = HIGH * 360.0 / 256 / 2**zoom / 2 * 0.79  # at 38° north
    return f"{lon - across:.6f},{lat - down:.6f},{lon + across:.6f},{lat + down:.6f}"


def _compare(client: Client, query: dict[str, Any], rounds: int) -> dict[str, Any]:
    """Ours and the reference in turn. The reference groups the cases by SQL, as maps do without sums.

    Before each the sums are brought up to now, as the background work does every second.
    """
    times: dict[str, list[float]] = {"ours": [], "reference": []}
    for _round in range(rounds + 1):
        for side in times:
            if side == "reference" and sum(times[side]) > ENOUGH:
                continue
            with patch.object(
                summaries, "look", (lambda now: None) if side == "reference" else summaries.look
            ):
                keep_up()  # lights turn all the time
                began = time.perf_counter()
                answer = client.get("/map/data/cases/", query, headers={"accept-encoding": "gzip"})
                times[side].append(time.perf_counter() - began)
            content = _content(answer)
            if side == "ours":
                ours, size = content, len(answer.content)
            elif ours["counts"] != content["counts"]:
                raise SystemExit(f"the sums say {ours['counts']}, the cases {content['counts']}: {query}")
    return {
        # The first round fills the caches.
        **{side: statistics.median(list_[1:] or list_) * 1e3 for side, list_ in times.items()},
        "bytes": size,
        "cases": ours["counts"]["total"],
        "features": len(ours["clusters"]) + len(ours["points"]),
    }


def _public(part: str, query: dict[str, Any], rounds: int) -> dict[str, Any]:
    """The public map's answers; unless "kept", nothing is kept from one round to the next.

    Outlines are the same for everybody and kept for an hour, or until an area changes.
    """
    client, times = Client(), []
    part, kept = part.split()[0], part.endswith("kept")
    for _round in range(rounds):
        if not kept:
            cache.clear()
        began = time.perf_counter()
        answer = client.get(f"/map/data/{part}/", query, headers={"accept-encoding": "gzip"})
        times.append(time.perf_counter() - began)
    found = _content(answer)
    features = len(found["areas"]) if part == "outlines" else len(found)
    return {"ours": statistics.median(times) * 1e3, "bytes": len(answer.content), "features": features}


def _content(answer: Any) -> Any:
    packed = answer.headers.get("Content-Encoding") == "gzip"
    return json.loads(gzip.decompress(answer.content) if packed else answer.content)
