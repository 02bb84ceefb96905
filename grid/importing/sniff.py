"""What a file is, by its content, and a copy of exactly the parts that make it up.

Names are not trusted: a ``.geojson`` may be an XML file that makes GDAL fetch other files. The copy has a
name of our own choice in a folder of its own, so the reader is told precisely what to open and nothing else.
"""

import codecs
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from django.utils.translation import gettext as _

from ..errors import Refused
from . import archives
from .crs import refuse_foreign_files

#: Largest file, and largest sum of what a zip holds, in bytes.
MAX_BYTES = archives.MAX_BYTES
#: The parts of a shapefile that are read; all others are left out.
SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
HEAD = 4096
BOM = b"\xef\xbb\xbf"
#: Endings of the main file of a data set, best first: where a zip holds several kinds, the first one counts.
MAIN = (".shp", ".gpkg", ".geojson", ".json", ".kml", ".xlsx", ".csv")


@dataclass(frozen=True)
class Dataset:
    """One data set of a file: what people call it, and where its copy lies."""

    name: str
    path: Path


@dataclass(frozen=True)
class Source:
    """Copies ready to be read: by which reader, with which one GDAL driver; ``notes`` for the report."""

    folder: Path
    driver: str
    datasets: list[Dataset]
    reader: str = "geodata"
    # The encoding of a text that had to be turned into UTF-8 first.
    encoding: str = ""
    notes: list[str] = field(default_factory=list)


@contextmanager
def lay_aside(file: Path, *, name: str = "", encoding: str = "") -> Iterator[Source]:
    """A copy of the file, unzipped where needed, that goes away afterwards.

    ``name``: what the person calls it, for messages. Raises :class:`Refused` when it is missing, empty, too
    big, or of no kind that is read.
    """
    name = name or file.name
    if "/vsi" in str(file) or "://" in str(file) or not file.is_file():
        raise Refused(_("There is no file %(file)s. Check the path.") % {"file": name})
    size = file.stat().st_size
    if size > MAX_BYTES:
        raise Refused(archives.too_big())
    if not size:
        raise Refused(_("%(file)s is empty. Export it again.") % {"file": name})
    with tempfile.TemporaryDirectory(prefix="linli-import-") as folder:
        yield _Sniffer(Path(folder).resolve(), name, encoding).identify(file)


