"""``manage.py verify_log``: check the hash chains of the event log."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from realtime.log import follows
from realtime.models import Event


class Command(BaseCommand):
    help = "Check that no event was changed, inserted or removed. Ends with 1 and names the rows if one was."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--subject", metavar="TYPE:ID", help="check one chain only, e.g. request:17")

    def handle(self, *args: Any, subject: str | None, **options: Any) -> None:
        events = Event.objects.order_by("subject_type", "subject_id", "chain_seq")
        if subject:
            kind, _, number = subject.partition(":")
            if not number.isdigit():
                raise CommandError(f"{subject!r} is not a subject; write it like request:17")
            events = events.filter(subject_type=kind, subject_id=int(number))
        previous: Event | None = None
        count = chains = broken = 0
        for event in events.iterator(chunk_size=2000):
            count += 1
            if previous is None or _chain(event) != _chain(previous):
                previous = None
                chains += 1
            if not follows(event, previous):
                broken += 1
                self.stderr.write(f"event {event.pk} ({event}) does not follow from the one before it")
            previous = event
        if broken:
            raise CommandError(f"{broken} of {count} events do not fit.")
        self.stdout.write(f"{count} events in {chains} chains: all fit.")


def _chain(event: Event) -> tuple[str, int]:
    return event.subject_type, event.subject_id
