"""One of the processes of ``test_summaries``: writes, folds, is killed meanwhile, looks at the sums."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import django

django.setup()

from django.db import connection  # noqa: E402

from maps.actions.summaries import fold, keep_up, rebuild  # noqa: E402
from maps.models import Change  # noqa: E402
from tests.factories import Town  # noqa: E402
from tests.maps import writing  # noqa: E402

#: A working day: filed and handled more often than anything else.
MIX = ["files"] * 6 + ["decides"] * 10 + writing.OPERATIONS


def write(seed: int, steps: int) -> dict[str, int]:
    writer = writing.Writer(Town.found(), seed)
    for _step in range(steps):
        writer.does(writer.random.choice(MIX))
    return dict(writer.done)


def die_at(statement: int) -> Callable[..., Any]:
    """A wrapper of statements that kills this process right before one of them."""
    left = [statement]

    def wrap(execute: Callable, sql: str, params: Any, many: bool, context: dict) -> Any:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(sql, params, many, context)

    return wrap


def fold_and_die(statement: int) -> None:
    """Wait until there is something to fold, and die of it."""
    while not Change.objects.exists():
        pass
    with connection.execute_wrapper(die_at(statement)):
        while True:
            fold()


def write_and_die(seed: int, statement: int) -> None:
    with connection.execute_wrapper(die_at(statement)):
        write(seed, 10_000)


def check() -> dict[str, bool]:
    town = Town.found()
    writing.assert_right(town)
    while keep_up():
        pass
    writing.assert_right(town)
    writing.assert_cells_are_right()
    writing.assert_rebuilding_changes_nothing()
    return {"right": True}


def prepare() -> dict[str, bool]:
    writing.prepare()
    rebuild()
    return {}


def main(what: str, *numbers: str) -> None:
    does = {
        "prepare": prepare, "write": write, "fold-and-die": fold_and_die, "write-and-die": write_and_die,
        "check": check,
    }  # fmt: skip
    print(json.dumps(does[what](*map(int, numbers))))


if __name__ == "__main__":
    main(*sys.argv[1:])
