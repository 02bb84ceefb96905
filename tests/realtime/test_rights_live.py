"""The same as ``tests/rights`` for what is told by itself: every socket and every stream."""

from __future__ import annotations

import json
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from realtime.routing import stream_urlpatterns, websocket_urlpatterns

BUILD = """
from tests.factories import Town
from tests.rights.world import build_world
from workflows.actions.supervision import supervise_case
world = build_world(Town.found())
answer = {
    "number": world.case.number,
    "import": str(world.import_job.pk),
    "job": str(world.workflow_job.pk),
    "figures": str(world.figure_job.pk),
    "secrets": [secret.decode() for name, secret in world.secrets.items() if "photo" not in name],
}
"""
#: Something happens in street B, in words and by numbers; then something that everybody who listens may hear.
HAPPEN = """
supervise_case(request_id=world.case.pk, actor=world.people["supervisor_b"], level=1, text=world.case.text)
b = dict(area=world.grid.path, users=[world.people["member_b"].pk], subject=("request", world.case.pk))
place = brief(world.case.number, lon=world.case.lon, lat=world.case.lat, grid=world.grid.code)
say(RequestFiled(source="portal", case=place), actor=world.people["resident_b"], **b)
say(RequestUrged(case=place, text=world.case.text), **b)
for who in {who!r}:
    person = User.objects.get(username=who)
    say(RequestReopened(case=brief("LAST"), reason="x"), area=world.town.grids[0].path, users=[person.pk])
"""
LAST = "request.reopened"

#: Route below /ws/ or /sse/ → what is asked for there, and who hears of street B's case at it.
ROWS: dict[str, tuple[str, str]] = {
    "map/": ("map/", "supervisor_b"),
    "wall/": ("wall/", "supervisor_b"),
    "public/": ("public/", ""),
    "tasks/": ("tasks/", "member_b"),
    "case/<str:number>/": ("case/{number}/", "resident_b"),
    "import/<uuid:pk>/": ("import/{import}/", ""),
    "workflow-job/<uuid:pk>/": ("workflow-job/{job}/", ""),
    "figures/<uuid:pk>/": ("figures/{figures}/", ""),
}
#: Whatever else is asked for is refused; see test_sockets and test_streams.
ANYTHING_ELSE = {"", "^sse/"}


def addresses() -> list[str]:
    """Every address as it is routed, with its /ws/ or /sse/."""
    return [
        str(route.pattern)
        for route in [*websocket_urlpatterns, *stream_urlpatterns]
        if str(route.pattern) not in ANYTHING_ELSE
    ]


@pytest.fixture(scope="module")
def street_b(office) -> dict[str, Any]:
    return office.do(BUILD)


def test_every_address_has_a_row():
    assert {route.partition("/")[2] for route in addresses()} == set(ROWS), "add a row to this file"


class Ear:
    """One connection, whatever carries it: reads until everybody's last news, and keeps all it read."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.text = ""

    def frame(self) -> dict[str, Any]:
        frame = self.connection.frame()
        self.text += json.dumps(frame, ensure_ascii=False)
        return frame

    def hears(self) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = []
        while not any(event["kind"] == LAST for event in events):
            events += self.frame().get("events", [])
        return events


@pytest.fixture
def ears(office, listen, follow, street_b):
    """``ears(who)``: route → an ear, for every address that lets this person in; the others refuse."""

    def open_all(who: str) -> dict[str, Ear]:
        cookie = office.sign_in(who) if who else ""
        found = {}
        for route in addresses():
            kind, _, rest = route.partition("/")
            path = f"/{kind}/{ROWS[rest][0].format(**street_b)}"
            connection = listen(path, cookie) if kind == "ws" else follow(path, cookie)
            if kind == "sse" and connection.status != 200:
                assert connection.status in (401, 403)
                continue
            ear = Ear(connection)
            try:
                assert ear.frame()["type"] == "hello"
            except ConnectionClosed:
                assert connection.close_code() in (4401, 4403), route
                continue
            found[route] = ear
        return found

    return open_all


MAY_OPEN = {
    "supervisor": {"map/", "wall/", "public/", "tasks/"},
    "administrator": {"map/", "wall/", "public/", "tasks/"},
    "neighbour_b": {"public/", "tasks/"},
    "": {"public/"},
}


def test_whoever_is_not_of_street_b_hears_nothing_of_its_cases(office, ears, street_b):
    everybody = {who: ears(who) for who in MAY_OPEN}
    for who, may_open in MAY_OPEN.items():
        assert {route.partition("/")[2] for route in everybody[who]} == may_open, who
    office.do(HAPPEN.replace("{who!r}", repr([who for who in MAY_OPEN if who])))
    for who, found in everybody.items():
        for route, ear in found.items():
            events = ear.hears()
            assert [secret for secret in street_b["secrets"] if secret in ear.text] == [], (who, route)
            if not route.endswith("public/"):
                assert {event["kind"] for event in events} == {LAST}, (who, route)


@pytest.mark.parametrize(("who", "ways"), [("supervisor_b", 2), ("member_b", 1), ("resident_b", 1)])
def test_whoever_may_hear_of_it_does(office, ears, who, ways):
    mine = ears(who)
    office.do(HAPPEN.replace("{who!r}", "[]"))
    told = [route for route in mine if ROWS[route.partition("/")[2]][1] == who]
    assert len(told) == 2 * ways  # by socket and by stream
    for route in told:
        kinds: list[str] = []
        while "request.urged" not in kinds:
            kinds += [event["kind"] for event in mine[route].frame().get("events", [])]
