"""The console's pages to try a workflow, to replay past cases, and to move running ones."""

import json
import re
from urllib.parse import urlencode

import pytest
from django.test import Client

from grid.models import User
from tests.workflows.flowing import (
    DONE,
    approval,
    begin,
    condition,
    definition,
    open_blocks,
    open_task,
    publish,
)
from workflows.actions import workflow_jobs
from workflows.actions.drafts import begin_draft
from workflows.actions.tasks import decide_task
from workflows.models import Request, WorkflowJob

pytestmark = pytest.mark.django_db

REFUSE = {"code": "refuse", "name": "不同意", "style": "danger", "ends": {"id": "refused", "name": "不同意"}}
AMOUNT = {"code": "amount", "name": "金额", "type": "number", "required": True, "unit": "元"}
LARGE = condition("large", "金额 > 5000", approval("sign", "shift_leader", name="加签"))


@pytest.fixture
def administrator(town) -> Client:
    return browser("administrator")


def browser(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client


def page(client: Client, path: str, **query) -> str:
    response = client.get(f"/console/workflows/{path}" + (f"?{urlencode(query, True)}" if query else ""))
    assert response.status_code == 200, response.content[:400]
    return response.content.decode()


def text(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def past(town, blocks=(("one", "member1"), ("two", "checker"))) -> Request:
    case = begin(town)
    for block, who in blocks:
        decide_task(task_id=open_task(case, block).pk, actor=town.people[who], outcome="done")
    return case


# --- trying ------------------------------------------------------------------------------------------
def test_a_made_up_case_shows_who_gets_each_step_and_when(town, administrator):
    publish(approval("one", outcomes=[DONE, REFUSE]), approval("two", "checker"))
    html = page(administrator, "trial/try/", what="1", case="made_up", place=town.grids[0].code,
                source="portal", filed="2026-03-02T09:00", pace="given", hours="2")  # fmt: skip
    said = text(html)
    assert "赵网格" in said
    assert "卫核查" in said
    # 9:00 and two hours, then two hours more with the noon break in between.
    assert "2026年3月2日 09:00 – 2026年3月2日 11:00" in said
    assert "2026年3月2日 15:00" in said
    assert "需要2次人工办理" in said


def test_what_is_being_drawn_is_tried_before_anybody_has_published_it(town, administrator):
    draft = begin_draft(body=definition(approval("one"), key="trial"), actor=town.administrator)
    html = page(administrator, "trial/try/", place=town.grids[0].code)
    assert "赵网格" in html
    assert f"/console/workflows/{draft.key}/draw/" in html
    # There is nothing yet that cases could have run on.
    assert "trial/replay/" not in html
    publish(approval("one", "checker"))
    html = page(administrator, "trial/try/", place=town.grids[0].code)
    assert "赵网格" in html
    assert "卫核查" in page(administrator, "trial/try/", what="1", place=town.grids[0].code)
    assert "trial/replay/" in html


def test_another_outcome_of_a_step_can_be_looked_at(town, administrator):
    publish(approval("one", outcomes=[DONE, REFUSE]), approval("two", "checker"))
    html = page(administrator, "trial/try/", place=town.grids[0].code)
    assert 'name="choose" value="one:refuse" aria-pressed="false"' in html
    html = page(administrator, "trial/try/", place=town.grids[0].code, choose="one:refuse")
    assert 'name="choose" value="one:refuse" aria-pressed="true"' in html
    assert '<input type="hidden" name="chosen" value="one:refuse">' in html
    assert "需要1次人工办理" in text(html)
    # And back again to the first everywhere.
    html = page(administrator, "trial/try/", chosen="one:refuse", choose="*:")
    assert 'name="chosen"' not in html


def test_fields_that_decide_can_be_filled_in_and_the_reason_is_said(town, administrator):
    from tests.workflows.flowing import definition
    from workflows.actions.definitions import publish_version

    publish_version(body=definition(approval("one"), LARGE) | {"fields": [AMOUNT]})
    query = {"place": town.grids[0].code}
    assert "金额 (元)" in text(page(administrator, "trial/try/", **query))
    said = text(page(administrator, "trial/try/", **query, **{"f.amount": "8000"}))
    assert "本件为8000" in said
    assert "需要2次人工办理" in said
    said = text(page(administrator, "trial/try/", **query, **{"f.amount": "100"}))
    assert "需要1次人工办理" in said


def test_a_name_that_fits_several_places_is_asked_about(town, administrator):
    publish(approval("one"))
    html = page(administrator, "trial/try/", place="网格")
    assert "是哪个地点" in html
    assert f'name="place" value="{town.grids[1].code}"' in html


def test_a_past_case_is_tried_by_its_number_and_only_by_who_may_see_it(town, administrator):
    publish(approval("one"), approval("two", "checker"))
    case = past(town)
    query = {"case": "past", "number": case.number, "pace": "measured"}
    said = text(page(administrator, "trial/try/", **query))
    assert case.number in said
    assert "即本件当时实际用时" in said
    assert "没有这个编号的事项" in text(page(administrator, "trial/try/", **query | {"number": "nonsense"}))


def test_with_htmx_only_the_answer_comes(town, administrator):
    publish(approval("one"))
    html = administrator.get("/console/workflows/trial/try/", headers={"HX-Request": "true"}).content.decode()
    assert html.lstrip().startswith('<div id="try-result"')
    assert "<html" not in html


@pytest.mark.parametrize("address", ["try", "replay", "migrate"])
def test_only_administrators_get_in(town, address):
    publish(approval("one"))
    for name, status in (("resident", 403), ("member1", 403), ("supervisor", 403), ("administrator", 200)):
        assert browser(name).get(f"/console/workflows/trial/{address}/").status_code == status
    assert browser("administrator").get(f"/console/workflows/nothing/{address}/").status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        {"hours": "x"}, {"hours": "1e99"}, {"filed": "tomorrow"}, {"case": "nobody"}, {"what": "job-1"},
        {"choose": ["one", ":", "x:y", "one:nothing"]}, {"f.amount": "NaN"}, {"place": "\0"},
        {"category": "999999"}, {"number": "\0", "case": "past"}, {"filed": "9999-12-31T23:59"},
        {"filed": "0001-01-01T00:00"},
    ],
)  # fmt: skip
def test_nonsense_in_the_address_is_answered_in_words(town, administrator, query):
    publish(approval("one", fields=[AMOUNT]), LARGE)
    response = administrator.get("/console/workflows/trial/try/?" + urlencode(query, True))
    assert response.status_code == 200


