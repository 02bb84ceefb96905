"""How django-allauth sees Linli's people: one name, telephone numbers, words a resident would say."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import phones, sms
from .errors import Refused
from .models import Resident, User

WRONG = gettext_lazy("The name or the password is wrong. Check both and try again, or reset your password.")


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": WRONG,
        "email_password_mismatch": WRONG,
        "phone_password_mismatch": WRONG,
        "invalid_login": WRONG,
        "too_many_login_attempts": gettext_lazy("Too many attempts. Wait a few minutes, then try again."),
        "rate_limited": gettext_lazy("Too many attempts. Wait a few minutes, then try again."),
        "email_taken": gettext_lazy("This mail address is taken. Sign in with it, or use another one."),
        "phone_taken": gettext_lazy("This phone number is taken. Sign in with it, or use another one."),
        "username_taken": gettext_lazy("This user name is taken. Choose another one."),
        "incorrect_code": gettext_lazy("This code is wrong. Check the digits."),
        "incorrect_password": gettext_lazy("This password is wrong."),
        "select_only_one": gettext_lazy("Fill in only one of the two."),
    }

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        user.name = form.cleaned_data.get("name", "")
        user = super().save_user(request, user, form, commit)
        if commit:
            Resident.objects.get_or_create(user=user)
        return user

    def populate_username(self, request: HttpRequest, user: User) -> None:
        """Whoever signs up by phone or mail gets a user name that says nothing about them."""
        while not user.username:
            candidate = f"r{get_random_string(8, '0123456789')}"
            if not User.objects.filter(username=candidate).exists():
                user.username = candidate

    # --- Telephone numbers ---------------------------------------------------------------------

    def phone_form_field(self, **kwargs: Any) -> Any:
        from .forms import PhoneField

        return PhoneField(**kwargs)

    def get_user_by_phone(self, phone: str) -> User | None:
        try:
            return User.objects.filter(phone=phones.normalise(phone)).first()
        except Refused:
            return None

    def get_phone(self, user: User) -> tuple[str, bool] | None:
        return (user.phone, user.phone_verified) if user.phone else None

    def set_phone(self, user: User, phone: str, verified: bool) -> None:
        user.phone, user.phone_verified = phone, verified
        user.save(update_fields=["phone", "phone_verified"])

    def set_phone_verified(self, user: User, phone: str) -> None:
        self.set_phone(user, phone, True)

    def send_verification_code_sms(self, user: User, phone: str, code: str, **kwargs: Any) -> None:
        sms.send(phone, _("Linli: your code is %(code)s. Tell it to nobody.") % {"code": code})

    def send_unknown_account_sms(self, phone: str, **kwargs: Any) -> None:
        sms.send(phone, _("Linli: this number has no account yet. You can sign up with it."))

    def send_account_already_exists_sms(self, phone: str) -> None:
        sms.send(phone, _("Linli: this number has an account already. Sign in with it."))
