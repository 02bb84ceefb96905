"""Form fields: of the filing form and of steps, through the actions and on the screens."""

import uuid

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from grid.errors import Refused
from tests.factories import Town
from tests.workflows.desk_helpers import HOSTILE, signed_in
from tests.workflows.flowing import approval, condition, definition, open_blocks, open_task, run
from workflows.actions.bindings import bind_workflow
from workflows.actions.definitions import publish_version
from workflows.actions.on_the_spot import DEFINITION as ON_THE_SPOT
from workflows.actions.requests import file_request
from workflows.actions.tasks import decide_task
from workflows.engine.answers import BadField
from workflows.engine.describe import describe
from workflows.models import Category, Request, WorkflowDefinition

pytestmark = pytest.mark.django_db

AMOUNT = {
    "code": "amount",
    "name": "金额",
    "name_en": "Amount",
    "type": "number",
    "unit": "元",
    "required": True,
}
FORM = [
    AMOUNT,
    {"code": "since", "name": "发生日期", "type": "date"},
    {"code": "note", "name": "说明", "type": "text"},
    {"code": "agreed", "name": "已阅读须知", "type": "bool"},
    {
        "code": "kind",
        "name": "类别",
        "type": "choice",
        "choices": [{"code": "a", "name": "甲类"}, {"code": "b", "name": "乙类"}],
    },
    {"code": "helper", "name": "希望谁来", "type": "person"},
]


def decide(case, block_id, outcome="done", **more):
    task = open_task(case, block_id)
    decide_task(task_id=task.pk, actor=task.owner, outcome=outcome, **more)
    case.refresh_from_db()
    case.process.refresh_from_db()


@pytest.fixture
def asking(town: Town) -> Category:
    """A kind of request whose workflow asks for more."""
    steps = [
        condition("big", "fields.amount > 5000", approval("large", "grid_leader")),
        approval("one", access={"note": "edit", "since": "hidden", "helper": "read"}),
        approval("two", "checker"),
    ]
    publish_version(body=definition(*steps, key="asking") | {"fields": FORM})
    category = Category.objects.filter(dictionary="resident", depth=2).first()
    asking = WorkflowDefinition.objects.get(key="asking")
    bind_workflow(category=category, area=None, definition=asking, since=timezone.localdate())
    return category


def file(town, category, grid=1, reporter=None, **fields):
    return file_request(
        reporter=reporter or town.resident,
        text="申请报销",
        category=category,
        area=town.grids[grid - 1],
        fields=fields,
    )


def look(client, url):
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


# --- filing ------------------------------------------------------------------------------------------
def test_what_the_filing_form_asks_is_kept_with_the_case_and_conditions_see_it(town, asking):
    case = file(
        town,
        asking,
        amount="8000.5",
        since="2026-05-31",
        note="买灯泡",
        agreed="true",
        kind="b",
        helper=str(town.member1.pk),
    )
    assert case.process.data["fields"] == {
        "amount": 8000.5, "since": "2026-05-31", "note": "买灯泡", "agreed": True, "kind": "b",
        "helper": town.member1.pk,
    }  # fmt: skip
    assert open_blocks(case) == ["large"]
    assert open_blocks(file(town, asking, amount="20")) == ["one"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "amount"),
        ({"amount": ""}, "amount"),
        ({"amount": "很多"}, "amount"),
        ({"amount": "NaN"}, "amount"),
        ({"amount": "1e400"}, "amount"),
        ({"amount": ["1"]}, "amount"),
        ({"amount": "1", "since": "昨天"}, "since"),
        ({"amount": "1", "since": "2026-02-30"}, "since"),
        ({"amount": "1", "note": "长" * 501}, "note"),
        ({"amount": "1", "kind": "z"}, "kind"),
        ({"amount": "1", "kind": ["a"]}, "kind"),
        ({"amount": "1", "helper": "0"}, "helper"),
        ({"amount": "1", "helper": "abc"}, "helper"),
    ],
)
def test_a_field_that_is_missing_or_makes_no_sense_is_refused_by_name_and_nothing_is_filed(
    town, asking, fields, code
):
    with pytest.raises(BadField) as refused:
        file(town, asking, **fields)
    assert refused.value.code == code
    assert not Request.objects.exists()


def test_a_resident_chooses_only_among_those_who_serve_at_the_place(town, asking):
    with pytest.raises(BadField):
        file(town, asking, amount="1", helper=str(town.member5.pk))
    with pytest.raises(BadField):
        file(town, asking, amount="1", helper=str(town.neighbour.pk))
    file(town, asking, amount="1", helper=str(town.leader1.pk))


