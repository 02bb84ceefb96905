"""One of the processes of ``test_machine``: an order a line comes in, an answer a line goes out."""

from __future__ import annotations

import json
import random
import sys
import traceback
import uuid
from typing import Any

import django

django.setup()

from django.db import transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from grid.errors import Refused  # noqa: E402
from grid.models import Area, User  # noqa: E402
from tests.workflows.flowing import approval, publish  # noqa: E402
from tests.workflows.machine import World, broken, limited  # noqa: E402
from workflows.actions.cases import start_case  # noqa: E402
from workflows.actions.definitions import publish_version  # noqa: E402
from workflows.models import Request  # noqa: E402

PEOPLE = (
    "member1", "leader1", "registrar", "dispatcher", "checker", "shift_leader", "supervisor", "administrator",
)  # fmt: skip


def prepare() -> list[int]:
    """What the random workflows call, and the people who play."""
    publish(approval("inside", "checker"), key="other")
    return list(User.objects.filter(username__in=PEOPLE).order_by("pk").values_list("pk", flat=True))


def begin(body: dict[str, Any], count: int) -> list[int]:
    publish_version(body=body)
    area = Area.objects.filter(level="grid").order_by("path").first()
    cases = []
    for _number in range(count):
        case = Request.objects.create(
            number=uuid.uuid4().hex[:20],
            reporter=User.objects.get(username="resident"),
            text="x",
            area=area,
            area_path=area.path,
            **limited(timezone.now()),
        )
        with transaction.atomic():
            start_case(case, actor=case.reporter, definition=body["key"])
        cases.append(case.pk)
    return cases


def play(cases: list[int], people: list[int], seed: int, moves: int) -> dict[str, Any]:
    """So many moves on cases at random; what was refused, and what failed as nothing may."""
    dice = random.Random(seed)
    players = list(User.objects.filter(pk__in=people).order_by("pk"))
    known = [Request.objects.get(pk=pk) for pk in cases]
    worlds = [World(case, players, [one for one in known if one != case]) for case in known]
    made: list[str] = []
    refused = 0
    failed: list[str] = []
    for number in range(moves):
        choices = dice.choice(worlds).choices(ends=number > moves // 2)
        if not choices:
            continue
        kind = dice.choice(sorted({name for name, _act in choices}))
        try:
            dice.choice([act for name, act in choices if name == kind])()
            made.append(kind)
        except Refused:
            refused += 1
        except Exception:
            failed.append(f"{kind}: {traceback.format_exc()}")
    return {"made": made, "refused": refused, "failed": failed}


def look(cases: list[int]) -> list[list[str]]:
    return [broken(Request.objects.get(pk=pk)) for pk in cases]


if __name__ == "__main__":
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(globals()[order.pop("do")](**order)), flush=True)
