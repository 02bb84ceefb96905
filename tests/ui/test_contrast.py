"""The design tokens: text on its ground is readable in both themes (WCAG 2.2: 4.5 : 1, controls 3 : 1)."""

import re
from pathlib import Path

import pytest
from django.conf import settings

TOKENS = Path(settings.BASE_DIR, "ui", "static", "ui", "tokens.css").read_text(encoding="utf-8")

TEXT = [
    ("--ink", "--paper"), ("--ink", "--surface"), ("--ink", "--sunken"),
    ("--ink-soft", "--paper"), ("--ink-soft", "--surface"), ("--ink-soft", "--sunken"),
    ("--link", "--paper"), ("--link", "--surface"),
    ("--on-accent", "--accent"), ("--on-accent", "--accent-strong"),
    ("--done", "--surface"), ("--work", "--surface"), ("--late", "--surface"), ("--late", "--paper"),
    *((f"--{tone}", f"--{tone}-ground") for tone in ("wait", "work", "again", "idle", "done", "late")),
]  # fmt: skip
EDGES = [("--line-strong", "--surface"), ("--focus", "--surface"), ("--focus", "--paper")]


def theme(name: str) -> dict[str, str]:
    (block,) = re.findall(rf'\[data-bs-theme="{name}"\] \{{\s*color-scheme.*?\}}', TOKENS, re.DOTALL)
    return dict(re.findall(r"(--[\w-]+): (#[0-9a-f]{6});", block))


def luminance(colour: str) -> float:
    channels = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_measure_is_right() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("name", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT)
def test_text_stands_out_from_its_ground(name: str, text: str, ground: str) -> None:
    colours = theme(name)
    assert contrast(colours[text], colours[ground]) >= 4.5


@pytest.mark.parametrize("name", ["light", "dark"])
@pytest.mark.parametrize(("edge", "ground"), EDGES)
def test_edges_of_controls_stand_out(name: str, edge: str, ground: str) -> None:
    colours = theme(name)
    assert contrast(colours[edge], colours[ground]) >= 3
