"""What every sentence about an event is made of (:mod:`.notifications`)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext

LONGEST_NAME = 80

Payload = dict[str, Any]


def case(said: Payload) -> dict[str, str]:
    return {"number": name(said["case"]["number"]), "title": title(said, "title")}


def title(said: Payload, key: str) -> str:
    """A configured title in the active language; the Chinese one stands in where no English was given."""
    english = said.get(f"{key}_en") if (get_language() or "").startswith("en") else ""
    return name(english or said.get(key))


def name(value: Any) -> str:
    """A name on one line and of bearable length."""
    text = " ".join(str(value or "").split())
    return text if len(text) <= LONGEST_NAME else text[: LONGEST_NAME - 1] + "…"


def when(instant: str) -> str:
    return date_format(timezone.localtime(datetime.fromisoformat(instant)), "SHORT_DATETIME_FORMAT")


def due(said: Payload) -> str:
    due_at = said["case"].get("due_at")
    return when(due_at) if due_at else gettext("date unknown")
