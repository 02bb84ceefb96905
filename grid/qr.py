"""QR codes that open the filing form already placed in an area."""

from dataclasses import dataclass

import segno
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from .models import Area

#: A quarter of the code may be dirty, torn or painted over: it hangs in a stairwell.
ERROR_CORRECTION = "q"
#: Empty modules around the code that ISO/IEC 18004 asks for.
QUIET = 4


@dataclass(frozen=True)
class Drawn:
    """A code as SVG path data in a box of ``size`` × ``size`` modules, the quiet zone included."""

    size: int
    path: str


def base_address(request: HttpRequest) -> str:
    """Where residents reach this site: ``LINLI_PUBLIC_URL``, else the address this page was asked at."""
    return settings.LINLI_PUBLIC_URL.rstrip("/") or request.build_absolute_uri("/").rstrip("/")


def filing_address(base: str, area: Area) -> str:
    """The whole address of the filing form placed in an area."""
    return f"{base}{reverse('request_new')}?{urlencode({'grid': area.code})}"


def code_of(address: str) -> segno.QRCode:
    return segno.make(address, error=ERROR_CORRECTION, micro=False)


def drawn(address: str) -> Drawn:
    """The code as one path, for a template: each run of dark modules in a row is a rectangle."""
    rows = [bytes(row) for row in code_of(address).matrix]
    runs = [
        f"M{start + QUIET} {y + QUIET}h{length}v1h-{length}z"
        for y, row in enumerate(rows)
        for start, length in _runs(row)
    ]
    return Drawn(size=len(rows) + 2 * QUIET, path="".join(runs))


def _runs(row: bytes) -> list[tuple[int, int]]:
    """(first, length) of the runs of dark modules in a row."""
    found, start = [], None
    for x, dark in enumerate([*row, 0]):
        if dark and start is None:
            start = x
        elif not dark and start is not None:
            found.append((start, x - start))
            start = None
    return found
