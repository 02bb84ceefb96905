"""What the layers and the search box of the live map are told: of which areas, how many, and whom."""

from __future__ import annotations

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from grid.actions import presence
from grid.models import User
from maps.classes import MOST, breaks
from tests.factories import Town
from tests.workflows.desk_helpers import filed, open_task
from workflows.actions.ratings import rate_request
from workflows.actions.tasks import decide_task

from .cases import WHOLE_TOWN, case, category
from .test_case_data import announce_duties, supervisor_of

DATA = ("/map/data/figures/", "/map/data/staffing/", "/map/data/deadlines/", "/map/data/search/")


def ask(client: Client, user: User, path: str, **query: object) -> dict:
    client.force_login(user)
    answer = client.get(path, {"bbox": WHOLE_TOWN, "zoom": 16, "name": "open", **query})
    assert answer.status_code == 200, answer.content
    return answer.json()


def codes(town: Town, *numbers: int) -> list[str]:
    return [town.grids[number - 1].code for number in numbers]


# --- Classes ---------------------------------------------------------------------------------------
@given(st.lists(st.none() | st.integers(0, 99_999).map(lambda n: n / 100), max_size=300))
def test_classes_cover_every_value_and_none_is_empty(values):
    ends = breaks(values)
    known = [value for value in values if value is not None]
    assert len(ends) <= MOST
    assert ends == sorted(set(ends))
    assert (ends[-1] if ends else None) == (max(known) if known else None)
    lower = [-1.0, *ends]
    for low, high in zip(lower, ends, strict=False):
        assert any(low < value <= high for value in known)


def test_classes_break_where_the_values_do():
    assert breaks([1, 2, 3, 50, 51, 52, 400, 401, 2000, 2001, 9000]) == [3, 52, 401, 2001, 9000]
    assert breaks([0, 0, 5, 6, 7, 100, 101, 800, 9000]) == [0, 7, 101, 800, 9000]
    assert breaks([None, 0.5, 0.75, 0.5]) == [0.5, 0.75]


# --- Figures ---------------------------------------------------------------------------------------
@pytest.mark.django_db
class TestFigures:
    def test_open_cases_are_counted_in_each_grid_drawn(self, client, town: Town):
        case(town, 1), case(town, 1), case(town, 6), case(town, 6, state="closed")
        told = ask(client, town.supervisor, DATA[0])
        first, second, sixth = codes(town, 1, 2, 6)
        assert (told["values"][first], told["values"][second]) == ([2.0, None], [0.0, None])
        assert told["values"][sixth] == [1.0, None]
        assert (told["unit"], told["breaks"]) == ("count", [0.0, 1.0, 2.0])

    def test_a_load_says_how_many_share_it_and_has_no_data_where_nobody_serves(self, client, town: Town):
        case(town, 6), case(town, 6), case(town, 6), case(town, 7)
        values = ask(client, town.supervisor, DATA[0], name="load")["values"]
        sixth, seventh = codes(town, 6, 7)
        assert values[sixth] == [1.5, 2]
        assert values[seventh] == [None, 0]

    def test_a_rate_comes_with_its_n_and_a_grid_without_cases_has_no_data(self, client, town: Town, settings):
        done = filed(town)
        for who, outcome in (("member1", "done"), ("checker", "pass"), ("shift_leader", "close")):
            task = open_task(done)
            decide_task(task_id=task.pk, actor=getattr(town, who), outcome=outcome, opinion="已修好")
        rate_request(
            request_id=done.pk, actor=town.resident, in_time=True, solved=True, satisfied=False, comment=""
        )
        told = ask(client, town.supervisor, DATA[0], name="satisfied")
        first, second = codes(town, 1, 2)
        assert told["values"][first] == [0.0, 1]
        assert told["values"][second] == [None, 0]
        assert (told["unit"], told["of"]) == ("share", 1)
        assert told["period"]

    def test_a_supervisor_is_told_of_the_own_grids_only(self, client, town: Town):
        case(town, 1), case(town, 5)
        watcher = supervisor_of(town.communities[0])
        announce_duties()
        for name in ("open", "load", "overdue", "on_time", "satisfied"):
            assert sorted(ask(client, watcher, DATA[0], name=name)["values"]) == codes(town, 1, 2, 3, 4)

    def test_from_far_away_communities_are_coloured(self, client, town: Town):
        case(town, 1), case(town, 2), case(town, 5)
        values = ask(client, town.supervisor, DATA[0], zoom=11)["values"]
        assert {code: value for code, (value, _n) in values.items()} == {
            town.communities[0].code: 2.0,
            town.communities[1].code: 1.0,
        }

    def test_an_unchanged_answer_is_not_sent_twice(self, client, town: Town):
        client.force_login(town.supervisor)
        query = {"bbox": WHOLE_TOWN, "zoom": 16, "name": "open"}
        first = client.get(DATA[0], query)
        assert client.get(DATA[0], query, headers={"if-none-match": first["ETag"]}).status_code == 304

    def test_a_figure_there_is_none_of_is_refused_with_a_sentence(self, client, town: Town):
        client.force_login(town.supervisor)
        answer = client.get(DATA[0], {"bbox": WHOLE_TOWN, "zoom": 16, "name": "residents"})
        assert answer.status_code == 400
        assert answer.json()["error"]


