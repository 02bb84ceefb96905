"""The members' desk over HTTP: whose lists show what, and what a person can do with a task."""

from datetime import timedelta

import pytest
from django.urls import reverse
from viewflow.workflow.models import Task

from grid.actions.duty import appoint_stand_in
from grid.models import Member
from tests.factories import Town, photo
from tests.workflows.desk_helpers import filed, open_task, page, signed_in
from workflows.actions.tasks import decide_task
from workflows.models import Attachment, State

pytestmark = pytest.mark.django_db


def test_a_visitor_is_asked_to_sign_in(client):
    response = client.get(reverse("desk"))
    assert response.status_code == 302
    assert reverse("account_login") in response["Location"]


def test_a_resident_has_no_desk(town: Town):
    assert signed_in(town.resident).get(reverse("desk")).status_code == 403


def test_a_new_case_is_on_the_desk_of_the_member_on_duty_and_on_no_other(town: Town):
    case = filed(town, grid=2)
    assert case.number in page(signed_in(town.member2), "desk")
    for other in (town.member1, town.member3, town.leader1, town.checker, town.supervisor):
        assert case.number not in page(signed_in(other), "desk")
        assert case.number not in page(signed_in(other), "desk", tab="claim")


def test_a_pool_shows_a_case_to_claim_until_one_has_claimed_it(town: Town):
    case = filed(town, grid=6)
    first, second = signed_in(town.member6), signed_in(town.member6b)
    assert case.number not in page(first, "desk")
    assert case.number in page(first, "desk", tab="claim")
    assert case.number in page(second, "desk", tab="claim")
    task = open_task(case)
    answer = first.post(reverse("desk_claim", args=[task.pk]))
    assert answer["Location"] == reverse("desk_task", args=[task.pk])
    assert case.number in page(first, "desk")
    assert case.number not in page(second, "desk", tab="claim")


def test_a_claimed_task_can_be_put_back(town: Town):
    task = open_task(filed(town, grid=6))
    client = signed_in(town.member6)
    client.post(reverse("desk_claim", args=[task.pk]))
    client.post(reverse("desk_unclaim", args=[task.pk]))
    task.refresh_from_db()
    assert task.owner is None


def test_the_second_to_claim_reads_who_was_first(town: Town):
    task = open_task(filed(town, grid=6))
    signed_in(town.member6).post(reverse("desk_claim", args=[task.pk]))
    answer = signed_in(town.member6b).post(reverse("desk_claim", args=[task.pk]))
    assert answer.status_code == 409
    assert str(town.member6) in answer.content.decode()


def test_a_task_shows_what_is_needed_to_decide(town: Town):
    case = filed(town, address="和平街8号楼3单元", contact_phone="13800138000", photos=[photo()])
    text = page(signed_in(town.member1), "desk_task", open_task(case).pk)
    assert case.number in text
    assert "楼道的灯坏了三天" in text
    assert "和平街8号楼3单元" in text
    assert 'href="tel:+8613800138000"' in text
    assert reverse("photo", args=[case.attachments.get().pk]) in text
    assert "<svg" in text
    assert f"geo:{case.lat},{case.lon}" in text
    assert 'value="done"' in text


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_numbers_in_addresses_of_maps_have_points_in_every_language(town: Town, language: str):
    case = filed(town)
    client = signed_in(town.member1)
    client.cookies["django_language"] = language
    assert f"geo:{case.lat},{case.lon}" in page(client, "desk_task", open_task(case).pk)


def test_a_task_of_somebody_else_does_not_exist(town: Town):
    task = open_task(filed(town, grid=1))
    outsider = signed_in(town.member5)
    page(outsider, "desk_task", task.pk, status=404)
    for move in ("desk_decide", "desk_claim", "desk_unclaim", "desk_transfer", "desk_return"):
        assert outsider.post(reverse(move, args=[task.pk])).status_code == 404
    task.refresh_from_db()
    assert task.owner == town.member1


