"""What other tools say about a step, each in its way: who does it, its form, durations and conditions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from .reading import Element
from .vocabulary import BPMN

_INITIATOR = re.compile(r"^[$#]\{\s*(initiator|starter|startUser\w*|applyUser\w*|applicant)\s*\}$", re.I)
_DURATION = re.compile(
    r"^P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+(?:\.\d+)?)D)?"
    r"(?:T(?:(?P<hours>\d+(?:\.\d+)?)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?$"
)
#: A group nobody named: the check before publishing finds it and asks for a choice.
NOBODY = "?"
_FIELD_TYPES = {
    "string": "text", "long": "number", "integer": "number", "int": "number", "double": "number",
    "number": "number", "boolean": "bool", "date": "date", "enum": "choice",
}  # fmt: skip


@dataclass
class Slugs:
    """Ids as our schema wants them, each used once."""

    used: set[str] = field(default_factory=set)

    def take(self, *wishes: str) -> str:
        """The first of the wishes that gives an id, made unlike those before."""
        found = next((slug for wish in wishes if (slug := slugged(wish))), "step")
        number, unused = 1, found
        while unused in self.used:
            number += 1
            unused = f"{found[:34].rstrip('_')}_{number}"
        self.used.add(unused)
        return unused


def slugged(text: str) -> str:
    """The text as an id: ``Approve Invoice`` → ``approve_invoice``; "" if nothing of it can be one."""
    text = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", text)
    slug = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:36].strip("_")
    if not slug or not re.search("[a-z]", slug):
        return ""
    return slug if slug[0].isalpha() else f"x{slug}"


# --- who ---------------------------------------------------------------------------------------------
def whom(element: Element, lane: str, roles: Mapping[str, str]) -> tuple[list[dict[str, Any]], list[str]]:
    """Whom a step goes to as our ``who``, and the words of the file it comes from.

    ``roles`` are those of the installation, code → name. A group that is none of them is kept as a role of
    that name, which the check before publishing finds.
    """
    found: list[dict[str, Any]] = []
    users: list[str] = []
    said = [*_people(element), *(("group", text) for text in [lane] if lane and not any(_people(element)))]
    for kind, text in said:
        if _INITIATOR.match(text):
            who: dict[str, Any] = {"person": "filer"}
        elif "{" in text:
            who = {"role": NOBODY}
        elif kind == "user":
            users.append(text[:150])
            continue
        else:
            who = {"role": role_of(text, roles)}
        if who not in found:
            found.append(who)
    if users:
        found.insert(0, {"people": users})
    return found, [text for _kind, text in said]


def role_of(text: str, roles: Mapping[str, str]) -> str:
    """The code of the role a text names, as a code or by its name; else the text."""
    wanted = text.strip().casefold()
    for code, name in roles.items():
        if wanted in (code.casefold(), name.casefold()):
            return code
    for code, name in roles.items():
        if name.casefold() in wanted:
            return code
    return text.strip()[:60]


def _people(element: Element) -> Iterator[tuple[str, str]]:
    """(``user`` or ``group``, text) pairs an element names."""
    kinds = {"assignee": "user", "candidateUsers": "user", "candidateGroups": "group"}
    holders = [element]
    if extensions := element.first("extensionElements"):
        holders += extensions.all("assignmentDefinition")
    for holder in holders:
        for name, value in holder.attributes.items():
            kind = kinds.get(name.rpartition("}")[2])
            if kind and (holder is not element or "}" in name):
                yield from ((kind, part.strip()) for part in value.split(",") if part.strip())
    for owner in element.all("potentialOwner", "humanPerformer", "performer", "resourceRole"):
        for expression in owner.walk():
            if expression.tag == "formalExpression" and expression.text.strip():
                yield from _owners(expression.text)


def _owners(text: str) -> Iterator[tuple[str, str]]:
    """``user(kermit), group(management)``; a bare name is a group."""
    for part in text.split(","):
        match = re.match(r"\s*(user|group)\((.*)\)\s*$", part)
        if match:
            yield match.group(1), match.group(2).strip()
        elif part.strip():
            yield "group", part.strip()


# --- forms -------------------------------------------------------------------------------------------
def form_fields(element: Element) -> list[dict[str, Any]]:
    """The form fields a step of Camunda, Activiti or Flowable shows."""
    extensions = element.first("extensionElements")
    found: dict[str, dict[str, Any]] = {}
    for child in extensions.walk() if extensions else ():
        if child.tag not in ("formField", "formProperty") or child.namespace == BPMN:
            continue
        code = slugged(child.get("id"))
        if not code:
            continue
        kind = _FIELD_TYPES.get(child.get("type"), "text")
        one: dict[str, Any] = {
            "code": code,
            "name": (child.get("label") or child.get("name") or code)[:60],
            "type": kind,
        }
        if kind == "choice":
            one["choices"] = [
                {
                    "code": slugged(value.get("id")) or f"x{at}",
                    "name": (value.get("name") or value.get("id"))[:60],
                }
                for at, value in enumerate(child.all("value"))
            ]
        if child.get("required") == "true" or any(
            part.get("name") == "required" for part in child.walk() if part.tag == "constraint"
        ):
            one["required"] = True
        found.setdefault(code, one)
    return list(found.values())


# --- durations ---------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Wait:
    """What a timer says; ``every`` if it repeats."""

    limit: dict[str, Any]
    every: bool = False


def wait(element: Element) -> Wait | None:
    """The wait of an element with a timer; None if it says none that a clock of ours can run."""
    definition = element.first("timerEventDefinition")
    for child in definition.children if definition else ():
        text = child.text.strip().strip("\"'= ")
        repeats = re.match(r"^R\d*/", text)
        if child.tag in ("timeDuration", "timeCycle") and (
            limit := duration(text[repeats.end() :] if repeats else text)
        ):
            return Wait(limit, every=child.tag == "timeCycle")
    return None


def duration(text: str) -> dict[str, Any] | None:
    """An ISO 8601 duration as a limit: whole days on the calendar, anything with hours on the clock that
    never stops; None for months, years, dates and expressions."""
    match = _DURATION.match(text)
    if match is None:
        return None
    part = {name: Decimal(value or 0) for name, value in match.groupdict().items()}
    days = part["weeks"] * 7 + part["days"]
    hours = part["hours"] + (part["minutes"] + part["seconds"] / 60) / 60
    limit, clock = (days, "calendar_days") if not hours else (days * 24 + hours, "urgent_hours")
    if not 0 < limit <= 3650:
        return None
    number = round(float(limit), 2) or 0.01
    return {"limit": int(number) if number == int(number) else number, "clock": clock}


# --- conditions --------------------------------------------------------------------------------------
def our_words(text: str) -> str:
    """An expression of another tool, as far as it can be said in ours: ``${a == 'x' && !b}`` → ``a = "x" and
    not b``. What cannot is left as it is, and does not parse."""
    text = text.strip()
    if match := re.match(r"^[$#]\{(.*)\}$", text, re.S):
        text = match.group(1).strip()
    text = re.sub(r"^=\s*", "", text)
    pieces = re.split(r"(\"[^\"]*\"|'[^']*')", text)
    for at, piece in enumerate(pieces):
        if at % 2:
            pieces[at] = '"' + piece[1:-1].replace("\\", "\\\\").replace('"', '\\"') + '"'
            continue
        piece = piece.replace("&&", " and ").replace("||", " or ").replace("==", "=")
        pieces[at] = re.sub(r"!(?!=)", " not ", piece)
    return " ".join("".join(pieces).split())
