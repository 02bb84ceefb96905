"""Text messages. Which way they go is ``LINLI_SMS_BACKEND``: the dotted name of a class like these.

A back end for a provider is a class with ``send(phone, text)``; see docs/reference/accounts.md.
"""

import sys
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string


class Backend(Protocol):
    def send(self, phone: str, text: str) -> None:
        """Send one text to one number (E.164). Raises ``OSError`` when it could not be handed over."""


class ConsoleBackend:
    """Writes messages to the terminal: for trying things out."""

    def send(self, phone: str, text: str) -> None:
        sys.stdout.write(f"SMS to {phone}: {text}\n")
        sys.stdout.flush()


class MemoryBackend:
    """Keeps messages in ``MemoryBackend.outbox`` as (phone, text): for tests."""

    outbox: list[tuple[str, str]] = []

    def send(self, phone: str, text: str) -> None:
        self.outbox.append((phone, text))


def send(phone: str, text: str) -> None:
    """Send a text by the back end of the settings."""
    backend: Backend = import_string(settings.LINLI_SMS_BACKEND)()
    backend.send(phone, text)
