"""A map of hot spots as one SVG, for documents: no base map, no script, nothing from outside. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

import numpy as np
import shapely

WIDTH = 900
SHADES = ("#f3efe8", "#e3d3bb", "#cfa97f", "#b07a4e", "#7f4a2a")


def picture(
    outlines: Sequence[shapely.Geometry], values: np.ndarray, groups: Sequence[Sequence[int]], title: str
) -> str:
    """Places shaded by value; each group (numbers of places) outlined in red and numbered from 1."""
    west, south, east, north = shapely.total_bounds(np.array(outlines, dtype=object))
    squeeze = math.cos(math.radians((south + north) / 2))
    scale = (WIDTH - 20) / ((east - west) * squeeze)
    height = (north - south) * scale + 60

    def path(shape: shapely.Geometry) -> str:
        rings = [ring for part in shapely.get_parts(shape) for ring in (part.exterior, *part.interiors)]
        lines = []
        for ring in rings:
            points = [
                f"{10 + (x - west) * squeeze * scale:.1f},{50 + (north - y) * scale:.1f}"
                for x, y in shapely.get_coordinates(ring)
            ]
            lines.append("M" + "L".join(points) + "Z")
        return "".join(lines)

    steps = np.quantile(values[values > 0], (0.25, 0.5, 0.75)) if (values > 0).any() else np.zeros(3)
    shades = np.where(values > 0, 1 + np.searchsorted(steps, values, side="left"), 0)
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" '
        f'viewBox="0 0 {WIDTH} {height:.0f}">',
        f'<rect width="{WIDTH}" height="{height:.0f}" fill="#ffffff"/>',
        f'<text x="10" y="28" font-size="18" fill="#1f2226">{escape(title)}</text>',
    ]
    parts += [
        f'<path d="{path(shape)}" fill="{SHADES[min(int(shade), 4)]}" stroke="#ffffff" stroke-width="0.5"/>'
        for shape, shade in zip(outlines, shades, strict=True)
    ]
    parts += _legend(steps)
    for number, group in enumerate(groups, start=1):
        whole = shapely.union_all([outlines[place] for place in group], grid_size=1e-7)
        middle = whole.representative_point()
        x, y = 10 + (middle.x - west) * squeeze * scale, 50 + (north - middle.y) * scale
        parts.append(f'<path d="{path(whole)}" fill="none" stroke="#b3261e" stroke-width="3"/>')
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="12" fill="#b3261e"/><text x="{x:.1f}" y="{y + 5:.1f}" '
            f'font-size="14" text-anchor="middle" fill="#ffffff">{number}</text>'
        )
    return "\n".join([*parts, "</svg>", ""])


def _legend(steps: np.ndarray) -> list[str]:
    """What the shades mean, in the upper right corner."""
    words = ["0", f"1–{steps[0]:.0f}", f"–{steps[1]:.0f}", f"–{steps[2]:.0f}", "more"]
    parts = []
    for number, (shade, word) in enumerate(zip(SHADES, words, strict=True)):
        x = WIDTH - 5 * 70 + number * 70
        parts.append(f'<rect x="{x}" y="14" width="16" height="16" fill="{shade}" stroke="#857d70"/>')
        parts.append(f'<text x="{x + 22}" y="27" font-size="13" fill="#1f2226">{word}</text>')
    return parts
