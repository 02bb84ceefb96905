"""``manage.py demo`` and ``manage.py simulate`` at the console."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from demo import town
from demo.history import History
from grid.models import Area


def test_the_command_writes_it_once_and_never_into_somebody_elses_areas(db, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(History, "live", lambda *_: None)
    said = io.StringIO()
    call_command("demo", stdout=said)
    assert town.PASSWORD in said.getvalue()
    count = Area.objects.count()
    call_command("demo", stdout=io.StringIO())
    assert Area.objects.count() == count
    Area.objects.filter(code="149999001").update(code="310101001")
    said = io.StringIO()
    call_command("demo", stdout=said)
    assert "areas of its own" in said.getvalue()
    assert town.PASSWORD not in said.getvalue()
    assert Area.objects.count() == count


def test_simulating_without_a_demo_says_what_to_do(town) -> None:
    with pytest.raises(CommandError, match="make demo"):
        call_command("simulate", rate=1.0)
