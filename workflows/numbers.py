"""Case numbers: a configurable pattern over an atomic counter.

``LINLI_CASE_NUMBER`` is a format string, by default ``{area6}{yyyymmdd}{seq:04}``: the first six places of
the area's code (the county), the local date, and a counter of at least four digits that begins anew with
every other combination. Numbers are never given twice; a filing that fails leaves a gap.
"""

from __future__ import annotations

import re
from datetime import datetime
from string import Formatter
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.db import connection
from django.utils import timezone

from .models import NumberSequence

FIELDS = ("area6", "area9", "area12", "yyyy", "yymmdd", "yyyymmdd")
#: What may stand in a number, so that it can stand in an address as it is.
ALLOWED = re.compile(r"[0-9A-Za-z._-]{1,30}")


def next_number(area_code: str, at: datetime) -> str:
    """The next case number for an area (its code, or "" when not placed) at an instant."""
    return next_numbers(area_code, at, 1)[0]


def next_numbers(area_code: str, at: datetime, count: int) -> list[str]:
    """``count`` numbers in a row, taken at once."""
    values = _values(area_code, at)
    prefix = _prefix(settings.LINLI_CASE_NUMBER, values)
    last = _advance(prefix, count)
    return [
        settings.LINLI_CASE_NUMBER.format(**values, seq=number)
        for number in range(last - count + 1, last + 1)
    ]


def _advance(key: str, count: int) -> int:
    """Add to a counter and return it, in one statement: nobody can come in between."""
    table = connection.ops.quote_name(NumberSequence._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (prefix, value) VALUES (%s, %s) "  # noqa: S608 (our own table's name)
            f"ON CONFLICT (prefix) DO UPDATE SET value = {table}.value + excluded.value RETURNING value",
            [key, count],
        )
        return cursor.fetchone()[0]


def _values(area_code: str, at: datetime) -> dict[str, str]:
    code = re.sub(r"[^0-9A-Za-z]", "", area_code)
    day = timezone.localtime(at)
    return {
        "area6": code[:6].ljust(6, "0"),
        "area9": code[:9].ljust(9, "0"),
        "area12": code[:12].ljust(12, "0"),
        "yyyy": day.strftime("%Y"),
        "yymmdd": day.strftime("%y%m%d"),
        "yyyymmdd": day.strftime("%Y%m%d"),
    }


def _prefix(pattern: str, values: dict[str, str]) -> str:
    """The pattern with everything filled in but the counter: what the counter belongs to."""
    parts = []
    for literal, name, _, _ in Formatter().parse(pattern):
        parts.append(literal + ("#" if name == "seq" else values[name] if name else ""))
    return "".join(parts)


@register()
def check_pattern(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """LINLI_CASE_NUMBER can be filled in, counts, and gives numbers that can stand in an address."""
    pattern = settings.LINLI_CASE_NUMBER
    try:
        number = pattern.format(**_values("110101", timezone.now()), seq=1)
        names = [name for _, name, _, _ in Formatter().parse(pattern) if name]
    except (KeyError, ValueError, IndexError) as error:
        return [_wrong(f"it cannot be filled in ({error!r})")]
    if names.count("seq") != 1:
        return [_wrong("it must contain {seq} exactly once")]
    return (
        [] if ALLOWED.fullmatch(number) else [_wrong("only letters, digits and ._- may be in it, 30 at most")]
    )


def _wrong(why: str) -> CheckMessage:
    fields = ", ".join(f"{{{name}}}" for name in FIELDS)
    return Error(
        f"LINLI_CASE_NUMBER {settings.LINLI_CASE_NUMBER!r}: {why}.",
        hint=f"Use {fields} and {{seq:04}}.",
        id="workflows.E002",
    )