# --- replaying -----------------------------------------------------------------------------------------
def replayed(client, **more):
    said = {"what": "1", "against": "2", "since": "2026-01-01", "until": "2100-01-01"} | more
    return client.post("/console/workflows/trial/replay/", said)


def test_a_replay_tells_its_numbers_with_their_n_and_links_to_each_case(town, administrator):
    publish(approval("one"), approval("more", name="加签"), approval("two", "checker"))
    publish(approval("one"), approval("two", "checker"))
    cases = [past(town) for _ in range(3)]
    response = replayed(administrator)
    job = WorkflowJob.objects.get()
    assert response.url == f"/console/workflows/jobs/{job.pk}/"
    said = text(page(administrator, f"jobs/{job.pk}/"))
    assert "6 → 9" in said
    assert "3件中增加3件、减少0件" in said
    assert "本环节没有记录；取全部环节6次" in said
    html = page(administrator, f"jobs/{job.pk}/")
    assert f"what=job-{job.pk}&case=past&number={cases[0].number}" in html.replace("&amp;", "&")
    said = text(page(administrator, "trial/try/", what=f"job-{job.pk}", case="past", number=cases[0].number))
    assert "加签" in said
    # Nobody else's replay can be looked at.
    assert browser("supervisor").get(f"/console/workflows/jobs/{job.pk}/").status_code == 403


def test_a_period_without_cases_is_refused_in_words(town, administrator):
    publish(approval("one"))
    response = replayed(administrator, against="1", until="2026-01-02")
    assert response.status_code == 409
    assert "这段时间内没有按本流程办理的事项" in response.content.decode()
    assert replayed(administrator, against="1", since="x").status_code == 200


def test_many_cases_wait_for_their_turn_and_progress_is_told(town, administrator, monkeypatch):
    monkeypatch.setitem(workflow_jobs.AT_ONCE, "replay", 1)
    publish(approval("one"), approval("two", "checker"))
    for _ in range(2):
        past(town)
    replayed(administrator, against="1")
    job = WorkflowJob.objects.get()
    assert "data-progress" in page(administrator, f"jobs/{job.pk}/")
    state = json.loads(administrator.get(f"/console/workflows/jobs/{job.pk}/progress/").content)
    assert (state["stage"], state["is_done"]) == ("waiting", False)
    assert workflow_jobs.run_waiting() == 1
    assert workflow_jobs.run_waiting() == 0
    job.refresh_from_db()
    assert (job.stage, job.progress, job.report["n"]) == ("done", 100, 2)
    state = json.loads(administrator.get(f"/console/workflows/jobs/{job.pk}/progress/").content)
    assert state["is_done"]


