"""Asking a policy on behalf of an action. No actor means the system itself: a command at the console."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from ..errors import NotAllowed
from ..models import User


def require(actor: User | None, policy: Callable[..., bool], *about: Any) -> None:
    """Raise :class:`NotAllowed` unless the policy lets the actor."""
    if actor is not None and not policy(actor, *about):
        raise NotAllowed(_("You may not do this. Ask the administrator of this area."))