def test_deciding_moves_the_case_on_with_words_and_a_photo(town: Town):
    case = filed(town)
    task = open_task(case)
    client = signed_in(town.member1)
    answer = client.post(
        reverse("desk_decide", args=[task.pk]),
        {"outcome": "done", "opinion": "换了灯泡", "photos": [photo()]},
    )
    assert answer.status_code == 302
    case.refresh_from_db()
    assert case.state == State.CHECKING
    assert case.attachments.get().moment == Attachment.Moment.AFTER
    assert case.number in page(client, "desk", tab="done")
    assert case.number in page(signed_in(town.checker), "desk")
    assert "换了灯泡" in page(signed_in(town.checker), "desk_task", open_task(case).pk)


def test_a_refused_decision_keeps_what_was_typed_and_says_what_is_missing(town: Town):
    case = filed(town)
    task = open_task(case)
    decide_task(task_id=task.pk, actor=town.member1, outcome="done", opinion="修好了")
    check = open_task(case)
    client = signed_in(town.checker)
    answer = client.post(reverse("desk_decide", args=[check.pk]), {"outcome": "rework", "opinion": ""})
    assert answer.status_code == 409
    answer = client.post(
        reverse("desk_decide", args=[check.pk]), {"outcome": "nonsense", "opinion": "灯还是不亮"}
    )
    assert answer.status_code == 409
    assert "灯还是不亮" in answer.content.decode()
    check.refresh_from_db()
    assert check.finished is None


