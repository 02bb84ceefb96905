"""Files that want something else than to be imported: they read, fetch and fill nothing."""

import contextlib
import http.server
import json
import os
import shutil
import sqlite3
import struct
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import geopandas
import pyogrio
import pytest

from grid.importing import Wishes, plan_import, sandbox, sniff
from grid.models import Area

from .import_files import frame, geojson, levels, refused, run, squares  # noqa: F401 - a fixture

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("levels"),
    # Files without a coordinate system are what some of these tests are about.
    pytest.mark.filterwarnings("ignore:'crs' was not provided:UserWarning"),
]


class Trap:
    """A web server and a named pipe: whoever fetches from the one or opens the other is noticed."""

    def __init__(self, folder: Path) -> None:
        self.requests: list[str] = []
        self.opened = threading.Event()
        trap = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                trap.requests.append(self.path)
                body = geojson(folder / "bait.geojson", squares(1), {"name": "诱饵"}).read_bytes()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_HEAD = do_GET

            def log_message(self, *args: object) -> None: ...

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/secret.geojson"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.pipe = folder / "passwd.csv"
        os.mkfifo(self.pipe)
        self.watcher = threading.Thread(target=self._watch, daemon=True)
        self.watcher.start()

    def _watch(self) -> None:
        """Opening a pipe for writing waits until somebody opens it for reading."""
        with contextlib.suppress(BrokenPipeError), self.pipe.open("wb") as stream:
            if not self.closing:
                self.opened.set()
                stream.write(b'WKT,name\n"POLYGON((0 0,0 1,1 1,0 0))",root\n')

    closing = False

    def close(self) -> None:
        self.closing = True
        reader = os.open(self.pipe, os.O_RDONLY | os.O_NONBLOCK)
        self.watcher.join(5)
        os.close(reader)
        self.server.shutdown()
        self.server.server_close()

    @property
    def untouched(self) -> bool:
        return not self.requests and not self.opened.is_set()


@pytest.fixture
def trap(tmp_path: Path) -> Iterator[Trap]:
    made = Trap(tmp_path)
    yield made
    made.close()


def vrt(source: object, layer: str) -> bytes:
    return (
        f'<OGRVRTDataSource><OGRVRTLayer name="{layer}"><SrcDataSource>{source}</SrcDataSource>'
        f"</OGRVRTLayer></OGRVRTDataSource>"
    ).encode()


def test_the_trap_does_catch_an_unguarded_reader(trap: Trap, tmp_path: Path):
    (tmp_path / "web.geojson").write_bytes(vrt(f"/vsicurl/{trap.url}", "secret"))
    assert len(geopandas.read_file(tmp_path / "web.geojson")) == 1
    assert trap.requests
    (tmp_path / "disk.geojson").write_bytes(vrt(trap.pipe, "passwd"))
    with pytest.raises((pyogrio.errors.DataSourceError, pyogrio.errors.CRSError)):
        geopandas.read_file(tmp_path / "disk.geojson")
    assert trap.opened.wait(5)


@pytest.mark.parametrize("reach", ["web", "disk"])
@pytest.mark.parametrize(
    "dress", ["geojson", "gpkg", "shp", "polyglot", "zip", "zip-polyglot", "gpkg-in-zip"]
)
def test_a_virtual_data_source_reads_and_fetches_nothing(trap: Trap, tmp_path: Path, dress: str, reach: str):
    content = vrt(
        f"/vsicurl/{trap.url}" if reach == "web" else trap.pipe, "secret" if reach == "web" else "passwd"
    )
    # GDAL takes a file for a VRT if the tag is anywhere near its beginning, so also within JSON.
    polyglot = json.dumps({"type": "FeatureCollection", "note": content.decode(), "features": []}).encode()
    file = tmp_path / f"areas.{dress.partition('-')[0]}"
    if dress in ("geojson", "gpkg", "shp"):
        file.write_bytes(content)
    elif dress == "polyglot":
        file = tmp_path / "areas.geojson"
        file.write_bytes(polyglot)
    else:
        inside = {"zip": ("a.geojson", content), "zip-polyglot": ("a.json", polyglot)}
        name, packed = inside.get(dress, ("a.gpkg", content))
        file = tmp_path / "areas.zip"
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(name, packed)
    assert refused(file)
    assert trap.untouched