def test_a_box_that_has_to_be_ticked_is(town):
    consent = {"code": "consent", "name": "同意", "type": "bool", "required": True}
    publish_version(body=definition(approval("one")) | {"fields": [consent]})
    for given in ({}, {"consent": "false"}):
        with pytest.raises(BadField):
            file_request(
                reporter=town.resident, text="申请", area=town.grids[0], definition="trial", fields=given
            )
    case = file_request(
        reporter=town.resident,
        text="申请",
        area=town.grids[0],
        definition="trial",
        fields={"consent": "true"},
    )
    assert case.process.data["fields"] == {"consent": True}


def test_the_filing_form_asks_it_for_the_kind_chosen_and_only_then(town, asking):
    client = signed_in(town.resident)
    assert "金额" not in look(client, reverse("request_new"))
    url = reverse("request_fields")
    plain = client.post(url, {"category": ""}).content.decode()
    assert "hidden" in plain
    assert "field_" not in plain
    area = [town.communities[0].code, town.grids[0].code]
    more = client.post(url, {"category": asking.pk, "area": area, "field_note": HOSTILE}).content.decode()
    assert 'name="field_amount"' in more
    assert "金额（元）" in more
    assert 'type="date"' in more
    assert town.member1.name in more
    assert town.member5.name not in more
    assert HOSTILE not in more
    assert escape(HOSTILE) in more


def sent(town, category, **more):
    return {
        "text": "申请报销",
        "client_key": str(uuid.uuid4()),
        "category": category.pk,
        "area": [town.communities[0].code, town.grids[0].code],
    } | more


def test_without_scripts_the_form_comes_back_as_a_second_step_with_what_is_missing(town, asking):
    client = signed_in(town.resident)
    data = sent(town, asking)
    answer = client.post(reverse("request_new"), data)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert 'name="field_amount"' in text
    assert 'id="field-amount-error"' in text
    assert not Request.objects.exists()
    answer = client.post(reverse("request_new"), data | {"field_amount": "12", "field_note": "灯泡"})
    filed = Request.objects.get()
    assert answer["Location"] == reverse("request_detail", args=[filed.number])
    assert filed.process.data["fields"] == {"amount": 12, "note": "灯泡", "agreed": False}


def test_with_scripts_the_field_that_is_wrong_is_named(town, asking):
    data = sent(town, asking, field_amount="viel")
    answer = signed_in(town.resident).post(reverse("request_new"), data, HTTP_ACCEPT="application/json")
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == ["field_amount"]


def test_what_was_filled_in_survives_the_sign_in(town, asking, client):
    client.post(reverse("request_new"), sent(town, asking, field_amount="12", field_note="灯泡"))
    client.force_login(town.resident)
    text = look(client, reverse("request_new"))
    assert 'name="field_amount" value="12"' in text
    assert 'value="灯泡"' in text


def test_a_member_fills_them_in_for_a_resident(town, asking):
    client = signed_in(town.member1)
    more = client.post(
        reverse("desk_file_fields"), {"category": asking.pk, "kind": "resident"}
    ).content.decode()
    assert 'name="field_amount"' in more
    fixed = client.post(
        reverse("desk_file_fields"), {"category": asking.pk, "kind": "fixed"}
    ).content.decode()
    assert "field_amount" not in fixed
    assert ON_THE_SPOT != "asking"
    data = sent(town, asking, kind="resident", contact_name="老王")
    answer = client.post(reverse("desk_file"), data)
    assert answer.status_code == 422
    assert 'id="field-amount-error"' in answer.content.decode()
    client.post(reverse("desk_file"), data | {"field_amount": "12"})
    assert Request.objects.get().process.data["fields"]["amount"] == 12


def test_residents_may_not_ask_for_the_members_form(town, asking):
    assert signed_in(town.resident).post(reverse("desk_file_fields"), {}).status_code == 403


# --- at steps ----------------------------------------------------------------------------------------
def filled_case(town, asking):
    return file(
        town, asking, amount="20", since="2026-05-31", note="买<b>灯泡</b>", helper=str(town.member1.pk)
    )


