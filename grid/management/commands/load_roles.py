"""The levels and duty roles everything else is built on. Adds what is missing, keeps what was changed."""

from typing import Any

from django.core.management.base import BaseCommand

from grid.actions.setup import load_levels_and_roles


class Command(BaseCommand):
    help = "Add the standard area levels and duty roles that are not there yet."

    def handle(self, *args: Any, **options: Any) -> None:
        levels, roles = load_levels_and_roles()
        self.stdout.write(f"{levels} levels and {roles} roles added")
