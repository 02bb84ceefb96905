"""The screens of moves about whole cases: what is offered to whom, what a form does, what a refusal keeps."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from tests.workflows.desk_helpers import HOSTILE, filed, open_task, page, signed_in
from tests.workflows.flowing import events
from tests.workflows.lives import closed, handled
from tests.workflows.office import lamp, local, manhole, suspended
from workflows.actions.applications import ask_extension
from workflows.actions.duplicates import join_request
from workflows.actions.supervision import supervise_case
from workflows.models import Application, Category, Joiner, Request, State, Supervision

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


def url(name, case, *more):
    return reverse(name, args=[case.number, *more])


# --- the handler -------------------------------------------------------------------------------------
def test_the_handler_asks_for_more_time_on_the_page_of_the_task(town):
    case = lamp(town)
    member, task = signed_in(town.member1), open_task(case)
    shown = page(member, "desk_task", task.pk)
    assert url("case_ask", case, "extension") in shown
    assert url("case_ask", case, "suspension") in shown
    assert url("case_order", case) not in shown
    back = reverse("desk_task", args=[task.pk])
    answer = member.post(url("case_ask", case, "extension"), {"reason": "等配件", "back": back})
    assert answer["Location"] == back
    shown = page(member, "desk_task", task.pk)
    assert "等配件" in shown
    assert url("case_ask", case, "extension") not in shown  # it waits for a decision


def test_a_refused_form_keeps_what_was_typed(town):
    case = lamp(town)
    member = signed_in(town.member1)
    far = timezone.localdate() + timedelta(days=400)
    typed = {"reason": "等明年的预算", "until": far.isoformat(), "move": "suspension"}
    answer = member.post(url("case_ask", case, "suspension"), typed)
    shown = answer.content.decode()
    assert answer.status_code == 409
    assert "等明年的预算" in shown
    assert far.isoformat() in shown
    answer = member.post(url("case_ask", case, "suspension"), typed, **HTMX)
    assert answer["HX-Retarget"] == "#refused"
    assert not Application.objects.exists()


@pytest.mark.parametrize("until", ["", "soon", "2026-02-31"])
def test_a_day_that_is_none_is_refused_in_words(town, until):
    case = lamp(town)
    answer = signed_in(town.member1).post(
        url("case_ask", case, "suspension"), {"reason": "x", "until": until}
    )
    assert answer.status_code == 409


def test_an_order_is_answered_on_the_page_of_the_task(town):
    case = lamp(town)
    order = supervise_case(
        request_id=case.pk, actor=town.supervisor, level=2, text="报进展", reply_by=timezone.localdate()
    )
    member, task = signed_in(town.member1), open_task(case)
    assert "报进展" in page(member, "desk_task", task.pk)
    assert "报进展" in page(member, "desk_decisions")
    member.post(url("order_answer", case, order.pk), {"text": "已派人"})
    order.refresh_from_db()
    assert (order.reply, order.replied_by) == ("已派人", town.member1)
    assert "报进展" not in page(member, "desk_decisions")
    assert "已派人" in page(signed_in(town.supervisor), "case_detail", case.number)


def test_an_order_of_another_case_is_not_answered_here(town):
    case, other = lamp(town), lamp(town, grid=2)
    order = supervise_case(
        request_id=other.pk, actor=town.supervisor, level=1, text="x", reply_by=timezone.localdate()
    )
    answer = signed_in(town.member1).post(url("order_answer", case, order.pk), {"text": "y"})
    assert answer.status_code == 404


def test_after_closing_late_the_handler_may_appeal(town):
    with time_machine.travel(local("2026-11-09 09:00"), tick=False) as traveller:
        case = manhole(town)
        traveller.move_to(local("2026-11-09 15:00"), tick=False)
        closed(town, case)
        member = signed_in(town.member1)
        assert url("case_ask", case, "appeal") in page(member, "case_detail", case.number)
        member.post(url("case_ask", case, "appeal"), {"reason": "封路"})
        assert url("case_ask", case, "appeal") not in page(member, "case_detail", case.number)
        assert "封路" in page(signed_in(town.supervisor), "case_detail", case.number)


# --- who decides -------------------------------------------------------------------------------------
def test_whoever_decides_finds_it_on_their_desk_and_decides_on_the_page_of_the_case(town):
    case = lamp(town)
    asked = ask_extension(request_id=case.pk, actor=town.member1, reason="等配件")
    leader, decide = signed_in(town.leader1), url("application_decide", case, asked.pk)
    assert case.number in page(leader, "desk_decisions")
    assert decide in page(leader, "case_detail", case.number)
    assert decide not in page(signed_in(town.shift_leader), "case_detail", case.number)
    assert leader.post(decide, {"opinion": "同意"}).status_code == 409  # neither yes nor no
    leader.post(decide, {"decision": "agree", "opinion": "同意"})
    assert case.number not in page(leader, "desk_decisions")
    assert decide in page(signed_in(town.shift_leader), "case_detail", case.number)


def test_the_desk_says_how_much_waits_for_ones_word(town):
    leader = signed_in(town.leader1)
    assert reverse("desk_decisions_count") in page(leader, "desk")
    assert page(leader, "desk_decisions_count").strip() == ""
    ask_extension(request_id=lamp(town).pk, actor=town.member1, reason="等配件")
    assert ">1<" in page(leader, "desk_decisions_count")


# --- superiors ---------------------------------------------------------------------------------------
def test_a_supervisor_gives_an_order_urges_and_reassigns_on_the_page_of_the_case(town):
    case = lamp(town)
    supervisor, task = signed_in(town.supervisor), open_task(case)
    shown = page(supervisor, "case_detail", case.number)
    for name in ("case_order", "case_urge"):
        assert url(name, case) in shown
    assert url("case_force_close", case) not in shown
    day = timezone.localdate().isoformat()
    supervisor.post(url("case_order", case), {"level": "3", "text": "今日办结", "reply_by": day})
    assert Supervision.objects.get(request=case).level == 3
    supervisor.post(url("case_urge", case), {"text": "快"})
    assert url("case_urge", case) not in page(supervisor, "case_detail", case.number)  # not so soon again
    supervisor.post(url("case_reassign", case, task.pk), {"to": town.member2.pk, "reason": "顺路"})
    assert open_task(case).owner == town.member2
    assert case.number in page(supervisor, "desk_decisions")


def test_an_order_whose_day_makes_no_sense_is_not_given_without_one(town):
    case = lamp(town)
    answer = signed_in(town.supervisor).post(
        url("case_order", case), {"level": "1", "text": "报进展", "reply_by": "tomorrow", "move": "order"}
    )
    assert (answer.status_code, Supervision.objects.count()) == (409, 0)
    assert "报进展" in answer.content.decode()


def test_beside_the_live_map_an_order_is_given_without_leaving_it(town):
    case = lamp(town)
    supervisor = signed_in(town.supervisor)
    drawer = supervisor.get(reverse("map_case", args=[case.number])).content.decode()
    assert url("case_order", case) in drawer
    answer = supervisor.post(
        url("case_order", case), {"level": "1", "text": "报进展", "beside_map": "1"}, **HTMX
    )
    assert answer.status_code == 200
    assert "HX-Redirect" not in answer
    answer = supervisor.post(url("case_order", case), {"level": "1", "text": "", "beside_map": "1"}, **HTMX)
    assert "HX-Retarget" not in answer
    assert "note-error" in answer.content.decode()


def test_the_shift_leader_closes_by_order(town):
    case = lamp(town)
    leader = signed_in(town.shift_leader)
    assert url("case_force_close", case) in page(leader, "case_detail", case.number)
    leader.post(url("case_force_close", case), {"reason": "不再需要"})
    case.refresh_from_db()
    assert case.state == State.FORCE_CLOSED
    assert "不再需要" in page(signed_in(town.resident), "request_detail", case.number)


@pytest.mark.parametrize("username", ["resident", "neighbour", "stranger"])
@pytest.mark.parametrize("name", ["case_order", "case_urge", "case_force_close", "case_merge", "case_resume"])
def test_residents_reach_none_of_it(town, username, name):
    case = lamp(town)
    answer = signed_in(getattr(town, username)).post(
        url(name, case), {"text": "x", "reason": "x", "level": 1}
    )
    assert answer.status_code == 404


def test_a_member_may_not_do_what_superiors_do(town):
    case = lamp(town)
    member = signed_in(town.member1)
    assert member.post(url("case_order", case), {"level": "1", "text": "x"}).status_code == 403
    assert member.post(url("case_force_close", case), {"reason": "x"}).status_code == 403
    assert member.get(url("case_order", case)).status_code == 405


def test_a_move_goes_back_only_to_a_page_of_ours(town):
    case = lamp(town)
    for back in ("https://evil.example/", "//evil.example/", "javascript:alert(1)"):
        with time_machine.travel(timezone.now() + timedelta(days=1), tick=False):
            answer = signed_in(town.supervisor).post(
                url("case_order", case), {"level": "1", "text": "x", "back": back}
            )
        assert answer["Location"] == url("case_detail", case)


# --- standing still ----------------------------------------------------------------------------------
def test_resident_and_handler_see_that_a_case_stands_still_and_the_handler_lets_it_go_on(town):
    case = lamp(town)
    suspended(town, case)
    resident = page(signed_in(town.resident), "request_detail", case.number)
    assert "等冬天过去才能施工" in resident
    member = signed_in(town.member1)
    assert url("case_resume", case) in page(member, "desk_task", open_task(case).pk)
    member.post(url("case_resume", case))
    case.refresh_from_db()
    assert case.state == State.HANDLING


# --- the resident ------------------------------------------------------------------------------------
def test_the_resident_withdraws_on_the_page_of_the_request(town):
    case = lamp(town)
    resident = signed_in(town.resident)
    assert url("request_withdraw", case) in page(resident, "request_detail", case.number)
    resident.post(url("request_withdraw", case), {"reason": "自己修好了"})
    case.refresh_from_db()
    assert case.state == State.WITHDRAWN
    shown = page(resident, "request_detail", case.number)
    assert "自己修好了" in shown
    assert url("request_withdraw", case) not in shown


def test_once_somebody_has_worked_on_it_withdrawing_is_not_offered_and_refused(town):
    case = lamp(town)
    resident = signed_in(town.resident)
    handled(town, case)
    assert url("request_withdraw", case) not in page(resident, "request_detail", case.number)
    assert resident.post(url("request_withdraw", case), {}).status_code == 422


def ask_similar(client, case, **more):
    query = {"category": case.category_id, "lon": case.lon, "lat": case.lat, "datum": "wgs84"} | more
    return page(client, "request_similar", **query)


def test_while_filing_a_resident_is_shown_the_same_request_of_a_neighbour_and_joins_it(town):
    case = lamp(town, text="三号门的路灯不亮，老人摔倒了")
    neighbour = signed_in(town.neighbour)
    shown = ask_similar(neighbour, case)
    assert url("request_join", case) in shown
    for secret in ("老人摔倒了", town.resident.name, case.number + "<", str(case.lon)):
        assert secret not in shown
    answer = neighbour.post(url("request_join", case), **HTMX)
    assert answer["HX-Redirect"] == url("request_detail", case)
    assert Joiner.objects.get(request=case).user == town.neighbour
    shown = page(neighbour, "request_detail", case.number)
    assert "老人摔倒了" not in shown
    assert town.resident.name not in shown
    listed = page(neighbour, "request_list")
    assert case.number in listed
    assert "老人摔倒了" not in listed
    assert url("request_join", case) not in ask_similar(signed_in(town.resident), case, lon=0, lat=0)


def test_nobody_learns_of_neighbours_requests_without_signing_in(town, client):
    assert "request" not in ask_similar(client, lamp(town))


@pytest.mark.parametrize(
    "more", [{"category": "x"}, {"lon": "north"}, {"lon": ""}, {"datum": "moon"}, {"category": ""}]
)
def test_a_question_that_makes_no_sense_is_answered_with_nothing(town, more):
    case = lamp(town)
    assert url("request_join", case) not in ask_similar(signed_in(town.neighbour), case, **more)


def test_what_was_never_offered_cannot_be_joined(town):
    private = Category.objects.filter(
        dictionary="resident", maps_to=None, conditions__is_default=True
    ).first()
    case = filed(town, category=private)
    answer = signed_in(town.neighbour).post(url("request_join", case), **HTMX)
    assert "HX-Redirect" not in answer
    assert not Joiner.objects.exists()


def test_a_member_joins_a_duplicate_that_was_hinted_at_and_its_requester_can_follow(town):
    case = lamp(town, text="路灯坏了")
    other = lamp(town, reporter=town.neighbour, text="灯不亮")
    member = signed_in(town.member1)
    shown = page(member, "desk_task", open_task(other).pk)
    assert case.number in shown
    member.post(url("case_merge", other), {"into": case.number})
    neighbour = signed_in(town.neighbour)
    shown = page(neighbour, "request_detail", other.number)
    assert url("request_detail", case) in shown
    assert "路灯坏了" not in page(neighbour, "request_detail", case.number)
    answer = member.post(url("case_merge", case), {"into": "nonsense"})
    assert answer.status_code == 409


# --- hostile words -----------------------------------------------------------------------------------
def test_hostile_words_come_out_as_text_everywhere(town):
    case = lamp(town)
    words = HOSTILE[:900]
    order = supervise_case(
        request_id=case.pk, actor=town.supervisor, level=1, text=words, reply_by=timezone.localdate()
    )
    ask_extension(request_id=case.pk, actor=town.member1, reason=words)
    for client, name, about in (
        (signed_in(town.member1), "desk_task", open_task(case).pk),
        (signed_in(town.leader1), "case_detail", case.number),
    ):
        shown = page(client, name, about)
        assert "<img src=x" not in shown
        assert "&lt;img src=x" in shown
    listed = page(signed_in(town.member1), "desk_decisions")
    assert "<img src=x" not in listed
    assert order.pk


def test_too_many_words_are_refused_and_not_cut(town):
    case = lamp(town)
    answer = signed_in(town.supervisor).post(url("case_order", case), {"level": "1", "text": "长" * 1_001})
    assert answer.status_code == 409
    assert not Supervision.objects.exists()


def test_joining_is_not_told_by_name(town):
    case = lamp(town)
    join_request(request_id=case.pk, actor=town.neighbour)
    shown = page(signed_in(town.member1), "case_detail", case.number)
    assert town.neighbour.name not in shown
    assert events(case, "request.joined")[0].actor is None
    assert Request.objects.get(pk=case.pk).joiners.count() == 1
