"""Who hears what, on real sockets of the running product, of events that another process commits."""

import pytest
from websockets.exceptions import InvalidStatus

GRID_IN_COMMUNITY_1 = "Area.objects.get(code='149901001001001').path"
GRID_IN_COMMUNITY_2 = "Area.objects.get(code='149901001002005').path"


@pytest.fixture(scope="module")
def supervisor(office):
    return office.sign_in("supervisor")


def test_an_event_of_another_process_reaches_the_supervisor_with_the_case(office, listen, supervisor):
    socket = listen("/ws/map/", supervisor)
    assert socket.frame()["type"] == "hello"
    office.do(
        "member = User.objects.get(username='member1')\n"
        "step = dict(task=7, block='handle', title='处置', title_en='Handle')\n"
        "say(TaskClaimed(**step, case=brief('N1', lon=112.5, lat=37.8)),"
        f" area={GRID_IN_COMMUNITY_1}, actor=member)"
    )
    (event,) = socket.events()
    assert event["kind"] == "task.claimed"
    assert event["subject"] == {"type": "request", "id": 1}
    assert (event["case"]["number"], event["case"]["lon"]) == ("N1", 112.5)
    assert event["actor"] == "赵网格"
    assert (event["title"], event["title_en"]) == ("处置", "Handle")


def test_what_a_resident_may_have_done_names_nobody_on_the_map(office, listen, supervisor):
    socket = listen("/ws/map/", supervisor)
    socket.frame()
    office.do(f"say(area={GRID_IN_COMMUNITY_1}, actor=User.objects.get(username='resident'))")
    (event,) = socket.events()
    assert event["kind"] == "request.filed"
    assert "actor" not in event


def test_a_supervisor_of_one_community_never_hears_of_another(office, listen, appoint):
    socket = listen("/ws/map/", appoint("second", "149901001002"))
    socket.frame()
    office.do(f"say(area={GRID_IN_COMMUNITY_1})\nsay(area='')\nsay(area={GRID_IN_COMMUNITY_2})")
    office.do(f"say(RequestUrged(case=brief('last')), area={GRID_IN_COMMUNITY_2})")
    heard = [event["kind"] for event in socket.events()]
    while heard[-1] != "request.urged":
        heard += [event["kind"] for event in socket.events()]
    assert heard == ["request.filed", "request.urged"]


def test_the_public_hears_a_grid_and_nothing_of_anybody(office, listen):
    socket = listen("/ws/public/")
    assert socket.frame()["type"] == "hello"
    office.do(
        "say(TaskClaimed(task=7, block='b', title='t', case=brief()))\n"
        f"say(area={GRID_IN_COMMUNITY_1}, actor=User.objects.get(username='resident'))"
    )
    (event,) = socket.events()
    assert set(event) == {"kind", "grid", "at"}
    assert (event["kind"], event["grid"]) == ("request.filed", "149901001001001")


@pytest.mark.parametrize("path", ["/ws/map/", "/ws/tasks/", "/ws/case/1/"])
def test_nobody_in_particular_hears_only_the_public_socket(listen, path):
    assert listen(path).close_code() == 4401


def test_an_ended_session_is_nobody(office, listen):
    cookie = office.sign_in("resident")
    office.do("client.logout()")
    assert listen("/ws/tasks/", cookie).close_code() == 4401


def test_a_resident_and_a_member_may_not_watch_the_map(office, listen):
    assert listen("/ws/map/", office.sign_in("resident")).close_code() == 4403
    assert listen("/ws/map/", office.sign_in("member1")).close_code() == 4403


def test_my_tasks_tell_me_that_something_names_me_and_not_what(office, listen):
    mine = listen("/ws/tasks/", office.sign_in("member1"))
    mine.frame()
    office.do(
        "me = User.objects.get(username='member1').pk\n"
        "say(RequestUrged(case=brief()), users=[me + 1])\nsay(users=[me])"
    )
    (event,) = mine.events()
    assert set(event) == {"kind", "at"}
    assert event["kind"] == "request.filed"


def test_a_case_is_heard_by_its_reporter_and_by_no_other_resident(office, listen):
    number = office.do(
        "from workflows.models import Request\n"
        "resident = User.objects.get(username='resident')\n"
        "row = Request.objects.create(number='OWN1', text='灯坏了', reporter=resident)\n"
        "answer = row.number"
    )
    assert listen(f"/ws/case/{number}/", office.sign_in("neighbour")).close_code() == 4403
    assert listen("/ws/case/NO-SUCH/", office.sign_in("resident")).close_code() == 4403
    own = listen(f"/ws/case/{number}/", office.sign_in("resident"))
    own.frame()
    office.do(
        "say(subject=('request', row.pk + 1))\nsay(RequestUrged(case=brief()), subject=('request', row.pk))"
    )
    assert [event["kind"] for event in own.events()] == ["request.urged"]


def test_losing_a_post_closes_the_map_at_once(office, listen, appoint):
    socket = listen("/ws/map/", appoint("leaving", "149901001"))
    socket.frame()
    office.do(
        "from grid.actions.duty import end_responsibility\n"
        "end_responsibility(responsibility=Responsibility.objects.get(member__user__username='leaving'))"
    )
    assert socket.close_code() == 4403


