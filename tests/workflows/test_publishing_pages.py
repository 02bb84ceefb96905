"""The console pages of publishing: what one sees, presses, and is told."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.factories import Town
from tests.workflows.flowing import approval, begin, definition, publish
from workflows.actions.proposals import propose_version, require_second_person
from workflows.bindings import workflow_for
from workflows.models import (
    Category,
    WorkflowDefinition,
    WorkflowDraft,
    WorkflowProposal,
    WorkflowVersion,
)

pytestmark = pytest.mark.django_db

ONE, TWO = approval("one", handler=True), approval("two", "checker", name="<b>复核</b>")


def draw(*blocks, key: str = "trial") -> None:
    """The drawing that waits to be published."""
    WorkflowDraft.objects.update_or_create(key=key, defaults={"body": definition(*blocks, key=key)})


@pytest.fixture
def english() -> dict[str, str]:
    return {"HTTP_ACCEPT_LANGUAGE": "en"}


@pytest.fixture
def desk(town: Town, client: Client) -> Client:
    client.force_login(town.administrator)
    return client


@pytest.fixture
def second(town: Town) -> Client:
    """The browser of another administrator of the whole town."""
    town.assign(town.shift_leader, "administrator", town.street)
    other = Client()
    other.force_login(town.shift_leader)
    return other


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of the page's form, to be sent with it."""
    found = re.findall(r'<input type="hidden" name="(looked_at|seen)" value="([^"]*)"', page)
    return dict(found)


