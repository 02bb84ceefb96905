"""Which static files there are: our own apps' and nothing that a library brings for pages we do not use."""

from __future__ import annotations

from typing import Any

from django.contrib.staticfiles.finders import AppDirectoriesFinder

OWN_APPS = ("ui", "realtime", "grid", "workflows", "maps", "demo")


class OwnAppsFinder(AppDirectoriesFinder):
    """viewflow's own style sheets name files that it does not ship, which ends ``collectstatic``."""

    def __init__(self, app_names: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(app_names or OWN_APPS, *args, **kwargs)
