"""What the child process may use, and how it says no."""

import contextlib
import ctypes
import math
import resource
from typing import Any

MEMORY_BYTES = 6 * 1024**3
CPU_SECONDS = 120
OUTPUT_BYTES = 2 * 1024**3
MAX_ROWS = 1_000_000
MAX_TEXT = 1000
#: CLONE_NEWUSER and CLONE_NEWNET of Linux (unshare(2)); Python has them from 3.12 on.
NEW_USER, NEW_NETWORK = 0x10000000, 0x40000000


class Unreadable(Exception):
    """The file cannot be read; ``code`` and ``details`` tell the parent what to say."""

    def __init__(self, code: str, **details: Any) -> None:
        super().__init__(code)
        self.code, self.details = code, details


def apply() -> None:
    """Bounds the system enforces. Address space is larger than memory in use: libraries reserve it."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (OUTPUT_BYTES, OUTPUT_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    cut_the_network()


def cut_the_network() -> None:
    """Go on in a network namespace of one's own, in which there is nobody, where the system lets us.

    A GeoJSON may name its coordinate system by an address, and GDAL asks there, whichever drivers are off.
    The environment sends such questions to a proxy that does not exist; this is the second lock.
    """
    with contextlib.suppress(OSError, AttributeError):
        unshare = ctypes.CDLL(None, use_errno=True).unshare
        if unshare(NEW_NETWORK) != 0:
            unshare(NEW_USER | NEW_NETWORK)


def plain(value: Any) -> Any:
    """A value as JSON can say it; texts of a length that a person can have meant."""
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, int | bool):
        return value
    return str(value)[:MAX_TEXT]