class _Sniffer:
    """Looks at one file, and at what is in it if it is a zip."""

    def __init__(self, folder: Path, name: str, encoding: str) -> None:
        self.folder, self.name, self.encoding = folder, name, encoding

    def identify(self, file: Path) -> Source:
        head = _head(file)
        if head.startswith(b"PK") and zipfile.is_zipfile(file):
            return self._from_zip(file)
        if head.startswith(b"\x00\x00\x27\x0a"):
            return self._from_shapefile(file)
        return self._single(file, Path(self.name).suffix.lower())

    def _single(self, file: Path, suffix: str) -> Source:
        """A file that is the whole data set."""
        head = _head(file)
        if head.startswith(b"SQLite format 3\x00"):
            return self._source(_copy(file, self.folder / "data.gpkg"), "GPKG")
        text = head.removeprefix(BOM).lstrip()
        if (b"<OGRVRTDataSource" in head or b"<VRTDataset" in head) and not text.startswith(b"{"):
            raise Refused(
                _(
                    "%(file)s holds no areas itself, it only points to other files (a VRT)."
                    " Give the file it points to."
                )
                % {"file": self.name}
            )
        if text.startswith(b"{"):
            target = _copy(file, self.folder / "data.geojson")
            return self._source(target, "GeoJSON", encoding=_to_utf8(target, self.encoding))
        if text.startswith(b"<") and b"<kml" in head:
            return self._kml(file)
        if suffix in (".csv", ".txt", ".tsv") and _is_text(head):
            return self._source(_copy(file, self.folder / "data.csv"), "CSV", reader="tables")
        raise Refused(self._unknown())

    def _kml(self, file: Path) -> Source:
        target = _copy(file, self.folder / "data.kml")
        encoding = _to_utf8(target, self.encoding)
        # Entities may stand for files or for terabytes; no KML needs them.
        with target.open("rb") as stream:
            if b"<!DOCTYPE" in stream.read(64 * 1024) or b"<!ENTITY" in _head(target):
                raise Refused(_("%(file)s defines XML entities. It is not read.") % {"file": self.name})
        return self._source(target, "LIBKML", encoding=encoding)

    def _source(self, path: Path, driver: str, *, reader: str = "geodata", encoding: str = "") -> Source:
        stem = Path(self.name).name.split(".")[0] or "data"
        return Source(self.folder, driver, [Dataset(stem, path)], reader, encoding)

    # --- Shapefiles ----------------------------------------------------------------------------
    def _from_shapefile(self, file: Path) -> Source:
        """A .shp with its companions beside it, whichever case their endings are in."""
        beside = {
            path.suffix.lower(): path
            for path in file.parent.iterdir()
            if path.stem == file.stem and path.suffix.lower() in SHAPEFILE_PARTS
        }
        beside[".shp"] = file
        self._need_parts(self.name, set(beside))
        target = self.folder / "data.shp"
        for suffix, path in beside.items():
            _copy(path, target.with_suffix(suffix))
        _check_prj(target)
        return self._source(target, "ESRI Shapefile")

    def _need_parts(self, name: str, suffixes: set[str]) -> None:
        missing = [suffix for suffix in (".shx", ".dbf") if suffix not in suffixes]
        if missing:
            raise Refused(
                _(
                    "%(file)s is incomplete: %(parts)s is missing."
                    " A shapefile consists of .shp, .shx and .dbf: put them into one zip."
                )
                % {"file": name, "parts": ", ".join(missing)}
            )

    # --- Zips ----------------------------------------------------------------------------------
    def _from_zip(self, file: Path) -> Source:
        with archives.opened(file, self.name) as archive:
            if archive.is_workbook:
                archive.check_size()
                return self._source(_copy(file, self.folder / "data.xlsx"), "XLSX", reader="tables")
            kinds = [suffix for suffix in MAIN if archive.with_suffix(suffix)]
            if not kinds:
                raise Refused(
                    archive.nothing_inside() if archive.has_inner_zip else self._unknown(archive.names())
                )
            kind = kinds[0]
            mains = archive.with_suffix(kind)
            left_out = [entry.name for other in kinds[1:] for entry in archive.with_suffix(other)]
            source = (
                self._shapefiles_in(archive, mains)
                if kind == ".shp"
                else self._datasets_in(archive, mains, kind)
            )
            if left_out:
                source.notes.append(
                    _("Also in the zip, and not read: %(names)s.") % {"names": ", ".join(left_out[:10])}
                )
            return source

    def _shapefiles_in(self, archive: "archives.Archive", mains: "list[archives.Entry]") -> Source:
        datasets = []
        for number, main in enumerate(mains):
            parts = [entry for entry in archive.beside(main) if entry.suffix in SHAPEFILE_PARTS]
            self._need_parts(main.name, {entry.suffix for entry in parts})
            for part in parts:
                archive.unpack(part, self.folder / f"data{number}{part.suffix}")
            target = self.folder / f"data{number}.shp"
            _check_prj(target)
            if not _head(target).startswith(b"\x00\x00\x27\x0a"):
                raise Refused(self._unknown([main.name]))
            datasets.append(Dataset(main.stem, target))
        return Source(self.folder, "ESRI Shapefile", _told_apart(datasets, mains))

    def _datasets_in(self, archive: "archives.Archive", mains: "list[archives.Entry]", kind: str) -> Source:
        found = []
        for number, main in enumerate(mains):
            folder = self.folder / str(number)
            folder.mkdir()
            unpacked = folder / f"unpacked{kind}"
            archive.unpack(main, unpacked)
            inner = _Sniffer(folder, main.name, self.encoding)
            if not unpacked.stat().st_size:
                raise Refused(_("%(file)s is empty. Export it again.") % {"file": main.name})
            if _head(unpacked).startswith(b"PK"):
                raise Refused(archive.nothing_inside())
            found.append(inner._single(unpacked, kind))
        first = found[0]
        if len({source.driver for source in found}) > 1 or (first.reader == "tables" and len(found) > 1):
            raise Refused(
                _("%(file)s holds several data sets: %(names)s. Unpack it and give one of them.")
                % {"file": self.name, "names": ", ".join(main.name for main in mains[:10])}
            )
        datasets = [
            Dataset(main.stem, source.datasets[0].path) for main, source in zip(mains, found, strict=True)
        ]
        return Source(self.folder, first.driver, _told_apart(datasets, mains), first.reader, first.encoding)

    def _unknown(self, inside: list[str] | None = None) -> str:
        message = _(
            "%(file)s is not geodata that can be read here. Give a GeoJSON, GeoPackage, Shapefile (zipped),"
            " KML, or a CSV or XLSX table with the outlines as WKT."
        ) % {"file": self.name}
        if inside:
            message += " " + _("It holds: %(names)s.") % {"names": ", ".join(inside[:10])}
        return message


def _told_apart(datasets: list[Dataset], mains: "list[archives.Entry]") -> list[Dataset]:
    """Two of the same name in different folders are called by their paths."""
    names = [dataset.name for dataset in datasets]
    return [
        dataset if names.count(dataset.name) == 1 else Dataset(main.name, dataset.path)
        for dataset, main in zip(datasets, mains, strict=True)
    ]


def _head(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(HEAD)


def _copy(file: Path, target: Path) -> Path:
    if file.stat().st_size > MAX_BYTES:
        raise Refused(archives.too_big())
    shutil.copyfile(file, target)
    return target


def _check_prj(shapefile: Path) -> None:
    """Before anything reads it: a .prj may name further files."""
    prj = shapefile.with_suffix(".prj")
    if prj.exists():
        refuse_foreign_files(prj.read_text(encoding="latin-1"))


def _is_text(head: bytes) -> bool:
    return b"\x00" not in head or head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))


def _to_utf8(file: Path, wished: str) -> str:
    """Rewrite a JSON or KML as UTF-8 without a byte order mark, if it is not that; the encoding it was in.

    By the book both are UTF-8. Programs on Chinese Windows write GB18030 all the same.
    """
    head = _head(file)
    if head.startswith(BOM):
        content = file.read_bytes()
        file.write_bytes(content[len(BOM) :])
        return ""
    declared = re.search(rb"<\?xml[^>]*encoding=[\"']([\w-]+)", head[:200])
    gb = bool(declared and declared.group(1).lower() in (b"gbk", b"gb2312", b"gb18030"))
    if gb or (wished and wished.upper() in ("GB18030", "GBK")) or not _is_utf8(file):
        content = file.read_bytes()
        try:
            text = content.decode("gb18030")
        except UnicodeDecodeError:
            text = content.decode("utf-8", errors="replace")
        file.write_text(re.sub(r"^<\?xml[^>]*\?>", "", text), encoding="utf-8")
        return "GB18030"
    return ""


def _is_utf8(file: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with file.open("rb") as stream:
        try:
            while chunk := stream.read(1024 * 1024):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True
