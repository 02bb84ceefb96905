"""What the sign-in page shows in the demo."""

from django import template
from django.conf import settings

from demo import town

register = template.Library()


@register.simple_tag
def demo_sign_ins() -> list[town.SignIn]:
    """The demo's accounts; none outside the demo."""
    return town.SIGN_INS if settings.LINLI_DEMO else []


@register.simple_tag
def demo_password() -> str:
    return town.PASSWORD
