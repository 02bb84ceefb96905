"""Who may open a case, and what of it they see: policies and the story told from the log."""

from dataclasses import astuple, replace
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.utils import timezone, translation

from grid import stamp
from grid.models import StandIn, User
from realtime.events import KINDS, CasePayload
from realtime.models import Event
from tests.factories import Town, photo
from tests.workflows.desk_helpers import filed, open_task
from tests.workflows.lives import closed, handled
from workflows.actions.ratings import rate_request, reopen_request
from workflows.actions.requests import file_request
from workflows.actions.tasks import claim_task, decide_task, transfer_task
from workflows.actions.urging import urge_request
from workflows.models import Request, Visibility
from workflows.policies import (
    may_act,
    may_file_for_others,
    may_view_photos,
    may_view_request,
    sight,
    visible_requests,
)
from workflows.timeline import TELLERS, timeline

pytestmark = pytest.mark.django_db

SECRETS = ("何居民", "13812345678", "和平里3号楼", "悄悄话")


def stand_in(absent: User, present: User) -> None:
    now = timezone.now()
    period = {"since": now - timedelta(days=1), "until": now + timedelta(days=1)}
    with transaction.atomic():
        stamp.bump()
        StandIn.objects.create(member=absent.member, stand_in=present.member, **period)


def told(case: Request, viewer) -> str:
    """Everything a viewer reads in the story."""
    with translation.override("zh-hans"):
        return "\n".join(
            f"{entry.title}|{entry.text}|{entry.actor_name}|{entry.actor_role}|{len(entry.photos)}"
            for entry in timeline(case, viewer)
        )


# --- who may open it --------------------------------------------------------------------------------------
def test_a_case_is_visible_to_those_it_concerns_and_nobody_else(town: Town):
    case = filed(town)
    for user in ("resident", "member1", "leader1", "registrar", "checker", "shift_leader", "supervisor"):
        assert may_view_request(getattr(town, user), case), user
    for user in ("stranger", "neighbour", "member2", "member6", "leader2", "department"):
        assert not may_view_request(getattr(town, user), case), user
    assert not may_view_request(AnonymousUser(), case)


def test_a_role_s_rights_end_at_its_subtree(town: Town):
    here, there = filed(town, grid=1), filed(town, grid=5)
    community = town.communities[0]
    town.assign(town.stranger, "supervisor", community)
    assert set(visible_requests(town.stranger)) == {here}
    assert set(visible_requests(town.supervisor)) == {here, there}


def test_unplaced_cases_are_for_those_responsible_for_the_whole(town: Town):
    lost = file_request(reporter=town.resident, text="不知道在哪", lon=100.0, lat=30.0)
    assert may_view_request(town.supervisor, lost)
    assert not may_view_request(town.leader1, lost)
    assert not may_view_request(town.member1, lost)


def test_a_deactivated_account_sees_nothing(town: Town):
    case = filed(town)
    town.resident.is_active = False
    town.resident.save()
    assert not may_view_request(User.objects.get(pk=town.resident.pk), case)


def test_whoever_a_task_was_handed_to_may_open_the_case(town: Town):
    case = filed(town)
    assert not may_view_request(town.department, case)
    transfer_task(task_id=open_task(case).pk, actor=town.member1, to=town.department, reason="电力线路")
    assert may_view_request(town.department, case)
    assert may_act(town.department, open_task(case))
    assert not may_act(town.member1, open_task(case))


def test_a_stand_in_acts_for_the_principal_while_it_lasts(town: Town):
    case = filed(town)
    task = open_task(case)
    assert not may_act(town.member4, task)
    stand_in(town.member1, town.member4)
    assert may_act(town.member4, task)
    assert may_view_request(town.member4, case)
    assert not may_act(town.member3, task)


def test_the_pool_may_claim_and_others_may_not(town: Town):
    case = filed(town, grid=6)
    task = open_task(case)
    assert may_act(town.member6, task)
    assert may_act(town.member6b, task)
    assert not may_act(town.member1, task)
    claim_task(task_id=task.pk, actor=town.member6)
    task.refresh_from_db()
    assert not may_act(town.member6b, task)


def test_a_case_opened_to_the_neighbours_is_visible_to_those_of_the_same_grid(town: Town):
    case = filed(town, visibility=Visibility.NEIGHBOURS)
    assert may_view_request(town.neighbour, case)
    assert not may_view_request(town.stranger, case)


def test_only_members_file_for_others(town: Town):
    assert may_file_for_others(town.member1)
    assert not may_file_for_others(town.resident)
    assert not may_file_for_others(AnonymousUser())


# --- what they see of it ------------------------------------------------------------------------------------
def test_an_anonymous_reporter_is_known_to_whoever_has_the_case_in_hand_only(town: Town):
    case = filed(town, anonymous=True)
    assert sight(town.resident, case).identity
    assert sight(town.member1, case).identity
    for user in ("leader1", "registrar", "supervisor", "checker"):
        assert not sight(getattr(town, user), case).identity, user
    handled(town, case)
    assert open_task(case).owner == town.checker
    assert sight(town.checker, case).identity
    assert not sight(town.supervisor, case).identity


def test_a_named_reporter_is_known_to_staff_but_not_to_neighbours(town: Town):
    case = filed(town, visibility=Visibility.NEIGHBOURS)
    assert sight(town.supervisor, case).identity
    # They read what the reporter opened to them, and nothing else.
    assert not any(astuple(replace(sight(town.neighbour, case), about=False)))


def test_neighbours_do_not_get_the_photos(town: Town):
    case = filed(town, visibility=Visibility.NEIGHBOURS, photos=[photo()])
    assert may_view_photos(town.resident, case)
    assert may_view_photos(town.member1, case)
    assert not may_view_photos(town.neighbour, case)
    assert not may_view_photos(town.stranger, case)


