"""folium inside our pages: nothing from outside, nothing inline, nothing of a resident."""

from __future__ import annotations

import re

import folium
import pytest
from branca.element import Element
from django.conf import settings as django_settings
from django.contrib.staticfiles import finders
from folium.plugins import Draw, Fullscreen

from maps.basemaps import BASE_MAPS, UnknownBaseMap, base_map, image_sources
from maps.checks import base_map_is_usable
from maps.foliumpage import EmptyMap, InlineCode, NotVendored, check, empty_map, ours, take_apart
from tests.factories import Town

OUTSIDE = re.compile(r"""(?:src|href|url\()\s*=?\s*["']?(?:https?:)?//""")


def test_the_empty_map_loads_leaflet_alone_and_from_here():
    page = take_apart(empty_map(name="trial"))
    assert page.scripts == ("/static/vendor/leaflet/leaflet.js",)
    assert page.styles == ("/static/vendor/leaflet/leaflet.css",)
    assert "http" not in page.script + page.html


def test_every_file_the_maps_name_is_there_and_has_its_licence():
    page = take_apart(empty_map(name="trial", full_screen=True))
    for address in page.scripts + page.styles:
        file = finders.find(address.removeprefix("/static/"))
        assert file, address
        assert finders.find(f"{address.removeprefix('/static/').rpartition('/')[0]}/LICENSE")


def test_a_plugin_we_do_not_serve_is_refused():
    chart = empty_map(name="trial")
    Draw().add_to(chart)
    with pytest.raises(NotVendored, match=r"leaflet\.draw"):
        take_apart(chart)


def test_foliums_own_defaults_are_refused():
    chart = folium.Map(tiles=None)
    with pytest.raises(NotVendored):
        take_apart(chart)


def test_an_unknown_address_is_refused_even_if_it_looks_alike():
    for address in (
        "https://cdn.example.org/leaflet@1.9.3/dist/leaflet.js.evil",
        "https://cdn.example.org/x.js",
    ):
        with pytest.raises(NotVendored):
            ours(address)


@pytest.mark.parametrize(
    "html",
    [
        '<div style="color: red"></div>',
        '<div onclick="go()"></div>',
        "<style>body { margin: 0 }</style>",
        "<script>go()</script>",
    ],
)
def test_inline_code_is_refused(html: str):
    with pytest.raises(InlineCode):
        check(html)


def test_an_outside_picture_is_refused():
    with pytest.raises(NotVendored):
        check('<img src="//example.org/a.png">')


def test_a_script_cannot_end_its_own_element():
    chart = EmptyMap(location=(0, 0), tiles=None)
    Fullscreen(title="</script><script>alert(1)</script>").add_to(chart)
    assert "</script" not in take_apart(chart).script.lower()
    chart = EmptyMap(location=(0, 0), tiles=None)
    chart.get_root().script.add_child(Element("</SCRIPT>"))
    with pytest.raises(InlineCode):
        take_apart(chart)


def test_two_maps_of_one_page_have_names_of_their_own():
    assert take_apart(empty_map(name="one")).element_id == "map_one"
    assert take_apart(empty_map(name="two")).element_id == "map_two"


@pytest.mark.parametrize("name", ["osm", "amap", "tianditu"])
def test_a_base_map_names_only_the_hosts_it_declares(settings, name: str):
    settings.LINLI_BASE_MAP, settings.LINLI_BASE_MAP_KEY = name, "a-key"
    script = take_apart(empty_map(name="trial")).script
    hosts = {re.sub(r"^https://\*?", "", host) for host in image_sources(name)}
    tiles = re.findall(r'L\.tileLayer\(\s*"(https://[^/"]+)', script)
    assert len(tiles) == len(BASE_MAPS[name].layers)
    assert all(any(tile.endswith(host) for host in hosts) for tile in tiles)
    assert ("a-key" in script) is BASE_MAPS[name].needs_key


def test_tiles_in_gcj02_bring_their_projection(settings):
    settings.LINLI_BASE_MAP = "amap"
    page = take_apart(empty_map(name="trial"))
    assert "crs: L.CRS.GCJ02" in page.script
    assert page.scripts[-1].endswith("gcj02.js")


def test_a_base_map_that_does_not_exist_or_lacks_its_key_says_so():
    with pytest.raises(UnknownBaseMap, match="LINLI_BASE_MAP"):
        base_map("moon")
    with pytest.raises(UnknownBaseMap, match="LINLI_BASE_MAP_KEY"):
        base_map("tianditu")


@pytest.mark.parametrize(
    ("name", "key", "approval", "found"),
    [
        ("none", "", "", []),
        ("osm", "", "", []),
        ("moon", "", "", ["maps.E001"]),
        ("tianditu", "", "", ["maps.E001"]),
        ("tianditu", "a-key", "", ["maps.W001"]),
        ("tianditu", "a-key", "GS(2024)0650号", []),
    ],
)
def test_a_base_map_that_cannot_work_shows_when_checking(settings, name, key, approval, found):
    settings.LINLI_BASE_MAP, settings.LINLI_BASE_MAP_KEY, settings.LINLI_MAP_APPROVAL = name, key, approval
    assert [message.id for message in base_map_is_usable()] == found


def test_without_a_base_map_no_other_host_may_be_asked():
    assert image_sources("none") == []
    assert not any(
        "//" in source for source in django_settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]["img-src"]
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "username"), [("/map/", ""), ("/map/live/", "supervisor"), ("/wall/", "supervisor")]
)
def test_a_page_with_a_map_asks_nothing_of_other_hosts(client, town: Town, path: str, username: str):
    if username:
        client.force_login(getattr(town, username))
    page = client.get(path)
    text = page.content.decode()
    assert not OUTSIDE.search(text)
    assert not re.search(r"<[^>]+\sstyle=", text)
    assert not re.search(r"<[^>]+\son\w+=", text)
    nonce = re.search(r"'nonce-([^']+)'", page["Content-Security-Policy"])
    assert nonce
    inline = re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)([^>]*)>", text)
    assert inline
    assert all(f'nonce="{nonce[1]}"' in attributes for attributes in inline)


@pytest.mark.django_db
def test_the_approval_number_is_shown_with_a_base_map_only(client, town: Town, settings):
    settings.LINLI_MAP_APPROVAL = "GS(2024)0650号"
    assert "GS(2024)0650号" not in client.get("/map/").content.decode()
    settings.LINLI_BASE_MAP = "osm"
    assert "GS(2024)0650号" in client.get("/map/").content.decode()
