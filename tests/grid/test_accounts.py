"""Signing up and in: by user name, mail or phone number, in plain words, with limits."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.urls import reverse

from grid.models import Resident, User
from grid.sms import MemoryBackend
from tests.factories import PASSWORD, Town, UserFactory

NEW_PASSWORD = "plum-blossom-88"


@pytest.fixture
def texts(settings):
    """Text messages sent during the test, as (phone, text)."""
    settings.LINLI_SMS_BACKEND = "grid.sms.MemoryBackend"
    MemoryBackend.outbox.clear()
    return MemoryBackend.outbox


def sign_in(client: Client, login: str, password: str = PASSWORD, **more: str):
    return client.post(reverse("account_login"), {"login": login, "password": password, **more})


def signed_in_as(client: Client) -> str | None:
    user_id = client.session.get("_auth_user_id")
    return User.objects.get(pk=user_id).username if user_id else None


@pytest.mark.parametrize(
    "login",
    [
        "grandma",
        "GRANDMA",
        "grandma@example.org",
        "Grandma@Example.org",
        "+8613912345678",
        "13912345678",
        "139 1234 5678",
        "139-1234-5678",
        " 13912345678 ",
    ],
)
def test_one_line_takes_user_name_mail_and_phone(client: Client, db, login: str):
    UserFactory(username="grandma", email="grandma@example.org", phone="+8613912345678", phone_verified=True)
    response = sign_in(client, login)
    assert response.status_code == 302, response.context["form"].errors
    assert signed_in_as(client) == "grandma"


@pytest.mark.parametrize("login", ["grandma", "nobody", "13912345678", "nobody@example.org"])
def test_a_wrong_password_says_the_same_whether_or_not_the_account_exists(client: Client, db, login: str):
    UserFactory(username="grandma", phone="+8613912345678")
    response = sign_in(client, login, "not it")
    assert "账号或密码不正确" in response.content.decode()
    assert signed_in_as(client) is None


def test_a_user_name_that_looks_like_a_number_is_still_found(client: Client, db):
    UserFactory(username="13800000099")
    sign_in(client, "13800000099")
    assert signed_in_as(client) == "13800000099"


def test_a_closed_account_does_not_get_in(client: Client, db):
    UserFactory(username="gone", is_active=False)
    response = sign_in(client, "gone")
    assert response.url == reverse("account_inactive")
    assert "账号已停用" in client.get(response.url).content.decode()
    assert signed_in_as(client) is None


@pytest.mark.parametrize(
    ("login", "field", "value"),
    [
        ("13912345678", "phone", "+8613912345678"),
        ("Xiulan@example.org", "email", "xiulan@example.org"),
        ("xiulan", "username", "xiulan"),
    ],
)
def test_a_resident_signs_up_with_three_lines(client: Client, db, login: str, field: str, value: str):
    response = client.post(
        reverse("account_signup"), {"name": "王秀兰", "login": login, "password1": NEW_PASSWORD}
    )
    assert response.status_code == 302, response.context["form"].errors
    user = User.objects.get(name="王秀兰")
    assert getattr(user, field) == value
    assert user.username
    assert Resident.objects.filter(user=user).exists()
    client.logout()
    sign_in(client, login, NEW_PASSWORD)
    assert signed_in_as(client) == user.username


@pytest.mark.parametrize("login", ["13912345678", "grandma@example.org", "grandma"])
def test_what_is_taken_is_said_and_nothing_is_written(client: Client, db, login: str):
    UserFactory(username="grandma", email="grandma@example.org", phone="+8613912345678")
    EmailAddress.objects.create(user=User.objects.get(), email="grandma@example.org", verified=True)
    response = client.post(
        reverse("account_signup"), {"name": "别人", "login": login, "password1": NEW_PASSWORD}
    )
    assert response.status_code == 200
    assert "login" in response.context["form"].errors
    assert User.objects.count() == 1


@pytest.mark.parametrize("password", ["short", "12345678", "password"])
def test_a_weak_password_is_refused_with_a_reason(client: Client, db, password: str):
    response = client.post(
        reverse("account_signup"), {"name": "王秀兰", "login": "13912345678", "password1": password}
    )
    assert response.context["form"].errors["password1"]
    assert not User.objects.exists()


def test_with_verification_a_number_counts_after_its_code(client: Client, db, settings, texts):
    settings.ACCOUNT_PHONE_VERIFICATION_ENABLED = True
    client.post(reverse("account_signup"), {"name": "李", "login": "13912345678", "password1": NEW_PASSWORD})
    assert signed_in_as(client) is None
    ((phone, text),) = texts
    assert phone == "+8613912345678"
    code = re.search(r"验证码 (\S+?)，", text).group(1)
    wrong = client.post(reverse("account_verify_phone"), {"code": "0000000"})
    assert "验证码不正确" in wrong.content.decode()
    client.post(reverse("account_verify_phone"), {"code": code})
    user = User.objects.get()
    assert user.phone_verified
    assert signed_in_as(client) == user.username


def test_with_verification_nobody_learns_whether_a_number_has_an_account(client: Client, db, settings, texts):
    settings.ACCOUNT_PHONE_VERIFICATION_ENABLED = True
    UserFactory(username="grandma", phone="+8613912345678", phone_verified=True)
    response = client.post(
        reverse("account_signup"), {"name": "李", "login": "13912345678", "password1": NEW_PASSWORD}
    )
    assert response.url == reverse("account_verify_phone")
    ((phone, text),) = texts
    assert phone == "+8613912345678"
    assert "已注册" in text
    assert User.objects.count() == 1


def test_a_code_by_text_replaces_a_forgotten_password(client: Client, db, texts):
    UserFactory(username="grandma", phone="+8613912345678", phone_verified=True)
    client.post(reverse("account_request_login_code"), {"phone": "139 1234 5678"})
    ((phone, text),) = texts
    code = re.search(r"验证码 (\S+?)，", text).group(1)
    client.post(reverse("account_confirm_login_code"), {"code": code})
    assert phone == "+8613912345678"
    assert signed_in_as(client) == "grandma"


def test_a_forgotten_password_is_reset_by_mail(client: Client, db):
    UserFactory(username="grandma", email="grandma@example.org")
    client.post(reverse("account_reset_password"), {"email": "grandma@example.org"})
    (message,) = mail.outbox
    assert message.to == ["grandma@example.org"]
    assert message.subject == "邻里：重设密码"
    link = re.search(r"http://testserver(\S+)", message.body).group(1)
    page = client.get(link, follow=True)
    form_url = page.redirect_chain[-1][0]
    client.post(form_url, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    sign_in(client, "grandma", NEW_PASSWORD)
    assert signed_in_as(client) == "grandma"
    again = Client().get(link, follow=True)
    assert "链接已失效" in again.content.decode()


def test_a_reset_for_an_unknown_address_looks_the_same_on_screen(client: Client, db):
    response = client.post(reverse("account_reset_password"), {"email": "nobody@example.org"}, follow=True)
    assert "邮件已发出" in response.content.decode()
    assert mail.outbox[0].subject == "邻里：该邮箱尚未注册"


def test_guessing_a_password_is_stopped(client: Client, db):
    UserFactory(username="grandma")
    for _ in range(5):
        assert "账号或密码不正确" in sign_in(client, "grandma", "wrong").content.decode()
    assert "操作太频繁" in sign_in(client, "grandma").content.decode()
    assert signed_in_as(client) is None


def test_signing_up_by_the_dozen_is_stopped(client: Client, db):
    for number in range(20):
        client.post(reverse("account_signup"), {"name": "x", "login": f"bot{number}", "password1": "short"})
    response = client.post(
        reverse("account_signup"), {"name": "x", "login": "bot", "password1": NEW_PASSWORD}
    )
    assert response.status_code == 429
    assert "操作太频繁" in response.content.decode()
    assert not User.objects.exists()


def test_signing_out_takes_a_post(client: Client, db):
    client.force_login(UserFactory(username="grandma"))
    client.get(reverse("account_logout"))
    assert signed_in_as(client) == "grandma"
    client.post(reverse("account_logout"))
    assert signed_in_as(client) is None


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize(
    "name",
    [
        "account_login", "account_signup", "account_reset_password", "account_reset_password_done",
        "account_request_login_code", "account_inactive", "account_email_verification_sent",
    ],
)  # fmt: skip
def test_account_pages_speak_the_visitors_language(client: Client, db, name: str, language: str):
    client.cookies["django_language"] = language
    page = client.get(reverse(name)).content.decode()
    chinese = re.search(
        "登录|注册|密码|邮箱|停用", re.sub(r"<(header|footer|nav).*?</\1>", "", page, flags=re.S)
    )
    assert bool(chinese) == (language == "zh-hans"), page


@pytest.mark.parametrize(
    "name", ["account_change_password", "account_email", "account_change_phone", "account_logout"]
)
def test_pages_about_ones_own_account_render(client: Client, town: Town, name: str):
    client.force_login(town.resident)
    response = client.get(reverse(name), follow=True)
    assert response.status_code == 200
    assert 'style="' not in response.content.decode()
