"""Photos: what comes in from a phone, and what is kept of it."""

import io
import os
import time
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from PIL import ExifTags, Image, PngImagePlugin
from PIL.TiffImagePlugin import IFDRational

from grid.errors import Refused
from tests.factories import photo
from workflows.actions.requests import file_request
from workflows.photos import prepare_photo, sweep

LON, LAT = 112.5512345, 37.8712345


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def picture(width: int = 640, height: int = 480) -> Image.Image:
    """Left half red, right half blue, so that turning it shows."""
    image = Image.new("RGB", (width, height), (200, 30, 30))
    image.paste((30, 30, 200), (width // 2, 0, width, height))
    return image


def in_degrees(value: float) -> tuple[float, float, float]:
    degrees = int(abs(value))
    minutes = int((abs(value) - degrees) * 60)
    return float(degrees), float(minutes), round((abs(value) - degrees - minutes / 60) * 3600, 5)


def exif_of(lon: float, lat: float, orientation: int = 1) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Make] = "Phone of 何居民"
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitudeRef] = "N" if lat >= 0 else "S"
    gps[ExifTags.GPS.GPSLatitude] = in_degrees(lat)
    gps[ExifTags.GPS.GPSLongitudeRef] = "E" if lon >= 0 else "W"
    gps[ExifTags.GPS.GPSLongitude] = in_degrees(lon)
    return exif


def jpeg_with_gps(lon: float, lat: float, orientation: int = 1) -> bytes:
    return encoded(
        picture(), "JPEG", exif=exif_of(lon, lat, orientation), comment=b"secret comment", quality=90
    )


def prepare(data: bytes, name: str = "photo.jpg"):
    return prepare_photo(SimpleUploadedFile(name, data))


# --- what is kept -------------------------------------------------------------------------------------
def test_the_position_is_read_and_then_all_metadata_is_gone():
    prepared = prepare(jpeg_with_gps(LON, LAT))
    assert (prepared.gps_lon, prepared.gps_lat) == pytest.approx((LON, LAT), abs=1e-6)
    for data in (prepared.image, prepared.thumb):
        kept = Image.open(io.BytesIO(data))
        assert kept.format == "JPEG"
        assert len(kept.getexif()) == 0
        assert not {"exif", "comment", "icc_profile", "xmp", "photoshop"} & set(kept.info)
        assert b"secret" not in data
        assert "何居民".encode() not in data


def test_southern_and_western_positions_are_negative():
    prepared = prepare(jpeg_with_gps(-43.2, -22.9))
    assert (prepared.gps_lon, prepared.gps_lat) == pytest.approx((-43.2, -22.9), abs=1e-6)


@pytest.mark.parametrize("place", [(0.0, 0.0), (200.0, 10.0)])
def test_a_position_that_makes_no_sense_is_none(place):
    assert prepare(jpeg_with_gps(*place)).gps_lon is None


def test_broken_gps_tags_do_not_matter():
    exif = Image.Exif()
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitude] = (IFDRational(1, 0), IFDRational(0, 0), 0)
    gps[ExifTags.GPS.GPSLatitudeRef] = "N"
    gps[ExifTags.GPS.GPSLongitude] = 112.0
    assert prepare(encoded(picture(), "JPEG", exif=exif)).gps_lat is None


def test_a_photo_taken_sideways_stands_upright():
    prepared = prepare(jpeg_with_gps(LON, LAT, orientation=6))
    assert (prepared.width, prepared.height) == (480, 640)
    kept = Image.open(io.BytesIO(prepared.image))
    red, _, blue = kept.getpixel((240, 40))
    assert red > blue  # what was left is now at the top
    red, _, blue = kept.getpixel((240, 600))
    assert blue > red


def test_large_photos_become_smaller_and_small_ones_stay():
    prepared = prepare(encoded(picture(4000, 3000), "JPEG"))
    assert (prepared.width, prepared.height) == (2048, 1536)
    assert max(Image.open(io.BytesIO(prepared.thumb)).size) == 480
    assert (prepare(encoded(picture(64, 48), "JPEG")).width) == 64


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "HEIF", "MPO"])
def test_the_formats_of_phones_are_accepted(kind):
    prepared = prepare(encoded(picture(), kind), f"photo.{kind.lower()}")
    assert Image.open(io.BytesIO(prepared.image)).format == "JPEG"
    assert (prepared.width, prepared.height) == (640, 480)


