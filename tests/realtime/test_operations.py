"""How the news gets through: told to Prometheus and to people, and who is at the desk."""

import http.client
import re
import threading
from datetime import timedelta

import pytest
import time_machine
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from grid import presence
from grid.actions import presence as noting
from grid.actions.duty import appoint_stand_in, end_responsibility
from grid.models import Presence, Responsibility
from realtime.models import Event, ProcessReport
from tests import services
from tests.e2e.people import says

#: The page's and the desk's words are looked for in Chinese.
pytestmark = pytest.mark.usefixtures("translations")

GRID_IN_COMMUNITY_1 = "Area.objects.get(code='149901001001001').path"


def scraped(product, **headers):
    """Status, and samples by name and labels."""
    connection = http.client.HTTPConnection("127.0.0.1", product.port, timeout=services.PATIENCE)
    given = {name.replace("_", "-"): text for name, text in headers.items()}
    connection.request("GET", "/metrics", headers=given)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    if answer.status != 200:
        return answer.status, {}
    families = text_string_to_metric_families(text)
    return 200, {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


def test_metrics_count_what_happens(product, office, listen, follow):
    _, before = scraped(product)
    socket, stream = listen("/ws/map/", office.sign_in("supervisor")), follow("/sse/public/")
    socket.frame()
    stream.frame()
    office.do(f"say(area={GRID_IN_COMMUNITY_1})")
    socket.events()
    stream.events()
    listen("/ws/map/", office.sign_in("resident")).close_code()
    _, after = scraped(product)

    def more(*name):
        return after[name] - before.get(name, 0)

    assert after["linli_connections", "map", "socket"] == 1
    assert after["linli_connections", "public", "stream"] == 1
    assert after["linli_hub_following",] == 1
    assert more("linli_events_total") == 1
    assert more("linli_frames_total") >= 4  # a sign of life comes in between on a slow machine
    assert more("linli_bytes_total") > 400
    assert more("linli_delay_seconds_count") == 2
    assert more("linli_delay_seconds_bucket", "+Inf") == 2
    assert more("linli_connections_opened_total", "map", "socket") == 1
    assert more("linli_connections_refused_total", "4403") == 1
    assert after["process_resident_memory_bytes",] > 0
    missed = socket.token
    socket.connection.close()
    office.do(f"say(area={GRID_IN_COMMUNITY_1})")
    stream.events()
    listen("/ws/map/", office.sign_in("supervisor"), since=missed).events()
    gone = listen("/ws/map/", office.sign_in("supervisor"), since="nonsense")
    assert [gone.frame()["type"], gone.told()["type"]] == ["hello", "resync"]
    _, last = scraped(product)
    assert last["linli_replays_total",] - after["linli_replays_total",] == 1
    assert last["linli_rereads_total",] - after["linli_rereads_total",] == 1


@pytest.mark.parametrize("header", ["X_Forwarded_For", "X_Real_IP", "Forwarded", "Via"])
def test_metrics_are_not_for_those_who_come_through_a_proxy(product, header):
    assert scraped(product, **{header: "127.0.0.1"})[0] == 403


@pytest.mark.django_db
def test_metrics_are_for_this_machine_or_for_a_token(settings):
    client = Client()
    assert client.get("/metrics", REMOTE_ADDR="::1").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.7").status_code == 403
    settings.LINLI_METRICS_TOKEN = "let-me-in"
    for given, status in (("", 403), ("Bearer let-me-out", 403), ("Bearer let-me-in", 200)):
        answer = client.get("/metrics", REMOTE_ADDR="192.0.2.7", headers={"Authorization": given})
        assert answer.status_code == status, given
    assert client.get("/metrics", REMOTE_ADDR="127.0.0.1").status_code == 403


def test_the_page_shows_every_serving_process_with_a_sentence_for_each_figure(product, office):
    """The running server reports; so does another, which takes part in nothing here."""
    office.do(
        "from datetime import timedelta\n"
        "from django.utils import timezone\n"
        "from realtime.models import ProcessReport\n"
        "now = timezone.now()\n"
        "figures = {'processes': 1, 'following': 0, 'present': {'map socket': 1500}, 'unheard': 1}\n"
        "ProcessReport.objects.create(name='other:7', started_at=now, reported_at=now, figures=figures)\n"
        "long_ago = now - timedelta(minutes=5)\n"
        "ProcessReport.objects.create(name='gone:8', started_at=now, reported_at=long_ago, figures=figures)\n"
        "client = Client(); client.force_login(User.objects.get(username='administrator'))"
    )
    look = "answer = client.get('/console/operations/').content.decode()"
    page = office.do(look)
    while f":{product.process.pid}</strong>" not in page:  # it reports soon after its start
        threading.Event().wait(0.1)
        page = office.do(look)
    assert "other:7" in page
    assert "gone:8" not in page
    assert "1 / 2" in page
    assert "1500" in page
    assert page.count(says("When it is bad:")) == page.count('class="operation-advice"') >= 11
    assert page.count(says("Look at this")) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(("who", "status"), [("administrator", 200), ("supervisor", 403), ("resident", 403)])
def test_the_page_is_for_administrators(town, client, who, status):
    client.force_login(getattr(town, who))
    for name in ("console_operations", "console_operations_figures"):
        assert client.get(reverse(name)).status_code == status


# --- Who is at the desk ----------------------------------------------------------------------------
@pytest.fixture
def at_desk(town):
    """``at_desk("member1", …)``: they have the desk open, and nobody has noted it before."""

    def note(*usernames):
        noting._noted.clear()
        return noting.note_on_line([getattr(town, username).pk for username in usernames])

    return note


def grids(town, who):
    return [town.grids.index(area) + 1 for area in presence.online(getattr(town, who)) if area in town.grids]


def test_a_supervisor_learns_for_which_grids_somebody_is_at_the_desk(town, at_desk):
    assert grids(town, "supervisor") == []
    at_desk("member1", "member6")
    assert grids(town, "supervisor") == [1, 6]
    at_desk("leader2")
    assert town.communities[1] in presence.online(town.supervisor)


def test_nobody_else_learns_it_and_residents_are_never_noted(town, at_desk):
    assert at_desk("resident", "stranger") == 0
    at_desk("member1")
    assert [row.user_id for row in Presence.objects.all()] == [town.member1.pk]
    for who in ("resident", "member1", "leader1", "registrar"):
        assert not presence.online(getattr(town, who)).exists(), who


def test_a_supervisor_of_one_community_learns_nothing_of_another(town, at_desk):
    post = Responsibility.objects.get(member__user=town.supervisor)
    Responsibility.objects.filter(pk=post.pk).update(area=town.communities[1])
    at_desk("member1", "member5")
    assert grids(town, "supervisor") == [5]


def test_a_stand_in_is_at_the_desk_for_the_one_who_is_away(town, at_desk):
    now = timezone.now()
    appoint_stand_in(
        member=town.member1.member,
        stand_in=town.member3.member,
        since=now,
        until=now + timedelta(days=1),
    )
    at_desk("member3")
    assert grids(town, "supervisor") == [1, 3]


def test_what_is_noted_expires_and_a_post_that_ended_counts_no_more(town, at_desk):
    at_desk("member1", "member2")
    end_responsibility(responsibility=Responsibility.objects.get(member__user=town.member2))
    assert grids(town, "supervisor") == [1]
    with time_machine.travel(Presence.objects.get(user=town.member1).until, tick=False):
        assert grids(town, "supervisor") == []


def test_a_desk_that_stays_open_is_written_only_now_and_then(town, at_desk, django_assert_num_queries):
    events = Event.objects.count()
    assert at_desk("member1") == 1
    with django_assert_num_queries(0):
        assert noting.note_on_line([town.member1.pk]) == 0
    assert at_desk("member1") == 0  # seen by another process, which looks first
    assert Event.objects.count() == events


def test_a_note_that_could_not_be_written_is_written_with_the_next_look(town, at_desk, monkeypatch):
    def locked(*_arguments, **_options):
        raise OperationalError("database is locked")

    with monkeypatch.context() as broken:
        broken.setattr(Presence.objects, "bulk_create", locked)
        with pytest.raises(OperationalError):
            at_desk("member1")
    assert grids(town, "supervisor") == []
    assert noting.note_on_line([town.member1.pk]) == 1
    assert grids(town, "supervisor") == [1]


def test_an_open_page_is_noted_and_the_own_desk_says_nothing_of_it(product, office, listen):
    office.do("from grid import presence")
    listen("/ws/tasks/", office.sign_in("member2")).frame()
    seen = "answer = [area.code for area in presence.online(User.objects.get(username='supervisor'))]"
    for _ in range(services.PATIENCE * 10):
        if office.do(seen):
            break
        threading.Event().wait(0.1)
    assert office.do(seen) == ["149901001001002"]
    desk = office.do(
        "client = Client(); client.force_login(User.objects.get(username='member2'))\n"
        "answer = client.get('/desk/').content.decode()"
    )
    assert not re.search("presence|online|在线", desk)
    assert ProcessReport.__name__ not in desk
