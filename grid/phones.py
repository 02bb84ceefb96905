"""Telephone numbers: one way to write them, in the database as E.164 (+8613800000001)."""

import contextlib
import re

import phonenumbers
from django.conf import settings
from django.utils.translation import gettext as _

from .errors import Refused

#: The library also reads letters as digits, which would take user names for numbers.
WRITTEN = re.compile(r"\s*[+(\d][\d\s()./-]*")


def normalise(text: str) -> str:
    """E.164 of a number as people type it, in the country of ``LINLI_DEFAULT_PHONE_REGION``.

    Raises :class:`Refused` for what cannot be a telephone number.
    """
    number = None
    if WRITTEN.fullmatch(text):
        with contextlib.suppress(phonenumbers.NumberParseException):
            number = phonenumbers.parse(text, settings.LINLI_DEFAULT_PHONE_REGION)
    if number is None or not phonenumbers.is_valid_number(number):
        raise Refused(_("“%(text)s” is not a phone number. Check the digits.") % {"text": text})
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def shown(phone: str | None) -> str:
    """A stored number as people of the country write it: national form at home, international otherwise."""
    if not phone:
        return ""
    number = phonenumbers.parse(phone)
    home = phonenumbers.region_code_for_number(number) == settings.LINLI_DEFAULT_PHONE_REGION
    form = phonenumbers.PhoneNumberFormat
    return phonenumbers.format_number(number, form.NATIONAL if home else form.INTERNATIONAL)