# --- the story ----------------------------------------------------------------------------------------------
def a_full_life(town: Town, **more) -> Request:
    """Filed, transferred, returned by the checker, done again, closed, rated badly, reopened."""
    case = filed(town, contact_phone="13812345678", address="和平里3号楼", photos=[photo()], **more)
    urge_request(request_id=case.pk, actor=town.resident, text="悄悄话：快点")
    transfer_task(task_id=open_task(case).pk, actor=town.member1, to=town.leader1, reason="内部：人手不够")
    handled(town, case, opinion="换了灯泡", photos=[photo(), photo()])
    return_to_handler(town, case)
    handled(town, case, opinion="这次换好了")
    decide_task(task_id=open_task(case).pk, actor=town.checker, outcome="pass")
    decide_task(task_id=open_task(case).pk, actor=town.shift_leader, outcome="close")
    rate_request(
        request_id=case.pk,
        actor=town.resident,
        in_time=False,
        solved=False,
        satisfied=False,
        comment="悄悄话",
    )
    reopen_request(request_id=case.pk, actor=town.resident, reason="悄悄话：还是不亮")
    case.refresh_from_db()
    return case


def return_to_handler(town: Town, case: Request) -> None:
    decide_task(task_id=open_task(case).pk, actor=town.checker, outcome="rework", opinion="内部：没拍全")


def test_the_requester_reads_the_whole_story_but_not_what_staff_tell_each_other(town: Town):
    case = a_full_life(town)
    story = told(case, town.resident)
    for words in (
        "提交诉求",
        "何居民",
        "赵网格",
        "换了灯泡",
        "这次换好了",
        "居民催办",
        "结案",
        "居民评价",
        "重办",
    ):
        assert words in story, words
    assert "内部" not in story


def test_staff_read_reasons_too(town: Town):
    story = told(a_full_life(town), town.supervisor)
    assert "内部：人手不够" in story
    assert "何居民" in story


def test_the_story_of_an_anonymous_case_names_nobody_to_those_who_must_not_know(town: Town):
    case = a_full_life(town, anonymous=True)
    for viewer in (town.supervisor, town.registrar):
        assert "何居民" not in told(case, viewer)
    assert "何居民" in told(case, town.resident)
    assert "何居民" in told(case, town.leader1)  # has it in hand again


def test_a_neighbour_reads_that_it_goes_on_and_nothing_more(town: Town):
    case = a_full_life(town, visibility=Visibility.NEIGHBOURS)
    story = told(case, town.neighbour)
    assert "提交诉求" in story
    for words in (*SECRETS, "内部", "换了灯泡", "赵网格", "王书记", "居民评价"):
        assert words not in story, words
    assert all(not entry.photos for entry in timeline(case, town.neighbour))


def test_photos_stand_with_the_step_that_brought_them(town: Town):
    case = a_full_life(town)
    with_photos = {entry.kind: len(entry.photos) for entry in timeline(case, town.resident) if entry.photos}
    assert with_photos == {"request.filed": 1, "task.decided": 2}
    moments = {
        entry.kind: {kept.moment for kept in entry.photos}
        for entry in timeline(case, town.resident)
        if entry.photos
    }
    assert moments == {"request.filed": {"before"}, "task.decided": {"after"}}


def test_the_story_says_how_long_a_step_took_and_in_which_role(town: Town):
    case = handled(town, filed(town))
    decided = next(entry for entry in timeline(case, town.supervisor) if entry.kind == "task.decided")
    with translation.override("zh-hans"):
        (again,) = [entry for entry in timeline(case, town.supervisor) if entry.kind == "task.decided"]
    assert decided.took is not None
    assert decided.took >= 0
    assert (again.actor_name, again.actor_role, again.text) == ("赵网格", "网格员", "已更换灯泡")


def test_a_stand_in_s_decision_names_both(town: Town):
    stand_in(town.member1, town.member4)
    case = filed(town)
    task = open_task(case)
    decide_task(task_id=task.pk, actor=town.member4, outcome="done", opinion="代为处置")
    with translation.override("en"):
        (decided,) = [entry for entry in timeline(case, town.supervisor) if entry.kind == "task.decided"]
    assert decided.actor_name == "李网格 for 赵网格"


def test_the_story_is_told_in_the_viewer_s_language(town: Town):
    case = closed(town)
    with translation.override("en"):
        english = "\n".join(entry.title for entry in timeline(case, town.resident))
    assert "Request filed" in english
    assert "Handle: Done" in english
    assert "处置：处置完成" in told(case, town.resident)


def test_hostile_words_come_out_as_they_went_in(town: Town):
    hostile = "<img src=x onerror=alert(1)> {{ 7*7 }} ${alert(1)}"
    case = handled(town, filed(town, text=hostile), opinion=hostile)
    assert hostile in told(case, town.resident)


def test_every_kind_of_case_event_can_be_told(town: Town):
    """A new kind of event about a case cannot be forgotten here."""
    of_cases = {kind for kind, payload in KINDS.items() if issubclass(payload, CasePayload)}
    assert of_cases == set(TELLERS)


def test_a_long_story_costs_no_more_queries_than_a_short_one(town: Town, django_assert_max_num_queries):
    short, long = filed(town), a_full_life(town)
    assert Event.objects.filter(subject_type="request", subject_id=long.pk).count() > 15
    for case in (short, long):
        fresh = Request.objects.get(pk=case.pk)
        with django_assert_max_num_queries(10):
            timeline(fresh, town.supervisor)
