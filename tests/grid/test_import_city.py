"""A generated city goes through the whole import. ``make bench-import`` does it with 40,000 grids."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import shapely
from django.core.management import call_command

from grid import locator
from grid.actions import imports
from grid.importing import files as import_files
from grid.models import Area, User
from tests.benchmarks import city
from tests.grid.importing import apply, check, state, uploaded

pytestmark = pytest.mark.django_db

GRIDS = 2000


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg"])
def test_a_city_comes_whole_with_progress_in_order(tmp_path: Path, suffix: str, monkeypatch):
    call_command("load_roles", stdout=io.StringIO())
    boss = User.objects.create_superuser("boss", "boss@example.org", "x")
    said: list[tuple[str, int]] = []
    tell = import_files.tell
    monkeypatch.setattr(
        import_files,
        "tell",
        lambda job, share, words: (said.append((job.stage, share)), tell(job, share, words)),
    )
    monkeypatch.setattr(imports, "ROWS_AT_ONCE", 0)
    file = city.write(tmp_path / f"city{suffix}", GRIDS)
    job = check(imports.start_import(file=uploaded(file), actor=boss))
    assert job.stage == "checked", job.message
    assert job.report["findings"] == []
    assert job.report["counts"]["added"] == 1 + GRIDS // 20 + GRIDS
    job = apply(job)
    assert job.stage == "applied", job.message

    grids = {area.code: area for area in Area.objects.filter(level="grid")}
    assert len(grids) == GRIDS
    assert Area.objects.find_problems() == ([], [], [], [], [])
    expected = city.city(GRIDS)
    for row in expected[expected.level == "grid"].itertuples():
        area = grids[row.code]
        # GDAL writes 112.0960008 as 112.096 into a GeoJSON of seven decimals.
        assert shapely.hausdorff_distance(area.geometry, row.geometry) < 1e-6
        assert (area.name, area.households) == (row.name, int(row.households))
    communities = {area.path: area.code for area in Area.objects.filter(level="community")}
    assert all(area.code.startswith(communities[area.path[:-4]]) for area in grids.values())
    for code in list(grids)[::97]:
        inside = grids[code].geometry.representative_point()
        assert locator.locate(inside.x, inside.y).code == code

    for stage in ("checking", "applying"):
        shares = [share for where, share in said if where == stage]
        assert shares == sorted(shares)
        assert len(set(shares)) >= 6

    before = state()
    again = check(imports.start_import(file=uploaded(file), actor=boss))
    assert again.report["counts"]["unchanged"] == 1 + GRIDS // 20 + GRIDS
    assert not again.report["can_apply"]
    assert state() == before
    imports.undo_import(edit=job.edit, actor=boss)
    assert not Area.objects.in_force().exists()
