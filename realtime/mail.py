"""Mails for notifications that have not been read on the screen.

Each notification is mailed at least once: it counts as mailed after the mail server took it, so a process
killed in between mails it again. One mail holds all that is new for a person. Plain text only; the subject
is made of counts and case numbers.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core import mail
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext, ngettext

from .models import Notification
from .notifications import case_number, sentence

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 5
#: Later than this nobody wants to be told by mail; the page still shows it.
TOO_OLD = timedelta(days=3)
#: Wait after the first failed attempt; each further wait is eight times as long.
FIRST_WAIT = timedelta(minutes=2)
PEOPLE_PER_ROUND = 100
LINES_PER_MAIL = 50


def send_mails() -> int:
    """Mail what is due; how many mails were sent. Safe in several processes at once.

    A mail server that cannot be reached costs nobody an attempt; a mail that is refused holds up no other.
    """
    people = list(_due(timezone.now()).order_by("user_id").values_list("user_id", flat=True).distinct())
    if not people:
        return 0
    connection = mail.get_connection()
    try:
        connection.open()
    except Exception as error:
        logger.error("The mail server cannot be reached (%s); %d people wait for mail", error, len(people))
        return 0
    sent = 0
    try:
        for user_id in people[:PEOPLE_PER_ROUND]:
            try:
                sent += _mail_person(user_id, connection)
            except Exception:
                logger.exception("Mail to user %s failed", user_id)
                connection.close()  # after a refusal the conversation may be in any state
    finally:
        connection.close()
    return sent


def _due(now: datetime) -> QuerySet[Notification]:
    return Notification.objects.filter(
        mailed_at=None,
        read_at=None,
        mail_after__lte=now,
        mail_attempts__lt=MAX_ATTEMPTS,
        created_at__gt=now - TOO_OLD,
        user__is_active=True,
    ).exclude(user__email="")


@transaction.atomic
def _claim(user_id: int) -> list[int]:
    """Take a person's due notifications: whoever else looks now does not find them until the next attempt."""
    now = timezone.now()
    due = _due(now).filter(user_id=user_id).select_for_update(skip_locked=True, of=("self",)).order_by("pk")
    rows = list(due[:LINES_PER_MAIL])
    for row in rows:
        row.mail_after = now + FIRST_WAIT * 8**row.mail_attempts
        row.mail_attempts += 1
    Notification.objects.bulk_update(rows, ["mail_attempts", "mail_after"])
    return [row.pk for row in rows]


def _mail_person(user_id: int, connection: Any) -> int:
    claimed = _claim(user_id)
    if not claimed:
        return 0
    rows = Notification.objects.filter(pk__in=claimed).select_related("user", "event").order_by("pk")
    compose(list(rows), connection).send()
    Notification.objects.filter(pk__in=claimed).update(mailed_at=timezone.now())
    return 1


def compose(rows: Sequence[Notification], connection: Any = None) -> mail.EmailMessage:
    """One mail about these notifications of one person, in that person's language."""
    user = rows[0].user
    with translation.override(user.language or settings.LANGUAGE_CODE):
        lines = [sentence(row.event) for row in rows]
        body = "\n".join(
            [
                gettext("Hello %(name)s,") % {"name": " ".join(str(user).split())},
                "",
                *lines,
                "",
                gettext("Open Linli: %(url)s") % {"url": settings.LINLI_SITE_URL},
                gettext("This mail was sent automatically; please do not answer it."),
                "",
            ]
        )
        return mail.EmailMessage(_subject(rows), body, to=[user.email], connection=connection)


def _subject(rows: Sequence[Notification]) -> str:
    numbers = sorted({case_number(row.event) for row in rows} - {""})
    if len(numbers) == 1:
        return gettext("Linli: news of request %(number)s") % {"number": numbers[0]}
    count = len(rows)
    return ngettext("Linli: %(count)d notice for you", "Linli: %(count)d notices for you", count) % {
        "count": count
    }
