"""What the page for redrawing borders asks the server: reading, trying, saving, unsaved work, and who may."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from grid import borders
from grid.actions.areas import create_area
from grid.actions.borders import save_draft
from grid.actions.duty import assign_responsibility
from grid.border_words import SENTENCES, what_is_wrong, why_not
from grid.models import Area, AreaDraft, AreaEdit, AreaVersion
from grid.topology import Impossible, Label, Problem, Reason
from realtime.models import Event
from tests.factories import Town
from tests.grid.test_borders import at, everything, merge, ring, split

pytestmark = pytest.mark.django_db
CODE = "149901001001"
MOVE = {"do": "move", "from": at(1, 1), "to": at(1.2, 1)}


def browser_of(user: Any) -> Client:
    client = Client()
    if not isinstance(user, AnonymousUser):
        client.force_login(user)
    return client


@pytest.fixture
def admin(town: Town) -> Client:
    return browser_of(town.administrator)


def ask(client: Client, what: str, body: dict | None = None, *, code: str = CODE, **query: str) -> Any:
    url = reverse(f"borders_{what}", args=[code])
    if body is None:
        return client.get(url, query)
    return client.post(url, body, content_type="application/json")


def test_the_page_reads_the_borders_with_who_serves_and_who_saved(admin, town):
    data = ask(admin, "data").json()
    assert data["edit"] == AreaEdit.objects.latest("pk").pk
    assert data["on"] == timezone.localdate().isoformat()
    assert (data["community"]["code"], data["community"]["outline"]) == (CODE, "own")
    assert [grid["code"] for grid in data["grids"]] == [grid.code for grid in town.grids[:4]]
    first = data["grids"][0]
    assert (first["name"], first["households"], first["members"]) == ("第1网格", 400, ["赵网格"])
    assert first["geometry"]["type"] == "Polygon"
    assert at(1, 1) in first["geometry"]["coordinates"][0]
    assert [area["code"] for area in data["around"]] == ["149901001002"]
    assert (data["problems"], data["others"]) == ([], [])


def test_the_answer_is_sent_again_only_when_something_changed(admin, town):
    first = ask(admin, "data")
    url, tag = reverse("borders_data", args=[CODE]), first["ETag"]
    assert first["Cache-Control"] == "private, no-cache"
    assert admin.get(url, headers={"If-None-Match": tag}).status_code == 304
    with translation.override("en"):
        english = admin.get(url, headers={"If-None-Match": tag, "Accept-Language": "en"})
    assert english.status_code == 200
    ask(admin, "save", {"base": first.json()["edit"], "operations": [MOVE], "note": ""})
    again = admin.get(url, headers={"If-None-Match": tag})
    assert (again.status_code, again["ETag"] == tag) == (200, False)
    save_draft(
        community=town.communities[0], actor=town.administrator, base=None, operations=[MOVE]
    )  # one's own work is no news
    assert admin.get(url, headers={"If-None-Match": again["ETag"]}).status_code == 304


def test_trying_shows_what_would_be_and_writes_nothing(admin, town):
    before = everything()
    answer = ask(admin, "try", {"base": None, "operations": [split(), {"do": "move"}, MOVE]}).json()
    assert everything() == before
    assert [failed["index"] for failed in answer["failed"]] == [1]
    grids = {grid["code"]: grid for grid in answer["grids"]}
    assert len(grids) == 5
    assert (grids["N1"]["name"], grids["N1"]["households"]) == ("新网格", None)
    assert at(1.2, 1) in grids["149901001001002"]["geometry"]["coordinates"][0]
    assert answer["problems"] == []


def test_trying_costs_the_same_few_queries_however_much_is_tried(admin):
    def queries(*operations: dict) -> int:
        with CaptureQueriesContext(
            connection,
        ) as caught:
            assert ask(admin, "try", {"base": None, "operations": operations}).status_code == 200
        return len(caught)

    queries(MOVE)
    back = MOVE | {"from": MOVE["to"], "to": MOVE["from"]}
    assert queries(MOVE) == queries(*[MOVE, back] * 20) <= 8


def test_what_is_tried_does_not_depend_on_what_was_tried_before(admin):
    """The server remembers the last few lists; changing or dropping one in the middle must show."""
    lists = [[MOVE], [MOVE, split()], [split()], [MOVE, split(new="N2")], [MOVE, MOVE, split()], [MOVE], []]
    remembered = [ask(admin, "try", {"base": None, "operations": some}).json() for some in lists]
    for some, answer in zip(lists, remembered, strict=True):
        borders._trials.clear()
        assert ask(admin, "try", {"base": None, "operations": some}).json() == answer
    assert len({json.dumps(answer) for answer in remembered}) == 6


def test_saving_answers_with_the_number_of_the_save(admin, town):
    base = ask(admin, "data").json()["edit"]
    answer = ask(admin, "save", {"base": base, "operations": [MOVE, split()], "note": "沿新路"})
    assert answer.status_code == 200
    edit = AreaEdit.objects.latest("pk")
    assert answer.json() == {"edit": edit.pk}
    data = ask(admin, "data").json()
    assert (data["edit"], data["edits"][0]["by"], data["edits"][0]["note"]) == (edit.pk, "杨管理", "沿新路")
    assert {grid["by"] for grid in data["grids"] if grid["code"] in ("N1", "149901001001002")} == {"杨管理"}


def test_the_later_of_two_gets_the_others_work_and_loses_nothing(admin, town):
    base = ask(admin, "data").json()["edit"]
    ask(admin, "save", {"base": base, "operations": [MOVE], "note": "沿新路"})
    answer = ask(admin, "save", {"base": base, "operations": [merge(1, 2, into=1)], "note": ""})
    assert answer.status_code == 409
    said = answer.json()
    assert [(edit["by"], edit["note"]) for edit in said["edits"]] == [("杨管理", "沿新路")]
    assert said["edits"][0]["grids"] == ["第1网格", "第2网格"]
    assert "杨管理" in said["message"]
    assert at(1.2, 1) in said["data"]["grids"][0]["geometry"]["coordinates"][0]
    again = {"base": said["data"]["edit"], "operations": [merge(1, 2, into=1)], "note": ""}
    assert ask(admin, "save", again).status_code == 200


def test_what_cannot_be_done_is_answered_with_the_sentence_and_its_place_in_the_list(admin):
    before, base = everything(), ask(admin, "data").json()["edit"]
    covers_all = {"do": "draw", "ring": ring(-1, -1, 5, 2), "code": "N9", "name": "x"}
    answer = ask(admin, "save", {"base": base, "operations": [MOVE, covers_all], "note": ""})
    assert answer.status_code == 422
    said = answer.json()
    assert "第1网格" in said["message"]
    assert [failed["index"] for failed in said["failed"]] == [1]
    assert everything() == before


def test_a_body_that_is_none_is_refused(admin):
    bodies = [
        "nonsense", [], {}, {"operations": "x"}, {"operations": [], "base": "1"},
        {"operations": [], "base": True},
        {"operations": [], "note": 1}, {"operations": [], "base": 2**63}, {"operations": [{}] * 1001},
    ]  # fmt: skip
    for body in bodies:
        for what in ("try", "save"):
            answer = admin.post(
                reverse(f"borders_{what}", args=[CODE]), json.dumps(body), content_type="application/json"
            )
            assert answer.status_code == 422
            assert answer.json()["message"]
    deep = admin.post(reverse("borders_try", args=[CODE]), "[" * 100_000, content_type="application/json")
    assert deep.status_code == 422


def test_an_operation_that_is_none_fails_with_a_sentence(admin):
    operations = [
        None, [], "move", {"do": None}, {"do": []}, {"do": "move", "from": [1e300, 0], "to": [0, 0]},
        {"do": "move", "from": [None, None], "to": []}, {"do": "insert", "edge": [[1, 2]], "at": [1, 2]},
        {"do": "draw", "ring": {"a": 1}, "code": "x", "name": "x"}, {"do": "draw", "ring": [], "code": 7},
        {"do": "split", "grid": ["x"], "line": 1}, {"do": "merge", "grids": [{}], "into": {}},
        {"do": "rename", "grid": {}}, {"do": "rename", "grid": "149901001001001", "households": -1},
        {"do": "split", "grid": "149901001001001", "line": [[0, 0], [1, 1]], "keep": []},
    ]  # fmt: skip
    answer = ask(admin, "try", {"base": None, "operations": operations})
    assert answer.status_code == 200
    failed = answer.json()["failed"]
    assert [one["index"] for one in failed] == list(range(len(operations)))
    assert all(one["message"].endswith("。") for one in failed)


def test_unsaved_work_is_kept_for_oneself_and_others_see_that_there_is_some(admin, town):
    url = reverse("borders_draft", args=[CODE])
    assert admin.get(url).status_code == 204
    base = ask(admin, "data").json()["edit"]
    kept = admin.put(url, {"base": base, "operations": [MOVE]}, content_type="application/json").json()
    assert (kept["base"], kept["operations"]) == (base, [MOVE])
    assert admin.get(url).json() == kept
    assign_responsibility(member=town.leader1.member, area=town.communities[0], role="administrator")
    leader = browser_of(town.leader1)
    assert leader.get(url).status_code == 204
    assert ask(leader, "data").json()["others"] == [{"name": "杨管理", "saved_at": kept["saved_at"]}]
    ask(leader, "save", {"base": base, "operations": [split()], "note": ""})
    assert admin.get(url).json() == kept
    ask(
        admin,
        "save",
        {"base": base, "operations": [{"do": "rename", "grid": "149901001001004", "name": "东"}]},
    )
    assert admin.get(url).status_code == 204
    admin.put(url, {"base": base, "operations": [MOVE]}, content_type="application/json")
    assert admin.delete(url).status_code == 204
    assert not AreaDraft.objects.exists()
    assert not Event.objects.filter(kind__contains="draft").exists()


def test_a_day_in_the_past_shows_the_borders_of_that_day(admin, town):
    before = ask(admin, "data").json()
    today = timezone.localdate()
    with time_machine.travel(timezone.now() + timedelta(days=3), tick=False):
        admin = browser_of(town.administrator)
        ask(admin, "save", {"base": before["edit"], "operations": [split(), MOVE], "note": ""})
        now = ask(admin, "data").json()
        then = ask(admin, "data", on=today.isoformat()).json()
        assert [grid["code"] for grid in then["grids"]] == [grid["code"] for grid in before["grids"]]
        assert at(1, 1) in then["grids"][0]["geometry"]["coordinates"][0]
        assert then["grids"][0]["members"] == ["赵网格"]
        assert (then["on"], then["edit"]) == (today.isoformat(), now["edit"])
        assert len(now["grids"]) == 5
        same = ask(admin, "data", on=timezone.localdate().isoformat()).json()
        assert same["grids"] == now["grids"]
        assert ask(admin, "data", on="yesterday").status_code == 422


def test_only_administrators_of_this_community_get_in(town):
    assign_responsibility(member=town.leader2.member, area=town.communities[1], role="administrator")
    outside = {AnonymousUser(): 302, town.resident: 403, town.member1: 403, town.leader2: 403}
    for user, status in outside.items():
        client = browser_of(user)
        assert ask(client, "data").status_code == status
        for what in ("try", "save"):
            assert ask(client, what, {"base": None, "operations": [MOVE]}).status_code == status
        assert client.put(reverse("borders_draft", args=[CODE])).status_code == status
    assert AreaVersion.objects.filter(edit__kind="reshape").count() == 0


def test_a_grid_a_street_of_communities_and_an_unknown_code_are_not_found(admin, town):
    create_area(code="B1", name="一号楼", level="building", parent=town.grids[0])
    for code in ("149901001001001", "149901001", "B1", "nowhere"):
        assert ask(admin, "data", code=code).status_code == 404


def test_a_community_without_grids_can_have_its_first_one_drawn(admin, town):
    create_area(
        code="C3", name="新社区", level="community", parent=town.street,
        geometry=town.communities[1].geometry.buffer(0.001),
    )  # fmt: skip
    operation = {"do": "draw", "ring": ring(0.5, 1.2, 1.5, 1.8), "code": "C3-1", "name": "头一个"}
    answer = ask(admin, "save", {"base": None, "operations": [operation], "note": ""}, code="C3")
    assert answer.status_code == 200
    grid = Area.objects.get(code="C3-1")
    assert (grid.level_id, Area.objects.get_parent(grid).code) == ("grid", "C3")
    (gap,) = ask(admin, "data", code="C3").json()["problems"]
    assert (gap["kind"], gap["grids"]) == ("gap", ["C3-1"])


def test_every_reason_has_words_in_both_languages():
    params = {
        "grid": "g", "grids": ["g", "h", "i", "j"], "code": "c", "length": 3, "what": "edge", "area": "x",
    }  # fmt: skip
    labels = {"g": Label("第1网格")}
    assert set(SENTENCES) == set(Reason)
    for reason in Reason:
        said = {}
        for language in ("en", "zh-hans"):
            with translation.override(language):
                said[language] = why_not(Impossible(reason, **params), labels)
        assert said["en"] != said["zh-hans"]
        assert "%(" not in "".join(said.values())
    for kind in ("gap", "overlap", "outside", "no_ground", "no_outline"):
        for grids in ((), ("g",), ("g", "h")):
            with translation.override("zh-hans"):
                assert what_is_wrong(Problem(kind, grids, (116.0, 40.0), 12.5), labels).endswith("。")
