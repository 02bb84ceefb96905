"""A second process of the product, beside the server: what it commits, the server hears of like any other."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tests import services

LOOP = """
import json, sys, traceback
import django
django.setup()
from django.db import close_old_connections
space = {"__name__": "office"}
for line in sys.stdin:
    close_old_connections()
    space.pop("answer", None)
    try:
        exec(json.loads(line), space)
        print(json.dumps({"answer": space.get("answer")}), flush=True)
    except Exception:
        print(json.dumps({"error": traceback.format_exc()}), flush=True)
"""

FIRST = """
from django.db import transaction
from grid.models import Area, Responsibility, User
from realtime import events, log
from realtime.log import Audience, Subject
from django.test import Client

globals().update({name: kind for name, kind in vars(events).items() if isinstance(kind, type)})

def brief(number="1", grid="149901001001001", **values):
    empty = dict(lon=None, lat=None, yellow_at=None, due_at=None, closed_at=None)
    return CaseBrief(**{"id": 1, "number": number, "state": "reported", "category": "", "grid": grid,
                        "urgent": False, **empty, **values})

def say(payload=None, subject=("request", 1), area="", users=(), actor=None):
    payload = payload or RequestFiled(source="portal", case=brief())
    with transaction.atomic():
        event = log.emit(payload, subject=Subject(*subject), audience=Audience(area, users), actor=actor)
    return event.pk
"""


class Office:
    """``office.do(code)`` runs code in the process; what it assigns to ``answer`` comes back."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.process = subprocess.Popen(
            [sys.executable, "-c", LOOP], cwd=services.ROOT, env=environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.do(FIRST)

    def do(self, code: str) -> Any:
        assert self.process.stdin
        assert self.process.stdout
        print(json.dumps(code), file=self.process.stdin, flush=True)
        answer = json.loads(self.process.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer["answer"]

    def do_and_die(self, code: str) -> None:
        """The same for code that kills the process."""
        assert self.process.stdin
        assert self.process.stdout
        print(json.dumps(code), file=self.process.stdin, flush=True)
        assert self.process.stdout.readline() == ""
        self.close()

    def sign_in(self, username: str) -> str:
        """A session cookie of this person's, as a browser would send it."""
        self.do(f"client = Client(); client.force_login(User.objects.get(username={username!r}))")
        return "sessionid=" + self.do("answer = client.cookies['sessionid'].value")

    def close(self) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.wait(services.PATIENCE)
        self.process.stdout.close()
