"""The commands that say how good the search for hot spots and the forecast are."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

BOSTON = "boston311_street_light_outages_2015.csv"
COLUMNS = {"date": "OPEN_DT", "date_format": "%m/%d/%Y %I:%M:%S %p"}


def run(*arguments: object, **options: object) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out, **options)
    return out.getvalue()


def table(printed: str, after: str = "") -> list[list[str]]:
    """Rows of the first Markdown table behind a text, without its head."""
    part = printed[printed.index(after) :]
    rows = re.search(r"\|---.*\n((?:\|.*\n)+)", part)
    assert rows is not None
    return [[cell.strip() for cell in row.strip("|\n ").split("|")] for row in rows[1].splitlines()]


@pytest.fixture(scope="module")
def trial() -> str:
    """60 towns of 14 × 14 grids for each line; seeded, so the figures are always the same."""
    return run("hot_spots_trial", towns=60, side=14, seed=7, method=["exact"])


def test_without_clusters_no_more_than_the_nominal_share_is_flagged(trial: str) -> None:
    """Nominal: 5 % of towns. A right method exceeds 7 of 60 once in 100 tries (binomial)."""
    for mean, spread, _, p05, p01, p001, towns, _grids in table(trial):
        assert float(towns) <= 7 / 60, (mean, spread)
        assert float(p05) <= 0.055, (mean, spread)
        assert float(p01) <= 0.012, (mean, spread)
        assert float(p001) <= 0.002, (mean, spread)


def test_planted_clusters_are_found_the_better_the_stronger_they_are(trial: str) -> None:
    rows = {(mean, strength): rest for mean, strength, *rest in table(trial, "Three planted")}
    found = [float(rows["5", f"× {strength}"][1].rstrip("%")) for strength in ("1.5", "2", "3", "5")]
    assert found == sorted(found)
    assert found[1] >= 80
    assert found[2:] == [100, 100]
    recall, _, far, _ = rows["5", "× 5"]
    assert float(recall.rstrip("%")) >= 65
    assert float(far.rstrip("%")) <= 5


def test_no_grid_is_said_to_differ_from_its_past_more_often_than_the_nominal_share(trial: str) -> None:
    for mean, size, *rest in table(trial, "Against a grid's own past"):
        assert all(float(share) <= 7 / 60 for share in rest[:3]), (mean, size)
    found = [float(row[6].rstrip("%")) for row in table(trial, "Against a grid's own past")]
    assert found[2] > 80  # ten cases a week, five times as many


def written(path: Path, rows: list[tuple[str, str, date]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["ward", "kind", "day"])
        writer.writerows((ward, kind, day.isoformat()) for ward, kind, day in rows)
    return path


def test_the_backtest_s_errors_are_those_worked_out_by_hand(tmp_path: Path) -> None:
    """One ward, weeks of 4 and 2 cases in turn, all on one weekday, for twelve weeks: "as last week" is off
    by 2 each time, the mean of 8 weeks (3) by 1."""
    monday = date(2026, 3, 2)
    rows = [
        ("1", "noise", monday + timedelta(weeks=week) + timedelta(days=6))
        for week in range(12)
        for _ in range(4 - 2 * (week % 2))
    ]
    # The first week has a case on its first day, so that all weeks are whole.
    rows.append(("1", "noise", monday))
    printed = run(
        "backtest_forecast", file=written(tmp_path / "a.csv", rows), date="day", area="ward", weeks=3
    )
    scores = {name: [float(cell.strip("+%")) for cell in cells] for name, *cells in table(printed)}
    mae, rmse, _, bias, _, _, day_mae = scores["as last week"]
    assert (mae, rmse, day_mae) == (2, 2, pytest.approx(2 / 7, abs=1e-3))
    assert bias == pytest.approx(2 / 3, abs=1e-3)  # 2-4, 4-2, 2-4 → forecast minus truth: +2, -2, +2
    assert scores["same weekday, mean of 8 weeks"][0] == 1
    assert scores["nothing at all"][0] == pytest.approx((2 + 4 + 2) / 3, abs=1e-3)
    assert "1 series" in printed
    assert "3 weeks forecast" in printed
    assert scores["nothing at all"][3] == pytest.approx(-8 / 3, abs=1e-3)


def test_a_place_with_little_past_is_drawn_towards_those_beside_it(tmp_path: Path) -> None:
    """Forty wards with one case a week on the average, all alike: the shipped forecast errs less than their
    own means do, by squares."""
    start = date(2026, 1, 5)
    rows = [
        (f"{ward}", "noise", start + timedelta(days=(ward * 31 + number * number * 17) % 140))
        for ward in range(1, 41)
        for number in range(20)
    ]
    rows += [("1", "noise", start), ("1", "noise", start + timedelta(days=139))]
    printed = run(
        "backtest_forecast", file=written(tmp_path / "b.csv", rows), date="day", area="ward", weeks=8
    )
    scores = {name: [float(cell.strip("+%")) for cell in cells] for name, *cells in table(printed)}
    assert scores["shrunk weekday mean (shipped)"][1] < scores["same weekday, mean of 8 weeks"][1]
    assert scores["shrunk weekday mean (shipped)"][5] >= 70  # per cent of weeks in the interval meant for 80


def test_an_open311_answer_is_read_without_naming_its_columns(tmp_path: Path) -> None:
    rows = [
        {
            "service_request_id": str(number),
            "status": "open",
            "service_code": "001",
            "service_name": "Street light",
            "requested_datetime": f"2026-0{1 + number % 4}-1{number % 9}T08:00:00-05:00",
            "lat": 42.30 + 0.01 * (number % 5),
            "long": -71.05,
        }
        for number in range(200)
    ]
    file = tmp_path / "requests.json"
    file.write_text(json.dumps(rows), encoding="utf-8")
    assert "10 series" in run("backtest_forecast", file=file)  # five cells, one category and all together


@pytest.mark.parametrize(
    ("content", "words"), [("{", "line 1"), ("{}", "a list of requests"), ("[]", "no row has a point")]
)
def test_a_file_that_cannot_be_used_is_refused_with_a_sentence(
    tmp_path: Path, content: str, words: str
) -> None:
    file = tmp_path / "requests.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(CommandError, match=words):
        run("backtest_forecast", file=file)


@pytest.mark.realdata
def test_the_boston_file_gives_a_table_a_list_and_a_map(real_data: Path, tmp_path: Path) -> None:
    file, picture = real_data / BOSTON, tmp_path / "boston.svg"
    printed = run("backtest_forecast", file=file, area="precinct", parent="neighborhood", **COLUMNS)
    assert len(table(printed)) == 5
    assert "20 weeks forecast" in printed
    found = run(
        "hot_spots_trial", file=file, lon="LONGITUDE", lat="LATITUDE", name="neighborhood", picture=picture,
        **COLUMNS,
    )  # fmt: skip
    assert re.search(r"^1\. .*Back Bay.*: \d+ cases in \d+ places", found, re.M)
    drawn = picture.read_text(encoding="utf-8")
    assert drawn.count("<path") > 300
    assert ">1</text>" in drawn
