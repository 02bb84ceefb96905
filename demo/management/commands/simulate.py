"""``manage.py simulate``: live traffic for the demo town, in a process of its own."""

from __future__ import annotations

import argparse
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from demo import simulator


class Command(BaseCommand):
    help = "Let the demo town's people file and handle cases until stopped (Ctrl+C)."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--rate", type=float, default=0.2, help="requests filed a second (default: 0.2)")

    def handle(self, *args: Any, rate: float, **options: Any) -> None:
        if rate <= 0:
            raise CommandError("The rate must be above zero.")
        stop = threading.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, lambda *_: stop.set())
        try:
            simulator.run(rate, stop, self.stdout.write)
        except simulator.NoDemo:
            raise CommandError("There is no demo town in this database. Write one with: make demo") from None
