"""Addresses of the sockets, and of the streams that stand in for them: ``/ws/map/`` and ``/sse/map/``."""

from __future__ import annotations

from typing import Any

from channels.sessions import SessionMiddlewareStack
from django.urls import path, re_path

from . import audiences, consumers
from .streams import Stream

#: Where an audience is found below ``/ws/`` and ``/sse/``.
AUDIENCES: dict[str, audiences.Audience] = {
    "map/": audiences.LiveMap(),
    "wall/": audiences.Wall(),
    "public/": audiences.PublicMap(),
    "tasks/": audiences.MyTasks(),
    "case/<str:number>/": audiences.OneCase(),
}
NOBODY = audiences.Nobody()

websocket_urlpatterns: list[Any] = [
    *(path(f"ws/{where}", consumers.Socket.as_asgi(audience=one)) for where, one in AUDIENCES.items()),
    path("ws/import/<uuid:pk>/", consumers.ImportProgress.as_asgi()),
    path("ws/workflow-job/<uuid:pk>/", consumers.WorkflowJobProgress.as_asgi()),
    path("ws/figures/<uuid:pk>/", consumers.FigureFileProgress.as_asgi()),
    re_path(r"", consumers.Socket.as_asgi(audience=NOBODY)),
]


def _streaming(audience: audiences.Audience) -> Any:
    return consumers.KeepSend(SessionMiddlewareStack(Stream(audience)))


stream_urlpatterns: list[Any] = [
    *(path(f"sse/{where}", _streaming(one)) for where, one in AUDIENCES.items()),
    re_path(r"^sse/", _streaming(NOBODY)),
]
