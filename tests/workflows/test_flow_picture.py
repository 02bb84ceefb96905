"""The flow as a picture: what a case did on it, for those who work on it."""

import pytest
from django.test import Client

from tests.factories import session_of, sign_everybody_in
from tests.workflows.flowing import DONE, approval, begin, condition, open_task, parallel, publish, sequence
from workflows.actions.tasks import decide_task, return_task
from workflows.flow_picture import picture_of, picture_of_case
from workflows.flow_picture.cards import every
from workflows.models import Request

pytestmark = pytest.mark.django_db

LATE = [{"after": {"limit": 1, "clock": "urgent_hours"}, "action": "remind"}]
REFUSED = {"id": "refused", "name": "不同意", "state": "rejected"}
REFUSE = {"code": "refuse", "name": "不同意", "style": "danger", "ends": REFUSED}


def decide(case, block, actor, outcome="done"):
    decide_task(task_id=open_task(case, block).pk, actor=actor, outcome=outcome)


def picture(case, viewer):
    return picture_of_case(Request.objects.select_related("process", "area").get(pk=case.pk), viewer)


def states(shown):
    return {card.id: card.state for card in every(shown.cards)}


def card(shown, block):
    return next(card for card in every(shown.cards) if card.id == block)


@pytest.fixture
def on_its_way(town):
    publish(
        approval("one"),
        condition("urgent", "urgent = true", approval("hurry", "dispatcher"), approval("calm", "checker")),
        parallel("both", approval("left", deadlines=LATE), sequence(approval("right", "checker"))),
        approval("last", "shift_leader", outcomes=[DONE, REFUSE]),
    )
    case = begin(town, urgency="urgent")
    decide(case, "one", town.member1)
    decide(case, "hurry", town.dispatcher)
    return case


def test_the_picture_shows_where_the_case_is_and_where_it_was(town, on_its_way):
    shown = picture(on_its_way, town.supervisor)
    assert states(shown) == {
        "one": "done", "urgent": "done", "hurry": "done", "calm": "aside", "both": "done",
        "left": "now", "right": "now", "last": "ahead", "over": "ahead",
    }  # fmt: skip
    assert [branch.taken for branch in card(shown, "urgent").branches] == [True, False]
    assert [card.id for card in shown.current()] == ["left", "right"]


def test_each_card_says_who_had_it_how_it_was_decided_and_how_long_it_took(town, on_its_way):
    (stay,) = card(picture(on_its_way, town.supervisor), "one").stays
    assert [who.name for who in stay.who] == ["赵网格"]
    assert stay.outcome == "完成"
    assert stay.took is not None
    assert stay.until is not None


def test_an_open_step_says_who_has_it_since_when_and_what_comes_if_nobody_acts(town, on_its_way):
    (stay,) = card(picture(on_its_way, town.supervisor), "left").stays
    assert [who.name for who in stay.who] == ["赵网格"]
    assert stay.until is None
    (remark,) = stay.remarks
    assert remark.at is not None
    assert remark.text == "提醒一次"


def test_a_return_shows_both_rounds_and_what_became_void(town):
    publish(
        approval("one"),
        parallel("both", approval("left"), approval("right", "checker", moves=["return"])),
    )
    case = begin(town)
    decide(case, "one", town.member1)
    task = open_task(case, "right")
    return_task(task_id=task.pk, actor=town.checker, to_block="one", reason="不清楚")
    shown = picture(case, town.supervisor)
    assert states(shown) == {"one": "now", "both": "done", "left": "void", "right": "done", "over": "ahead"}
    assert [stay.state for stay in card(shown, "one").stays] == ["done", "now"]
    assert card(shown, "right").stays[0].outcome == "退回到“步骤one”"


def test_once_it_is_over_nothing_is_still_to_come(town, on_its_way):
    for block, who in (("left", town.member1), ("right", town.checker)):
        decide(on_its_way, block, who)
    decide_task(
        task_id=open_task(on_its_way, "last").pk, actor=town.shift_leader, outcome="refuse", opinion="不符合"
    )
    shown = states(picture(on_its_way, town.supervisor))
    assert (shown["last"], shown["over"]) == ("done", "aside")


def test_a_pool_lists_those_who_may_take_it(town):
    publish(approval("one"))
    (stay,) = card(picture(begin(town, grid=6), town.supervisor), "one").stays
    assert stay.pool
    assert {who.name for who in stay.who} == {"吴网格", "郑网格"}


def test_the_resident_is_never_named_on_it(town):
    publish(approval("one", [{"person": "reporter"}]))
    (stay,) = card(picture(begin(town, anonymous=True), town.supervisor), "one").stays
    assert [who.name for who in stay.who] == ["诉求人"]


def test_a_drawing_without_a_case_says_whom_each_step_goes_to(town, on_its_way):
    shown = picture_of(on_its_way.process.flow_class.definition)
    assert set(states(shown).values()) == {"ahead"}
    assert "值班长" in card(shown, "last").details[0]


def test_a_picture_costs_the_same_however_long_the_case(town, django_assert_max_num_queries):
    publish(approval("one"), approval("two", "checker", moves=["return"]))
    case = begin(town)
    for _round in range(6):
        decide(case, "one", town.member1)
        task = open_task(case, "two")
        return_task(task_id=task.pk, actor=town.checker, to_block="one", reason="不清楚")
    request = Request.objects.select_related("process").get(pk=case.pk)
    with django_assert_max_num_queries(8):
        shown = picture_of_case(request, town.supervisor)
    assert len(card(shown, "one").stays) == 7


def test_members_see_the_way_on_the_task_and_on_the_case_and_residents_do_not(town, on_its_way):
    sign_everybody_in()
    client = Client()
    for who, page, seen in (
        ("member1", f"/desk/tasks/{open_task(on_its_way, 'left').pk}/", True),
        ("supervisor", f"/cases/{on_its_way.number}/", True),
        ("resident", f"/cases/{on_its_way.number}/story/", False),
    ):
        client.cookies["sessionid"] = session_of(who)
        content = client.get(page).content.decode()
        assert ('class="flow has-case"' in content) == seen, page
        assert ("步骤hurry" in content) or not seen