# --- Staffing --------------------------------------------------------------------------------------
@pytest.mark.django_db
class TestStaffing:
    def test_grids_without_a_member_of_their_own_show(self, client, town: Town):
        areas = ask(client, town.supervisor, DATA[1])["areas"]
        first, sixth, seventh = (areas[code] for code in codes(town, 1, 6, 7))
        assert (first["staffed"], first["names"]) == (1, [town.member_of(1).name])
        assert len(sixth["names"]) == 2
        assert (seventh["staffed"], "names" in seventh) == (0, False)

    def test_of_a_community_it_is_told_how_many_of_its_grids_have_one(self, client, town: Town):
        areas = ask(client, town.supervisor, DATA[1], zoom=11)["areas"]
        assert areas[town.communities[1].code] == {"grids": 3, "staffed": 2, "online": 0}

    def test_an_open_desk_marks_its_grid_and_nobody_by_name(self, client, town: Town):
        presence._noted.clear()
        presence.note_on_line([town.members_of(6)[0].pk])
        areas = ask(client, town.supervisor, DATA[1])["areas"]
        assert {code: one["online"] for code, one in areas.items() if one["online"]} == {codes(town, 6)[0]: 1}
        assert len(areas[codes(town, 6)[0]]["names"]) == 2

    def test_a_supervisor_is_told_of_the_own_grids_only(self, client, town: Town):
        watcher = supervisor_of(town.communities[1])
        announce_duties()
        assert sorted(ask(client, watcher, DATA[1])["areas"]) == codes(town, 5, 6, 7)


# --- Deadlines -------------------------------------------------------------------------------------
@pytest.mark.django_db
class TestDeadlines:
    def test_only_those_that_come_soon_the_nearest_first(self, client, town: Town):
        later, sooner = case(town, 1, due=20), case(town, 2, due=2)
        case(town, 1, due=-1), case(town, 1, due=30), case(town, 1, due=None)
        case(town, 1, due=3, state="suspended"), case(town, 1, due=3, state="closed")
        told = ask(client, town.supervisor, DATA[2])
        assert [row["number"] for row in told["rows"]] == [sooner.number, later.number]
        assert told["total"] == 2
        assert ask(client, town.supervisor, DATA[2], hours=36)["total"] == 3

    def test_of_the_category_and_area_chosen(self, client, town: Town):
        kind = category("deadline-test", "测试")
        wanted = case(town, 1, due=3, category=kind)
        case(town, 1, due=3), case(town, 5, due=3, category=kind)
        chosen = {"category": kind.code, "area": town.communities[0].code}
        told = ask(client, town.supervisor, DATA[2], **chosen)
        assert [row["number"] for row in told["rows"]] == [wanted.number]

    def test_not_those_of_another_district(self, client, town: Town):
        mine = case(town, 1, due=3)
        case(town, 5, due=3)
        watcher = supervisor_of(town.communities[0])
        announce_duties()
        assert [row["number"] for row in ask(client, watcher, DATA[2])["rows"]] == [mine.number]

    @pytest.mark.parametrize("hours", ["0", "-3", "169", "soon", "nan"])
    def test_hours_that_make_no_sense_are_refused(self, client, town: Town, hours: str):
        client.force_login(town.supervisor)
        answer = client.get(DATA[2], {"bbox": WHOLE_TOWN, "zoom": 16, "hours": hours})
        assert answer.status_code == 400