def words(answer) -> str:
    text = re.sub(r"<(script|style).*?</\1>", " ", answer.content.decode(), flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


# --- publish -----------------------------------------------------------------------------------------------
def test_the_page_says_what_changes_and_one_press_publishes_with_the_note(town, desk, english):
    publish(ONE)
    begin(town)
    draw(ONE, TWO)
    page = desk.get(reverse("workflow_publish", args=["trial"]), **english)
    assert "What changes against version 1" in words(page)
    assert "added, after “步骤one”" in words(page)
    assert "1 open case runs on version 1" in words(page)
    assert "<b>复核</b>" not in page.content.decode()
    answer = desk.post(
        reverse("workflow_publish", args=["trial"]), hidden(page.content.decode()) | {"note": "加一道复核"}
    )
    assert answer.url == reverse("workflow_versions", args=["trial"])
    version = WorkflowDefinition.objects.get(key="trial").in_force()
    assert (version.note, version.published_by) == ("加一道复核", town.administrator)
    history = words(desk.get(answer.url, **english))
    assert "Version 2 is in force" not in history or "in force" in history
    assert "加一道复核" in history


def test_with_mistakes_there_is_no_button_and_each_is_named_at_its_step(town, desk, english):
    draw(ONE, approval("two", "wizard"))
    page = desk.get(reverse("workflow_publish", args=["trial"]), **english)
    assert "1 mistake to mend first" in words(page)
    assert "步骤two There is no role “wizard”" in words(page)
    assert "Publish now" not in words(page)
    answer = desk.post(reverse("workflow_publish", args=["trial"]), hidden(page.content.decode()))
    assert answer.status_code == 409
    assert not WorkflowVersion.objects.filter(status="published", definition__key="trial").exists()


def test_what_the_lint_offers_is_told(town, desk, english):
    draw(approval("one", handler=True, state="limbo"))
    page = words(desk.get(reverse("workflow_publish", args=["trial"]), **english))
    assert "The designer offers: Leave the state as it is" in page


def test_a_drawing_that_changed_since_is_looked_at_again(town, desk):
    publish(ONE)
    draw(ONE, TWO)
    page = desk.get(reverse("workflow_publish", args=["trial"])).content.decode()
    WorkflowDraft.objects.update(body=definition(TWO))
    answer = desk.post(reverse("workflow_publish", args=["trial"]), hidden(page) | {"note": "我的话"})
    assert answer.status_code == 409
    assert "我的话" in answer.content.decode()
    assert WorkflowDefinition.objects.get(key="trial").in_force().number == 1


def test_without_a_drawing_there_is_nothing_to_publish(town, desk):
    publish(ONE)
    assert desk.get(reverse("workflow_publish", args=["trial"])).status_code == 404


def test_the_pages_are_for_administrators_and_the_buttons_for_those_of_the_town(town, client, english):
    publish(ONE)
    draw(ONE, TWO)
    urls = [
        reverse("workflow_publish", args=["trial"]),
        reverse("workflow_versions", args=["trial"]),
        reverse("workflow_bindings"),
    ]
    client.force_login(town.member1)
    assert {client.get(url).status_code for url in urls} == {403}
    town.assign(town.leader1, "administrator", town.communities[0])
    client.force_login(town.leader1)
    pages = [client.get(url, **english) for url in urls]
    assert [page.status_code for page in pages] == [200, 200, 200]
    assert "Administrators of the whole town publish" in words(pages[0])
    form = hidden(desk_page(town, urls[0]))
    assert client.post(urls[0], form).status_code == 403
    assert client.post(reverse("workflow_rule"), {"second_person": "yes"}).status_code == 403
    assert WorkflowDefinition.objects.get(key="trial").in_force().number == 1


def desk_page(town: Town, url: str) -> str:
    client = Client()
    client.force_login(town.administrator)
    return client.get(url).content.decode()


# --- versions ----------------------------------------------------------------------------------------------
def test_one_press_brings_an_earlier_version_back(town, desk, english):
    publish(ONE)
    publish(ONE, TWO)
    case = begin(town)
    page = desk.get(reverse("workflow_versions", args=["trial"]), **english)
    assert "Go back to version 1" in words(page)
    assert "1 open case runs on it" in words(page)
    back = reverse("workflow_roll_back", args=["trial", 1])
    answer = desk.post(back, hidden(page.content.decode()), follow=True, **english)
    assert "Version 1 is back, as version 3" in words(answer)
    assert "brings version 1 back" in words(answer)
    case.refresh_from_db()
    assert (
        case.process.flow_class.__name__
        == f"WF_{WorkflowVersion.objects.get(number=2, definition__key='trial').pk}"
    )


def test_somebody_who_looked_before_another_publication_looks_again(town, desk):
    publish(ONE)
    publish(ONE, TWO)
    page = desk.get(reverse("workflow_versions", args=["trial"])).content.decode()
    publish(TWO)
    answer = desk.post(reverse("workflow_roll_back", args=["trial", 1]), hidden(page))
    assert answer.status_code == 409
    assert WorkflowDefinition.objects.get(key="trial").in_force().number == 3


# --- a second person ---------------------------------------------------------------------------------------
def test_two_people_publish_in_their_browsers(town, desk, second, english):
    desk.post(reverse("workflow_rule"), {"second_person": "yes"})
    publish(ONE)
    draw(ONE, TWO)
    page = desk.get(reverse("workflow_publish", args=["trial"]), **english)
    assert "Propose" in words(page)
    desk.post(reverse("workflow_publish", args=["trial"]), hidden(page.content.decode()) | {"note": "试"})
    proposal = WorkflowProposal.objects.get()
    console = words(second.get(reverse("console_workflows"), **english))
    assert "Waits for a second person" in console
    url = reverse("workflow_proposal", args=[proposal.pk])
    assert "Withdraw it" in words(desk.get(url, **english))
    assert desk.post(url, {"do": "approve"}).status_code == 403
    shown = words(second.get(url, **english))
    assert "added, after" in shown
    assert second.post(url, {"do": "refuse", "reason": ""}).status_code == 409
    answer = second.post(url, {"do": "approve"}, follow=True, **english)
    assert f"approved by {town.shift_leader}" in words(answer)
    assert WorkflowDefinition.objects.get(key="trial").in_force().body == definition(ONE, TWO)


def test_a_refusal_is_read_by_whoever_proposed(town, desk, second, english):
    require_second_person(on=True, actor=town.administrator)
    proposal = propose_version(body=definition(ONE), actor=town.administrator)
    url = reverse("workflow_proposal", args=[proposal.pk])
    second.post(url, {"do": "refuse", "reason": "<i>太快</i>"})
    page = desk.get(url, **english)
    assert "太快" in words(page)
    assert "<i>太快" not in page.content.decode()
    assert "From now on" not in words(page)
    told = words(desk.get(reverse("notifications"), **english))
    assert "was not approved" in told


def test_an_unknown_wish_is_no_wish(town, desk):
    require_second_person(on=True, actor=town.administrator)
    proposal = propose_version(body=definition(ONE), actor=town.administrator)
    assert desk.post(reverse("workflow_proposal", args=[proposal.pk]), {"do": "burn"}).status_code == 404


# --- bindings ----------------------------------------------------------------------------------------------
def test_a_binding_is_set_tried_out_and_taken_back(town, desk, english):
    publish(ONE)
    category = Category.objects.filter(dictionary="resident", depth=2).first()
    tomorrow = timezone.localdate() + timedelta(days=1)
    form = {
        "category": category.code,
        "area": town.communities[0].pk,
        "definition": "trial",
        "since": tomorrow.isoformat(),
        "do": "set",
    }
    url = reverse("workflow_bindings")
    answer = desk.post(url, form, follow=True, **english)
    assert "Cases under way stay on theirs" in words(answer)
    assert workflow_for(category, town.grids[0], tomorrow).key == "trial"
    asked = desk.post(url, form | {"do": "ask", "area": town.grids[0].pk, "definition": ""}, **english)
    assert re.search(r": (试验流程|Trial) Because of what is set for", words(asked)), words(asked)
    today = desk.post(url, form | {"do": "ask", "since": timezone.localdate().isoformat()}, **english)
    assert "Because nothing is set for it" in words(today)
    (pk,) = town_bindings(category)
    desk.post(reverse("binding_cancel", args=[pk]))
    assert town_bindings(category) == []


def town_bindings(category: Category) -> list[int]:
    return list(category.bindings.values_list("pk", flat=True))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"definition": "nothing"}, "Choose the workflow"),
        ({"since": "soon"}, "Say from which day on"),
        ({"since": "2020-01-01"}, "This day has passed"),
        ({"category": "gone"}, "no such category"),
        ({"area": "999999"}, "yours to administer"),
    ],
)
def test_what_cannot_be_set_is_said_and_what_was_typed_stays(town, desk, english, wrong, said):
    publish(ONE)
    form = {"category": "", "area": "", "definition": "trial", "since": timezone.localdate().isoformat()}
    answer = desk.post(reverse("workflow_bindings"), form | wrong, **english)
    assert answer.status_code == 409
    assert said in words(answer)
    assert 'value="trial" selected' in answer.content.decode() or "definition" in wrong


def test_administrators_of_a_part_set_nothing_for_the_whole(town, client, english):
    publish(ONE)
    town.assign(town.leader1, "administrator", town.communities[0])
    client.force_login(town.leader1)
    form = {"category": "", "definition": "trial", "since": timezone.localdate().isoformat()}
    assert client.post(reverse("workflow_bindings"), form | {"area": ""}).status_code == 403
    assert client.post(reverse("workflow_bindings"), form | {"area": town.street.pk}).status_code == 409
    assert client.post(reverse("workflow_bindings"), form | {"area": town.grids[0].pk}).status_code == 302
    chosen = client.get(reverse("binding_areas") + f"?q=第1网格&area={town.grids[2].pk}").content.decode()
    assert f'value="{town.grids[2].pk}" checked' in chosen, "what is chosen stays while one looks for another"
    found = words(client.get(reverse("binding_areas") + "?q=第1网格"))
    assert "第1网格" in found
    assert "第6网格" not in words(client.get(reverse("binding_areas") + "?q=第6网格"))
