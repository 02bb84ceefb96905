"""The roster as a workbook: one row for each responsibility that holds or is to come."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db.models import Q, QuerySet
from django.utils import timezone

from .. import days, phones
from ..models import AreaQuerySet, Responsibility, StandIn
from .columns import harmless, titles

if TYPE_CHECKING:
    from openpyxl.cell import WriteOnlyCell

WIDTHS = {"area_code": 20, "area": 18, "role": 12, "name": 12, "username": 14, "phone": 18, "stand_in": 26}


def write(areas: AreaQuerySet) -> bytes:
    """An .xlsx of the responsibilities in these areas, by area and role. Days are local. Two queries."""
    from openpyxl import Workbook  # only here: it takes long to load

    book = Workbook(write_only=True)
    sheet = book.create_sheet("roster")
    sheet.freeze_panes = "A2"
    for position, key in enumerate(titles()):
        sheet.column_dimensions[chr(ord("A") + position)].width = WIDTHS.get(key, 14)
    sheet.append([_cell(sheet, title, bold=True) for title in titles().values()])
    for row in _rows(held_in(areas)):
        sheet.append([_cell(sheet, text) for text in row])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def held_in(areas: AreaQuerySet) -> QuerySet[Responsibility]:
    """Responsibilities in these areas that hold now or are to come, of people who serve."""
    posts = Responsibility.objects.filter(Q(until=None) | Q(until__gt=timezone.now()))
    posts = posts.filter(area__in=areas.values("pk"), member__user__is_active=True)
    return posts.select_related("area", "role", "member__user").order_by(
        "area__path", "role__order", "since", "pk"
    )


def _rows(posts: QuerySet[Responsibility]) -> Iterable[list[str]]:
    leaves = StandIn.objects.in_force().select_related("stand_in__user")
    away = {leave.member_id: leave for leave in leaves.order_by("-until")}
    for post in posts.iterator(chunk_size=2000):
        user, leave, last = post.member.user, away.get(post.member_id), days.last_day(post.until)
        yield [
            post.area.code,
            str(post.area),
            str(post.role),
            user.name or user.username,
            user.username,
            phones.shown(user.phone),
            timezone.localdate(post.since).isoformat(),
            last.isoformat() if last else "",
            f"{leave.stand_in} ({leave.last_day.isoformat()})" if leave else "",
        ]


def _cell(sheet: object, text: str, *, bold: bool = False) -> WriteOnlyCell:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    cell = WriteOnlyCell(sheet, value=harmless(text))
    # Said outright: text is never a formula, and codes of digits stay as they are.
    cell.data_type, cell.number_format = "s", "@"
    if bold:
        cell.font = Font(bold=True)
    return cell
