"""The list of communities and the editor's page, as the server sends them."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from grid.actions.areas import create_area
from grid.actions.borders import save_draft
from tests.factories import Town

pytestmark = pytest.mark.django_db


def add_communities(town: Town, numbers: range) -> None:
    """More communities with one grid each."""
    for n in numbers:
        parent = town.street
        for level in ("community", "grid"):
            parent = create_area(code=f"{level}{n:02}", name=f"新{n}", level=level, parent=parent)
            parent.refresh_from_db()


def test_the_list_names_ones_communities_and_whose_work_is_unsaved(client: Client, town: Town):
    save_draft(
        community=town.communities[1],
        actor=town.administrator,
        base=None,
        operations=[{"do": "rename", "grid": town.grids[4].code, "name": "<b>北</b>"}],
    )
    client.force_login(town.administrator)
    html = client.get(reverse("console_borders")).content.decode()
    for community, number in zip(town.communities, (4, 3), strict=True):
        assert f'href="{reverse("borders_editor", args=[community.code])}"' in html
        assert f"{number} 个网格" in html
    assert html.count("您有未保存的改动") == 1
    assert reverse("borders_editor", args=[town.street.code]) not in html


def test_a_community_without_grids_is_listed_too(client: Client, town: Town):
    create_area(code="new", name="新建社区", level="community", parent=town.street)
    client.force_login(town.administrator)
    assert "新建社区" in client.get(reverse("console_borders")).content.decode()
    assert client.get(reverse("borders_editor", args=["new"])).status_code == 200


def test_the_list_makes_the_same_queries_however_long_it_is(client: Client, town: Town):
    client.force_login(town.administrator)
    numbers = []
    for more in (range(8), range(8, 28)):
        add_communities(town, more)
        client.get(reverse("console_borders"))
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("console_borders")).status_code == 200
        numbers.append(len(queries))
    assert numbers[0] == numbers[1] <= 15


def test_only_administrators_get_in_and_only_to_their_own(client: Client, town: Town):
    address = reverse("borders_editor", args=[town.communities[0].code])
    assert client.get(address).status_code == 302
    client.force_login(town.supervisor)
    assert client.get(address).status_code == 403
    assert client.get(reverse("console_borders")).status_code == 403
    town.assign(town.registrar, "administrator", town.communities[1])
    client.force_login(town.registrar)
    assert client.get(address).status_code == 404
    assert client.get(reverse("borders_editor", args=[town.communities[1].code])).status_code == 200
