"""Answers ready to be sent: JSON, compressed once, with a tag by which the browser asks "still the same?"."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

#: Below this many bytes compressing costs more than it saves.
LEAST_BYTES = 1_000


@dataclass(frozen=True)
class Packed:
    """A JSON text as bytes, and compressed where that pays; ``tag`` is a weak ETag."""

    text: bytes
    gzipped: bytes
    tag: str


def pack(data: Any) -> Packed:
    """Encode an answer. It must hold nothing secret beside text others can choose (see BREACH)."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    gzipped = gzip.compress(text, compresslevel=5, mtime=0) if len(text) >= LEAST_BYTES else b""
    return Packed(text, gzipped, f'W/"{hashlib.blake2b(text, digest_size=12).hexdigest()}"')


def send(request: HttpRequest, packed: Packed) -> HttpResponse:
    """The answer, or 304 when the browser has it. Browsers ask each time; shared caches keep nothing."""
    if request.headers.get("If-None-Match") == packed.tag:
        response = HttpResponse(status=304)
    elif packed.gzipped and "gzip" in request.headers.get("Accept-Encoding", ""):
        response = HttpResponse(packed.gzipped, content_type="application/json")
        response["Content-Encoding"] = "gzip"
    else:
        response = HttpResponse(packed.text, content_type="application/json")
    response["ETag"] = packed.tag
    response["Cache-Control"] = "private, no-cache"
    patch_vary_headers(response, ["Accept-Encoding"])
    return response


def answer(request: HttpRequest, data: Any) -> HttpResponse:
    """Pack and send."""
    return send(request, pack(data))
