"""Word to other systems: whom the settings name, what is said, how it is signed, and the sending itself.

Addresses come from ``LINLI_WEBHOOKS`` alone; a definition only names one of them. What is sent names the case
and how far it is. It holds no text, no name, no point, no photo: whoever needs those has to have the right to
open the case.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib import request as http
from urllib.error import HTTPError
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.utils.translation import gettext as _

from .models import Urgency, WebhookDelivery

SIGNATURE, DELIVERY = "Linli-Signature", "Linli-Delivery"
#: A shorter secret could be guessed.
SHORTEST_SECRET = 16


class NotDelivered(Exception):
    """The other system did not take it. The message is a key of :func:`trouble`, or ``HTTP <status>``."""


@dataclass(frozen=True)
class Endpoint:
    """Another system: where it listens (http or https), and the secret both sides know."""

    url: str
    secret: str


def endpoint(hook: str) -> Endpoint | None:
    """The system with this name in the settings; None if there is none."""
    found = settings.LINLI_WEBHOOKS.get(hook)
    return Endpoint(found["url"], found["secret"]) if found else None


def payload(delivery: WebhookDelivery) -> bytes:
    """The body that is sent, UTF-8 JSON: the step that sends it, and the case as it is now."""
    case = delivery.request
    said = {
        "hook": delivery.hook,
        "delivery": str(delivery.key),
        "at": delivery.created_at.isoformat(),
        "definition": delivery.definition,
        "block": delivery.block,
        "title": delivery.title,
        "case": {
            "number": case.number,
            "state": case.state,
            "category": case.category.code if case.category else None,
            "area": case.area.code if case.area else None,
            "urgent": case.urgency == Urgency.URGENT,
            "due_at": case.due_at.isoformat() if case.due_at else None,
            "closed_at": case.closed_at.isoformat() if case.closed_at else None,
        },
    }
    return json.dumps(said, ensure_ascii=False).encode()


def signature(secret: str, at: int, body: bytes) -> str:
    """``t=<unix seconds>,v1=<HMAC-SHA256 of "<t>.<body>" in hexadecimal>``: who sent it, and when."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def trouble(error: str) -> str:
    """Why a message was not taken, in words for the administrator; "" for no error."""
    words = {
        "unknown": _("the settings do not name it"),
        "timeout": _("it did not answer in time"),
        "unreachable": _("it could not be reached"),
        "error": _("it could not be sent; the log says why"),
    }
    return words.get(error, error)


class _NoRedirect(http.HTTPRedirectHandler):
    """A signed message goes to the address in the settings and nowhere else."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def post(to: Endpoint, key: str, body: bytes) -> None:
    """Send it, once. Raises :class:`NotDelivered` unless the answer is a 2xx within the time set."""
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Linli",
        DELIVERY: key,
        SIGNATURE: signature(to.secret, int(time.time()), body),
    }
    # Only http and https get this far: the settings are checked.
    message = http.Request(to.url, data=body, headers=headers, method="POST")  # noqa: S310
    try:
        with http.build_opener(_NoRedirect).open(message, timeout=settings.LINLI_WEBHOOK_TIMEOUT):
            return
    except HTTPError as error:
        error.close()
        raise NotDelivered(f"HTTP {error.code}") from error
    except (OSError, ValueError, HTTPException) as error:
        late = isinstance(getattr(error, "reason", error), TimeoutError)
        raise NotDelivered("timeout" if late else "unreachable") from error


@register()
def check_hooks(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """LINLI_WEBHOOKS names systems with an address and a secret."""
    hooks = settings.LINLI_WEBHOOKS
    if not isinstance(hooks, dict):
        return [_wrong("it is not an object of names")]
    return [_wrong(f"{name!r}: {why}") for name, hook in hooks.items() if (why := _fault(hook))]


def _fault(hook: Any) -> str:
    if not isinstance(hook, dict) or set(hook) != {"url", "secret"}:
        return "give url and secret"
    address = urlsplit(str(hook["url"]))
    if address.scheme not in ("http", "https") or not address.hostname:
        return "the url must begin with http:// or https://"
    if not isinstance(hook["secret"], str) or len(hook["secret"]) < SHORTEST_SECRET:
        return f"the secret must have at least {SHORTEST_SECRET} characters"
    return ""


def _wrong(why: str) -> CheckMessage:
    return Error(
        f"LINLI_WEBHOOKS: {why}.",
        hint='Use JSON: {"name": {"url": "https://…", "secret": "…"}}.',
        id="workflows.E003",
    )
