"""``manage.py hot_spots_trial``: how the search for hot spots does on made-up data, or in a file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from ._files import add_file_options, from_file

#: Cases a grid, and how unevenly they come without any cluster.
NULLS = ((0.05, 0.0), (0.2, 0.0), (1.0, 0.0), (5.0, 0.0), (0.2, 1.0), (1.0, 1.0))
MEANS, STRENGTHS = (0.2, 1.0, 5.0), (1.5, 2.0, 3.0, 5.0)
#: Cases a grid and week, and the negative binomial's size of a week (inf: Poisson).
PASTS = ((0.3, float("inf")), (2.0, float("inf")), (10.0, float("inf")), (2.0, 2.0), (10.0, 2.0))


class Command(BaseCommand):
    help = (
        "Try the search for hot spots: false alarms without clusters, recall with planted ones, or on a file."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--towns", type=int, default=100, help="towns for each line (default: 100)")
        parser.add_argument("--side", type=int, default=20, help="a town has side × side grids (default: 20)")
        parser.add_argument(
            "--method", action="append", choices=("normal", "permuted", "exact"), help="only this p-value"
        )
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--days", type=int, default=90, help="of a file: the last so many days")
        parser.add_argument("--picture", type=Path, help="of a file: write a map there (SVG)")
        add_file_options(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["file"]:
            self._file(options)
            return
        size = {"side": options["side"], "towns": options["towns"], "seed": options["seed"]}
        self._without(size, options["method"])
        self._with(size)
        self._departures(options["towns"], options["seed"])

    def _without(self, size: dict[str, int], methods: list[str] | None) -> None:
        from maps.foresight.trial import METHODS, calibrate

        self.stdout.write(
            "Without clusters: share of grids with p below a level, and of towns in which anything is\n"
            "flagged after the correction (nominal: 0.05)\n\n"
            "| cases a grid | spread | p-value | ≤ 0.05 | ≤ 0.01 | ≤ 0.001 | towns flagged "
            "| grids flagged |\n"
            "|---|---|---|---|---|---|---|---|\n"
        )
        for mean, spread in NULLS:
            for method in methods or METHODS:
                one = calibrate(method, mean=mean, spread=spread, **size)
                shares = " | ".join(f"{share:.4f}" for share in one.below.values())
                self.stdout.write(
                    f"| {mean:g} | {spread:g} | {method} | {shares} "
                    f"| {one.towns_flagged:.3f} | {one.grids_flagged:.5f} |\n"
                )

    def _with(self, size: dict[str, int]) -> None:
        from maps.foresight.trial import recall

        self.stdout.write(
            "\nThree planted clusters of 3 × 3 grids in each town, found by the shipped (exact) p-value\n\n"
            "| cases a grid | in a cluster | its grids flagged | towns with a hit | flagged far from any "
            "| beside one |\n"
            "|---|---|---|---|---|---|\n"
        )
        for mean in MEANS:
            for strength in STRENGTHS:
                one = recall(mean=mean, strength=strength, clusters=3, **size)
                self.stdout.write(
                    f"| {mean:g} | × {strength:g} | {one.recall:.1%} | {one.clusters_found:.1%} "
                    f"| {one.false_share:.1%} | {one.beside_share:.1%} |\n"
                )

    def _departures(self, towns: int, seed: int) -> None:
        from maps.foresight.trends import Kind
        from maps.foresight.trial import departures

        self.stdout.write(
            "\nAgainst a grid's own past, 200 grids: share of towns in which any is flagged though nothing\n"
            "changed (nominal: 0.05 of each kind), and share of grids found that had × as much last week\n\n"
            "| cases a week | size | rising | sudden | silent | found at × 3 | found at × 5 |\n"
            "|---|---|---|---|---|---|---|\n"
        )
        for mean, spread in PASTS:
            one = departures(mean=mean, size=spread, grids=200, towns=towns, seed=seed)
            wrong = " | ".join(f"{one.false[kind]:.3f}" for kind in (Kind.RISING, Kind.SUDDEN, Kind.SILENT))
            found = " | ".join(f"{share:.1%}" for share in one.found.values())
            self.stdout.write(f"| {mean:g} | {spread:g} | {wrong} | {found} |\n")

    def _file(self, options: dict[str, Any]) -> None:
        import numpy as np

        from maps.foresight.hotspots import flagged, hot_spots
        from maps.foresight.neighbours import neighbours, together
        from maps.foresight.picture import picture
        from maps.foresight.sentences import number

        found = from_file(options)
        counts, days = found.counts, options["days"]
        values = counts.window(days)[:, 0]
        near = neighbours(found.outlines)
        spots = hot_spots(values, near)
        if spots.too_little:
            self.stdout.write(f"Too little data: {spots.too_little}")
            return
        _, marks = flagged(spots.p)
        hot = sorted(np.flatnonzero(marks).tolist(), key=lambda place: spots.p[place])
        groups = together(hot, near.lists)
        rest = values[~marks].mean()
        self.stdout.write(
            f"{int(values.sum())} cases in {len(values)} places in the {days} days up to {counts.last}; "
            f"{len(hot)} flagged, hot spots: {len(groups)}; without a neighbour, so not tested: "
            f"{int((near.degrees == 0).sum())}\n"
        )
        for place, group in enumerate(groups, start=1):
            n = int(values[group].sum())
            names = sorted({counts.places[one].name for one in group} - {""})
            self.stdout.write(
                f"{place}. {', '.join(names)}: {n} cases in {len(group)} places, "
                f"{number(n / len(group))} each; elsewhere {number(float(rest))}"
            )
        if options["picture"]:
            title = f"Cases in the {days} days up to {counts.last}; hot spots outlined"
            options["picture"].write_text(picture(found.outlines, values, groups, title), encoding="utf-8")