def test_a_geopackage_with_a_virtual_table_reads_and_fetches_nothing(trap: Trap, tmp_path: Path):
    file = tmp_path / "town.gpkg"
    frame(squares(1), name=["甲"]).to_file(file, layer="grids")
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA writable_schema=ON")
        database.execute(
            "INSERT INTO sqlite_master VALUES ('table', 'linked', 'linked', 0,"
            " ?)", [f"CREATE VIRTUAL TABLE linked USING VirtualOGR('/vsicurl/{trap.url}')"],
        )  # fmt: skip
    database.close()
    assert "指向其他文件" in refused(file)
    assert trap.untouched


@pytest.mark.parametrize("kind", ["link", "url", "OGC", "name"])
def test_a_geojson_whose_coordinate_system_is_an_address_asks_nobody(trap: Trap, tmp_path: Path, kind: str):
    """GDAL asks there whichever drivers are off."""
    crs = {"type": kind, "properties": {"href": trap.url, "url": trap.url, "urn": trap.url, "name": trap.url}}
    file = geojson(tmp_path / "a.geojson", squares(1), {"code": "A"}, crs=crs)
    assert not plan_import(file, Wishes()).report.errors
    assert trap.untouched


def test_the_reader_has_two_locks_on_the_network(trap: Trap, tmp_path: Path, monkeypatch):
    """Either is enough: the proxy that does not exist alone, here; the test above also has the other one."""
    crs = {"type": "link", "properties": {"href": trap.url, "type": "proj4"}}
    file = geojson(tmp_path / "a.geojson", squares(1), {"code": "A"}, crs=crs)
    unlocked = tmp_path / "child"
    shutil.copytree(sandbox.READER, unlocked)
    limits = unlocked / "limits.py"
    limits.write_text(limits.read_text().replace("    cut_the_network()\n", "    pass\n", 1))
    monkeypatch.setattr(sandbox, "READER", unlocked)
    plan_import(file, Wishes())
    assert trap.untouched
    monkeypatch.setattr(sandbox, "PROXIES", ())
    plan_import(file, Wishes())
    assert trap.requests


def test_a_kml_with_links_fetches_nothing(trap: Trap, tmp_path: Path):
    ring = " ".join(f"{x},{y}" for x, y in squares(1)[0].exterior.coords)
    (tmp_path / "a.kml").write_text(
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        f"<NetworkLink><Link><href>{trap.url}</href></Link></NetworkLink>"
        f"<Placemark><styleUrl>{trap.url}#s</styleUrl><name>甲</name><Polygon><outerBoundaryIs><LinearRing>"
        f"<coordinates>{ring}</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"
        f"<GroundOverlay><Icon><href>{trap.url}</href></Icon></GroundOverlay></Document></kml>"
    )
    (node,) = plan_import(tmp_path / "a.kml", Wishes()).nodes
    assert node.row.name == "甲"
    assert trap.untouched


def test_an_honest_file_that_mentions_the_tag_is_still_read(trap: Trap, tmp_path: Path):
    tag = vrt(f"/vsicurl/{trap.url}", "secret").decode()
    file = geojson(tmp_path / "a.geojson", squares(1), {"note": tag, "name": "甲"})
    run(file)
    assert Area.objects.get().name == "甲"
    assert trap.untouched


def test_a_zip_that_unpacks_to_more_than_allowed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sniff, "MAX_BYTES", 1_000_000)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "a.geojson", b'{"type": "FeatureCollection", "features": [' + b" " * 2_000_000 + b"]}"
        )
    assert (tmp_path / "bomb.zip").stat().st_size < 10_000
    assert "太大" in refused(tmp_path / "bomb.zip")


def test_a_zip_that_lies_about_its_size_is_stopped_while_unpacking(tmp_path, monkeypatch):
    monkeypatch.setattr(sniff, "MAX_BYTES", 1_000_000)
    file = tmp_path / "liar.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.geojson", b"{" + b" " * 2_000_000 + b"}")
    content = bytearray(file.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = content.index(signature) + offset
        content[at : at + 4] = struct.pack("<I", 100)
    file.write_bytes(bytes(content))
    assert refused(file)
