"""Two processes, PostgreSQL, Redis, and what can go wrong between them: every page ends as a fresh one does.

``LINLI_CROWD=2000`` has so many pages come back at once; the suite makes do with fewer.
"""

from __future__ import annotations

import asyncio
import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import services
from tests.conftest import SECRET_KEY
from tests.realtime.crowd import Crowd
from tests.realtime.office import Office

pytestmark = pytest.mark.postgres

CROWD = int(os.environ.get("LINLI_CROWD", "200"))
PAGES = 12

#: How the town works: cases are filed, and half of them withdrawn.
WORK = """
from tests.factories import Town
from workflows.actions.endings import withdraw_request
from workflows.actions.requests import file_request
from workflows.brief import case_brief
from workflows.models import Category
town = Town.found()
category = Category.objects.filter(conditions__is_default=True).first()
filed = []

def work(count):
    for number in range(count):
        lon, lat = town.point_in(number % 7 + 1)
        filed.append(file_request(
            reporter=town.resident, text="楼道的灯坏了三天", category=category, lon=lon, lat=lat))
        if number % 2:
            withdraw_request(request_id=filed[-2].pk, actor=town.resident)

def news(count, words):
    # Long news of a case, as it stands.
    case = filed[-1]
    case.refresh_from_db()
    with transaction.atomic():
        log.emit_all(
            log.Said(TaskClaimed(case=case_brief(case), task=1, block="x", title=words),
                     Subject("news", number), None, Audience(town.street.path))
            for number in range(count))
"""


@dataclass
class City:
    redis: services.Redis
    products: list[services.Product]
    office: Office

    @property
    def ports(self) -> list[int]:
        return [product.port for product in self.products]

    async def work(self, count: int = 6) -> None:
        await asyncio.to_thread(self.office.do, f"work({count})")

    async def news(self, count: int, words: str = "x") -> None:
        await asyncio.to_thread(self.office.do, f"news({count}, {words!r})")

    def health(self, product: services.Product) -> dict[str, str]:
        with urllib.request.urlopen(f"{product.url}/healthz", timeout=services.PATIENCE) as answer:
            return json.load(answer)

    async def until_health(self, status: str) -> None:
        """Every process says so of itself."""
        async with asyncio.timeout(services.PATIENCE):
            for product in self.products:
                while (await asyncio.to_thread(self.health, product))["status"] != status:
                    await asyncio.sleep(0.05)


