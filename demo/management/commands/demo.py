"""``manage.py demo``: a town to try, and with ``--serve`` a server on it. Safe to run again and again."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from tqdm import tqdm

from demo import build, town

#: Cases a second that the demo's people file while somebody watches.
RATE = 0.2
STAGES = {
    "roles": "Roles, workflows, categories …",
    "places": "Streets, communities and grids …",
    "people": "Members, residents and who is on duty where …",
    "history": "90 days of cases …",
}


class Command(BaseCommand):
    help = "Prepare the database, write the demo town if there is none, and say how to sign in."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--serve", action="store_true", help="then serve it, with live traffic")
        parser.add_argument("--port", type=int, default=8000, help="port to serve on (default: 8000)")
        parser.add_argument("--cases", type=int, default=build.CASES, help=argparse.SUPPRESS)

    def handle(self, *args: Any, serve: bool, port: int, cases: int, **options: Any) -> None:
        call_command("compile_translations", verbosity=0)
        call_command("migrate", verbosity=0, interactive=False)
        try:
            is_demo = build.exists()
        except build.NotEmpty:
            is_demo = False
            self.stdout.write(
                "This database has areas of its own; the demo town is for an empty one. Left as it is."
            )
        else:
            if not is_demo:
                self._build(cases)
                is_demo = True
        if is_demo:
            self._say_how_to_sign_in(port)
        if serve:
            self._serve(port, is_demo=is_demo)

    def _build(self, cases: int) -> None:
        self.stdout.write("Writing the demo town (once; one to two minutes):")
        with tqdm(total=cases, unit=" cases", disable=not sys.stderr.isatty(), leave=False) as bar:
            build.build(
                cases=cases,
                stage=lambda name: tqdm.write(f"  {STAGES[name]}", file=sys.stdout),
                progress=lambda filed: bar.update(filed - bar.n),
            )

    def _say_how_to_sign_in(self, port: int) -> None:
        self.stdout.write(f"\n  清河街道  ·  http://127.0.0.1:{port}/\n")
        self.stdout.write(f"\n  The demo's sign-ins, all with the password {town.PASSWORD}\n")
        for person in town.SIGN_INS:
            self.stdout.write(
                f"    {person.account:<12}{person.role}{'　' * (4 - len(person.role))}  {person.does}"
            )
        self.stdout.write("")

    def _serve(self, port: int, *, is_demo: bool) -> None:
        self.stdout.flush()
        environment = dict(os.environ)
        if is_demo:
            environment.setdefault("LINLI_DEMO", "1")
            environment.setdefault("LINLI_SIMULATE_RATE", str(RATE))
            environment.setdefault("LINLI_SITE_URL", f"http://127.0.0.1:{port}")
        manage = str(settings.BASE_DIR / "manage.py")
        # The server takes this process's place, so that Ctrl+C and a supervisor's signal reach it.
        os.execve(  # noqa: S606 - our own interpreter and manage.py
            sys.executable, [sys.executable, manage, "serve", "--port", str(port)], environment
        )
