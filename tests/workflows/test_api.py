"""The interface for programs: the same lists, policies and moves as on the screens, signed in by a key."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from grid.actions.tokens import issue_token, revoke_token
from grid.errors import Refused
from grid.models import ApiToken, User
from realtime.models import Event
from tests.factories import Town
from tests.workflows.desk_helpers import HOSTILE, filed, open_task, page, signed_in
from tests.workflows.flowing import approval, events, run
from workflows.actions.tasks import decide_task
from workflows.models import Opinion

pytestmark = pytest.mark.django_db


class Program:
    """A program with a key of a person's."""

    def __init__(self, user: User) -> None:
        _token, self.key = issue_token(user=user, name="test")
        self.client = Client(enforce_csrf_checks=True)

    def get(self, name: str, *args: Any, status: int = 200, **query: Any) -> Any:
        answer = self.client.get(reverse(f"api:{name}", args=args), query, headers=self.headers)
        assert answer.status_code == status, answer.content
        return answer.json()

    def post(self, name: str, *args: Any, status: int = 200, **body: Any) -> Any:
        answer = self.client.post(
            reverse(f"api:{name}", args=args),
            json.dumps(body),
            content_type="application/json",
            headers=self.headers,
        )
        assert answer.status_code == status, answer.content
        return answer.json()

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


# --- Signing in -------------------------------------------------------------------------------------
def test_without_a_key_nothing_is_said(town: Town, client):
    filed(town)
    for headers in ({}, {"Authorization": "Bearer linli_wrong"}, {"Authorization": "Basic x"}):
        answer = client.get(reverse("api:tasks"), headers=headers)
        assert answer.status_code == 401
        assert "路灯" not in answer.content.decode()


def test_a_key_that_was_taken_back_opens_nothing_any_more(town: Town):
    program = Program(town.member1)
    program.get("tasks")
    revoke_token(token_id=ApiToken.objects.get(user=town.member1).pk, actor=town.member1)
    program.get("tasks", status=401)


def test_somebody_who_may_not_sign_in_any_more_has_no_program_either(town: Town):
    program = Program(town.member1)
    User.objects.filter(pk=town.member1.pk).update(is_active=False)
    program.get("tasks", status=401)


def test_a_page_needs_its_csrf_token_to_move_anything(town: Town):
    task = open_task(filed(town))
    client = Client(enforce_csrf_checks=True)
    client.force_login(town.member1)
    assert client.get(reverse("api:tasks")).status_code == 200
    answer = client.post(reverse("api:task_decide", args=[task.pk]), "{}", content_type="application/json")
    assert answer.status_code == 403
    assert not Opinion.objects.exists()


def test_a_key_is_shown_once_and_only_its_digest_is_kept(town: Town):
    client = signed_in(town.member1)
    shown = client.post(reverse("my_tokens"), {"name": "报表程序"}).content.decode()
    key = shown.split("linli_")[1].split("<")[0]
    token = ApiToken.objects.get()
    assert key not in token.digest
    assert f"linli_{key}" not in page(client, "my_tokens")
    assert "报表程序" in page(client, "my_tokens")
    assert key not in str(list(Event.objects.values_list("payload", flat=True)))


def test_nobody_takes_back_the_key_of_somebody_else(town: Town):
    token, _key = issue_token(user=town.member1, name="mine")
    signed_in(town.member2).post(reverse("token_revoke", args=[token.pk]))
    assert ApiToken.objects.filter(pk=token.pk).exists()


def test_a_person_has_a_bounded_number_of_keys_each_with_a_name(town: Town):
    assert signed_in(town.member1).post(reverse("my_tokens"), {"name": "  "}).status_code == 409
    for number in range(10):
        issue_token(user=town.member1, name=f"key {number}")
    with pytest.raises(Refused):
        issue_token(user=town.member1, name="one more")


# --- Tasks ------------------------------------------------------------------------------------------
def test_a_program_sees_the_tasks_of_its_person_and_of_no_other(town: Town):
    case = filed(town, text=HOSTILE)
    (task,) = Program(town.member1).get("tasks")["tasks"]
    assert task["case"] == case.number
    assert task["text"] == HOSTILE
    assert Program(town.member2).get("tasks")["tasks"] == []


def test_a_program_reads_how_a_task_can_be_decided_and_decides_it(town: Town):
    case = filed(town)
    program, task = Program(town.member1), open_task(case)
    sheet = program.get("task", task.pk)
    assert [outcome["code"] for outcome in sheet["outcomes"]] == ["done"]
    assert sheet["open"]
    done = program.post("task_decide", task.pk, outcome="done", opinion="修好了")
    assert done == {"case": case.number, "state": "checking"}
    assert Opinion.objects.get(task=task).text == "修好了"
    assert not program.get("task", task.pk)["open"]


def test_a_refusal_comes_with_its_words_and_changes_nothing(town: Town):
    case = filed(town)
    program, task = Program(town.member1), open_task(case)
    assert "detail" in program.post("task_decide", task.pk, outcome="done", status=409)
    assert open_task(case).pk == task.pk
    decide_task(task_id=task.pk, actor=town.member1, outcome="done", opinion="好了")
    late = program.post("task_decide", task.pk, outcome="done", opinion="我也好了", status=409)
    assert str(town.member1) in late["detail"]


def test_a_task_of_somebody_else_does_not_exist_for_a_program(town: Town):
    task = open_task(filed(town, grid=1))
    program = Program(town.member5)
    program.get("task", task.pk, status=404)
    program.post("task_decide", task.pk, outcome="done", opinion="x", status=404)
    program.post("task_claim", task.pk, status=404)
    assert not Opinion.objects.exists()


