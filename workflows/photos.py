"""Photos from people's phones: read with suspicion, kept without a word about where and by whom.

A photo is decoded and encoded anew as JPEG, so nothing of the file that came in is ever stored or served.
The position the camera wrote is read first, then all metadata is gone. Names on disk tell nothing.
"""

from __future__ import annotations

import io
import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from typing import BinaryIO

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError
from pillow_heif import register_heif_opener

from grid.errors import Refused
from grid.models import User

from .models import Attachment, Request

register_heif_opener()
logger = logging.getLogger(__name__)

#: The only decoders a stranger's file may reach. (JPEG includes MPO, which some phones write.)
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "HEIF")
#: Longest edges in pixels.
IMAGE_EDGE, THUMBNAIL_EDGE = 2048, 480
FOLDER = "requests"


@dataclass(frozen=True)
class PreparedPhoto:
    """A photo ready to be kept: two JPEGs. The position is WGS-84 degrees, as the camera wrote it."""

    image: bytes
    thumb: bytes
    width: int
    height: int
    gps_lon: float | None
    gps_lat: float | None


def prepare_photos(files: Sequence[File | BinaryIO]) -> list[PreparedPhoto]:
    """All photos of one form. Raises :class:`Refused` if there are too many or one is not usable."""
    limit = settings.LINLI_PHOTOS_PER_REQUEST
    if len(files) > limit:
        raise Refused(
            ngettext(
                "At most %(limit)d photo can be sent. Remove some and send again.",
                "At most %(limit)d photos can be sent. Remove some and send again.",
                limit,
            )
            % {"limit": limit}
        )
    return [prepare_photo(file) for file in files]


def prepare_photo(file: File | BinaryIO) -> PreparedPhoto:
    """Decode a photo and encode it anew. Raises :class:`Refused` with what is wrong and what to do.

    Takes some 0.2 s of processor time for a phone's photo: call it before opening a transaction.
    """
    data = _read(file)
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as photo:
            return _convert(photo)
    except Refused:
        raise
    except UnidentifiedImageError as error:
        raise Refused(
            _("One of the files is not a photo we can read. Send it as JPEG, PNG, WebP or HEIC.")
        ) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Refused(_too_large()) from error
    except Exception as error:  # a hostile file can make a decoder raise anything
        logger.info("photo refused: %r", error)
        raise Refused(
            _("One of the photos is damaged or arrived incomplete. Choose it again, or take a new one.")
        ) from error


def attach(
    request: Request, photos: Sequence[PreparedPhoto], moment: str, by: User | None
) -> list[Attachment]:
    """Keep photos with a case. Called inside the transaction of an action.

    Should that transaction not commit, the files are left without a row; :func:`sweep` removes them.
    """
    return [
        Attachment.objects.create(
            request=request,
            image=ContentFile(photo.image, name="photo.jpg"),
            thumbnail=ContentFile(photo.thumb, name="photo.jpg"),
            moment=moment,
            gps_lon=photo.gps_lon,
            gps_lat=photo.gps_lat,
            added_by=by,
            added_at=timezone.now(),
        )
        for photo in photos
    ]


def sweep(*, older_than: timedelta = timedelta(hours=24)) -> int:
    """Remove files that belong to no row: left by filings that were cut off. The number removed.

    Younger files are spared, since their filing may still be under way.
    """
    before = timezone.now() - older_than
    stored = list(_stored())
    kept = set(chain.from_iterable(Attachment.objects.values_list("image", "thumbnail").iterator()))
    orphans = [
        name for name in stored if name not in kept and default_storage.get_modified_time(name) < before
    ]
    for name in orphans:
        default_storage.delete(name)
    return len(orphans)


def _read(file: File | BinaryIO) -> bytes:
    """The whole file, never more than the cap: what it says of its own size is not trusted."""
    cap = settings.LINLI_PHOTO_MAX_BYTES
    file.seek(0)
    data = file.read(cap + 1)
    if len(data) > cap:
        raise Refused(
            _("One of the photos is larger than %(cap)d MB. Send a smaller one.") % {"cap": cap // 1024**2}
        )
    if not data:
        raise Refused(_("One of the photos is empty. Choose it again."))
    return data


def _convert(photo: Image.Image) -> PreparedPhoto:
    if math.prod(photo.size) > settings.LINLI_PHOTO_MAX_PIXELS:
        raise Refused(_too_large())
    if getattr(photo, "is_animated", False) and photo.format in ("GIF", "PNG", "WEBP"):
        raise Refused(_("One of the files is a moving picture. Send a still photo."))
    lon, lat = position(photo)
    # JPEG can be decoded at a fraction of its size, which is most of the time saved.
    photo.draft("RGB", (IMAGE_EDGE, IMAGE_EDGE))
    upright = ImageOps.exif_transpose(photo)
    image = _opaque(upright)
    # Pillow would carry a comment over into the new file.
    image.info.clear()
    image.thumbnail((IMAGE_EDGE, IMAGE_EDGE), Image.Resampling.LANCZOS)
    thumb = image.copy()
    thumb.thumbnail((THUMBNAIL_EDGE, THUMBNAIL_EDGE), Image.Resampling.LANCZOS)
    return PreparedPhoto(_jpeg(image), _jpeg(thumb), image.width, image.height, lon, lat)


def position(photo: Image.Image) -> tuple[float, float] | tuple[None, None]:
    """(lon, lat) in WGS-84 degrees from the photo's EXIF; (None, None) when it has none that makes sense."""
    try:
        gps = photo.getexif().get_ifd(ExifTags.IFD.GPSInfo)
        lat = _degrees(gps[ExifTags.GPS.GPSLatitude], gps[ExifTags.GPS.GPSLatitudeRef], "S")
        lon = _degrees(gps[ExifTags.GPS.GPSLongitude], gps[ExifTags.GPS.GPSLongitudeRef], "W")
    except Exception:  # EXIF is as hostile as the rest of the file, and the photo is fine without it
        return None, None
    if not (abs(lat) <= 90 and abs(lon) <= 180) or (lat == 0 and lon == 0):
        return None, None
    return lon, lat


def _degrees(parts: tuple[float, float, float], reference: str, negative: str) -> float:
    degrees, minutes, seconds = (float(part) for part in parts)
    value = degrees + minutes / 60 + seconds / 3600
    return round(-value if reference.strip("\0 ").upper() == negative else value, 7)


def _opaque(photo: Image.Image) -> Image.Image:
    """The photo in RGB, on white where it was transparent."""
    if photo.mode in ("RGBA", "LA", "PA") or "transparency" in photo.info:
        layer = photo.convert("RGBA")
        ground = Image.new("RGB", layer.size, "white")
        ground.paste(layer, mask=layer.getchannel("A"))
        return ground
    return photo.convert("RGB")


def _jpeg(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=85, optimize=True, progressive=True)
    return stream.getvalue()


def _too_large() -> str:
    millions = settings.LINLI_PHOTO_MAX_PIXELS // 1_000_000
    return _("One of the photos has more than %(millions)d million pixels. Send a smaller one.") % {
        "millions": millions
    }


def _stored() -> Iterator[str]:
    try:
        _folders, files = default_storage.listdir(FOLDER)
    except FileNotFoundError:
        return
    for name in files:
        yield f"{FOLDER}/{name}"
