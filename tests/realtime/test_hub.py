"""The hub and the follower at work, each scenario in a process of its own."""

import asyncio
import json

import pytest

from grid.models import Area
from realtime import wire
from realtime.hub import Hub
from realtime.transport import Gaps
from realtime.wire import PUBLIC_TOPIC, Told, View
from tests import services
from tests.realtime import scenarios


@pytest.fixture
def play(environment_of):
    def play(scenario, kind="sqlite", **settings):
        code = f"from tests.realtime import scenarios; scenarios.{scenario.__name__}()"
        services.python(code, environment_of(kind, PYTHONPATH=str(services.ROOT), **settings))

    return play


@pytest.mark.postgres
@pytest.mark.parametrize(
    "scenario",
    [
        scenarios.ids_that_commit_out_of_order_are_told_once_each,
        scenarios.a_slow_transaction_is_waited_for_and_a_rolled_back_one_is_forgotten,
        scenarios.a_transaction_under_way_at_the_start_is_told_when_it_commits,
    ],
    ids=lambda scenario: scenario.__name__,
)
def test_on_postgresql(play, scenario):
    play(scenario, "postgres")


@pytest.mark.postgres
@pytest.mark.parametrize("pool", ["0", "4"])
def test_a_database_that_comes_back_is_followed_again(play, pool):
    play(scenarios.a_database_that_comes_back_is_followed_again, "postgres", LINLI_DB_POOL=pool)


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
@pytest.mark.parametrize(
    "scenario",
    [
        scenarios.an_idle_look_is_one_query,
        scenarios.a_commit_in_this_process_wakes_the_hub,
        scenarios.the_digest_is_the_same_after_the_database,
    ],
    ids=lambda scenario: scenario.__name__,
)
def test_on_both_databases(play, scenario, kind):
    play(scenario, kind)


@pytest.mark.parametrize(
    "scenario",
    [
        scenarios.clients_that_stop_reading_hold_up_nobody_and_are_dropped,
        scenarios.a_client_that_reads_slowly_still_hears_everything_in_order,
        scenarios.killed_clients_leave_the_hub,
        scenarios.stopping_cancels_consumers_and_leaves_the_hub_empty,
    ],
    ids=lambda scenario: scenario.__name__,
)
def test_on_a_real_server(play, scenario):
    play(scenario)


def test_the_wire_cuts_paths_as_the_area_tree_does():
    assert Area.steplen == wire.PATH_STEP


def test_gaps_are_split_as_they_fill():
    gaps = Gaps()
    gaps.notice(10, [12, 20], until=0, horizon=0)
    gaps.fill([15])
    assert sorted((gap.first, gap.last) for gap in gaps.open) == [(11, 11), (13, 14), (16, 19)]
    gaps.fill([11, 13, 14, 16, 17, 18, 19])
    assert gaps.open == []


def test_a_gap_outlives_its_time_while_a_transaction_of_then_is_open():
    gaps = Gaps()
    gaps.notice(1, [3], until=100, horizon=7)
    gaps.give_up(now=99, horizon=9)
    gaps.give_up(now=101, horizon=6)
    assert len(gaps.open) == 1
    gaps.give_up(now=101, horizon=7)
    assert gaps.open == []


class Silence:
    """A transport that never brings anything: the test tells the hub itself."""

    is_healthy = True

    async def run(self, tell):
        await asyncio.Event().wait()

    def wake(self):
        pass


class Client:
    """Takes frames as an ASGI ``send`` does; while ``gate`` is closed it is a client that does not read."""

    def __init__(self):
        self.frames, self.gate, self.aborted = [], asyncio.Event(), False
        self.gate.set()

    async def send(self, message):
        await self.gate.wait()
        self.frames.append(json.loads(message["text"]))

    def abort(self):
        self.aborted = True

    @property
    def kinds(self):
        return [frame["type"] for frame in self.frames]

    @property
    def events(self):
        return [event for frame in self.frames for event in frame.get("events", [])]


async def until(condition):
    async with asyncio.timeout(services.PATIENCE):
        while not condition():
            await asyncio.sleep(0.005)


def told(number, topic=PUBLIC_TOPIC):
    return Told("x.happened", frozenset({topic}), {View.PUBLIC: str(number)})


def in_a_loop(scenario):
    asyncio.run(scenario())


def join(hub, client, since="", topic=PUBLIC_TOPIC):
    return hub.join(View.PUBLIC, frozenset({topic}), client.send, abort=client.abort, since=since)