def test_a_refusal_to_htmx_leaves_the_form_alone(town: Town):
    """Chosen photos cannot be sent back to a form, so the form must not be replaced."""
    task = open_task(filed(town))
    answer = signed_in(town.member1).post(
        reverse("desk_decide", args=[task.pk]), {"outcome": "done"}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 200
    assert answer["HX-Retarget"] == "#refused"
    assert "<form" not in answer.content.decode()


def test_who_comes_too_late_reads_who_decided_instead_of_an_error(town: Town):
    case = filed(town, grid=6)
    task = open_task(case)
    late = signed_in(town.member6b)
    decide_task(task_id=task.pk, actor=town.member6, outcome="done", opinion="已处理完毕")
    for answer in (
        late.get(reverse("desk_task", args=[task.pk])),
        late.post(reverse("desk_decide", args=[task.pk]), {"outcome": "done", "opinion": "我也去了"}),
    ):
        text = answer.content.decode()
        assert answer.status_code in (200, 409)
        assert str(town.member6) in text
        assert 'id="decide"' not in text


def test_an_open_page_is_told_that_somebody_was_quicker_and_loses_its_button(town: Town):
    task = open_task(filed(town, grid=6))
    late = signed_in(town.member6b)
    as_htmx = {"headers": {"HX-Request": "true"}}
    before = late.get(reverse("desk_standing", args=[task.pk]), **as_htmx).content.decode()
    assert 'id="task-actions"' not in before
    signed_in(town.member6).post(reverse("desk_claim", args=[task.pk]))
    after = late.get(reverse("desk_standing", args=[task.pk]), **as_htmx).content.decode()
    assert str(town.member6) in after
    assert '<div id="task-actions" hx-swap-oob="true"></div>' in after


def test_a_task_is_handed_over_with_a_reason(town: Town):
    case = filed(town)
    task = open_task(case)
    client = signed_in(town.member1)
    found = page(client, "desk_people", task.pk, q=str(town.member2))
    assert f'value="{town.member2.pk}"' in found
    answer = client.post(
        reverse("desk_transfer", args=[task.pk]), {"to": town.member2.pk, "reason": "我在外地"}
    )
    assert answer.status_code == 302
    assert case.number in page(signed_in(town.member2), "desk")
    assert case.number not in page(client, "desk")


@pytest.mark.parametrize("to", ["", "x", "99999999999999999999", "0"])
def test_handing_over_to_nobody_is_refused_and_keeps_the_reason(town: Town, to: str):
    task = open_task(filed(town))
    answer = signed_in(town.member1).post(
        reverse("desk_transfer", args=[task.pk]), {"to": to, "reason": "我在外地"}
    )
    assert answer.status_code == 409
    assert "我在外地" in answer.content.decode()
    task.refresh_from_db()
    assert task.owner == town.member1


def test_people_to_hand_over_to_leave_out_whoever_has_it_and_people_elsewhere(town: Town):
    task = open_task(filed(town, grid=1))
    found = page(signed_in(town.member1), "desk_people", task.pk)
    assert f'value="{town.member2.pk}"' in found
    assert f'value="{town.leader1.pk}"' in found
    assert f'value="{town.member1.pk}"' not in found
    assert f'value="{town.member5.pk}"' not in found
    assert f'value="{town.resident.pk}"' not in found


def test_a_case_is_sent_back_with_a_reason(town: Town):
    case = filed(town)
    decide_task(task_id=open_task(case).pk, actor=town.member1, outcome="done", opinion="好了")
    decide_task(task_id=open_task(case).pk, actor=town.checker, outcome="pass")
    close = open_task(case)
    client = signed_in(town.shift_leader)
    url = reverse("desk_return", args=[close.pk])
    assert client.post(url, {"to_block": "handle", "reason": ""}).status_code == 409
    assert client.post(url, {"to_block": "handle", "reason": "照片看不清"}).status_code == 302
    case.refresh_from_db()
    assert case.state == State.REWORK
    text = page(signed_in(town.member1), "desk_task", open_task(case).pk)
    assert "照片看不清" in text


def test_a_registrar_places_and_sorts_a_case(town: Town):
    case = filed(town, category=None)
    task = open_task(case)
    client = signed_in(town.registrar)
    text = page(client, "desk_task", task.pk)
    assert f'name="area" value="{case.area_id}"' in text
    found = page(client, "desk_areas", task.pk, q="新华 第5")
    assert "新华社区 第5网格" in found
    assert "第2网格" not in found
    chosen = town.grids[1]
    client.post(reverse("desk_decide", args=[task.pk]), {"outcome": "accept", "area": chosen.pk})
    assert case.number in page(signed_in(town.member2), "desk")


def test_a_stand_in_sees_for_whom_they_act_and_both_are_recorded(town: Town):
    case = filed(town)
    task = open_task(case)
    appoint_stand_in(
        member=Member.objects.get(user=town.member1),
        stand_in=Member.objects.get(user=town.member2),
        since=task.created,
        until=task.created + timedelta(days=7),
    )
    client = signed_in(town.member2)
    text = page(client, "desk")
    assert case.number in text
    assert str(town.member1) in text
    client.post(reverse("desk_decide", args=[task.pk]), {"outcome": "done", "opinion": "代为处理"})
    said = Task.objects.get(pk=task.pk).opinions.get()
    assert (said.actor, said.on_behalf_of) == (town.member2, town.member1)


def test_the_list_is_searched_and_narrowed(town: Town):
    lamp, noise = filed(town, text="楼道的灯坏了"), filed(town, text="半夜很吵", urgency="urgent")
    client = signed_in(town.member1)
    text = page(client, "desk", q="灯")
    assert lamp.number in text
    assert noise.number not in text
    assert noise.number in page(client, "desk_inbox", q=noise.number)
    assert lamp.number in page(client, "desk", q="和平里")
    assert lamp.number not in page(client, "desk", q="新华")
    assert lamp.number not in page(client, "desk", light="red")
    assert lamp.number in page(client, "desk", light="green")
    assert lamp.number in page(client, "desk", category=lamp.category_id)
    assert lamp.number not in page(client, "desk", category=lamp.category_id + 10_000)
    page(client, "desk", tab="nonsense", category="x", light="blue", page="-3")


def test_urgent_cases_come_before_ordinary_ones(town: Town):
    ordinary, urgent = filed(town, text="灯坏了"), filed(town, text="井盖没了", urgency="urgent")
    text = page(signed_in(town.member1), "desk")
    assert text.index(urgent.number) < text.index(ordinary.number)


def test_an_empty_desk_says_that_all_is_done(town: Town):
    client = signed_in(town.member1)
    client.cookies["django_language"] = "en"
    assert "All done." in page(client, "desk")


def test_the_fragment_keeps_the_address_of_the_page(town: Town):
    client = signed_in(town.member1)
    answer = client.get(reverse("desk_inbox"), {"tab": "claim", "q": "灯"})
    assert answer["HX-Replace-Url"].startswith(reverse("desk") + "?tab=claim&q=")
    assert "<html" not in answer.content.decode()