def test_a_job_nobody_is_heard_of_is_taken_up_again(town, administrator, monkeypatch, time_machine):
    from datetime import timedelta

    from django.utils import timezone

    monkeypatch.setitem(workflow_jobs.AT_ONCE, "replay", 0)
    publish(approval("one"), approval("two", "checker"))
    past(town)
    replayed(administrator, against="1")
    now = timezone.now()
    WorkflowJob.objects.update(stage="at_work", heard_at=now)
    assert workflow_jobs.run_waiting() == 0
    time_machine.move_to(now + timedelta(seconds=workflow_jobs.SILENCE + 1))
    assert workflow_jobs.run_waiting() == 1
    assert WorkflowJob.objects.get().stage == "done"


# --- moving ------------------------------------------------------------------------------------------
def checked(client, **more):
    response = client.post("/console/workflows/trial/migrate/", {"to": "2", "from": "1"} | more)
    assert response.status_code == 302, text(response.content.decode())
    return WorkflowJob.objects.order_by("-created_at").first()


def test_cases_are_checked_corrected_and_moved(town, administrator):
    old = publish(approval("one"), approval("two", "checker", name="核查"))
    cases = [begin(town) for _ in range(2)]
    decide_task(task_id=open_task(cases[0], "one").pk, actor=town.member1, outcome="done")
    publish(approval("one"), approval("other", "checker", name="复查"), approval("three", "checker"))
    html = page(administrator, "trial/migrate/")
    assert f'name="map.{old.pk}.two"' in html
    job = checked(administrator)
    said = text(page(administrator, f"jobs/{job.pk}/"))
    assert "有1件事项迁移后会办不下去" in said
    assert cases[0].number in said
    assert "/move/" not in page(administrator, f"jobs/{job.pk}/")
    # Not even by hand.
    response = administrator.post(f"/console/workflows/jobs/{job.pk}/move/")
    assert response.status_code == 409
    # The clerk comes back, says what it is, and moves them.
    assert "after=" in page(administrator, f"jobs/{job.pk}/")
    page(administrator, "trial/migrate/", after=job.pk)
    job = checked(administrator, **{f"map.{old.pk}.two": "other"})
    assert "迁移2件事项" in text(page(administrator, f"jobs/{job.pk}/"))
    assert open_blocks(cases[0]) == ["two"]
    response = administrator.post(f"/console/workflows/jobs/{job.pk}/move/")
    assert "已迁移2件事项" in text(administrator.get(response.url).content.decode())
    assert [open_blocks(case) for case in cases] == [["other"], ["one"]]


def test_what_happens_between_the_check_and_the_move_is_looked_at_again(town, administrator):
    publish(approval("one"), approval("two", "checker"))
    case = begin(town)
    publish(approval("one"), approval("other", "checker"))
    job = checked(administrator)
    assert job.report["stranded_count"] == 0
    decide_task(task_id=open_task(case, "one").pk, actor=town.member1, outcome="done")
    response = administrator.post(f"/console/workflows/jobs/{job.pk}/move/")
    said = text(administrator.get(response.url).content.decode())
    assert "检查之后，有的事项走到了迁移后会办不下去的地方" in said
    assert case.number in said
    assert open_blocks(case) == ["two"]


def test_the_administrator_of_a_part_of_the_town_moves_nothing(town):
    town.assign(town.leader1, "administrator", town.communities[0])
    publish(approval("one"))
    begin(town)
    publish(approval("one"), approval("two"))
    client = browser("leader1")
    assert "只有全域管理员可以迁移在办事项" in page(client, "trial/migrate/")
    assert client.post("/console/workflows/trial/migrate/", {"to": "2", "from": "1"}).status_code == 409
    assert not WorkflowJob.objects.exists()


def test_nothing_chosen_is_refused_in_words(town, administrator):
    publish(approval("one"))
    begin(town)
    publish(approval("one"), approval("two"))
    response = administrator.post("/console/workflows/trial/migrate/", {"to": "2"})
    assert response.status_code == 409
    assert "请至少选择一个要迁出的版本" in response.content.decode()
