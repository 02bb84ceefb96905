"""Members' photos: re-encoded to a small square JPEG, everything the camera wrote about itself left out."""

import io
from typing import IO

from django.core.files.base import ContentFile
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from .errors import Refused

SIDE = 480
MAX_PIXELS = 40_000_000


def portrait(file: IO[bytes]) -> ContentFile:
    """A ``SIDE`` × ``SIDE`` JPEG without EXIF, cut from the middle. :class:`Refused` if it is no photo."""
    try:
        with Image.open(file, formats=("JPEG", "PNG", "WEBP")) as image:
            if image.width * image.height > MAX_PIXELS:
                raise Refused(_("This photo is too large. Choose one of fewer than 40 million pixels."))
            square = ImageOps.fit(ImageOps.exif_transpose(image).convert("RGB"), (SIDE, SIDE))
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise Refused(_("This file is not a photo. Choose a JPEG, PNG or WebP picture.")) from error
    stream = io.BytesIO()
    square.save(stream, "JPEG", quality=85)
    return ContentFile(stream.getvalue())
