"""Run a coroutine here and now, and pay for a task only if it has to wait.

Sending to a socket almost never waits: the frame goes into the transport's buffer. A task per client
and frame would cost several times the sending itself (Python 3.12 has ``eager_start`` for this).
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from typing import Any


class Rest:
    """The rest of a coroutine that was started by hand and now waits. Await it in a task to finish it."""

    __slots__ = ("_coroutine", "_waiting_for")

    def __init__(self, coroutine: Coroutine[Any, Any, Any], waiting_for: Any) -> None:
        self._coroutine, self._waiting_for = coroutine, waiting_for

    def __await__(self) -> Generator[Any, Any, Any]:
        waiting_for = self._waiting_for
        while True:
            step: Callable[[], Any]
            try:
                answer = yield waiting_for
            except BaseException as error:  # a cancellation belongs to the coroutine, too
                step = _thrower(self._coroutine, error)
            else:
                step = _sender(self._coroutine, answer)
            try:
                waiting_for = step()
            except StopIteration as finished:
                return finished.value


def _thrower(coroutine: Coroutine[Any, Any, Any], error: BaseException) -> Callable[[], Any]:
    return lambda: coroutine.throw(error)


def _sender(coroutine: Coroutine[Any, Any, Any], answer: Any) -> Callable[[], Any]:
    return lambda: coroutine.send(answer)


def start(coroutine: Coroutine[Any, Any, Any]) -> Rest | None:
    """Run up to the first real wait: None if the coroutine ended before one, else what is left of it.

    Raises what the coroutine raises.
    """
    try:
        waiting_for = coroutine.send(None)
    except StopIteration:
        return None
    return Rest(coroutine, waiting_for)
