"""Fragments that open pages fetch again: what they show, and the ids of what may be in use in them."""

from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from grid import stamp
from grid.models import StandIn
from tests.factories import Town
from tests.workflows.desk_helpers import filed, open_task, page, signed_in
from workflows.actions.ratings import rate_request
from workflows.actions.tasks import claim_task, decide_task
from workflows.actions.urging import urge_request

pytestmark = pytest.mark.django_db


class Held(HTMLParser):
    """The ids of every form and every <details> of a fragment; None for one without."""

    def __init__(self, fragment: str) -> None:
        super().__init__()
        self.ids: list[str | None] = []
        self.feed(fragment)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"form", "details"}:
            self.ids.append(dict(attrs).get("id"))


def test_whatever_may_be_in_use_has_an_id_of_its_own(town: Town) -> None:
    case, pooled = filed(town), [filed(town, grid=6), filed(town, grid=6)]
    resident = signed_in(town.resident)
    under_way = Held(page(resident, "request_timeline", case.number)).ids
    assert under_way == ["urge", "urge-form", "withdraw", "withdraw-form"]
    for actor, outcome in ((town.member_of(1), "done"), (town.checker, "pass"), (town.shift_leader, "close")):
        decide_task(task_id=open_task(case).pk, actor=actor, outcome=outcome, opinion="已修好")
    closed = Held(page(resident, "request_timeline", case.number)).ids
    assert closed == ["rating-form", "reopen", "reopen-form"]
    claims = Held(page(signed_in(town.member6), "desk_inbox", tab="claim")).ids
    assert sorted(claims) == sorted(["batch", *(f"claim-form-{open_task(one).pk}" for one in pooled)])


def test_what_was_refused_is_in_use_and_what_is_only_offered_is_not(town: Town) -> None:
    case = filed(town)
    urge_request(request_id=case.pk, actor=town.resident, text="请快一点")
    resident = signed_in(town.resident)
    refused = resident.post(reverse("request_urge", args=[case.number]), {"text": "再快一点"})
    assert refused.status_code == 422
    assert "data-refused" in refused.content.decode()
    for actor, outcome in ((town.member_of(1), "done"), (town.checker, "pass"), (town.shift_leader, "close")):
        decide_task(task_id=open_task(case).pk, actor=actor, outcome=outcome, opinion="已修好")
    rate_request(request_id=case.pk, actor=town.resident, in_time=True, solved=False, satisfied=False)
    offered = page(resident, "request_timeline", case.number)
    assert 'id="reopen" open data-offered' in offered
    assert "data-refused" not in offered


def test_an_open_task_s_story_is_fetched_again_by_those_who_may_read_it(town: Town) -> None:
    case = filed(town, grid=6)
    task = open_task(case)
    # Stands in for one of the pool: may claim the task, and has no other business with the case.
    with transaction.atomic():
        stamp.bump()
        StandIn.objects.create(
            member=town.member6.member,
            stand_in=town.member1.member,
            since=timezone.now() - timedelta(hours=1),
            until=timezone.now() + timedelta(hours=1),
        )
    quick, late = signed_in(town.member6b), signed_in(town.member1)
    assert 'id="task-story"' in page(quick, "desk_task", task.pk)
    urge_request(request_id=case.pk, actor=town.resident, text="老人昨晚摔了一跤")
    for client in (quick, late):
        assert "老人昨晚摔了一跤" in page(client, "desk_story", task.pk)
    page(signed_in(town.stranger), "desk_story", task.pk, status=403)
    claim_task(task_id=task.pk, actor=town.member6b)
    assert "老人昨晚摔了一跤" in page(quick, "desk_story", task.pk)
    # Whoever comes too late is not told any more of the case, and not an error either.
    assert page(late, "desk_story", task.pk, status=204) == ""