def test_a_program_claims_puts_back_and_hands_over(town: Town):
    case = filed(town, grid=6)
    program, task = Program(town.member6), open_task(case)
    program.post("task_claim", task.pk)
    program.post("task_unclaim", task.pk)
    program.post("task_claim", task.pk)
    program.post("task_transfer", task.pk, to="member6b", reason="他更熟悉")
    task.refresh_from_db()
    assert task.owner == town.member6b
    assert [event.kind for event in events(case)][-4:] == [
        "task.claimed", "task.unclaimed", "task.claimed", "task.transferred",
    ]  # fmt: skip


def test_a_program_sends_a_case_back(town: Town):
    case = filed(town)
    decide_task(task_id=open_task(case).pk, actor=town.member1, outcome="done", opinion="好了")
    decide_task(task_id=open_task(case).pk, actor=town.checker, outcome="pass")
    program, task = Program(town.shift_leader), open_task(case)
    assert ["handle", "处置"] in program.get("task", task.pk)["return_targets"]
    program.post("task_return", task.pk, to_block="handle", reason="照片不清楚")
    assert open_task(case).flow_task.block.id == "handle"


def test_a_program_makes_every_move_with_colleagues(town: Town):
    moves = ["delegate", "sign_before", "sign_after", "remove_signer", "co_handle"]
    case = run(town, approval("handle", moves=moves), approval("check", "checker"))
    first, second, task = Program(town.member1), Program(town.member2), open_task(case)
    assert set(first.get("task", task.pk)["moves"]) == {*moves} - {"remove_signer"}
    for move in ("delegate", "sign_before"):
        first.post(f"task_{move}", task.pk, to="member2", reason="请看看")
        assert second.get("task", task.pk)["moves"] == ["answer"]
        second.post("task_answer", task.pk, opinion="看过了")
    first.post(
        "task_co_handle", task.pk, to="member2", reason="请帮忙", limit={"limit": 4, "clock": "work_hours"}
    )
    first.post("task_sign_after", task.pk, to="leader1", reason="请把关")
    first.post("task_remove_signer", task.pk, signer="leader1", reason="不用了")
    first.post("task_decide", task.pk, outcome="done")
    assert first.get("task", task.pk)["moves"] == ["take_back"]
    first.post("task_take_back", task.pk)
    assert [event.kind for event in events(case)][-1] == "task.taken_back"
    assert first.get("task", task.pk)["open"]


def test_what_cannot_be_read_is_refused_with_the_place(town: Town):
    task = open_task(filed(town))
    said = Program(town.member1).post("task_decide", task.pk, outcome="done", surprise=1, status=422)
    assert any("surprise" in problem["at"] for problem in said["problems"])
    Program(town.member2).post("task_transfer", task.pk, to="nobody", reason="x", status=404)
    assert (
        "nobody"
        in Program(town.member1).post("task_transfer", task.pk, to="nobody", reason="x", status=409)["detail"]
    )


# --- Cases ------------------------------------------------------------------------------------------
def test_a_neighbour_reads_less_of_a_case_than_whoever_has_it(town: Town):
    case = filed(town, visibility="neighbours")
    full = Program(town.member1).get("case", case.number)
    assert full["lon"] == case.lon
    assert full["text"] == "楼道的灯坏了三天"
    little = Program(town.neighbour).get("case", case.number)
    assert little["lon"] is None
    assert str(town.member1) not in json.dumps(little, ensure_ascii=False)
    Program(town.stranger).get("case", case.number, status=404)


def test_a_resident_urges_rates_and_reopens_by_program(town: Town):
    case = filed(town)
    program = Program(town.resident)
    program.post("case_urge", case.number, text="晚上看不清")
    decide_task(task_id=open_task(case).pk, actor=town.member1, outcome="done", opinion="好了")
    decide_task(task_id=open_task(case).pk, actor=town.checker, outcome="pass")
    decide_task(task_id=open_task(case).pk, actor=town.shift_leader, outcome="close")
    rated = program.post("case_rate", case.number, in_time=True, solved=False, satisfied=False)
    assert rated["state"] == "rated"
    assert program.post("case_reopen", case.number, reason="又坏了")["state"] == "reopened"


def test_a_supervisor_orders_and_a_member_answers_and_asks_by_program(town: Town):
    case = filed(town)
    supervisor, member = Program(town.supervisor), Program(town.member1)
    supervisor.post("case_order", case.number, level=2, text="报进展", reply_by=str(timezone.localdate()))
    member.post("case_answer", case.number, order=case.supervisions.get().pk, text="已派人")
    member.post("case_ask_extension", case.number, reason="等配件")
    asked = case.applications.get()
    Program(town.leader1).post("case_decide", case.number, application=asked.pk, agrees=False, opinion="不够")
    asked.refresh_from_db()
    assert (case.supervisions.get().reply, asked.status) == ("已派人", "refused")
    supervisor.post("case_answer", case.number, order=0, text="x", status=404)
    task = open_task(case)
    supervisor.post("case_reassign", case.number, task=task.pk, to="member2", reason="顺路")
    assert open_task(case).owner == town.member2
    assert Program(town.resident).post("case_withdraw", case.number)["state"] == "withdrawn"


def test_the_description_names_every_move_and_loads_nothing_from_elsewhere(town: Town, client):
    said = client.get(reverse("api:openapi-json")).json()
    assert "/api/v1/tasks/{task_id}/decide" in said["paths"]
    assert client.get("/api/v1/docs").status_code == 404