# --- Search ----------------------------------------------------------------------------------------
def found(client: Client, user: User, words: str) -> list[tuple[str, str]]:
    return [(one["kind"], one["label"]) for one in ask(client, user, DATA[3], q=words)["found"]]


@pytest.mark.django_db
class TestSearch:
    def test_a_case_is_found_by_its_number_or_the_end_of_it(self, client, town: Town):
        one = case(town, 1, number="149901202611260042")
        for words in (one.number, one.number[:8], "0042"):
            assert ("case", one.number) in found(client, town.supervisor, words)

    def test_a_closed_case_is_found_by_the_beginning_of_its_number_only(self, client, town: Town):
        one = case(town, 1, number="QH20261126-0042", state="closed")
        for words in (one.number, "QH2026", "qh20261126"):
            assert ("case", one.number) in found(client, town.supervisor, words)
        assert found(client, town.supervisor, "0042") == []

    def test_an_area_is_found_by_name_also_within_another(self, client, town: Town):
        assert ("area", "清河街道 新华社区") in found(client, town.supervisor, "新华")
        assert found(client, town.supervisor, "新华 第6") == [("area", "新华社区 第6网格")]
        assert found(client, town.supervisor, "和平里 第6") == []

    def test_a_member_is_found_with_the_area_they_serve(self, client, town: Town):
        name = town.member_of(1).name
        (one,) = ask(client, town.supervisor, DATA[3], q=name)["found"]
        assert (one["kind"], one["label"], one["code"]) == ("member", name, town.grids[0].code)
        assert one["bbox"]

    def test_an_address_is_found_among_open_cases(self, client, town: Town):
        one = case(town, 1, address="幸福里3号楼2单元")
        case(town, 1, address="幸福里9号楼", state="closed")
        (told,) = ask(client, town.supervisor, DATA[3], q="幸福里")["found"]
        assert (told["kind"], told["number"]) == ("address", one.number)

    def test_nothing_of_another_district_is_found(self, client, town: Town):
        theirs = case(town, 5, number="149901202611260042", address="幸福里3号楼2单元")
        watcher = supervisor_of(town.communities[0])
        announce_duties()
        member = town.member_of(5).name
        for words in (
            theirs.number,
            theirs.number[:12],
            "0042",
            "新华",
            "第5",
            member,
            "幸福里",
            theirs.area.code,
        ):
            assert found(client, watcher, words) == [], words

    def test_what_residents_wrote_is_not_searched(self, client, town: Town):
        case(town, 1, text="独一无二的话", contact_name="何居民", contact_phone="13900000000")
        for words in ("独一无二", "何居民", "13900000000", "3900"):
            assert found(client, town.supervisor, words) == []

    def test_a_single_letter_finds_nothing(self, client, town: Town):
        case(town, 1, number="149901202611260042")
        assert found(client, town.supervisor, "1") == found(client, town.supervisor, " ") == []


# --- Rights ----------------------------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.parametrize("path", [*DATA, "/map/chosen/", "/map/chosen/people/"])
def test_whoever_does_not_watch_is_told_nothing(client, town: Town, path: str):
    case(town, 1)
    query = {"bbox": WHOLE_TOWN, "zoom": 16, "name": "open", "q": "和平里"}
    assert client.get(path, query).status_code == 401
    for who in ("resident", "member1", "registrar", "checker"):
        client.force_login(getattr(town, who))
        answer = client.get(path, query)
        assert answer.status_code == 403, who
        assert "和平里" not in answer.content.decode()
