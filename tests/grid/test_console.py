"""The administrators' console: what it shows, to whom, and at what cost. And members' public photos."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from grid import policies
from grid.actions.areas import create_area, retire_area, update_area
from grid.actions.duty import appoint_stand_in, assign_responsibility
from grid.actions.people import add_member, create_branch, create_user, end_service, update_member
from grid.errors import NotAllowed, Refused
from grid.models import Area, Branch, Member, User
from grid.views import console
from tests.factories import MemberFactory, Town, UserFactory, photo

PAGES = ["console", "console_areas", "console_members"]


def page(client: Client, name: str, **query: str) -> str:
    response = client.get(reverse(name), query)
    assert response.status_code == 200
    return response.content.decode()


@pytest.fixture
def admin(client: Client, town: Town) -> Client:
    client.force_login(town.administrator)
    return client


@pytest.fixture
def local(town: Town) -> Client:
    """The administrator of the first community only."""
    user = MemberFactory(user=UserFactory(username="local", name="小杨管理")).user
    town.assign(user, "administrator", town.communities[0])
    town.people["local"] = user
    client = Client()
    client.force_login(user)
    return client


# --- Who may -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("person", ["resident", "member1", "registrar", "supervisor", "shift_leader"])
def test_only_administrators_enter_the_console(client: Client, town: Town, name: str, person: str):
    assert client.get(reverse(name)).status_code == 302
    client.force_login(town.people[person])
    assert client.get(reverse(name)).status_code == 403


@pytest.mark.parametrize("name", PAGES)
def test_an_administrator_whose_duty_ended_is_out(admin: Client, town: Town, name: str):
    page(admin, name)
    end_service(member=town.administrator.member)
    assert admin.get(reverse(name)).status_code in (302, 403)


def test_an_administrator_sees_their_own_subtree_only(local: Client, town: Town):
    areas = page(local, "console_areas")
    assert "第1网格" in areas
    assert "第5网格" not in areas
    members = page(local, "console_members")
    assert "赵网格" in members
    assert "周网格" not in members


def test_an_address_outside_the_subtree_shows_nothing_of_it(local: Client, town: Town):
    assert "第5网格" not in page(local, "console_areas", under=town.communities[1].code)
    assert "第5网格" not in page(local, "console_areas", q="第5")


def test_rights_are_prefixes_of_the_tree(local: Client, town: Town):
    local_user = town.people["local"]
    assert policies.scope(local_user, "administrator") == [town.communities[0].path]
    assert policies.scope(local_user, "supervisor") == []
    assert policies.may_administer(local_user, town.grids[0])
    assert not policies.may_administer(local_user, town.grids[4])
    assert not policies.may_administer(local_user, town.street)
    assert not policies.may_administer_everything(local_user)
    assert policies.may_administer_everything(town.administrator)
    assert policies.may_watch(town.supervisor, town.grids[4])
    assert not policies.may_watch(town.registrar)
    assert not policies.may_watch(town.resident)
    assert policies.is_member(town.member1)
    assert not policies.is_member(town.resident)
    assert list(policies.visible_areas(town.resident)) == []
    assert list(policies.visible_areas(town.member2)) == [town.grids[1]]


def test_scopes_inside_each_other_count_once(town: Town):
    town.assign(town.supervisor, "supervisor", town.communities[0])
    town.assign(town.supervisor, "administrator", town.grids[4])
    assert policies.scope(town.supervisor, "supervisor", "administrator") == [town.street.path]


def test_a_superuser_administers_everything_and_watches_it(town: Town):
    root = UserFactory(username="root", is_superuser=True)
    assert policies.scope(root, "administrator") == [""]
    assert policies.administered_areas(root).count() == Area.objects.count()
    assert policies.may_watch(root, town.grids[0])
    root.is_active = False
    assert policies.scope(root, "administrator") == []


def test_writing_outside_the_subtree_is_refused(local: Client, town: Town):
    me = town.people["local"]
    with pytest.raises(NotAllowed):
        create_area(code="X", name="X", level="grid", parent=town.communities[1], actor=me)
    with pytest.raises(NotAllowed):
        create_area(code="X", name="X", level="street", actor=me)
    with pytest.raises(NotAllowed):
        update_area(area=town.grids[4], changes={"name": "X"}, actor=me)
    with pytest.raises(NotAllowed):
        retire_area(area=town.grids[4], actor=me)
    with pytest.raises(NotAllowed):
        assign_responsibility(member=town.member1.member, area=town.street, role="administrator", actor=me)
    with pytest.raises(NotAllowed):
        update_member(member=town.member5.member, changes={"pledge": "X"}, actor=me)
    with pytest.raises(NotAllowed):
        end_service(member=town.member5.member, actor=me)
    with pytest.raises(NotAllowed):
        create_branch(code="X", name="X", areas=[town.grids[4]], actor=me)
    with pytest.raises(NotAllowed):
        appoint_stand_in(
            member=town.member5.member, stand_in=me.member, since=timezone.now(),
            until=timezone.now() + timedelta(days=1), actor=me,
        )  # fmt: skip
    with pytest.raises(NotAllowed):
        add_member(user=town.resident, actor=town.supervisor)


def test_a_member_on_duty_elsewhere_too_is_not_for_one_administrator_alone(local: Client, town: Town):
    town.assign(town.member1, "grid_leader", town.communities[1])
    assert "赵网格" in page(local, "console_members")
    with pytest.raises(NotAllowed):
        end_service(member=town.member1.member, actor=town.people["local"])


# --- What it shows -----------------------------------------------------------------------------------


def test_the_first_page_counts_and_names_the_gaps(admin: Client, town: Town):
    overview = page(admin, "console")
    assert "有 1 个网格没有网格员" in overview
    assert "7" in overview


def test_a_grid_without_a_member_is_marked_with_who_answers_instead(admin: Client, town: Town):
    rows = admin.get(reverse("console_areas"), {"gaps": "1"}).context["rows"]
    (row,) = rows
    assert row.area == town.grids[6]
    assert row.is_gap
    assert [(holder.name, holder.role, holder.from_area) for holder in row.holders] == [
        ("冯书记", "网格长", "新华社区")
    ]


def test_rows_add_up_what_lies_inside(admin: Client, town: Town):
    rows = {row.area.code: row for row in admin.get(reverse("console_areas")).context["rows"]}
    street, community = rows[town.street.code], rows[town.communities[1].code]
    assert (street.grids, street.gaps, street.households) == (7, 1, 2800)
    assert (community.grids, community.gaps, community.households) == (3, 1, 1200)
    assert [holder.name for holder in rows[town.grids[5].code].holders] == ["吴网格", "郑网格"]


def test_a_post_given_today_closes_the_gap(admin: Client, town: Town):
    town.assign(town.member1, "grid_member", town.grids[6])
    assert "没有网格员，诉求" not in page(admin, "console")
    assert not admin.get(reverse("console_areas"), {"gaps": "1"}).context["rows"]


def test_search_finds_by_name_code_level_and_subtree(admin: Client, town: Town):
    def found(**query: str) -> list[str]:
        return [row.area.name for row in admin.get(reverse("console_areas"), query).context["rows"]]

    assert found(q="第3") == ["第3网格"]
    assert found(q="Grid 3") == ["第3网格"]
    assert found(q=town.communities[1].code) == ["新华社区", "第5网格", "第6网格", "第7网格"]
    assert found(level="community") == ["和平里社区", "新华社区"]
    assert found(under=town.communities[1].code)[0] == "新华社区"
    assert found(q="没有这个") == []


def test_members_are_found_by_name_area_role_and_idleness(admin: Client, town: Town):
    MemberFactory(user=UserFactory(username="idle", name="闲网格"))

    def found(**query: str) -> set[str]:
        rows = admin.get(reverse("console_members"), query).context["rows"]
        return {row["member"].user.name for row in rows}

    assert found(q="赵") == {"赵网格"}
    assert found(q="第2网格") == {"钱网格"}
    assert found(role="grid_leader") == {"王书记", "冯书记"}
    assert found(idle="1") == {"闲网格"}
    assert found(q="没有这个人") == set()


def test_a_stand_in_is_shown_while_it_lasts(admin: Client, town: Town):
    now = timezone.now()
    appoint_stand_in(
        member=town.member1.member, stand_in=town.member2.member, since=now, until=now + timedelta(days=1)
    )
    assert "由 钱网格 代理至" in page(admin, "console_members", q="赵")


@pytest.mark.parametrize("name", ["console_areas", "console_members"])
def test_an_empty_list_says_what_to_do(client: Client, db, name: str):
    client.force_login(UserFactory(username="root", is_superuser=True))
    assert "还没有" in page(client, name)
    assert "换个词" in page(client, name, q="没有这个")


@pytest.mark.parametrize("name", PAGES)
def test_a_residents_or_members_text_shows_as_text(admin: Client, town: Town, name: str):
    nasty = '<img src=x onerror="alert(1)">{{ 12345*6789 }}'
    User.objects.filter(pk=town.member1.pk).update(name=nasty)
    update_area(area=town.grids[0], changes={"name": nasty})
    shown = page(admin, name)
    assert "<img src=x" not in shown
    assert "83810205" not in shown


def test_a_page_number_out_of_range_shows_the_last_page(admin: Client, town: Town):
    assert "第1网格" in page(admin, "console_areas", page="999")
    assert "第1网格" in page(admin, "console_areas", page="nonsense")


# --- What it costs -----------------------------------------------------------------------------------


def grow(town: Town, count: int) -> None:
    """Bring areas and members to at least ``count`` rows each."""
    branch = Branch.objects.first()
    for number in range(Area.objects.count(), count):
        grid = create_area(
            code=f"G{number:03}",
            name=f"新{number}网格",
            level="grid",
            parent=Area.objects.get(pk=town.communities[number % 2].pk),
        )
        if number % 3:
            member = add_member(user=UserFactory(), branch=branch)
            assign_responsibility(member=member, area=grid, role="grid_member")
    for _ in range(Member.objects.count(), count):
        add_member(user=UserFactory(), branch=branch)


@pytest.mark.parametrize("query", [{}, {"q": "网格"}, {"gaps": "1", "idle": "1"}])
@pytest.mark.parametrize("name", PAGES)
def test_lists_cost_the_same_at_ten_and_at_thirty_rows(admin: Client, town: Town, name: str, query: dict):
    costs = []
    for size in (10, console.PER_PAGE):
        grow(town, size)
        page(admin, name, **query)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            page(admin, name, **query)
        costs.append(len(queries))
    assert costs[0] == costs[1] <= 15, [query["sql"] for query in queries]


# --- Photos and people -------------------------------------------------------------------------------


def test_a_members_photo_is_public_square_and_free_of_camera_data(client: Client, town: Town):
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "SpyCamera"
    Image.new("RGB", (900, 600), "#336699").save(stream, "JPEG", exif=exif)
    upload = SimpleUploadedFile("me.jpg", stream.getvalue())
    update_member(member=town.member1.member, changes={}, photo=upload, actor=town.administrator)
    response = client.get(reverse("member_photo", args=[town.member1.member.pk]))
    content = b"".join(response.streaming_content)
    image = Image.open(io.BytesIO(content))
    assert image.size == (480, 480)
    assert not image.getexif()
    assert b"SpyCamera" not in content


def test_no_photo_and_no_member_is_not_found(client: Client, town: Town):
    assert client.get(reverse("member_photo", args=[town.member1.member.pk])).status_code == 404
    assert client.get(reverse("member_photo", args=[99999])).status_code == 404
    member = update_member(member=town.member1.member, changes={}, photo=photo())
    end_service(member=member)
    assert client.get(reverse("member_photo", args=[member.pk])).status_code == 404


def test_what_is_no_photo_is_refused(town: Town):
    with pytest.raises(Refused):
        update_member(
            member=town.member1.member,
            changes={},
            photo=SimpleUploadedFile("me.jpg", b"<svg onload=alert(1)>"),
        )


def test_an_account_is_made_with_a_clean_number_and_only_once(db):
    user = create_user(
        username="xiulan",
        password="plum-blossom-88",
        name="王秀兰",
        phone="139 1234 5678",
        email="A@Example.org",
    )
    assert (user.phone, user.email) == ("+8613912345678", "a@example.org")
    for clash in ({"username": "XIULAN"}, {"phone": "+86 13912345678"}, {"email": "a@EXAMPLE.org"}):
        with pytest.raises(Refused):
            create_user(**({"username": "other", "password": "plum-blossom-88"} | clash))
    with pytest.raises(Refused):
        create_user(username="weak", password="12345678")


def test_an_area_is_checked_before_it_is_written(town: Town):
    bow_tie = "POLYGON((0 0, 1 1, 1 0, 0 1, 0 0))"
    away = "POLYGON((0 0, 0 500, 500 500, 0 0))"
    from shapely import from_wkt

    for geometry in (from_wkt(bow_tie), from_wkt(away), from_wkt("POINT(1 1)"), from_wkt("POLYGON EMPTY")):
        with pytest.raises(Refused):
            create_area(code="X", name="X", level="grid", parent=town.communities[0], geometry=geometry)
    with pytest.raises(Refused):
        create_area(code="X", name="X", level="street", parent=town.grids[0])
    with pytest.raises(Refused):
        create_area(code=town.grids[0].code, name="X", level="grid", parent=town.communities[0])
    with pytest.raises(Refused):
        retire_area(area=town.street)
    with pytest.raises(Refused):
        retire_area(area=town.grids[0], on=datetime(2000, 1, 1, tzinfo=UTC).date())


def test_a_new_outline_moves_the_bounding_box_with_it(town: Town):
    area = update_area(area=town.grids[0], changes={"geometry": town.grids[1].geometry})
    assert (area.west, area.south, area.east, area.north) == town.grids[1].geometry.bounds
