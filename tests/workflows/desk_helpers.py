"""What the desk's tests do again and again."""

from django.test import Client
from django.urls import reverse
from viewflow.workflow.models import Task

from grid.models import User
from tests.factories import Town
from workflows.actions.requests import file_request
from workflows.models import Category, Request
from workflows.policies import OPEN_TASK

#: What a hostile resident might type; everywhere it must come out as text.
HOSTILE = "<img src=x onerror=alert(1)> ${alert(1)} {{ 7*7 }} " + "长" * 9_000


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def filed(town: Town, grid: int = 1, text: str = "楼道的灯坏了三天", **more) -> Request:
    """A request of the resident's in one of the town's grids."""
    lon, lat = town.point_in(grid)
    category = more.pop("category", Category.objects.filter(conditions__is_default=True).first())
    return file_request(
        reporter=more.pop("reporter", town.resident), text=text, category=category, lon=lon, lat=lat, **more
    )


def open_task(case: Request) -> Task:
    """The one step of a case that waits for somebody."""
    case.refresh_from_db()
    return Task.objects.get(process_id=case.process_id, status__in=OPEN_TASK, owner_permission__isnull=False)


def page(client: Client, name: str, *args, status: int = 200, **query) -> str:
    response = client.get(reverse(name, args=args), query)
    assert response.status_code == status, response
    return response.content.decode()