@pytest.fixture(scope="module")
def city(databases, translations: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    folder = tmp_path_factory.mktemp("city")
    redis = services.Redis()
    environment = services.product_environment(
        databases.fresh("postgres", folder),
        folder,
        LINLI_SECRET_KEY=SECRET_KEY,
        LINLI_REDIS_URL=redis.url,
        LINLI_SWEEP_SECONDS="0",
        LINLI_DB_POOL="8",
    )
    products = []
    for number in range(2):
        data_dir = folder / str(number)
        data_dir.mkdir()
        products.append(services.Product(environment | {"LINLI_DATA_DIR": str(data_dir)}, data_dir))
    try:
        redis.start()
        for product in products:
            product.start()
        office = Office(
            environment | {"PYTHONPATH": str(services.ROOT), "LINLI_CONN_MAX_AGE": "60", "LINLI_DB_POOL": "0"}
        )
        office.do(WORK)
        # A writer that found no Redis tries again at once: what follows is published, not made up for.
        office.do("from realtime import stream; stream.PAUSE = 0")
        office.do("work(6)")
        yield City(redis, products, office)
        office.close()
    finally:
        for product in products:
            product.stop()
        redis.stop()


@pytest.fixture
def play(city: City):
    """Run a scenario; afterwards every process follows the stream again."""

    def play(scenario) -> None:
        async def run() -> None:
            await city.until_health("ok")
            await scenario()

        asyncio.run(run())

    return play


def test_redis_is_killed_and_started_again(city, play):
    async def scenario():
        async with Crowd(city.ports, PAGES) as crowd:
            await city.work()
            city.redis.kill()
            await city.work()
            await city.until_health("degraded")
            await crowd.show_what_a_fresh_page_shows()  # also without it
            city.redis.start()
            await city.work()
            await city.until_health("ok")
            await city.work()
            await crowd.show_what_a_fresh_page_shows()
            assert {page.connections for page in crowd.pages} == {1}
            assert {page.read_again for page in crowd.pages} == {0}

    play(scenario)


def test_a_process_is_killed_and_its_clients_go_to_the_other_one(city, play):
    async def scenario():
        async with Crowd(city.ports, PAGES) as crowd:
            await city.work()
            killed = city.products[0]
            killed.kill()
            await city.work()
            await crowd.show_what_a_fresh_page_shows()
            await asyncio.to_thread(killed.start)
            await city.until_health("ok")  # it answers before it follows the stream
            await city.work(2)
            for page in crowd.pages:
                page.cut()
            await city.work(2)
            await crowd.show_what_a_fresh_page_shows()
            # A token of one process was good at the other, and at the one that had just started.
            assert {page.read_again for page in crowd.pages} == {0}
            assert min(page.connections for page in crowd.pages) > 1

    play(scenario)


def test_a_writer_is_killed_between_commit_and_publication(city, play):
    async def scenario():
        async with Crowd(city.ports, PAGES) as crowd:
            doomed = Office(city.office.environment)
            doomed.do(WORK)
            doomed.do(
                "import os, signal\n"
                "from realtime import stream\n"
                "stream.publish = lambda events: os.kill(os.getpid(), signal.SIGKILL)"
            )
            before = await crowd.show_what_a_fresh_page_shows()
            await asyncio.to_thread(doomed.do_and_die, "work(1)")
            after = await crowd.show_what_a_fresh_page_shows()
            assert len(after) == len(before) + 1
            await city.work(2)
            await crowd.show_what_a_fresh_page_shows()

    play(scenario)


def test_clients_that_stop_reading_cost_the_others_nothing(city, play):
    async def scenario():
        async with Crowd(city.ports, 2 * PAGES) as crowd:
            deaf, others = crowd.pages[:PAGES], crowd.pages[PAGES:]
            before = [memory_of(product) for product in city.products]
            for page in deaf:
                page.connection.transport.pause_reading()
            for _ in range(10):
                await city.news(250, "x" * 2000)  # half a megabyte for each
            await city.work()
            fresh = await crowd.desk.read()
            crowd.pages = others
            await crowd.are(lambda page: page.state == fresh)
            assert {page.connections for page in others} == {1}
            # What was said to the deaf is not kept for them.
            grown = [memory_of(product) - was for product, was in zip(city.products, before, strict=True)]
            assert max(grown) < PAGES * 4 * 2**20, grown
            crowd.pages = deaf + others
            for page in deaf:
                if page.connection:
                    page.connection.transport.resume_reading()
            await crowd.show_what_a_fresh_page_shows()

    play(scenario)


def memory_of(product: services.Product) -> int:
    """Bytes that a process holds in memory."""
    pages = int(Path(f"/proc/{product.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_everybody_comes_back_at_once(city, play):
    async def scenario():
        async with Crowd(city.ports, CROWD) as crowd:
            for page in crowd.pages:
                page.cut()
            await city.work()
            await crowd.are(lambda page: page.connections == 2)
            await crowd.show_what_a_fresh_page_shows()
            assert {page.read_again for page in crowd.pages} == {0}

    play(scenario)


def test_whoever_was_away_for_longer_than_is_kept_reads_again(city, play):
    async def scenario():
        async with Crowd(city.ports, PAGES) as crowd:
            away = crowd.pages[:2]
            for page in away:
                page.may_connect.clear()
                page.cut()
            await city.work()
            await city.news(2100)
            await city.work(2)
            for page in away:
                page.may_connect.set()
            await crowd.show_what_a_fresh_page_shows()
            # Once for what they missed, and once more if news still came in too fast to be told one by one.
            assert all(page.read_again for page in away)

    play(scenario)


def test_a_clock_that_is_set_back_changes_nothing(city, play):
    async def scenario():
        async with Crowd(city.ports, PAGES) as crowd:
            await city.work()
            city.office.do(
                "import time_machine, datetime\n"
                "clock = time_machine.travel(datetime.datetime.now() - datetime.timedelta(hours=1))\n"
                "clock.start()"
            )
            try:
                await city.work()
            finally:
                city.office.do("clock.stop()")
            crowd.pages[0].cut()
            await city.work()
            await crowd.show_what_a_fresh_page_shows()
            assert {page.read_again for page in crowd.pages} == {0}

    play(scenario)
