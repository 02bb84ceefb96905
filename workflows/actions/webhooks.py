"""The sweep of the outbox: word to other systems, tried until it is taken or has been tried often enough."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from grid.duty import on_duty
from grid.errors import NotAllowed, Refused
from grid.models import User
from realtime.events import HookFailed
from realtime.log import Audience, Subject, emit

from .. import queries
from ..brief import case_brief
from ..engine.people import LAST_RESORT, highest_on_duty
from ..locking import lock_case
from ..models import WebhookDelivery
from ..policies import may_retry
from ..webhooks import NotDelivered, endpoint, payload, post

logger = logging.getLogger(__name__)

MAX_TRIES = 8
#: Wait after the first failed attempt; each further wait is four times as long, up to the longest.
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=6)
#: The sweep has other things to do: what is left after so many seconds waits for its next round.
ROUND_SECONDS = 20.0

_State = WebhookDelivery.State


def send_webhooks() -> int:
    """Send what is due; how many were taken. Safe in several processes at once.

    Each is sent at least once: it counts as delivered after the other system took it, so a process killed in
    between sends it again, under the same key. A system that does not answer holds up no other one.
    """
    until, delivered = time.monotonic() + ROUND_SECONDS, 0
    silent: set[str] = set()
    while time.monotonic() < until and (delivery := _claim(silent)):
        try:
            _send(delivery)
        except NotDelivered as error:
            silent.add(delivery.hook)
            _failed(delivery, str(error))
        except Exception:
            logger.exception("webhook delivery %s failed", delivery.pk)
            _failed(delivery, "error")
        else:
            delivered += 1
            WebhookDelivery.objects.filter(pk=delivery.pk).update(
                **{"state": _State.DELIVERED, "delivered_at": timezone.now(), "last_error": ""}
            )
    return delivered


def _due() -> QuerySet[WebhookDelivery]:
    return WebhookDelivery.objects.filter(state=_State.WAITING, try_after__lte=timezone.now())


@transaction.atomic
def _claim(but: set[str]) -> WebhookDelivery | None:
    """Take the oldest that is due: whoever else looks now does not find it until its next attempt."""
    due = _due().exclude(hook__in=but).order_by("created_at", "pk")
    delivery = due.select_for_update(skip_locked=True).first()
    if delivery is not None:
        delivery.try_after = timezone.now() + min(FIRST_WAIT * 4**delivery.tries, LONGEST_WAIT)
        delivery.tries += 1
        delivery.save(update_fields=["try_after", "tries"])
    return delivery


def _send(delivery: WebhookDelivery) -> None:
    to = endpoint(delivery.hook)
    if to is None:
        raise NotDelivered("unknown")
    post(to, str(delivery.key), payload(delivery))


def _failed(delivery: WebhookDelivery, why: str) -> None:
    over = delivery.tries >= MAX_TRIES
    logger.warning("“%s” did not take delivery %s: %s", delivery.hook, delivery.pk, why)
    changes = {"last_error": why[:200]} | ({"state": _State.FAILED} if over else {})
    with transaction.atomic():
        # Before the delivery's own row, as every move does.
        request = lock_case(delivery.request_id) if over else None
        waiting = WebhookDelivery.objects.filter(pk=delivery.pk, state=_State.WAITING)
        if waiting.update(**changes) and request is not None:
            _tell_failure(delivery, request)


def _tell_failure(delivery: WebhookDelivery, request: queries.Request) -> None:
    """The administrators of the case's area hear of it: the settings, or the other system, need a look."""
    area = request.area
    duties = on_duty(area, LAST_RESORT, fresh=True) if area else highest_on_duty(LAST_RESORT)
    emit(
        HookFailed(case=case_brief(request), block=delivery.block, hook=delivery.hook, tries=delivery.tries),
        subject=Subject("request", request.pk),
        audience=Audience(request.area_path, queries.own_people(request)),
        notify={duty.user_id for duty in duties},
    )


@transaction.atomic
def retry_webhook(*, delivery_id: int, actor: User) -> WebhookDelivery:
    """Try one that was given up again, from the beginning. Raises :class:`Refused` if it was not given up."""
    delivery = WebhookDelivery.objects.select_for_update().filter(pk=delivery_id).first()
    if delivery is None or not may_retry(actor, delivery):
        raise NotAllowed(_("You may not do this. Ask the administrator of this area."))
    if delivery.state != _State.FAILED:
        raise Refused(_("This message is on its way or was delivered. Reload the page."))
    delivery.state, delivery.tries, delivery.try_after = _State.WAITING, 0, timezone.now()
    delivery.save(update_fields=["state", "tries", "try_after"])
    return delivery
