"""Paper: pages of A4 with text, lines and shapes where they are wanted.

Lengths are points (1/72 inch), y grows downwards. One font for everything, Droid Sans Fallback, embedded as
far as it is used: it has Chinese and Latin.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pymupdf

WIDTH, HEIGHT = 595.0, 842.0
MARGIN = 48.0
INNER = WIDTH - 2 * MARGIN
#: Where the text of a page ends.
BOTTOM = HEIGHT - 62.0

Colour = tuple[float, float, float]
INK: Colour = (0.12, 0.13, 0.15)
SOFT: Colour = (0.34, 0.36, 0.39)
LINE: Colour = (0.86, 0.84, 0.80)
PALE: Colour = (0.965, 0.957, 0.941)
ACCENT: Colour = (0.70, 0.15, 0.12)
GOOD: Colour = (0.04, 0.37, 0.29)
BAD: Colour = (0.60, 0.20, 0.07)
WHITE: Colour = (1.0, 1.0, 1.0)

_FONT = "linli"


def rgb(text: str) -> Colour:
    """``#b3261e`` as shares of one."""
    red, green, blue = (int(text[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


class Paper:
    """A document under way. ``y`` is how far the present page is filled."""

    def __init__(self, title: str, made: datetime) -> None:
        self.title, self.made = title, made
        self.document = pymupdf.open()
        self.font = pymupdf.Font("cjk")
        self.y = MARGIN
        self.page: pymupdf.Page
        # All that is drawn on a page, written at once: each writing reads the page's content again.
        self.shape: Any = None
        self.turn()

    def turn(self) -> None:
        """A new page."""
        self._close()
        self._open(self.document.new_page(width=WIDTH, height=HEIGHT))
        self.page.insert_font(fontname=_FONT, fontbuffer=self.font.buffer)
        self.y = MARGIN

    def _open(self, page: pymupdf.Page) -> None:
        self.page, self.shape = page, page.new_shape()

    def _close(self) -> None:
        """Write what was drawn. A page is closed before the next is made."""
        if self.shape is not None:
            self.shape.commit()
            self.shape = None

    def need(self, height: float) -> bool:
        """Turn the page unless so much room is left; whether it was turned."""
        if self.y + height <= BOTTOM:
            return False
        self.turn()
        return True

    def width(self, text: str, size: float) -> float:
        return float(self.font.text_length(text, fontsize=size))

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float = 9.5,
        *,
        colour: Colour = INK,
        align: str = "left",
        bold: bool = False,
        halo: bool = False,
    ) -> None:
        """One line; ``y`` is its base line, ``x`` its left, right or middle. ``halo``: white around it."""
        if align != "left":
            x -= self.width(text, size) / (1 if align == "right" else 2)
        if halo:
            self.shape.insert_text(
                (x, y), text, fontname=_FONT, fontsize=size, color=WHITE, render_mode=1, border_width=0.25
            )
        # There is no bold cut of the font: its outline is drawn as well.
        how = {"render_mode": 2, "fill": colour, "border_width": 0.035} if bold else {}
        self.shape.insert_text((x, y), text, fontname=_FONT, fontsize=size, color=colour, **how)

    def fit(self, text: str, width: float, size: float) -> str:
        """As much of a text as there is room for."""
        if self.width(text, size) <= width:
            return text
        while text and self.width(text + "…", size) > width:
            text = text[:-1]
        return text + "…"

    def wrapped(self, text: str, width: float, size: float) -> list[str]:
        """A text as lines; Chinese breaks anywhere, words stay whole, no line begins with a stop."""
        lines, line = [], ""
        for piece in _pieces(text):
            if line and self.width(line + piece.rstrip(), size) > width and piece not in "，。；：、）":
                lines.append(line.rstrip())
                line = piece.lstrip()
            else:
                line += piece
        return [*lines, line.rstrip()] if line.strip() else lines

    def paragraph(
        self, text: str, size: float = 9.5, *, colour: Colour = INK, indent: float = 0.0, gap: float = 4.0
    ) -> None:
        for line in self.wrapped(text, INNER - indent, size):
            self.need(size * 1.5)
            self.y += size * 1.5
            self.text(MARGIN + indent, self.y, line, size, colour=colour)
        self.y += gap

    def columns(self, texts: Sequence[str], size: float = 7.5, *, colour: Colour = SOFT) -> None:
        """Short texts in two columns, half of them in each."""
        half, wide = -(-len(texts) // 2), (INNER - 16) / 2
        ends = []
        for number, part in enumerate((texts[:half], texts[half:])):
            y = self.y
            for text in part:
                for line in self.wrapped(text, wide, size):
                    y += size * 1.5
                    self.text(MARGIN + number * (wide + 16), y, line, size, colour=colour)
            ends.append(y)
        self.y = max(ends) + 4

    def heading(self, text: str, note: str = "", *, room: float = 80.0) -> None:
        """A heading, with so much room for what follows."""
        self.need(34 + room)
        self.y += 26
        self.box(MARGIN, self.y - 11, MARGIN + 3, self.y + 2, fill=ACCENT, line=None)
        self.text(MARGIN + 10, self.y, text, 13, bold=True)
        if note:
            self.text(WIDTH - MARGIN, self.y, note, 8.5, colour=SOFT, align="right")
        self.y += 10

    def box(self, x0: float, y0: float, x1: float, y1: float, *, fill: Colour | None = None,
            line: Colour | None = LINE, width: float = 0.6) -> None:  # fmt: skip
        self.shape.draw_rect(pymupdf.Rect(x0, y0, x1, y1))
        self.shape.finish(color=line, fill=fill, width=width)

    def rule(self, y: float, *, x0: float = MARGIN, x1: float = WIDTH - MARGIN, colour: Colour = LINE,
             width: float = 0.6) -> None:  # fmt: skip
        self.line([(x0, y), (x1, y)], colour, width)

    def line(
        self,
        points: Sequence[tuple[float, float]],
        colour: Colour = INK,
        width: float = 0.8,
        *,
        fill: Colour | None = None,
    ) -> None:
        """Through these points; with ``fill`` closed and filled."""
        self.shape.draw_polyline(points)
        self.shape.finish(color=colour, fill=fill, width=width, closePath=fill is not None)

    def polygon(
        self,
        rings: Sequence[Sequence[tuple[float, float]]],
        *,
        fill: Colour | None,
        line: Colour,
        width: float,
    ) -> None:
        """An outer ring and its holes."""
        for ring in rings:
            self.shape.draw_polyline(ring)
        self.shape.finish(color=line, fill=fill, width=width, closePath=True, even_odd=True)

    def table(
        self,
        headings: Sequence[str],
        rows: Sequence[Sequence[str]],
        widths: Sequence[float],
        *,
        size: float = 8.5,
        left: int = 1,
        last_is_sum: bool = False,
    ) -> None:
        """A table over the whole width; ``widths`` are shares of it. The first ``left`` columns are texts.

        A cell's second line, after a line feed, is smaller. Headings come again on each page.
        """
        whole = sum(widths)
        edges = [MARGIN]
        for width in widths:
            edges.append(edges[-1] + INNER * width / whole)
        tall = any("\n" in cell for row in rows for cell in row)
        height = 24.0 if tall else 17.0
        self._headings(headings, edges, left, size)
        for number, row in enumerate(rows):
            if self.need(height):
                self._headings(headings, edges, left, size)
            is_sum = last_is_sum and number == len(rows) - 1
            if number % 2 == 0 or is_sum:
                self.box(MARGIN, self.y, WIDTH - MARGIN, self.y + height, fill=PALE, line=None)
            for at, cell in enumerate(row):
                self._cell(cell, edges[at], edges[at + 1], at < left, size, height, is_sum)
            self.y += height
            self.rule(self.y, width=0.4)
        self.y += 6

    def _headings(self, headings: Sequence[str], edges: Sequence[float], left: int, size: float) -> None:
        wrapped = [
            self.wrapped(text, edges[at + 1] - edges[at] - 6, size - 0.5) for at, text in enumerate(headings)
        ]
        lines = max(map(len, wrapped))
        height = lines * (size + 2.5) + 6
        for at, pieces in enumerate(wrapped):
            for number, piece in enumerate(pieces):
                y = self.y + height - 5 - (len(pieces) - 1 - number) * (size + 2.5)
                if at < left:
                    self.text(edges[at] + 3, y, piece, size - 0.5, colour=SOFT)
                else:
                    self.text(edges[at + 1] - 3, y, piece, size - 0.5, colour=SOFT, align="right")
        self.y += height
        self.rule(self.y, colour=INK, width=0.8)

    def _cell(
        self, cell: str, x0: float, x1: float, is_text: bool, size: float, height: float, bold: bool
    ) -> None:
        main, _feed, small = cell.partition("\n")
        base = self.y + (height / 2 + size * 0.36 if not small else 11.0)
        x, align = (x0 + 3, "left") if is_text else (x1 - 3, "right")
        self.text(x, base, self.fit(main, x1 - x0 - 6, size), size, align=align, bold=bold)
        if small:
            self.text(x, base + 9, self.fit(small, x1 - x0 - 6, size - 2), size - 2, colour=SOFT, align=align)

    def save(self, target: Path, foot: str) -> int:
        """Write the footers and the file; the number of pages. The same document gives the same bytes."""
        self._close()
        count = len(self.document)
        for number, page in enumerate(self.document, start=1):
            self._open(page)
            self.rule(HEIGHT - 46)
            self.text(MARGIN, HEIGHT - 33, foot, 8, colour=SOFT)
            self.text(WIDTH - MARGIN, HEIGHT - 33, f"{number} / {count}", 8, colour=SOFT, align="right")
            self._close()
        stamp = self.made.strftime("D:%Y%m%d%H%M%S+00'00'")
        self.document.set_metadata(
            {"title": self.title, "creationDate": stamp, "modDate": stamp, "producer": "Linli"}
        )
        self.document.subset_fonts()
        self.document.save(target, garbage=4, deflate=True, no_new_id=True)
        self.document.close()
        return count


def _pieces(text: str) -> list[str]:
    """What a line may break between: single Chinese characters, words with the space after them."""
    pieces: list[str] = []
    for character in text:
        joined = pieces and not pieces[-1].endswith(" ") and _is_latin(pieces[-1][-1])
        opened = bool(pieces) and pieces[-1] == "（"  # no line ends with what opens
        if opened or (joined and (_is_latin(character) or character == " ")):
            pieces[-1] += character
        else:
            pieces.append(character)
    return pieces


def _is_latin(character: str) -> bool:
    return character.isascii() and character != " "
