# ruff: noqa: E501 - a line of the table is one case
"""Twenty-six cases of November 2026, lived through the ordinary actions, and what each counts as, by hand.

A line of the table: number, grid (0: never placed), limit, member who handles it in the end, what it counts as
on 1 December at 0:00 (a mark each for the columns in :data:`COLUMNS`, ``.`` for no), its points, and what was
lived. ``lamp``: two working days; ``lid``: two urgent hours. A lamp of Monday, 2 November, 9:00, is due on
Wednesday the 4th, 9:00; ``02T09`` is that Monday, ``31T`` and more lie in December, ``00T`` on 30 October.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import time_machine
from django.db import transaction
from django.test import override_settings

from grid import stamp
from maps.indicators.actions.follow import follow
from tests.conftest import FAST_HASHERS
from tests.factories import Town, build_town, photo
from tests.workflows.desk_helpers import open_task
from tests.workflows.office import local
from workflows.actions.applications import ask_appeal, ask_extension, ask_suspension, decide_application
from workflows.actions.duplicates import merge_case
from workflows.actions.endings import force_close_case, withdraw_request
from workflows.actions.exclusions import exclude_case, include_case
from workflows.actions.on_the_spot import fix_on_the_spot
from workflows.actions.ratings import rate_request, reopen_request
from workflows.actions.requests import file_request
from workflows.actions.tasks import claim_task, decide_task, return_task, transfer_task
from workflows.models import Category, Request, Source

#: What is counted of a case, in the order of the marks.
COLUMNS = (
    "filed", "registered", "registered_in_time", "dispatched", "dispatched_right", "due", "handled",
    "handled_in_time", "closed", "closed_in_time", "reworked", "overdue", "extended", "excluded", "rated",
    "responded", "solved", "satisfied", "confirmed", "done",
)  # fmt: skip

#: f: filed, r R: registered, in time, d D: dispatched, right; then due, handled, in time, closed, in time,
#: reworked, overdue, extended, excluded; then rated, response, solved, satisfied, confirmed; closed in November.
TABLE = """
no grid limit member     counts                       points  lived
 1  1   lamp  member1    f rR dD  uhHcC ....  ayssk q   4     02T09 file; 03T10 handle; 03T15 pass; 03T17 close; 05T10 rate yyy; 42T10 rate nnn
 2  1   lamp  member1    f rR dD  uhHc. ....  a.s.k q   2     02T09 file; 03T10 handle; 05T10 pass; 05T11 close; 06T09 rate nyn
 3  1   lamp  member1    f rR dD  uhHcC ....  ..... q   0     02T09 file; 05T10 handle; 05T15 pass; 05T16 close; 09T10 appeal; 10T10 grant
 4  1   lamp  member1    f rR dD  uh.c. ....  ..... q   0     02T09 file; 05T10 handle; 05T15 pass; 05T16 close; 09T10 appeal; 10T10 refuse
 5  1   lamp  member1    f rR dD  uhHcC w...  ..... q   0     02T09 file; 02T10 handle; 02T15 redo; 03T10 handle; 03T15 pass; 03T16 close
 6  2   lamp  member2    f rR dD  uhHcC ..e.  ..... q   0     02T09 file; 02T10 ask; 02T11 agree; 05T10 handle; 05T15 pass; 05T16 close
 7  2   lamp  member2    f rR dD  u.... .o..  ..... .   0     02T09 file
 8  2   lamp  member1    f rR d.  uhHcC ....  ayssk q   4     02T09 file; 02T10 transfer; 03T10 handle; 03T15 pass; 03T16 close; 04T10 rate yyy
 9  3   lamp  member3    f r. dD  uh... ....  ..... .   0     02T09 file nowhere; 04T10 accept; 05T10 handle
