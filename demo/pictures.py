"""Photos of the demo town: drawings, since the town does not exist. A handful of scenes, drawn once."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageDraw, ImageFilter

SIZE = (640, 480)
GROUND = 350
Pen = ImageDraw.ImageDraw


def photo(category: str, *, after: bool = False) -> SimpleUploadedFile:
    """A picture for a request of this category, as a browser would upload it."""
    scene = category if category in SCENES else category.partition("-")[0]
    return SimpleUploadedFile("photo.jpg", _jpeg(scene if scene in SCENES else "", after), "image/jpeg")


@cache
def _jpeg(scene: str, after: bool) -> bytes:
    night = scene == "repairs-streetlight"
    image = Image.new("RGB", SIZE)
    pen = ImageDraw.Draw(image)
    _street(pen, night)
    SCENES.get(scene, _notice)(pen, after)
    stream = io.BytesIO()
    # A touch of blur and a middling quality: a phone's photo, not a poster.
    image.filter(ImageFilter.GaussianBlur(0.8)).save(stream, "JPEG", quality=78)
    return stream.getvalue()


def _street(pen: Pen, night: bool) -> None:
    """Sky, two blocks of flats, a pavement."""
    top, bottom = ((18, 24, 44), (44, 50, 74)) if night else ((150, 186, 214), (222, 232, 236))
    for y in range(GROUND):
        share = y / GROUND
        row = tuple(round(a + (b - a) * share) for a, b in zip(top, bottom, strict=True))
        pen.line([(0, y), (SIZE[0], y)], fill=row)
    wall, window = ("#2c3147", "#e9c46a") if night else ("#c9b8a3", "#7d95a6")
    for left, right, roof in ((20, 250, 70), (400, 630, 110)):
        pen.rectangle([left, roof, right, GROUND], fill=wall)
        for row, y in enumerate(range(roof + 22, GROUND - 30, 46)):
            for column, x in enumerate(range(left + 20, right - 30, 46)):
                lit = not night or (row * 3 + column * 5) % 4 == 0
                pen.rectangle([x, y, x + 24, y + 28], fill=window if lit else "#22273a")
    pen.rectangle([0, GROUND, *SIZE], fill="#3a3f4b" if night else "#a7a39b")
    for x in range(-40, SIZE[0], 80):
        pen.line([(x, SIZE[1]), (x + 70, GROUND)], fill="#33373f" if night else "#98948c", width=2)


def _lamp(pen: Pen, after: bool) -> None:
    if after:
        pen.polygon([(322, 120), (190, 440), (470, 440)], fill="#8f8458")
    pen.rectangle([314, 110, 324, 430], fill="#11141c")
    pen.ellipse([292, 84, 346, 124], fill="#ffe9a8" if after else "#3b3f4a")


def _rubbish(pen: Pen, after: bool) -> None:
    for left, colour in ((210, "#3f7d54"), (310, "#41627d")):
        pen.rectangle([left, 290, left + 80, 420], fill=colour)
        pen.rectangle([left - 5, 278, left + 85, 294], fill="#2b2f33")
    if not after:
        for x, y, colour in (
            (190, 400, "#2d2d2d"),
            (390, 396, "#e8e4da"),
            (270, 270, "#d9d4c4"),
            (420, 410, "#6b4f3a"),
        ):
            pen.ellipse([x, y, x + 62, y + 46], fill=colour)


def _manhole(pen: Pen, after: bool) -> None:
    pen.ellipse([230, 372, 410, 456], fill="#4a4a48", outline="#2c2c2b", width=6)
    if after:
        for offset in range(-60, 61, 24):
            pen.line([(320 + offset, 392), (320 + offset, 436)], fill="#6b6b68", width=6)
    else:
        pen.line([(250, 420), (310, 402), (336, 424), (398, 404)], fill="#0d0d0d", width=9)


def _water(pen: Pen, after: bool) -> None:
    pen.rectangle([300, 250, 326, 400], fill="#7c8790")
    pen.rectangle([286, 300, 340, 316], fill="#59636b")
    if not after:
        pen.ellipse([150, 380, 500, 462], fill="#7fa3b8")
        pen.ellipse([230, 398, 420, 440], fill="#9bbccd")


def _car(pen: Pen, after: bool) -> None:
    for x in range(60, 640, 110):
        pen.line([(x, 470), (x + 60, 372)], fill="#f3f0e6", width=5)
    if not after:
        pen.rounded_rectangle([180, 330, 470, 410], 26, fill="#8a2f2a")
        pen.polygon([(230, 334), (270, 286), (390, 286), (430, 334)], fill="#6f2622")
        for x in (220, 380):
            pen.ellipse([x, 384, x + 54, 438], fill="#161616")


def _tree(pen: Pen, after: bool) -> None:
    pen.rectangle([306, 220, 334, 420], fill="#6a4b32")
    if after:
        pen.ellipse([250, 120, 390, 270], fill="#5f8a4e")
    else:
        pen.ellipse([220, 90, 420, 270], fill="#5f8a4e")
        pen.line([(330, 260), (520, 420)], fill="#6a4b32", width=14)


def _stall(pen: Pen, after: bool) -> None:
    if not after:
        pen.polygon([(180, 250), (460, 250), (490, 300), (150, 300)], fill="#b5533c")
        pen.rectangle([180, 360, 460, 420], fill="#8d6b4a")
        for x in (184, 450):
            pen.rectangle([x, 300, x + 8, 430], fill="#5d5d5d")


def _notice(pen: Pen, after: bool) -> None:
    pen.rectangle([240, 190, 400, 330], fill="#f7f3e8", outline="#5b5b5b", width=6)
    for y in range(212, 312, 20):
        pen.line([(260, y), (380, y)], fill="#8a8a86" if after else "#c4c0b4", width=5)
    for x in (256, 376):
        pen.rectangle([x, 330, x + 8, 430], fill="#5b5b5b")


SCENES: dict[str, Callable[[Pen, bool], None]] = {
    "": _notice,
    "repairs": _water,
    "repairs-streetlight": _lamp,
    "repairs-manhole": _manhole,
    "repairs-road": _manhole,
    "repairs-green": _tree,
    "sanitation": _rubbish,
    "parking": _car,
    "order-stalls": _stall,
}
