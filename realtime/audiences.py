"""What is told at an address, and to whom: the same for a socket and for a stream.

An audience asks a policy which topics a user may hear. Refusals are close codes: 4401 sign in (again),
4403 not yours.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AnonymousUser

from grid import policies as grid_policies
from grid.models import User
from grid.screens import Viewer
from workflows import policies as workflow_policies
from workflows.models import Request

from .wire import PUBLIC_TOPIC, View, area_topic, request_topic, user_topic

Person = User | AnonymousUser
#: A viewer is whoever stands before a screen on a wall; only audiences with ``is_for_screens`` meet one.
Anybody = Person | Viewer

SIGN_IN, NOT_YOURS, TALKED_BACK, TRY_LATER, RESTARTS = 4401, 4403, 4400, 1013, 1012


class Denied(Exception):
    """This user may not listen here; ``code`` is the close code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def signed_in(user: Anybody) -> User:
    if not isinstance(user, User) or not user.is_active:
        raise Denied(SIGN_IN)
    return user


def watched(user: Anybody) -> frozenset[str]:
    """Topics of the areas somebody watches."""
    paths = grid_policies.scope(user, grid_policies.SUPERVISOR, grid_policies.ADMINISTRATOR)
    if not paths:
        raise Denied(NOT_YOURS)
    return frozenset(map(area_topic, paths))


class Audience:
    """``name`` is for the figures; ``is_public``: for anybody, so nobody's rights are ever asked for."""

    name: ClassVar[str]
    view: ClassVar[View]
    is_public: ClassVar[bool] = False
    #: Whether what is heard here may itself change who may hear it.
    is_about_one_case: ClassVar[bool] = False
    #: Whether whoever listens here has the desk open.
    is_desk: ClassVar[bool] = False
    #: Whether a screen on a wall may listen, on which nobody is signed in.
    is_for_screens: ClassVar[bool] = False

    def topics(self, user: Anybody, **names: str) -> frozenset[str]:
        """What this user may hear; ``names`` are the address's. Runs in a thread; raises :class:`Denied`."""
        raise NotImplementedError


class LiveMap(Audience):
    """``map/``: whole events of the areas a supervisor or administrator watches."""

    name, view = "map", View.CASES

    def topics(self, user: Anybody, **names: str) -> frozenset[str]:
        signed_in(user)
        return watched(user)


class Wall(Audience):
    """``wall/``: the same for the wall, also where a screen shows it on which nobody is signed in."""

    name, view, is_for_screens = "wall", View.CASES, True

    def topics(self, user: Anybody, **names: str) -> frozenset[str]:
        return watched(user if isinstance(user, Viewer) else signed_in(user))


class PublicMap(Audience):
    """``public/``: for anybody, public payloads only."""

    name, view, is_public = "public", View.PUBLIC, True

    def topics(self, user: Anybody, **names: str) -> frozenset[str]:
        return frozenset({PUBLIC_TOPIC})


class MyTasks(Audience):
    """``tasks/``: that something happened which names me."""

    name, view, is_desk = "tasks", View.NUDGE, True

    def topics(self, user: Anybody, **names: str) -> frozenset[str]:
        return frozenset({user_topic(signed_in(user).pk)})


class OneCase(Audience):
    """``case/<number>/``: that something happened to a case I may view."""

    name, view, is_about_one_case = "case", View.NUDGE, True

    def topics(self, user: Anybody, **names: str) -> frozenset[str]:
        user = signed_in(user)
        request = Request.objects.filter(number=names["number"]).first()
        # A number that does not exist is refused like one that is not yours: numbers can be guessed.
        if request is None or not workflow_policies.may_view_request(user, request):
            raise Denied(NOT_YOURS)
        return frozenset({request_topic(request.pk)})


class Nobody(Audience):
    """Any other address."""

    name, view = "nowhere", View.NUDGE

    def topics(self, user: Anybody, **names: str) -> frozenset[str]:
        raise Denied(NOT_YOURS)
