"""Forms of the account pages. One line takes a phone number, a mail address or a user name."""

from typing import Any

from allauth.account import app_settings
from allauth.account import forms as allauth
from allauth.account.adapter import get_adapter
from allauth.account.app_settings import LoginMethod
from allauth.account.internal.flows.login import derive_login_method
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from . import phones
from .errors import Refused


class PhoneField(forms.CharField):
    """A telephone number as people write it; its value is E.164."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Phone"))
        kwargs.setdefault("widget", forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}))
        super().__init__(**kwargs)

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        if not text:
            return ""
        try:
            return get_adapter().clean_phone(phones.normalise(text))
        except Refused as refused:
            raise ValidationError(str(refused), code="invalid_phone") from refused


class LoginForm(allauth.LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        login, password = self.fields["login"], self.fields["password"]
        login.label = _("Phone, mail or user name")
        login.widget.attrs = {"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        password.widget.attrs.pop("placeholder", None)
        password.help_text = ""
        self.fields["remember"].label = _("Keep me signed in on this device")


class SignupForm(allauth.SignupForm):
    """Name, one way to be recognised, password: nothing else is asked."""

    name = forms.CharField(
        label=_("What shall we call you?"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    login = forms.CharField(
        label=_("Phone number or mail address"),
        help_text=_("You sign in with it, and we tell you there what becomes of your requests."),
        max_length=150,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    field_order = ["name", "login", "password1"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("username", "email", "phone"):
            del self.fields[name]
        password = self.fields["password1"]
        password.label = _("Choose a password")
        password.help_text = _("At least 8 characters, not only digits.")
        password.widget.attrs.pop("placeholder", None)

    def clean_login(self) -> str:
        """Sort it into the field allauth expects; a user name is welcome too."""
        login = self.cleaned_data["login"].strip()
        method = derive_login_method(login)
        adapter = get_adapter()
        if method == LoginMethod.EMAIL:
            self.cleaned_data["email"] = self.validate_unique_email(adapter.clean_email(login.lower()))
        elif method == LoginMethod.PHONE:
            self.cleaned_data["phone"] = number = phones.normalise(login)
            if not app_settings.PHONE_VERIFICATION_ENABLED and adapter.get_user_by_phone(number):
                # Without a code sent to the number nothing hides who has an account: say so.
                raise adapter.validation_error("phone_taken")
        else:
            self.cleaned_data["username"] = adapter.clean_username(login)
        return login
