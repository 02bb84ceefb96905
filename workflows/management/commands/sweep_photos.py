from typing import Any

from django.core.management.base import BaseCommand

from workflows.photos import sweep


class Command(BaseCommand):
    help = "Remove photo files older than a day that belong to no request: left by filings that were cut off."

    def handle(self, *, verbosity: int, **options: Any) -> None:
        removed = sweep()
        if verbosity:
            self.stdout.write(f"{removed} files removed")
