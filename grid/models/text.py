"""Names in two languages."""

from django.utils.translation import get_language


def in_language(chinese: str, english: str) -> str:
    """The text for the active language; the Chinese one stands in where no English was given."""
    return english if english and (get_language() or "").startswith("en") else chinese
