"""Compile every app's catalogue without gettext's tools."""

import os

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Compile the translations of every app (django.po → django.mo)."
    requires_system_checks: list[str] = []

    def handle(self, *args, **options):
        for source in sorted(settings.BASE_DIR.glob("*/locale/*/LC_MESSAGES/django.po")):
            target = source.with_suffix(".mo")
            if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
                continue
            with source.open("rb") as stream:
                catalog = read_po(stream)
            # Others may be reading the old one.
            fresh = target.with_name(f"{target.name}.{os.getpid()}")
            with fresh.open("wb") as stream:
                write_mo(stream, catalog)
            fresh.replace(target)
            if options["verbosity"] > 1:
                self.stdout.write(str(source))