10  4   lamp  member4    f rR d.  uhHcC ....  ..... q   0     02T09 file nowhere; 02T14 accept 3; 02T15 back; 02T16 accept; 03T10 handle; 03T11 pass; 03T15 close
11  0   lamp  -          f .. ..  ..... ....  ..... .   0     02T09 file nowhere; 02T15 reject
12  3   lamp  member3    f .. ..  ..... ....  ..... .   0     02T09 file; 02T10 withdraw
13  3   lamp  member3    f .. ..  ..... ....  ..... .   0     02T09 file; 02T11 join 14
14  3   lamp  member3    f rR dD  uhHcC ....  ayssk q   4     02T09 file; 03T10 handle; 03T15 pass; 03T16 close; 04T10 rate yyy
15  3   lamp  member3    f rR dD  ..... ....  ..... .   0     02T09 file; 03T10 suspend
16  4   lamp  member4    f rR dD  uhHcC ....  ay.s. q   0     02T09 file; 02T15 handle; 03T10 pass; 03T11 close; 05T10 reopen; 06T10 handle; 06T11 pass; 06T15 close; 07T10 rate yny
17  4   lamp  member4    f rR dD  u..c. ....  ..... q   0     02T09 file; 05T10 force
18  5   lamp  member5    f .. ..  ..... ...x  ..... .   0     02T09 file; 10T10 exclude
19  5   lamp  member5    f rR dD  uh.c. ....  ..... q   0     02T09 file; 09T10 exclude; 10T10 include; 12T10 handle; 12T11 pass; 12T15 close
20  5   lamp  member5    f rR ..  uhHcC ....  ..... q   0     03T09 fix
21  6   lid   member6    f rR dD  uhHcC ....  ay... q   0     02T09 file; 02T10 claim; 02T10:30 handle; 02T10:40 pass; 02T10:50 close; 03T10 rate ynn
22  7   lid   leader2    f rR dD  uh.c. ....  ayss. q   0     02T09 file for; 02T10 assign; 02T12 handle; 02T15 pass; 02T16 close; 03T10 rate yyy
23  1   lamp  member1    . .. ..  uhHcC ....  ..... q   0     00T09 file; 02T10 handle; 02T15 pass; 02T16 close
24  2   lamp  member2    f rR dD  ..... ....  ..... q   0     30T09 file; 30T10 handle; 30T14 pass; 30T15 close
25  2   lid   member2    f rR dD  u.... .o..  ..... .   0     30T09 file; 31T10 handle
26  6   lid   -          f rR dD  u.... .o..  ..... .   0     27T09 file
"""

#: The sums of the table, added up by hand: what November's figures must be on 1 December, 0:00.
SUMS = {
    "filed": 25, "registered": 21, "registered_in_time": 20, "dispatched": 20, "dispatched_right": 18,
    "due": 20, "handled": 16, "handled_in_time": 12, "closed": 16, "closed_in_time": 11,
    "reworked": 1, "overdue": 3, "extended": 1, "excluded": 1, "rated": 7, "responded": 6, "solved": 5,
    "satisfied": 5, "confirmed": 4, "done": 17, "points": 14,
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One line of the table; ``story`` are (instant, what)."""

    number: int
    grid: int
    limit: str
    member: str
    counts: dict[str, int]
    story: list[tuple[Any, str]]


def lines() -> Iterator[Line]:
    for text in TABLE.strip().splitlines()[1:]:
        head, _, lived = text.rpartition("   ")
        number, grid, limit, member, *marks, points = head.split()
        counts = dict(zip(COLUMNS, (int(mark != ".") for mark in "".join(marks)), strict=True))
        moves = [move.split(None, 1) for move in lived.strip().split("; ")]
        story = [(_instant(when), what) for when, what in moves]
        yield Line(int(number), int(grid), limit, member, counts | {"points": int(points)}, story)


def _instant(text: str) -> Any:
    """``03T10:30``: the day of November; 0 is 30 October (a Friday), 31 and more are December's."""
    day, _, clock = text.partition("T")
    number = int(day)
    on = date(2026, 10, 30) if number == 0 else date.fromordinal(date(2026, 10, 31).toordinal() + number)
    return local(f"{on} {clock if ':' in clock else clock + ':00'}")