def test_a_step_shows_what_was_filled_in_but_for_what_is_hidden_from_it(town, asking):
    case = filled_case(town, asking)
    text = look(signed_in(town.member1), reverse("desk_task", args=[open_task(case, "one").pk]))
    assert "20 元" in text
    assert "发生日期" not in text
    assert "2026" not in text.split("case-facts")[-1].split("</dl>")[0]
    # Nor on the page of the whole case, which they may open as well.
    assert "发生日期" not in look(signed_in(town.member1), reverse("case_detail", args=[case.number]))
    assert "发生日期" in look(signed_in(town.supervisor), reverse("case_detail", args=[case.number]))
    decide(case, "one")
    text = look(signed_in(town.checker), reverse("desk_task", args=[open_task(case, "two").pk]))
    assert "发生日期" in text
    assert "买&lt;b&gt;灯泡&lt;/b&gt;" in text


def test_whoever_filed_it_reads_what_they_filled_in_and_neighbours_do_not(town, asking):
    case = filled_case(town, asking)
    Request.objects.update(visibility="neighbours")
    url = reverse("request_detail", args=[case.number])
    assert "20 元" in look(signed_in(town.resident), url)
    text = look(signed_in(town.neighbour), url)
    assert "20 元" not in text
    assert "灯泡" not in text


def test_what_a_step_filled_in_is_for_those_who_work_on_the_case(town):
    cost = {"code": "cost", "name": "费用", "type": "number", "unit": "元"}
    case = run(town, approval("one", fields=[cost]), approval("two", "checker"))
    decide(case, "one", data={"cost": "35.50"})
    assert "35.5 元" in look(signed_in(town.checker), reverse("case_detail", args=[case.number]))
    assert "35.5 元" not in look(signed_in(town.resident), reverse("request_detail", args=[case.number]))


def test_a_step_may_change_an_earlier_field_and_only_the_one_it_is_given(town, asking):
    case = filled_case(town, asking)
    (field,) = describe(open_task(case, "one")).fields
    assert (field.code, field.value) == ("note", "买<b>灯泡</b>")
    task = open_task(case, "one")
    client = signed_in(town.member1)
    assert "买&lt;b&gt;灯泡&lt;/b&gt;" in look(client, reverse("desk_task", args=[task.pk]))
    posted = {"outcome": "done", "note": "买灯管", "amount": "9999", "since": "2020-01-01"}
    client.post(reverse("desk_decide", args=[task.pk]), posted)
    case.process.refresh_from_db()
    fields = case.process.data["fields"]
    assert (fields["note"], fields["amount"], fields["since"]) == ("买灯管", 20, "2026-05-31")


def test_a_field_that_may_be_changed_stays_when_it_is_not_named_and_goes_when_it_is_emptied(town, asking):
    case = filled_case(town, asking)
    decide(case, "one", data={"amount": "1"})
    assert case.process.data["fields"]["note"] == "买<b>灯泡</b>"
    assert case.process.data["fields"]["amount"] == 20
    case = filled_case(town, asking)
    decide(case, "one", data={"note": ""})
    assert case.process.data["fields"]["note"] is None
    assert "说明" not in look(signed_in(town.checker), reverse("case_detail", args=[case.number]))


def test_a_required_field_that_may_be_changed_cannot_be_emptied(town):
    case_form = {"fields": [AMOUNT]}
    publish_version(body=definition(approval("one", access={"amount": "edit"})) | case_form)
    case = file_request(
        reporter=town.resident, text="申请", area=town.grids[0], definition="trial", fields={"amount": "5"}
    )
    with pytest.raises(Refused):
        decide(case, "one", data={"amount": ""})
    decide(case, "one", data={"amount": "6"})
    assert case.process.data["fields"]["amount"] == 6


def test_several_people_are_ticked_and_stay_ticked_while_others_are_looked_for(town):
    helpers = {"code": "helpers", "name": "协办人", "type": "people"}
    case = run(town, approval("one", fields=[helpers]), approval("two", [{"field": "helpers"}]))
    task = open_task(case, "one")
    client = signed_in(town.member1)
    url = reverse("desk_people", args=[task.pk])
    found = client.get(url, {"field": "helpers", "q": "钱", "helpers": [town.leader1.pk]}).content.decode()
    assert f'value="{town.leader1.pk}" checked' in found
    assert f'value="{town.member2.pk}"' in found
    assert 'type="checkbox"' in found
    posted = {"outcome": "done", "helpers": [town.leader1.pk, town.member2.pk]}
    client.post(reverse("desk_decide", args=[task.pk]), posted)
    case.process.refresh_from_db()
    assert case.process.data["fields"]["helpers"] == [town.leader1.pk, town.member2.pk]
    text = look(signed_in(town.supervisor), reverse("case_detail", args=[case.number]))
    assert (
        f"{town.leader1.name}、{town.member2.name}" in text
        or f"{town.leader1.name}，{town.member2.name}" in text
    )
