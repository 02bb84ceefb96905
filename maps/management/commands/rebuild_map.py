"""``manage.py rebuild_map``: the sums behind the maps, counted anew from the cases."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from maps.actions.summaries import rebuild


class Command(BaseCommand):
    help = "Build the sums behind the maps anew from the cases. Maps go on showing what is right meanwhile."

    def handle(self, *args: Any, **options: Any) -> None:
        count = rebuild()
        self.stdout.write(self.style.SUCCESS(_("%(count)s cases counted.") % {"count": count}))
