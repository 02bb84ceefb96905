"""Server-Sent Events: the same rights, tokens and frames as the sockets, by plain HTTP."""

import http.client
import signal
import subprocess
import sys

import pytest

from tests import services
from tests.realtime.streaming import Stream

GRID_IN_COMMUNITY_1 = "Area.objects.get(code='149901001001001').path"
GRID_IN_COMMUNITY_2 = "Area.objects.get(code='149901001002005').path"


@pytest.fixture(scope="module")
def supervisor(office):
    return office.sign_in("supervisor")


def test_a_stream_tells_what_a_socket_tells_under_the_same_token(office, listen, follow, supervisor):
    socket, stream = listen("/ws/map/", supervisor), follow("/sse/map/", supervisor)
    assert stream.status == 200
    assert stream.answer.getheader("Content-Type").startswith("text/event-stream")
    assert "no-store" in stream.answer.getheader("Cache-Control")
    assert socket.frame() == stream.frame()
    office.do(f"say(area={GRID_IN_COMMUNITY_1})")
    assert stream.events() == socket.events()
    assert stream.token == socket.token


@pytest.mark.parametrize("how", ["header", "address"])
def test_a_stream_goes_on_where_a_socket_ended(office, listen, follow, supervisor, how):
    socket = listen("/ws/map/", supervisor)
    socket.frame()
    socket.connection.close()
    office.do(f"say(RequestUrged(case=brief('A')), area={GRID_IN_COMMUNITY_1})")
    seen = follow("/sse/map/", supervisor, Last_Event_ID=socket.token)
    assert seen.frame()["token"] == socket.token
    assert [event["case"]["number"] for event in seen.events()] == ["A"]
    if how == "header":
        again = follow("/sse/map/", supervisor, Last_Event_ID=seen.token)
    else:
        again = follow(f"/sse/map/?since={seen.token}", supervisor)
    assert again.frame() == {"type": "hello", "token": seen.token}
    office.do(f"say(RequestUrged(case=brief('B')), area={GRID_IN_COMMUNITY_1})")
    assert [event["case"]["number"] for event in again.events()] == ["B"]


def test_an_unknown_token_means_reading_again(follow, supervisor):
    stream = follow("/sse/map/", supervisor, Last_Event_ID="nonsense")
    assert stream.frame()["type"] == "hello"
    assert stream.told()["type"] == "resync"


@pytest.mark.parametrize(
    ("path", "who", "status"),
    [
        ("/sse/map/", "", 401), ("/sse/tasks/", "", 401), ("/sse/case/1/", "", 401),
        ("/sse/map/", "resident", 403), ("/sse/map/", "member1", 403),
        ("/sse/case/NO-SUCH/", "resident", 403), ("/sse/elsewhere/", "supervisor", 403),
    ],
)  # fmt: skip
def test_whoever_may_not_listen_is_refused(office, follow, path, who, status):
    stream = follow(path, office.sign_in(who) if who else "")
    assert stream.status == status
    assert stream.answer.read() == b""


def test_a_stream_is_only_read_and_only_by_pages_of_ours(product, supervisor):
    def ask(method, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", product.port, timeout=services.PATIENCE)
        connection.request(method, "/sse/map/", headers={"Cookie": supervisor} | headers)
        status = connection.getresponse().status
        connection.close()
        return status

    assert ask("POST") == 405
    assert ask("GET", Origin="https://elsewhere.example") == 403
    assert ask("GET", Host="elsewhere.example") == 403


def test_the_public_hears_a_grid_and_nothing_of_anybody(office, follow):
    stream = follow("/sse/public/")
    stream.frame()
    office.do(f"say(area={GRID_IN_COMMUNITY_1}, actor=User.objects.get(username='resident'))")
    (event,) = stream.events()
    assert set(event) == {"kind", "grid", "at"}


def test_a_supervisor_of_one_community_never_hears_of_another(office, follow, appoint):
    stream = follow("/sse/map/", appoint("second", "149901001002"))
    stream.frame()
    office.do(f"say(area={GRID_IN_COMMUNITY_1})\nsay(area='')")
    office.do(f"say(RequestUrged(case=brief('last')), area={GRID_IN_COMMUNITY_2})")
    assert [event["case"]["number"] for event in stream.events()] == ["last"]


def test_losing_a_post_ends_the_stream_and_says_why(office, follow, appoint):
    stream = follow("/sse/map/", appoint("leaving", "149901001"))
    stream.frame()
    office.do(
        "from grid.actions.duty import end_responsibility\n"
        "end_responsibility(responsibility=Responsibility.objects.get(member__user__username='leaving'))"
    )
    assert stream.close_code() == 4403


def test_a_new_post_adds_to_what_is_heard_and_calls_for_reading_again(office, follow, appoint):
    stream = follow("/sse/map/", appoint("growing", "149901001001"))
    stream.frame()
    appoint("growing", "149901001002")
    assert stream.told()["type"] == "resync"
    office.do(f"say(area={GRID_IN_COMMUNITY_2})")
    assert [event["kind"] for event in stream.events()] == ["request.filed"]


def test_streams_end_with_the_server(environment):
    server = subprocess.Popen(
        [sys.executable, "manage.py", "serve", "--port", "0"],
        cwd=services.ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    with server:
        port = int(server.stdout.readline().rstrip().rstrip("/").rpartition(":")[2])
        stream = Stream(port, "/sse/public/")
        stream.frame()
        server.send_signal(signal.SIGTERM)
        assert stream.close_code() == 1012
        stream.close()
        output, _ = server.communicate(timeout=services.PATIENCE)
    assert output == ""


def test_streams_that_are_not_read_hold_up_nobody_and_are_dropped(environment_of):
    name = "streams_that_are_not_read_hold_up_nobody_and_are_dropped"
    code = f"from tests.realtime import sse_scenarios; sse_scenarios.{name}()"
    services.python(code, environment_of("sqlite"))
