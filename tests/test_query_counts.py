"""Every list page costs the same number of queries at 10 and at 30 rows, and at most 15."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from grid.models import Area, Branch, Member, StandIn, User
from tests.factories import SINCE, MemberFactory, Town, UserFactory, photo
from tests.workflows.desk_helpers import filed, open_task, signed_in
from tests.workflows.flowing import new_request
from workflows.actions.applications import ask_suspension
from workflows.actions.bindings import bind_workflow
from workflows.actions.calendar import add_entry
from workflows.actions.definitions import publish_version
from workflows.actions.supervision import supervise_case
from workflows.actions.tasks import decide_task
from workflows.management.commands.load_workflows import SHIPPED
from workflows.models import Category, FilingCondition, WebhookDelivery, WorkflowDefinition

pytestmark = pytest.mark.django_db

MOST = 15
FEW, MANY = 10, 30
#: Part of the names of what a test adds, so that a list can be narrowed to it.
MARK = "计数"

Add = Callable[[Town, Iterable[int]], None]


@dataclass(frozen=True)
class List:
    """A list page: its address, who looks, how to count its rows, and how rows come into being."""

    url: str
    user: str
    shown: Callable[[str], int]
    add: Add
    # Rows of one page, where it is shorter than ``MANY``.
    page_size: int = MANY


def each(text: str) -> Callable[[str], int]:
    """Counts rows by something that every row says once."""
    return lambda page: page.count(text)


def beside(text: str, others: int) -> Callable[[str], int]:
    """Counts rows like :func:`each`, without those that the town has anyway."""
    return lambda page: page.count(text) - others


def add_to_do(town: Town, numbers: Iterable[int]) -> None:
    """Cases of one resident, with one member, some with photos."""
    for n in numbers:
        filed(town, text=f"{MARK} {n}", photos=[photo()] if n % 3 == 0 else [])


def add_to_claim(town: Town, numbers: Iterable[int]) -> None:
    for n in numbers:
        filed(town, grid=6, text=f"{MARK} {n}")


def add_done(town: Town, numbers: Iterable[int]) -> None:
    for n in numbers:
        task = open_task(filed(town, text=f"{MARK} {n}"))
        decide_task(task_id=task.pk, actor=town.member1, outcome="done", opinion="好了")


def add_returned(town: Town, numbers: Iterable[int]) -> None:
    for n in numbers:
        case = filed(town, text=f"{MARK} {n}")
        decide_task(task_id=open_task(case).pk, actor=town.member1, outcome="done", opinion="好了")
        decide_task(task_id=open_task(case).pk, actor=town.checker, outcome="rework", opinion="没好")


def add_copies(town: Town, numbers: Iterable[int]) -> None:
    for n in numbers:
        filed(town, text=f"{MARK} {n}", urgency="urgent")


def add_areas(town: Town, numbers: Iterable[int]) -> None:
    for n in numbers:
        parent = Area.objects.get(pk=town.communities[0].pk)
        Area.objects.add_child(parent, {"code": f"count{n}", "name": f"{MARK}{n}", "level_id": "grid"})


def add_members(town: Town, numbers: Iterable[int]) -> None:
    for n in numbers:
        user: User = UserFactory(username=f"count{n}", name=f"{MARK}{n}")
        member: Member = MemberFactory(user=user)
        town.assign(member.user, "grid_member", town.grids[n % 5])


def add_categories(town: Town, numbers: Iterable[int]) -> None:
    standard = Category.objects.filter(dictionary="standard").first()
    for n in numbers:
        category = Category.objects.add_root({"code": f"count{n}", "name": f"{MARK}{n}", "maps_to": standard})
        FilingCondition.objects.create(category=category, text="立即", limit=2, clock="urgent_hours")


def add_workflows(town: Town, numbers: Iterable[int]) -> None:
    body = json.loads((SHIPPED / "standard.json").read_text(encoding="utf-8"))
    for n in numbers:
        publish_version(body=body | {"key": f"count-{n}", "name": f"{MARK}{n}"})


def add_versions(town: Town, numbers: Iterable[int]) -> None:
    """Versions of one workflow that differ in a name; some were bound, some brought back an earlier one."""
    body = json.loads((SHIPPED / "standard.json").read_text(encoding="utf-8"))
    for n in numbers:
        publish_version(body=body | {"key": "count", "name": f"{MARK}{n}"}, actor=town.administrator)


def add_bindings(town: Town, numbers: Iterable[int]) -> None:
    standard = WorkflowDefinition.objects.get(key="standard")
    for n in numbers:
        category = Category.objects.add_root({"code": f"bound{n}", "name": f"{MARK}{n}"})
        since = timezone.localdate() + timedelta(days=n % 3)
        bind_workflow(
            category=category,
            area=town.grids[n % 7],
            definition=standard,
            since=since,
            actor=town.administrator,
        )


def add_branches(town: Town, numbers: Iterable[int]) -> None:
    for n in numbers:
        branch = Branch.objects.add_root({"code": f"count{n}", "name": f"{MARK}{n}"})
        branch.areas.add(town.grids[n % 5])


def add_posts(town: Town, numbers: Iterable[int]) -> None:
    """Different people for one grid, and who stands in for each."""
    for n in numbers:
        member: Member = MemberFactory(user=UserFactory(username=f"count{n}", name=f"{MARK}{n}"))
        town.assign(member.user, "grid_member", town.grids[0])
        StandIn.objects.create(
            member=member, stand_in=town.member2.member, since=SINCE, until=SINCE + timedelta(days=36525)
        )


def add_deliveries(town: Town, numbers: Iterable[int]) -> None:
    for n in numbers:
        case = new_request(town, grid=1 + n % 5)
        WebhookDelivery.objects.create(
            hook="hotline", request=case, definition="trial", block="tell", title="通知"
        )


def add_applications(town: Town, numbers: Iterable[int]) -> None:
    for n in numbers:
        case = filed(town, text=f"{MARK} {n}")
        until = timezone.localdate() + timedelta(days=2)
        ask_suspension(request_id=case.pk, actor=town.member1, reason="等零件", until=until)


def add_orders(town: Town, numbers: Iterable[int]) -> None:
    for n in numbers:
        case, day = filed(town, text=f"{MARK} {n}"), timezone.localdate()
        supervise_case(request_id=case.pk, actor=town.supervisor, level=1, text=f"{MARK} {n}", reply_by=day)


def add_days(town: Town, numbers: Iterable[int]) -> None:
    first = timezone.localdate().replace(month=1, day=1)
    for n in numbers:
        day = first + timedelta(days=2 * n)
        add_entry(actor=town.administrator, first=day, last=day, kind="off", name=f"{MARK}{n}")


MAP = "?bbox=112.5,37.8,112.6,37.9&zoom=14"

LISTS = {
    "portal": List("request_list", "resident", each('class="row-link'), add_to_do, page_size=20),
    "desk, to do": List("desk", "member1", each('class="task-row"'), add_to_do),
    "desk, to do, fragment": List("desk_inbox", "member1", each('class="task-row"'), add_to_do),
    "desk, to claim": List("desk?tab=claim", "member6", each('class="task-row"'), add_to_claim),
    "desk, done": List("desk?tab=done", "member1", each('class="task-row"'), add_done),
    "desk, came back": List("desk?tab=returned", "member1", each('class="task-row"'), add_returned),
    "desk, under way": List("desk?tab=progress", "member1", each('class="task-row"'), add_done),
    "desk, copies": List("desk?tab=copies", "supervisor", each('class="task-row is-unread"'), add_copies),
    "decisions, to decide": List("desk_decisions", "shift_leader", each("#application-"), add_applications),
    "decisions, to answer": List("desk_decisions", "member1", each('class="row-link"'), add_orders),
    "decisions, unanswered": List("desk_decisions", "supervisor", each('class="row-link"'), add_orders),
    "calendar": List("console_calendar", "administrator", each(f"· {MARK}"), add_days),
    "notifications": List("notifications", "member1", each('class="row-icon"'), add_to_do),
    "areas": List(f"console_areas?q={MARK}", "administrator", each(f">{MARK}"), add_areas),
    "members": List(f"console_members?q={MARK}", "administrator", each('class="person '), add_members),
    "responsibility, grids": List("duties:149901001001", "administrator", each(f"<strong>{MARK}"), add_areas),
    "responsibility, people": List(
        "duties:149901001001001", "administrator", beside('class="duty-person"', 1), add_posts
    ),
    "responsibility, periods": List(
        "duties_history:149901001001001", "administrator", each(f"<strong>{MARK}"), add_posts
    ),
    "grids and roles": List(
        "duties_matrix:149901001001",
        "administrator",
        beside('role="rowheader"', 4),
        add_areas,
        page_size=MANY - 4,
    ),
    "candidates": List(
        f"duties_people:149901001001001?q={MARK}",
        "administrator",
        each(f"<strong>{MARK}"),
        add_members,
        page_size=12,
    ),
    "branches": List("console_branches", "administrator", each(f">{MARK}"), add_branches, page_size=MANY - 1),
    "categories": List(
        f"console_categories?q={MARK}", "administrator", each('class="conditions"'), add_categories
    ),
    "workflows": List("console_workflows", "administrator", each(f">{MARK}"), add_workflows),
    "webhooks": List(
        "console_webhooks", "administrator", each('class="delivery '), add_deliveries, page_size=20
    ),
    "versions of a workflow": List(
        "workflow_versions:count", "administrator", each('id="version-'), add_versions, page_size=20
    ),
    "cases behind a figure": List(
        "figure_cases?indicator=filed&period={month}",
        "supervisor",
        each("<tr data-number="),
        add_to_do,
    ),
    "bindings": List("workflow_bindings", "administrator", each('class="binding-which"'), add_bindings),
    "live map": List(f"map_cases{MAP}", "supervisor", lambda text: len(json.loads(text)["rows"]), add_to_do),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_costs_the_same_at_ten_and_at_thirty_rows(town: Town, name: str):
    page = LISTS[name]
    view, _question, query = page.url.partition("?")
    view, _colon, argument = view.partition(":")
    query = query.format(month=f"{timezone.localdate():%Y-%m}")
    url = reverse(view, args=[argument] if argument else []) + (f"?{query}" if query else "")
    client = signed_in(getattr(town, page.user))
    counts = {}
    for size, numbers in ((FEW, range(FEW)), (MANY, range(FEW, MANY))):
        page.add(town, numbers)
        client.get(url)  # the first visit compiles flows and reads what later ones remember
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(url)
        assert answer.status_code == 200
        assert page.shown(answer.content.decode()) == min(size, page.page_size)
        counts[size] = len(queries)
    assert counts[FEW] == counts[MANY] <= MOST, [query["sql"][:150] for query in queries]