def test_what_was_transparent_is_white():
    prepared = prepare(encoded(Image.new("RGBA", (50, 50), (0, 0, 0, 0)), "PNG"))
    assert min(Image.open(io.BytesIO(prepared.image)).getpixel((25, 25))) > 250


# --- what is refused ------------------------------------------------------------------------------------
def truncated() -> bytes:
    data = encoded(picture(1200, 900), "JPEG")
    return data[: len(data) // 2]


def animated(kind: str) -> bytes:
    return encoded(picture(), kind, save_all=True, append_images=[Image.new("RGB", (640, 480), "green")])


def bomb() -> bytes:
    """A PNG of a few kilobytes that says it has 30,000 × 30,000 pixels."""
    data = bytearray(encoded(Image.new("1", (8, 8)), "PNG"))
    header = b"IHDR" + (30_000).to_bytes(4) + (30_000).to_bytes(4) + bytes(data[24:29])
    import zlib

    data[12:29] = header
    data[29:33] = zlib.crc32(header).to_bytes(4)
    return bytes(data)


def text_bomb() -> bytes:
    """A PNG with a compressed text chunk that unpacks to 80 MB."""
    info = PngImagePlugin.PngInfo()
    info.add_text("note", "A" * 80_000_000, zip=True)
    return encoded(picture(), "PNG", pnginfo=info)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a photo",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'></svg>",
        b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
        b"\xff\xd8\xff\xe0garbage",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 64,
        b"GIF89a" + b"\xff" * 40,
    ],
)
def test_what_is_no_photo_is_refused_whatever_its_name_says(data):
    with pytest.raises(Refused) as refused:
        prepare(data)
    assert str(refused.value)


@pytest.mark.parametrize("make", [truncated, bomb, text_bomb])
def test_damaged_and_hostile_photos_are_refused(make):
    with pytest.raises(Refused):
        prepare(make())


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_moving_pictures_are_refused(kind):
    with pytest.raises(Refused):
        prepare(animated(kind))


def test_formats_that_no_phone_writes_are_not_even_tried():
    for kind in ("BMP", "TIFF", "ICO", "PCX"):
        with pytest.raises(Refused):
            prepare(encoded(picture(64, 64), kind))


def test_too_many_bytes_or_pixels_are_refused_with_the_cap(settings):
    settings.LINLI_PHOTO_MAX_BYTES = 1024**2
    with pytest.raises(Refused) as refused:
        prepare(os.urandom(1024**2 + 1))
    assert "1 MB" in str(refused.value)
    settings.LINLI_PHOTO_MAX_PIXELS = 1_000_000
    with pytest.raises(Refused):
        prepare(encoded(picture(1001, 1000), "PNG"))


# --- on disk --------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_stored_names_tell_nothing(town):
    request = file_request(
        reporter=town.resident, text="漏水", area=town.grids[0], photos=[photo("何居民家.jpg")]
    )
    kept = request.attachments.get()
    assert kept.image.name != kept.thumbnail.name
    for name in (kept.image.name, kept.thumbnail.name):
        assert "何" not in name
        assert request.number not in name
        assert default_storage.exists(name)
    assert (kept.width, kept.height) == (320, 240)
    assert kept.added_by == town.resident


@pytest.mark.django_db
def test_the_sweep_removes_old_files_without_a_row_and_nothing_else(town):
    request = file_request(reporter=town.resident, text="漏水", area=town.grids[0], photos=[photo()])
    kept = request.attachments.get()
    old = default_storage.save("requests/orphan.jpg", ContentFile(b"cut off"))
    young = default_storage.save("requests/under-way.jpg", ContentFile(b"under way"))
    two_days_ago = time.time() - 2 * 86_400
    for name in (old, kept.image.name, kept.thumbnail.name):
        os.utime(default_storage.path(name), (two_days_ago, two_days_ago))
    call_command("sweep_photos", verbosity=0)
    assert not default_storage.exists(old)
    assert all(default_storage.exists(name) for name in (young, kept.image.name, kept.thumbnail.name))


@pytest.mark.django_db
def test_the_sweep_has_nothing_to_do_where_no_photo_was_ever_kept():
    assert sweep(older_than=timedelta(0)) == 0
