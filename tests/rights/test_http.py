"""Nobody finds anything of street B's cases at any address who is not of street B.

Asked are the supervisor and the administrator of another street, a neighbour of whoever filed the case, and
somebody who is not signed in. See ``addresses`` for how to add an address, ``world`` for what is secret.
"""

from __future__ import annotations

import pytest
from django.test import Client

from tests.factories import Town
from tests.rights.addresses import ROWS, routes, urls
from tests.rights.world import World, build_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(town: Town) -> World:
    return build_world(town)


def client_of(world: World, who: str) -> Client:
    client = Client(raise_request_exception=False)
    if who:
        client.force_login(world.people[who])
    return client


def asked(client: Client, url: str) -> tuple[int, bytes]:
    """Status and all that came back, by GET or where there is none by an empty POST."""
    answer = client.get(url, headers={"Accept-Encoding": "gzip"})
    if answer.status_code == 405:
        body = {"data": "{}", "content_type": "application/json"} if url.startswith("/api/v1/") else {}
        answer = client.post(url, **body)
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    answer.close()
    return answer.status_code, content + answer.get("Location", "").encode()


def test_every_address_has_a_row():
    known = set(routes())
    assert sorted(known - set(ROWS)) == [], "add a row to tests/rights/addresses.py"
    assert sorted(set(ROWS) - known) == [], "these addresses are no more"


@pytest.mark.parametrize("who", ["supervisor", "administrator", "neighbour_b", ""])
def test_whoever_is_not_of_street_b_finds_nothing_of_its_cases(world, who):
    client = client_of(world, who)
    leaks = []
    for route, row in ROWS.items():
        for url in urls(world, route, row):
            status, content = asked(client, url)
            assert status != 500, url
            leaks += [(url, name) for name in world.leaks(url, content)]
    assert leaks == []


@pytest.mark.parametrize("who", sorted({row.shows for row in ROWS.values()} - {""}))
def test_whoever_may_read_it_does_find_it_there(world, who):
    """Otherwise the test above would find nothing because it asks for nothing."""
    client = client_of(world, who)
    silent = [
        route
        for route, row in ROWS.items()
        if row.shows == who
        and not any(
            set(world.leaks(url, asked(client, url)[1])) - {"resident"}  # their own name is on every page
            for url in urls(world, route, row)
        )
    ]
    assert silent == []
