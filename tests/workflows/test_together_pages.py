"""The desk's pages for moves with colleagues: asking, answering, signers, taking back, who has agreed."""

import pytest
from django.urls import reverse

from tests.workflows.desk_helpers import page, signed_in
from tests.workflows.flowing import approval, begin, open_task, publish, run, tasks
from tests.workflows.test_several import FIVE, several
from workflows.actions.tasks import decide_task
from workflows.engine.move import OPEN

pytestmark = pytest.mark.django_db

MOVES = ["transfer", "delegate", "sign_before", "sign_after", "remove_signer", "co_handle"]


@pytest.fixture
def case(town):
    return run(town, approval("handle", handler=True, moves=MOVES), approval("check", "checker"))


def post(user, name, task, **data):
    return signed_in(user).post(reverse(name, args=[task.pk]), data)


def ask(user, task, way, to, **more):
    return post(user, "desk_ask", task, way=way, to=to.pk, reason="请帮忙", **more)


def test_a_task_offers_the_ways_its_step_allows(town, case):
    text = page(signed_in(town.member1), "desk_task", open_task(case, "handle").pk)
    for way in ("delegate", "sign_before", "sign_after", "co_handle"):
        assert f'value="{way}"' in text
    plain = run(town, approval("handle"))
    assert 'name="way"' not in page(signed_in(town.member1), "desk_task", open_task(plain, "handle").pk)


def test_a_delegated_task_asks_for_an_answer_and_comes_back(town, case):
    task = open_task(case, "handle")
    assert ask(town.member1, task, "delegate", town.member2)["Location"] == reverse("desk")
    text = page(signed_in(town.member2), "desk_task", task.pk)
    assert 'id="answer"' in text
    assert 'id="decide"' not in text
    assert "赵网格" in text
    post(town.member2, "desk_answer", task, opinion="换好了灯泡")
    text = page(signed_in(town.member1), "desk_task", task.pk)
    assert "换好了灯泡" in text
    assert 'id="decide"' in text


def test_what_was_typed_stays_when_asking_is_refused(town, case):
    answer = ask(town.member1, open_task(case, "handle"), "delegate", town.member1)
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "请帮忙" in text
    answer = ask(town.member1, open_task(case, "handle"), "nonsense", town.member2)
    assert answer.status_code == 409
    answer = ask(town.member1, open_task(case, "handle"), "co_handle", town.member2, limit="bald")
    assert answer.status_code == 409


def test_help_with_a_limit_is_on_the_others_desk_at_once(town, case):
    task = open_task(case, "handle")
    answer = ask(town.member1, task, "co_handle", town.member2, limit="4", clock="work_hours")
    assert answer["Location"] == reverse("desk_task", args=[task.pk])
    asked = open_task(case, "handle__help")
    assert case.number in page(signed_in(town.member2), "desk")
    assert 'id="answer"' in page(signed_in(town.member2), "desk_task", asked.pk)


def test_a_signer_is_added_and_taken_out_again(town, case):
    task = open_task(case, "handle")
    ask(town.member1, task, "sign_after", town.leader1)
    text = page(signed_in(town.member1), "desk_task", task.pk)
    assert f'name="signer" value="{town.leader1.pk}"' in text
    post(town.member1, "desk_remove_signer", task, signer=town.leader1.pk, reason="不用了")
    assert 'name="signer"' not in page(signed_in(town.member1), "desk_task", task.pk)


def test_whoever_acted_last_may_take_it_back_from_its_page(town, case):
    task = open_task(case, "handle")
    back = reverse("desk_take_back", args=[task.pk])
    assert back not in page(signed_in(town.member1), "desk_task", task.pk)
    decide_task(task_id=task.pk, actor=town.member1, outcome="done")
    assert back in page(signed_in(town.member1), "desk_task", task.pk)
    assert back not in page(signed_in(town.supervisor), "desk_task", task.pk)
    assert post(town.member1, "desk_take_back", task)["Location"] == reverse("desk_task", args=[task.pk])
    assert open_task(case, "handle").owner == town.member1


def test_a_countersign_says_who_has_agreed_and_what_is_needed(town):
    publish(several("vote", FIVE, vote={"percent": 60}), approval("after", "checker"))
    case = begin(town)
    for name, outcome in (("member1", "yes"), ("member2", "no")):
        user = getattr(town, name)
        (task,) = [task for task in tasks(case) if task.owner == user]
        decide_task(task_id=task.pk, actor=user, outcome=outcome)
    (task,) = [task for task in tasks(case) if task.owner == town.member3]
    for text in (
        page(signed_in(town.member3), "desk_task", task.pk),
        page(signed_in(town.member3), "desk_countersign", task.pk),
        page(signed_in(town.supervisor), "case_detail", case.number),
    ):
        assert "5 人中 1 人同意，1 人不同意" in text
        assert "需 60 % 同意，即 3 人" in text
        assert "赵网格" in text


def test_a_settled_countersign_is_told_with_its_numbers(town):
    publish(several("vote", FIVE[:3], vote={"count": 2}), approval("after", "checker"))
    case = begin(town)
    for user in (town.member1, town.member2):
        (task,) = [task for task in tasks(case) if task.owner == user and task.status in OPEN]
        decide_task(task_id=task.pk, actor=user, outcome="yes")
    text = page(signed_in(town.supervisor), "case_detail", case.number)
    assert "3 人中 2 人同意，需 2 人同意。" in text


def test_a_stranger_finds_none_of_it(town, case):
    task = open_task(case, "handle")
    for name in ("desk_ask", "desk_answer", "desk_remove_signer", "desk_take_back"):
        assert post(town.member5, name, task).status_code == 404
    assert signed_in(town.member5).get(reverse("desk_countersign", args=[task.pk])).status_code == 404
