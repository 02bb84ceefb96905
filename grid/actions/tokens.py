"""Keys for a person's own programs: given out once, taken back at any time."""

from __future__ import annotations

import hashlib
import secrets

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from realtime.events import Payload, TokenIssued, TokenRevoked
from realtime.log import Audience, Subject, emit

from ..errors import NotAllowed, Refused
from ..models import ApiToken, User

#: More keys than that nobody can keep apart.
MOST = 10
#: So that a key found in a file or a log is known for what it is.
PREFIX = "linli_"


def digest_of(key: str) -> str:
    """SHA-256 of a key. The key is long and random, so nothing slower is needed."""
    return hashlib.sha256(key.encode()).hexdigest()


@transaction.atomic
def issue_token(*, user: User, name: str) -> tuple[ApiToken, str]:
    """A new key for the user's programs, and the key itself, which is shown once and kept nowhere."""
    name = " ".join(name.split())[:60]
    if not name:
        raise Refused(_("Give the key a name, so that you know later what it is for."))
    User.objects.select_for_update().get(pk=user.pk)
    if user.api_tokens.count() >= MOST:
        raise Refused(_("You have %(most)d keys already. Take one back first.") % {"most": MOST})
    key = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(user=user, name=name, digest=digest_of(key))
    _tell(TokenIssued(name=name), user)
    return token, key


@transaction.atomic
def revoke_token(*, token_id: int, actor: User) -> None:
    """Take a key back: programs that use it are refused from now on. Only one's own."""
    token = ApiToken.objects.filter(pk=token_id, user=actor).first()
    if token is None:
        raise NotAllowed(_("This key is not yours, or was taken back already."))
    token.delete()
    _tell(TokenRevoked(name=token.name), actor)


def user_of_token(key: str) -> User | None:
    """Whose key it is, if they may still sign in. Notes the day of its use."""
    token = ApiToken.objects.select_related("user").filter(digest=digest_of(key)).first()
    if token is None or not token.user.is_active:
        return None
    today = timezone.localdate()
    if token.used_on != today:
        ApiToken.objects.filter(pk=token.pk).update(used_on=today)
    return token.user


def _tell(payload: Payload, user: User) -> None:
    emit(payload, subject=Subject("user", user.pk), actor=user, audience=Audience("", [user.pk]))
