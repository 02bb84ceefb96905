"""``manage.py rebuild_figures``: read from the log anew what was known of every case when."""

from typing import Any

from django.core.management.base import BaseCommand

from maps.indicators.actions.follow import rebuild


class Command(BaseCommand):
    help = (
        "Read the facts behind the figures anew from the event log: after LINLI_REGISTER_WITHIN was changed."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        def progress(done: int) -> None:
            if options["verbosity"] > 1:
                self.stdout.write(f"{done} cases")

        count = rebuild(progress)
        self.stdout.write(f"{count} cases read")
