"""Workflows to start drawing from: those that are shipped, and templates nobody has published."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from grid.models import in_language

FOLDER = Path(__file__).resolve().parent / "definitions"


@dataclass(frozen=True)
class StartingPoint:
    """``code`` names it in a form; ``about`` is a sentence for the person who chooses."""

    code: str
    file: Path
    icon: str
    about: Any

    @property
    def body(self) -> dict[str, Any]:
        return _read(self.file)

    def __str__(self) -> str:
        return in_language(self.body["name"], self.body["name_en"])


@cache
def _read(file: Path) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return body


STARTING_POINTS = (
    StartingPoint(
        "empty",
        FOLDER / "templates" / "empty.json",
        "square-plus",
        _("A clean sheet: a beginning, an end, and whatever you put between."),
    ),
    StartingPoint(
        "standard",
        FOLDER / "standard.json",
        "refresh",
        _("The whole loop: registered, dispatched, handled, checked, closed, rated by the resident."),
    ),
    StartingPoint(
        "on_the_spot",
        FOLDER / "on_the_spot.json",
        "bolt",
        _("A member puts it right at once and shows it with a photo."),
    ),
    StartingPoint(
        "reimbursement",
        FOLDER / "templates" / "reimbursement.json",
        "receipt",
        _("Expenses are approved by one; above 5,000 yuan several have to agree together."),
    ),
    StartingPoint(
        "certificate",
        FOLDER / "templates" / "certificate.json",
        "certificate",
        _("A resident asks for a certificate: looked through, issued, collected."),
    ),
    StartingPoint(
        "whistle",
        FOLDER / "templates" / "whistle.json",
        "speakerphone",
        _("The street whistles, the departments named report in and say what they did."),
    ),
    StartingPoint(
        "complaint",
        FOLDER / "templates" / "complaint.json",
        "message-report",
        _("A complaint is looked into and answered; whoever is not content appeals once, to others."),
    ),
)


def starting_point(code: str) -> StartingPoint | None:
    return next((one for one in STARTING_POINTS if one.code == code), None)
