"""Zips: what is in them, and unpacking chosen entries to names of our own, counted as they come."""

import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from django.utils.translation import gettext as _

from ..errors import Refused

MAX_BYTES = 512 * 1024 * 1024
MAX_MEMBERS = 1000
#: More than this many times its packed size, and more than so many bytes: no surveyor's file, but a trap.
#: Real outlines pack 3 to 20 times, a table padded with blanks up to 100 times.
TRAP_RATIO, TRAP_BYTES = 200, 20 * 1024 * 1024


@dataclass(frozen=True)
class Entry:
    """A file in a zip. Its name is for people only and never becomes a path."""

    info: zipfile.ZipInfo
    name: str

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.name).suffix.lower()

    @property
    def stem(self) -> str:
        return PurePosixPath(self.name).stem


class Archive:
    """An open zip."""

    def __init__(self, archive: zipfile.ZipFile, name: str, packed: int) -> None:
        self.archive, self.name, self.packed = archive, name, packed
        self.left = MAX_BYTES
        self.entries = [
            Entry(info, _readable(info))
            for info in archive.infolist()
            if not info.is_dir() and not _is_clutter(info.filename) and not _is_link(info)
        ]
        if len(self.entries) > MAX_MEMBERS:
            raise Refused(too_big())
        if any(entry.info.flag_bits & 1 for entry in self.entries):
            raise Refused(_("%(file)s is locked by a password. Unlock it first.") % {"file": name})

    @property
    def is_workbook(self) -> bool:
        return any(entry.name == "xl/workbook.xml" for entry in self.entries)

    @property
    def has_inner_zip(self) -> bool:
        return bool(self.with_suffix(".zip") or self.with_suffix(".rar") or self.with_suffix(".7z"))

    def names(self) -> list[str]:
        return sorted(entry.name for entry in self.entries)

    def with_suffix(self, suffix: str) -> list[Entry]:
        return sorted((entry for entry in self.entries if entry.suffix == suffix), key=lambda e: e.name)

    def beside(self, main: Entry) -> list[Entry]:
        """The entries of the same name with any ending, whichever case they are in."""
        stem = main.name[: -len(main.suffix)].lower()
        return [entry for entry in self.entries if entry.name[: -len(entry.suffix) or None].lower() == stem]

    def nothing_inside(self) -> str:
        return _("%(file)s holds another archive. Unpack that one and give what is inside.") % {
            "file": self.name
        }

    def check_size(self) -> None:
        """Unpack to nowhere, to know that the whole is not a trap."""
        for entry in self.entries:
            self._pour(entry, None)

    def unpack(self, entry: Entry, target: Path) -> None:
        self._pour(entry, target)

    def _pour(self, entry: Entry, target: Path | None) -> None:
        """Copy what is packed, refusing to go on past the limits, whatever the zip says of its sizes."""
        try:
            with self.archive.open(entry.info) as stream, (target or Path("/dev/null")).open("wb") as out:
                while chunk := stream.read(1024 * 1024):
                    self.left -= len(chunk)
                    written = MAX_BYTES - self.left
                    if self.left < 0:
                        raise Refused(too_big())
                    if written > TRAP_BYTES and written > TRAP_RATIO * self.packed:
                        raise Refused(self._trap())
                    out.write(chunk)
        except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError, zlib.error) as error:
            raise Refused(_("%(file)s is damaged and cannot be unpacked.") % {"file": self.name}) from error

    def _trap(self) -> str:
        return _(
            "%(file)s unpacks to more than %(times)s times its size. No real file of areas does that:"
            " it was not unpacked. Unpack it yourself and give the file inside."
        ) % {"file": self.name, "times": TRAP_RATIO}


@contextmanager
def opened(file: Path, name: str) -> Iterator[Archive]:
    """The zip at ``file``, called ``name`` in messages. Raises :class:`Refused` if it is none."""
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise Refused(_("%(file)s is damaged and cannot be unpacked.") % {"file": name}) from error
    with archive:
        yield Archive(archive, name, file.stat().st_size)


def too_big() -> str:
    return _("The file is too big: more than %(megabytes)s MB. Divide it, for example by street.") % {
        "megabytes": MAX_BYTES // 1024**2
    }


def _readable(info: zipfile.ZipInfo) -> str:
    """The entry's name; Chinese Windows writes GBK and does not say so."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return info.filename


def _is_link(info: zipfile.ZipInfo) -> bool:
    """A symbolic link is a text that names another file: it is not data."""
    return stat.S_ISLNK(info.external_attr >> 16)


def _is_clutter(name: str) -> bool:
    """What macOS puts into every zip."""
    return bool(re.search(r"(^|/)(__MACOSX/|\._|\.DS_Store)", name))
