"""What `manage.py check` says about the base map before anybody opens a page with it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from .basemaps import UnknownBaseMap, base_map


@register()
def base_map_is_usable(**_kwargs: Any) -> list[CheckMessage]:
    """An unknown base map or a missing key is an error; a Chinese one without its 审图号 a warning."""
    try:
        chosen = base_map(settings.LINLI_BASE_MAP, settings.LINLI_BASE_MAP_KEY)
    except UnknownBaseMap as error:
        return [Error(str(error), id="maps.E001")]
    if chosen.layers and settings.LINLI_BASE_MAP != "osm" and not settings.LINLI_MAP_APPROVAL:
        hint = "Set LINLI_MAP_APPROVAL to the map's approval number."
        return [
            Warning("The base map is shown without its approval number (审图号).", hint=hint, id="maps.W001")
        ]
    return []
