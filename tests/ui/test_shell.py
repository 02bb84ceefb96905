"""The shell around every page: preferences, language, navigation, errors, markup."""

import re

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import path, reverse

from config.urls import urlpatterns as product_urls
from tests.factories import Town
from tests.ui.markup import forbidden_in

pytestmark = pytest.mark.django_db


def page(client: Client, name: str, *args) -> str:
    response = client.get(reverse(name, args=args))
    assert response.status_code == 200, response
    return response.content.decode()


def choose(client: Client, **choice: str) -> HttpResponse:
    return client.post(reverse("preferences"), {"next": "/", **choice})


def test_chinese_is_spoken_unless_english_was_chosen(client: Client) -> None:
    assert 'lang="zh-hans"' in page(client, "preferences")
    choose(client, language="en")
    english = page(client, "preferences")
    assert 'lang="en"' in english
    assert "Me and settings" in english
    choose(client, language="zh-hans")
    assert "我的与设置" in page(client, "preferences")


def test_a_signed_in_person_s_language_is_remembered_for_mail(town: Town, client: Client) -> None:
    client.force_login(town.resident)
    choose(client, language="en")
    town.resident.refresh_from_db()
    assert town.resident.language == "en"


def test_an_unknown_language_changes_nothing(client: Client) -> None:
    response = choose(client, language="xx")
    assert settings.LANGUAGE_COOKIE_NAME not in response.cookies


@pytest.mark.parametrize("size", ["20", "24", "30"])
def test_large_print_lasts_until_it_is_switched_off(client: Client, size: str) -> None:
    choose(client, elder=size)
    assert f'data-elder="{size}"' in page(client, "preferences")
    choose(client, elder="")
    assert "data-elder" not in page(client, "preferences")


def test_the_dark_theme_is_there_before_any_script_ran(client: Client) -> None:
    choose(client, theme="dark")
    assert 'data-theme="dark" data-bs-theme="dark"' in page(client, "preferences")


@pytest.mark.parametrize("cookie", ["<script>", "99", "dark; x"])
def test_a_forged_cookie_counts_as_no_choice(client: Client, cookie: str) -> None:
    client.cookies["theme"] = client.cookies["elder"] = cookie
    shown = page(client, "preferences")
    assert 'data-theme="auto"' in shown
    assert "data-elder" not in shown


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_a_switch_never_leads_to_another_site(client: Client, elsewhere: str) -> None:
    response = client.post(reverse("preferences"), {"next": elsewhere, "theme": "dark"})
    assert response["Location"] == reverse("preferences")


def test_a_switch_leads_back_to_the_page_it_was_made_on(client: Client) -> None:
    response = client.post(reverse("preferences"), {"next": "/map/?q=1", "theme": "dark"})
    assert response["Location"] == "/map/?q=1"


@pytest.mark.parametrize(
    ("person", "offered", "withheld"),
    [
        (None, ["home", "public_map"], ["desk", "live_map", "console"]),
        ("resident", ["home", "request_list"], ["desk", "live_map", "console"]),
        ("member1", ["desk", "request_list"], ["live_map", "console"]),
        ("supervisor", ["live_map"], ["console"]),
        ("administrator", ["live_map", "console"], []),
    ],
)
def test_the_navigation_offers_what_a_person_may_open(
    town: Town, client: Client, person: str | None, offered: list[str], withheld: list[str]
) -> None:
    if person:
        client.force_login(getattr(town, person))
    (navigation,) = re.findall(r'<nav class="top-nav".*?</nav>', page(client, "preferences"), re.DOTALL)
    for name in offered:
        assert f'href="{reverse(name)}"' in navigation
    for name in withheld:
        assert f'href="{reverse(name)}"' not in navigation


def test_a_resident_s_navigation_asks_for_no_duties(
    town: Town, client: Client, django_assert_max_num_queries
) -> None:
    client.force_login(town.resident)
    page(client, "preferences")
    # Session, user, whether they serve, unread notifications.
    with django_assert_max_num_queries(4):
        page(client, "preferences")


def test_a_missing_page_says_so_and_leads_home(client: Client) -> None:
    response = client.get("/no/such/page/")
    assert response.status_code == 404
    shown = response.content.decode()
    assert "没有这个页面" in shown
    assert 'href="/"' in shown


def test_an_expired_form_says_what_to_do() -> None:
    client = Client(enforce_csrf_checks=True)
    response = client.post(reverse("preferences"), {"theme": "dark"})
    assert response.status_code == 403
    assert "页面打开太久了" in response.content.decode()


def break_down(request):
    raise RuntimeError("broken on purpose")


urlpatterns = [path("broken/", break_down), *product_urls]


@override_settings(ROOT_URLCONF="tests.ui.test_shell")
def test_a_breakdown_shows_a_page_that_needs_nothing() -> None:
    response = Client(raise_request_exception=False).get("/broken/")
    assert response.status_code == 500
    shown = response.content.decode()
    assert "我们这边出错了" in shown
    assert "RuntimeError" not in shown
    assert forbidden_in(shown) == []


EVERYONES = ["home", "my_grid", "request_new", "preferences", "public_map", "account_login", "account_signup"]


@pytest.mark.parametrize("name", EVERYONES)
def test_a_visitor_s_pages_hold_nothing_inline_and_nothing_from_outside(
    town: Town, client: Client, name: str
) -> None:
    assert forbidden_in(page(client, name)) == []


@pytest.mark.parametrize(
    ("person", "name"),
    [
        ("resident", "home"),
        ("resident", "request_list"),
        ("resident", "request_new"),
        ("member1", "desk"),
        ("supervisor", "live_map"),
        ("supervisor", "wall"),
        ("administrator", "console"),
        ("administrator", "console_areas"),
        ("administrator", "console_members"),
        ("administrator", "console_categories"),
    ],
)
def test_everyone_s_pages_hold_nothing_inline_and_nothing_from_outside(
    town: Town, client: Client, person: str, name: str
) -> None:
    client.force_login(getattr(town, person))
    assert forbidden_in(page(client, name)) == []


def test_the_finder_of_forbidden_markup_finds_it() -> None:
    bad = (
        '<p style="color:red">x</p><a onclick="x()">y</a><script>z()</script><style>p{}</style>'
        '<img src="https://elsewhere.example/x.png"><a href=" JavaScript:x()">w</a>'
    )
    assert len(forbidden_in(bad)) == 6
    assert forbidden_in('<script nonce="n">z()</script><script type="application/json">{}</script>') == []
