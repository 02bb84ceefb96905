"""Addresses. Each audience has a prefix of its own."""

from django.urls import include, path

from config.health import healthz
from config.metrics import metrics

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("metrics", metrics, name="metrics"),
    path("", include("ui.urls")),
    path("", include("workflows.urls")),
    path("", include("grid.urls")),
    path("", include("maps.urls")),
    path("accounts/", include("allauth.urls")),
]
