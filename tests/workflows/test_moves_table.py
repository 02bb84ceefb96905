"""Every move × every kind of step, as ``moves_table.txt`` says: exact open tasks, limits and events."""

from collections import defaultdict
from pathlib import Path

import pytest
from django.db import transaction

from tests.workflows.moves_table import CONTEXTS, START, Play, publish_kind

pytestmark = pytest.mark.django_db

TABLE = Path(__file__).with_name("moves_table.txt")


def read_table():
    """Kind of step → script → (what is open, what the log says)."""
    table, script = defaultdict(dict), ""
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith(" "):
            context, left, said = (cell.strip() for cell in line.split("|"))
            table[context][script] = (left, said)
        elif line and not line.startswith("#"):
            script = line
    return table


class Undo(Exception):
    pass


def play(town, clock, context, script):
    """What a script leaves; nothing of it is kept."""
    try:
        with transaction.atomic():
            played = Play(town, clock)
            played.begin(context)
            played.play(script)
            found = (played.left(), played.said(), played.tidy())
            raise Undo
    except Undo:
        return found


@pytest.mark.parametrize("context", CONTEXTS)
def test_every_move_leaves_exactly_what_the_table_says(town, time_machine, context):
    expected = read_table()[context]
    time_machine.move_to(START, tick=False)
    publish_kind(context)
    found = {script: play(town, time_machine, context, script) for script in expected}
    assert {script: cells for script, (*cells, _) in found.items()} == {
        script: [*cells] for script, cells in expected.items()
    }
    assert {script: wrong for script, (_, _, wrong) in found.items() if wrong} == {}


def test_the_table_knows_every_move_on_every_kind_of_step():
    verbs = ["agrees", "refuses", "transfers", "delegates", "answers", "signs-before", "signs-after"]
    verbs += ["removes", "calls", "takes-back", "returns", "leaves", "waits"]
    table = read_table()
    for context in CONTEXTS.keys() - {"pool"}:
        last = {script.split(";")[-1].split()[1] for script in table[context]}
        assert last >= {*verbs}, context
    assert {script.split(";")[-1].split()[1] for script in table["pool"]} >= {"claims", "unclaims", "agrees"}
