"""Addresses of the sockets."""

from __future__ import annotations

from typing import Any

from django.urls import path, re_path

from . import consumers

websocket_urlpatterns: list[Any] = [
    path("ws/map/", consumers.LiveMap.as_asgi()),
    path("ws/public/", consumers.PublicMap.as_asgi()),
    path("ws/tasks/", consumers.MyTasks.as_asgi()),
    path("ws/case/<str:number>/", consumers.OneCase.as_asgi()),
    path("ws/import/<uuid:pk>/", consumers.ImportProgress.as_asgi()),
    path("ws/workflow-job/<uuid:pk>/", consumers.WorkflowJobProgress.as_asgi()),
    path("ws/figures/<uuid:pk>/", consumers.FigureFileProgress.as_asgi()),
    re_path(r"", consumers.Nowhere.as_asgi()),
]