class Living:
    """Lives the table through, in the order in which things happen."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.cases: dict[int, Request] = {}
        self.categories = {
            "lamp": Category.objects.get(code="repairs-streetlight"),
            "lid": Category.objects.get(code="repairs-manhole"),
        }

    def live(self) -> dict[int, Request]:
        """Number in the table → case."""
        queue = [(at, line.number, step, line, what)
                 for line in lines() for step, (at, what) in enumerate(line.story)]  # fmt: skip
        heapq.heapify(queue)
        with time_machine.travel(queue[0][0], tick=False) as clock:
            while queue:
                at, _number, _step, line, what = heapq.heappop(queue)
                clock.move_to(at)
                verb, *words = what.split()
                act: Callable[..., Any] = getattr(self, f"_{verb}")
                act(line, *words)
        return self.cases

    def _file(self, line: Line, how: str = "") -> None:
        town = self.town
        who = town.neighbour if line.number == 13 else town.resident
        given: dict[str, Any] = {"reporter": who, "text": "路灯不亮", "category": self.categories[line.limit]}
        if how == "for":
            given |= {"reporter": None, "filed_by": town.member1, "source": Source.ON_BEHALF}
        if how != "nowhere":
            given["lon"], given["lat"] = town.point_in(line.grid)
        self.cases[line.number] = file_request(**given)

    def _fix(self, line: Line) -> None:
        lon, lat = self.town.point_in(line.grid)
        member = self.town.people[line.member]
        case = fix_on_the_spot(
            member=member, opinion="已更换", text="灯坏", category=self.categories[line.limit], lon=lon, lat=lat,
            photos_after=[photo()],
        )  # fmt: skip
        self.cases[line.number] = case

    def _decide(self, line: Line, actor: Any, outcome: str, **more: Any) -> None:
        decide_task(task_id=open_task(self.cases[line.number]).pk, actor=actor, outcome=outcome, **more)

    def _accept(self, line: Line, grid: str = "") -> None:
        area = self.town.grids[int(grid or line.grid) - 1]
        self._decide(line, self.town.registrar, "accept", data={"area": area})

    def _reject(self, line: Line) -> None:
        self._decide(line, self.town.registrar, "reject", opinion="不属于受理范围")

    def _handle(self, line: Line) -> None:
        task = open_task(self.cases[line.number])
        self._decide(line, task.owner, "done", opinion="已更换灯泡")

    def _pass(self, line: Line) -> None:
        self._decide(line, self.town.checker, "pass")

    def _redo(self, line: Line) -> None:
        self._decide(line, self.town.checker, "rework", opinion="没有修好")

    def _close(self, line: Line) -> None:
        self._decide(line, self.town.shift_leader, "close")

    def _assign(self, line: Line) -> None:
        self._decide(line, self.town.dispatcher, "assign", data={"assignee": self.town.people[line.member]})

    def _claim(self, line: Line) -> None:
        claim_task(task_id=open_task(self.cases[line.number]).pk, actor=self.town.member6)

    def _transfer(self, line: Line) -> None:
        task = open_task(self.cases[line.number])
        transfer_task(task_id=task.pk, actor=task.owner, to=self.town.member1, reason="不是我的网格")

    def _back(self, line: Line) -> None:
        task = open_task(self.cases[line.number])
        return_task(task_id=task.pk, actor=task.owner, to_block="register", reason="派错了")

    def _rate(self, line: Line, answers: str) -> None:
        case = self.cases[line.number]
        yes = [answer == "y" for answer in answers]
        actor = case.reporter or case.filed_by
        rate_request(request_id=case.pk, actor=actor, in_time=yes[0], solved=yes[1], satisfied=yes[2])

    def _reopen(self, line: Line) -> None:
        reopen_request(request_id=self.cases[line.number].pk, actor=self.town.resident, reason="又坏了")

    def _force(self, line: Line) -> None:
        force_close_case(request_id=self.cases[line.number].pk, actor=self.town.shift_leader, reason="已拆除")

    def _withdraw(self, line: Line) -> None:
        withdraw_request(request_id=self.cases[line.number].pk, actor=self.town.resident)

    def _join(self, line: Line, into: str) -> None:
        merge_case(
            request_id=self.cases[line.number].pk, into_id=self.cases[int(into)].pk, actor=self.town.member3
        )

    def _ask(self, line: Line) -> None:
        ask_extension(request_id=self.cases[line.number].pk, actor=self.town.member2, reason="等配件")

    def _agree(self, line: Line) -> None:
        for actor in (self.town.leader1, self.town.shift_leader):
            self._grant(line, actor)

    def _suspend(self, line: Line) -> None:
        ask_suspension(
            request_id=self.cases[line.number].pk, actor=self.town.member3, reason="等材料",
            until=date(2026, 12, 10),
        )  # fmt: skip
        self._grant(line, self.town.shift_leader)

    def _appeal(self, line: Line) -> None:
        ask_appeal(request_id=self.cases[line.number].pk, actor=self.town.member1, reason="停电")

    def _grant(self, line: Line, actor: Any = None, agrees: bool = True) -> None:
        asked = self.cases[line.number].applications.latest("pk")
        decide_application(
            application_id=asked.pk, actor=actor or self.town.supervisor, agrees=agrees, opinion="核实过"
        )

    def _refuse(self, line: Line) -> None:
        self._grant(line, agrees=False)

    def _exclude(self, line: Line) -> None:
        exclude_case(request_id=self.cases[line.number].pk, actor=self.town.supervisor, reason="产权属国网")

    def _include(self, line: Line) -> None:
        include_case(request_id=self.cases[line.number].pk, actor=self.town.supervisor, reason="产权已移交")


@contextmanager
def lived_through(media: Path) -> Iterator[tuple[Town, dict[int, Request]]]:
    """The town after the table was lived, and its cases; with the end everything is taken back."""
    with transaction.atomic():
        with override_settings(MEDIA_ROOT=media, PASSWORD_HASHERS=FAST_HASHERS):
            town = build_town()
            stamp.bump()
            cases = Living(town).live()
            follow()
        yield town, cases
        transaction.set_rollback(True)
