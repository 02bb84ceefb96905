"""Several hubs on one Redis stream: nothing lost, nothing doubled, nothing overtaken."""

import contextlib

import pytest

from tests import services
from tests.realtime import stream_scenarios as scenarios
from tests.realtime.office import Office


@pytest.fixture(scope="module")
def office(databases, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stream")
    environment = services.product_environment(
        databases.fresh("sqlite", folder),
        folder,
        PYTHONPATH=str(services.ROOT),
        LINLI_REDIS_URL=f"redis://127.0.0.1:{services.free_port()}/0",
    )
    with contextlib.closing(Office(environment)) as office:
        office.do("from tests.realtime import stream_scenarios")
        yield office


@pytest.mark.parametrize(
    "scenario",
    [
        scenarios.a_token_holds_in_every_process,
        scenarios.a_process_that_lags_tells_nothing_twice,
        scenarios.a_publication_that_was_lost_is_noticed_and_made_up_for,
        scenarios.a_publication_lost_with_its_whole_process_reaches_who_comes_back,
        scenarios.earlier_news_published_after_later_ones_call_for_reading_again,
        scenarios.what_a_savepoint_takes_back_is_never_published,
        scenarios.very_many_events_of_one_transaction_all_reach_the_stream,
        scenarios.killed_redis_is_done_without_and_joined_again,
        scenarios.silent_redis_comes_back_with_its_memory_and_gets_what_it_lacks,
        scenarios.an_older_memory_of_redis_is_not_believed,
        scenarios.an_emptied_redis_is_noticed,
        scenarios.cut_connections_cost_nobody_anything,
        scenarios.a_hub_stops_also_when_its_connection_does_not_hear_that_it_shall,
    ],
    ids=lambda scenario: scenario.__name__,
)
def test_the_stream(office, scenario):
    office.do(f"stream_scenarios.{scenario.__name__}()")
