"""What every move about a case as a whole has in common: the lock, the telling, the reason."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.utils.translation import gettext as _
from viewflow.workflow.models import Process

from grid.errors import Refused
from grid.models import User

from ..engine.move import Move
from ..locking import lock_case, lock_case_if_free
from ..models import Request
from ..texts import clean_text
from .moves import tell

#: Characters of a reason, an order, an answer.
WORDS_MAX = 1_000


@contextmanager
def on_case(request_id: int, actor: User | None) -> Iterator[Move]:
    """One move about a case, in one transaction under its lock: act, write, tell."""
    with transaction.atomic():
        case = lock_case(request_id)
        # A case taken over from another system has no workflow.
        move = Move(case, case.process or Process(), actor)
        yield move
        tell(move)


@contextmanager
def sweeping(request_id: int) -> Iterator[Move | None]:
    """The same for a sweep: None when somebody is just moving the case, which the next sweep finds again."""
    with transaction.atomic():
        case = lock_case_if_free(request_id)
        if case is None or case.process is None:
            yield None
            return
        move = Move(case, case.process, None)
        yield move
        tell(move)


def words(text: str, *, missing: str = "") -> str:
    """What a person wrote, cleaned. Raises :class:`Refused` with ``missing`` when nothing is left of it."""
    text = clean_text(text, required=False).strip()
    if not text and missing:
        raise Refused(missing)
    if len(text) > WORDS_MAX:
        raise Refused(
            _("The text has %(length)d characters; at most %(limit)d fit. Shorten it and send it again.")
            % {"length": len(text), "limit": WORDS_MAX}
        )
    return text


def require_open(case: Request) -> None:
    """Raise :class:`Refused` when the case has ended."""
    if not case.is_open or case.closed_at is not None:
        raise Refused(_("This case has ended already. Reload the page."))
