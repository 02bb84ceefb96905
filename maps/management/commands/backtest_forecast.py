"""``manage.py backtest_forecast``: how well forecasts of a week would have done, beside the naive ones."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ._files import add_file_options, from_file


class Command(BaseCommand):
    help = "Forecast past weeks again, each from what was known before it, and print the errors as a table."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--weeks", type=int, default=20, help="weeks to forecast, at most (default: 20)")
        parser.add_argument("--library", action="store_true", help="also a regression by scikit-learn")
        add_file_options(parser)

    def handle(self, *args: Any, weeks: int, library: bool, **options: Any) -> None:
        from maps.foresight.backtest import backtest
        from maps.foresight.forecasting import HELD, MODELS

        models = dict(MODELS)
        if library:
            from maps.foresight.rivals import poisson_regression

            models["Poisson regression (library)"] = poisson_regression
        try:
            found = backtest(self._counts(weeks, options), models, weeks)
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{found.series} series (place × category), {found.weeks} weeks forecast, "
            f"{found.cases_a_week:.2f} cases a series and week\n\n"
        )
        self.stdout.write(
            f"| forecast | MAE | RMSE | MASE | bias | Poisson deviance | weeks in the {HELD:.0%} interval "
            "| MAE of a day |\n|---|---|---|---|---|---|---|---|\n"
        )
        for one in found.scores:
            self.stdout.write(
                f"| {one.name} | {one.mae:.3f} | {one.rmse:.3f} | {one.mase:.3f} | {one.bias:+.3f} "
                f"| {one.deviance:.3f} | {one.held:.0%} | {one.day_mae:.3f} |\n"
            )
        for word, key in (("MAE", "mae"), ("RMSE", "rmse"), ("deviance", "deviance")):
            best = min(found.scores, key=lambda one: getattr(one, key))
            self.stdout.write(f"\nLeast {word}: {best.name}")
        self.stdout.write("\n")

    def _counts(self, weeks: int, options: dict[str, Any]) -> Any:
        if options["file"]:
            return from_file(options).counts
        from maps.actions.foresight import latest_day
        from maps.foresight.gathering import gather

        return gather(last=latest_day(), days=7 * (weeks + 12)).counts
