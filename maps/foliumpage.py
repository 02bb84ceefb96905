"""A folium map inside a Django page: no frame, no outside address, no inline attribute.

folium writes the map, its panes, tile layers and controls; every script and style it names is looked up in
:data:`VENDORED` and served by ourselves, and an address not in that table raises :class:`NotVendored`. The
map is **empty**: grids and cases come later, by viewport and over the socket. Nothing a resident wrote may
pass through here, because folium writes what it is given into a script.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import cast

import folium
from branca.element import CssLink, Element, Figure, JavascriptLink
from django.conf import settings
from django.templatetags.static import static
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from folium.map import CustomPane
from folium.plugins import Fullscreen

from .basemaps import base_map

#: (pattern for an address that folium names, the file we serve in its place).
VENDORED: list[tuple[re.Pattern[str], str]] = [
    (re.compile(r"/leaflet@1\.9\.\d+/dist/leaflet\.js$"), "vendor/leaflet/leaflet.js"),
    (re.compile(r"/leaflet@1\.9\.\d+/dist/leaflet\.css$"), "vendor/leaflet/leaflet.css"),
    (
        re.compile(r"/leaflet\.fullscreen@3\.\d+\.\d+/Control\.FullScreen(\.min)?\.js$"),
        "vendor/leaflet.fullscreen/Control.FullScreen.js",
    ),
    (
        re.compile(r"/leaflet\.fullscreen@3\.\d+\.\d+/Control\.FullScreen\.css$"),
        "vendor/leaflet.fullscreen/Control.FullScreen.css",
    ),
]

#: Drawing order, from below; Leaflet's own tiles are at 200, its controls above 800.
PANES = {"areas": 380, "labels": 420, "cases": 450, "pulses": 460}

GCJ02_SCRIPT = "maps/gcj02.js"

#: [[south, west], [north, east]] in degrees, the order folium and Leaflet want.
Bounds = Sequence[Sequence[float]]


class NotVendored(LookupError):
    """folium asked for a script or style that we do not serve ourselves; the argument is its address."""


class InlineCode(ValueError):
    """folium wrote a style or handler attribute, which our Content-Security-Policy forbids."""


@dataclass(frozen=True)
class FoliumPage:
    """The pieces of a rendered map, for ``maps/_map_head.html`` and ``maps/_map.html``.

    ``element_id`` is the id of the map's element and the name of the global variable that holds the
    Leaflet map.
    """

    element_id: str
    styles: tuple[str, ...]
    scripts: tuple[str, ...]
    html: SafeString
    script: SafeString


class EmptyMap(folium.Map):
    """``folium.Map`` with Leaflet alone.

    folium's defaults also load jQuery, Bootstrap, Font Awesome, Glyphicons and Awesome-Markers, all for
    folium's own markers and popups, which we do not use. Bootstrap would even be loaded a second time.
    """

    default_js = [pair for pair in folium.Map.default_js if pair[0] == "leaflet"]
    default_css = [pair for pair in folium.Map.default_css if pair[0] == "leaflet_css"]


def empty_map(
    *, name: str, bounds: Bounds | None = None, full_screen: bool = False, wall: bool = False
) -> folium.Map:
    """A map without data: base map by setting, panes, controls; fitted to ``bounds`` (WGS-84 degrees).

    ``name`` becomes part of the element's id; one page may hold several maps with different names.
    """
    chosen = base_map(settings.LINLI_BASE_MAP, settings.LINLI_BASE_MAP_KEY)
    result = EmptyMap(
        location=(0.0, 0.0),
        zoom_start=3,
        tiles=None,
        crs=chosen.crs,
        # Leaflet's own titles are English; ours come with the page, see static/maps/leafletmap.js.
        zoom_control=False,
        control_scale=not wall,
        attribution_control=bool(chosen.layers),
        prefer_canvas=True,
        zoom_snap=0.25 if wall else 0.5,
        world_copy_jump=False,
    )
    # A name of our own instead of folium's random one: the page's modules look for it.
    result._name, result._id = "map", name
    for layer in chosen.layers:
        folium.TileLayer(
            tiles=layer.url.replace("{key}", settings.LINLI_BASE_MAP_KEY),
            attr=layer.attribution,
            subdomains=layer.subdomains or "abc",
            max_native_zoom=layer.finest,
            max_zoom=20,
            # Tile services want to know whose page asks; the rest of the site sends no referrer outside.
            referrer_policy="origin",
            control=False,
        ).add_to(result)
    for pane, z_index in PANES.items():
        CustomPane(f"linli-{pane}", z_index=z_index, pointer_events=pane == "areas").add_to(result)
    if full_screen:
        Fullscreen(
            position="topleft",
            title=_("Full screen"),
            title_cancel=_("Leave full screen"),
            force_separate_button=True,
        ).add_to(result)
    if bounds:
        # The wall's title lies on the map's upper edge, its legend on the lower one.
        result.fit_bounds(
            bounds, padding_top_left=(24, 72 if wall else 24), padding_bottom_right=(24, 96 if wall else 24)
        )
    return result


def take_apart(chart: folium.Map) -> FoliumPage:
    """Render a folium map into pieces that fit our pages.

    Raises :class:`NotVendored` for an address that is not ours, :class:`InlineCode` for inline attributes.
    """
    figure = cast(Figure, chart.get_root())
    figure.render()
    # folium.Map's own header: a viewport that forbids zooming (people with weak eyes need it), rules for the
    # whole page's html and body, the element's size. The page and maps.css say all of that themselves.
    figure.header._children.pop(chart.get_name(), None)
    styles, scripts, rest = [], [], []
    for child in figure.header._children.values():
        if isinstance(child, JavascriptLink):
            scripts.append(ours(child.url))
        elif isinstance(child, CssLink):
            styles.append(ours(child.url))
        else:
            rest.append(child)
    if chart.crs == "GCJ02":
        scripts.append(static(GCJ02_SCRIPT))
    html = figure.html.render()
    check(_rendered(rest) + html)
    script = figure.script.render()
    if "</script" in script.lower():
        raise InlineCode("a script that ends its own element")
    return FoliumPage(
        element_id=chart.get_name(),
        styles=tuple(dict.fromkeys(styles)),
        scripts=tuple(dict.fromkeys(scripts)),
        html=SafeString(html.strip()),
        script=SafeString(script.strip()),
    )


def ours(address: str) -> str:
    """The static file we serve in place of an address; raises :class:`NotVendored`."""
    for pattern, file in VENDORED:
        if pattern.search(address):
            return static(file)
    raise NotVendored(address)


def _rendered(elements: Iterable[Element]) -> str:
    return "".join(element.render() for element in elements)


class _Checker(HTMLParser):
    """Refuses what the Content-Security-Policy would block, and addresses outside."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "style" or name.startswith("on"):
                raise InlineCode(f"<{tag} {name}={value!r}>")
            if name in {"src", "href"} and re.match(r"(https?:)?//", value or ""):
                raise NotVendored(value)
        if tag in {"script", "style"}:
            raise InlineCode(f"<{tag}> in the head")


def check(html: str) -> None:
    """Raise :class:`InlineCode` or :class:`NotVendored` if the HTML holds what our pages may not."""
    checker = _Checker()
    checker.feed(html)
    checker.close()