def test_the_first_event_goes_out_at_once_and_the_rest_of_the_window_in_one_frame():
    async def scenario():
        hub, client = Hub(Silence(), window=0.05), Client()
        join(hub, client)
        hub.tell([told(1)])
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert client.events == [1]
        for number in range(2, 7):
            hub.tell([told(number)])
        assert client.events == [1]
        await until(lambda: len(client.frames) >= 3)
        assert client.kinds == ["hello", "events", "events"]
        assert client.frames[2]["events"] == [2, 3, 4, 5, 6]

    in_a_loop(scenario)


def test_a_frame_is_built_once_for_all_clients_with_the_same_rights():
    async def scenario():
        hub, messages = Hub(Silence(), window=0), []

        async def send(message):
            messages.append(message)

        for _ in range(3):
            hub.join(View.PUBLIC, frozenset({PUBLIC_TOPIC}), send, abort=lambda: None)
        hub.tell([told(1)])
        await until(lambda: len(messages) == 6)
        first, second, third = messages[3:]
        assert first is second is third

    in_a_loop(scenario)


def test_a_client_that_missed_more_than_the_ring_holds_reads_again():
    async def scenario():
        hub, client, again = Hub(Silence(), window=0, keep=10), Client(), Client()
        subscriber = join(hub, client)
        token = client.frames[0]["token"]
        other = join(hub, Client())
        hub.leave(subscriber)
        hub.tell([told(number) for number in range(11)])
        await asyncio.sleep(0.01)
        join(hub, again, since=token)
        assert again.kinds == ["hello", "resync"]
        hub.leave(other)

    in_a_loop(scenario)


def test_the_last_client_of_a_group_still_gets_what_it_missed():
    async def scenario():
        hub, client, again = Hub(Silence(), window=0), Client(), Client()
        subscriber = join(hub, client)
        token = client.frames[0]["token"]
        hub.leave(subscriber)
        hub.tell([told(1), told(2, topic="user:9"), told(3)])
        join(hub, again, since=token)
        assert again.kinds == ["hello", "events"]
        assert again.events == [1, 3]

    in_a_loop(scenario)


def test_a_client_that_joins_between_two_frames_hears_nothing_twice():
    async def scenario():
        hub, early, late = Hub(Silence(), window=0.05), Client(), Client()
        join(hub, early)
        hub.tell([told(1)])
        await asyncio.sleep(0.01)
        hub.tell([told(2)])  # waits for the window
        join(hub, late, since=early.frames[0]["token"])
        await until(lambda: len(early.frames) >= 3 and len(late.events) >= 2)
        assert early.events == [1, 2]
        assert late.events == [1, 2]

    in_a_loop(scenario)


def test_a_blocked_client_is_caught_up_and_the_others_never_wait():
    async def scenario():
        hub, quick, slow = Hub(Silence(), window=0), Client(), Client()
        join(hub, quick)
        join(hub, slow)
        slow.gate.clear()
        for number in range(5):
            hub.tell([told(number)])
            await until(lambda: len(quick.events) > number)  # noqa: B023 - awaited at once
        assert quick.events == [0, 1, 2, 3, 4]
        assert slow.events == []
        slow.gate.set()
        await until(lambda: len(slow.events) >= 5)
        assert slow.events == [0, 1, 2, 3, 4]

    in_a_loop(scenario)


def test_a_client_that_takes_nothing_is_cut_off():
    async def scenario():
        hub, client = Hub(Silence(), window=0, stall=0.05), Client()
        join(hub, client)
        client.gate.clear()
        hub.tell([told(1)])
        await until(lambda: client.aborted)
        assert hub.sockets == 0

    in_a_loop(scenario)


def test_new_rights_while_a_client_is_blocked_still_call_for_reading_again():
    async def scenario():
        hub, client, quick = Hub(Silence(), window=0), Client(), Client()
        subscriber = join(hub, client)
        join(hub, quick)
        client.gate.clear()
        hub.tell([told(1)])
        await until(lambda: quick.events == [1])
        hub.tell([told(2)])
        await until(lambda: quick.events == [1, 2])
        hub.move(subscriber, frozenset({"user:1"}))
        client.gate.set()
        await until(lambda: "resync" in client.kinds)
        assert client.events == [1]
        hub.tell([told(3), told(4, topic="user:1")])
        await until(lambda: 4 in client.events)
        assert client.events == [1, 4]

    in_a_loop(scenario)


def test_a_quiet_socket_gets_signs_of_life_with_a_fresh_token():
    async def scenario():
        hub, client = Hub(Silence(), window=0, heartbeat=0.02), Client()
        hub.start()
        join(hub, client)
        hub.tell([told(1, topic="user:9")])
        await until(lambda: len(client.frames) >= 2)
        assert client.kinds[:2] == ["hello", "hello"]
        assert client.frames[1]["token"].endswith(":1")
        await hub.stop()

    in_a_loop(scenario)