def test_a_new_post_adds_to_what_is_heard_and_calls_for_reading_again(office, listen, appoint):
    socket = listen("/ws/map/", appoint("growing", "149901001001"))
    before = socket.frame()["token"]
    appoint("growing", "149901001002")
    assert socket.told()["type"] == "resync"
    assert socket.token.rpartition(":")[0] != before.rpartition(":")[0]
    office.do(f"say(area={GRID_IN_COMMUNITY_2})")
    assert [event["kind"] for event in socket.events()] == ["request.filed"]


def test_signing_out_closes_the_open_socket_with_the_next_check(office, listen):
    cookie = office.sign_in("resident")
    socket = listen("/ws/tasks/", cookie)
    socket.frame()
    office.do(
        "client.logout()\n"
        "say(ResponsibilityEnded(member='某人', area='x', role='supervisor'), subject=('area', 999))"
    )
    assert socket.close_code() == 4401


def test_a_page_of_another_host_cannot_listen(listen, supervisor):
    with pytest.raises(InvalidStatus, match="403"):
        listen("/ws/map/", supervisor, origin="https://elsewhere.example")


def test_sockets_only_read(listen):
    socket = listen("/ws/public/")
    socket.frame()
    socket.connection.send("anything")
    assert socket.close_code() == 4400


def test_an_address_without_a_socket_is_refused(listen):
    assert listen("/ws/elsewhere/").close_code() == 4403


def test_a_returning_client_gets_exactly_what_it_missed(office, listen, supervisor):
    first = listen("/ws/map/", supervisor)
    first.frame()
    office.do(f"say(area={GRID_IN_COMMUNITY_1})")
    first.events()
    first.connection.close()
    office.do(
        f"say(RequestUrged(case=brief('A')), area={GRID_IN_COMMUNITY_1})\n"
        f"say(RequestUrged(case=brief('B')), area={GRID_IN_COMMUNITY_2})"
    )
    other = listen("/ws/map/", supervisor)  # wait until the server has seen them
    other.frame()
    office.do(f"say(RequestUrged(case=brief('C')), area={GRID_IN_COMMUNITY_1})")
    while other.events()[-1]["case"]["number"] != "C":
        pass  # the ones before may come in a frame of their own

    again = listen("/ws/map/", supervisor, since=first.token)
    assert again.frame() == {"type": "hello", "token": first.token}
    assert [event["case"]["number"] for event in again.events()] == ["A", "B", "C"]
    unchanged = listen("/ws/map/", supervisor, since=again.token)
    assert unchanged.frame() == {"type": "hello", "token": again.token}
    office.do(f"say(RequestUrged(case=brief('D')), area={GRID_IN_COMMUNITY_1})")
    assert [event["case"]["number"] for event in unchanged.events()] == ["D"]


@pytest.mark.parametrize(
    "wrong", ["nonsense", "{epoch}:999999", "other.00000000:0", "{epoch}:-1", "{epoch}:²"]
)
def test_a_token_the_server_does_not_know_means_reading_again(listen, supervisor, wrong):
    socket = listen("/ws/map/", supervisor)
    epoch = socket.frame()["token"].rpartition(":")[0]
    again = listen("/ws/map/", supervisor, since=wrong.replace("{epoch}", epoch).replace("²", "%C2%B2"))
    assert again.frame()["type"] == "hello"
    assert again.told()["type"] == "resync"


def test_a_token_of_another_audience_means_reading_again(listen, supervisor):
    public = listen("/ws/public/")
    public.frame()
    socket = listen("/ws/map/", supervisor, since=public.token)
    assert socket.frame()["type"] == "hello"
    assert socket.told()["type"] == "resync"


def test_many_events_at_once_come_in_few_frames_and_in_order(office, listen, supervisor):
    socket = listen("/ws/map/", supervisor)
    socket.frame()
    office.do(
        f"area = {GRID_IN_COMMUNITY_1}\n"
        "with transaction.atomic():\n"
        "    for n in range(200):\n"
        "        log.emit(RequestUrged(case=brief(str(n))), subject=Subject('request', 5000),"
        " audience=Audience(area))"
    )
    frames, numbers = 0, []
    while len(numbers) < 200:
        numbers += [int(event["case"]["number"]) for event in socket.events()]
        frames += 1
    assert numbers == list(range(200))
    assert frames <= 10


def test_an_import_of_thousands_calls_for_reading_again_instead(office, listen, supervisor):
    socket = listen("/ws/map/", supervisor)
    socket.frame()
    office.do(
        "from django.utils import timezone\n"
        f"area, now = {GRID_IN_COMMUNITY_1}, timezone.now()\n"
        "def imported(n):\n"
        "    id = str(n)\n"
        "    payload = RequestImported(case=brief(id), system='x', external_id=id, imported_at=now)\n"
        "    return log.Said(payload, Subject('request', 100000 + n), audience=Audience(area))\n"
        "with transaction.atomic():\n"
        "    log.emit_all(map(imported, range(3000)))"
    )
    assert socket.told()["type"] == "resync"
