"""Pages of the import wizard, asked over HTTP: what a browser need not be there for."""

from pathlib import Path

import pytest
import shapely
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from grid.actions import imports
from grid.actions.areas import create_area
from grid.models import Area, AreaEdit, ImportJob
from grid.views.import_places import where
from tests.factories import Town
from tests.grid import files

pytestmark = pytest.mark.django_db


@pytest.fixture
def ground(town: Town) -> Area:
    """A community without grids, west of the town."""
    return create_area(
        code="149901001009", name="河西社区", level="community", parent=town.street, geometry=files.GROUND
    )


@pytest.fixture
def office(client: Client, town: Town) -> Client:
    client.force_login(town.administrator)
    return client


def checked(town: Town, file: Path, parent: Area, **wishes: object) -> ImportJob:
    """A job up to its report."""
    upload = SimpleUploadedFile(file.name, file.read_bytes())
    job = imports.start_import(file=upload, actor=town.administrator, parent=town.street)
    chosen = {"crs": "EPSG:4326", "level": "grid", "parent": parent.code, "parent_by": "fixed", **wishes}
    return imports.check_job(job=job, actor=town.administrator, wishes=chosen)


def applied(town: Town, file: Path, parent: Area, **wishes: object) -> ImportJob:
    job = imports.apply_job(job=checked(town, file, parent, **wishes), actor=town.administrator)
    assert imports.run_waiting() == 1
    job.refresh_from_db()
    assert job.stage == "applied", job.message
    return job


def fates(office: Client, job: ImportJob) -> dict[str, str]:
    """Code → what becomes of it, as the map is told."""
    data = office.get(f"/console/import/{job.pk}/report/map/").json()
    return {area["properties"]["code"]: area["properties"]["fate"] for area in data["areas"]["features"]}


def test_the_map_tells_new_changed_retired_and_unchanged_apart(
    office: Client, town: Town, ground: Area, tmp_path: Path
):
    applied(town, files.plain(tmp_path, 4), ground)
    properties = [*files.rows(3), {"code": "NEW", "name": "新增网格"}]
    properties[1]["name"] = "改名网格"
    shapes = [files.cell(0), files.cell(1), files.cell(2), files.cell(5)]
    shapes[2] = shapely.union(shapes[2], files.cell(6))
    job = checked(
        town, files.geojson(tmp_path / "b.geojson", shapes, properties), ground, retire_missing=True
    )
    told = fates(office, job)
    assert {code: told[code] for code in (*(files.code(n) for n in range(4)), "NEW")} == {
        files.code(0): "unchanged",
        files.code(1): "changed",
        files.code(2): "changed",
        files.code(3): "retired",
        "NEW": "new",
    }
    page = office.get(f"/console/import/{job.pk}/report/").content.decode()
    assert files.NAMES[1] in page  # what it was called
    assert Area.objects.get(code=files.code(3)).valid_to is None


def test_a_grid_between_its_neighbours_is_seen_under_a_new_one(town: Town, tmp_path: Path):
    """Every edge of grid 2 is a neighbour's or the town's: nothing of it sticks out of the new area."""
    west, south, east, north = shapely.total_bounds([grid.geometry for grid in town.grids[:3]])
    around = shapely.box(west - 0.001, south - 0.001, east + 0.001, north + 0.001)
    file = files.geojson(tmp_path / "over.geojson", [around])
    job = checked(town, file, town.communities[0])
    overlaps = [finding["message"] for finding in job.report["findings"] if finding["what"] == "overlap"]
    for number in (1, 2, 3):
        assert any(f"第{number}网格" in message for message in overlaps)


def test_a_choice_among_readings_is_another_look_and_never_goes_on(
    office: Client, town: Town, ground: Area, tmp_path: Path
):
    """Also when what was read before is chosen again: the answer goes into the page that asked."""
    file = files.kml_with_two_layers(tmp_path)
    upload = SimpleUploadedFile(file.name, file.read_bytes())
    job = imports.start_import(file=upload, actor=town.administrator, parent=town.street)
    for layer in ("楼栋", "网格", "网格"):
        answer = office.post(
            f"/console/import/{job.pk}/file/?look=1",
            {"layer": layer, "crs": "EPSG:4326"},
            headers={"HX-Request": "true"},
        )
        assert answer.status_code == 200
        assert b'id="read-form"' in answer.content
        job.refresh_from_db()
        assert job.contents["layer"] == layer
        assert job.stage == "read"


def test_an_applied_job_cannot_be_changed_by_an_old_page(
    office: Client, town: Town, ground: Area, tmp_path: Path
):
    job = applied(town, files.plain(tmp_path), ground)
    for step in ("file", "columns", "drop"):
        assert office.post(f"/console/import/{job.pk}/{step}/").status_code == 404
    assert office.get(f"/console/import/{job.pk}/").url.endswith("/result/")
    assert AreaEdit.objects.filter(kind="import", file=job.file).count() == 1


def test_an_import_whose_areas_were_changed_since_is_not_undone_and_says_by_whom(
    office: Client, town: Town, ground: Area, tmp_path: Path
):
    from grid.actions.areas import update_area

    job = applied(town, files.plain(tmp_path), ground)
    update_area(area=Area.objects.get(code=files.code(0)), changes={"name": "新名"}, actor=town.administrator)
    answer = office.post(f"/console/import/undo/{job.edit_id}/")
    assert answer.status_code == 409
    assert "杨管理" in answer.content.decode()
    assert Area.objects.get(code=files.code(0)).valid_to is None


def test_a_report_is_out_of_date_when_areas_have_changed_and_nothing_is_written(
    office: Client, town: Town, ground: Area, tmp_path: Path
):
    job = checked(town, files.plain(tmp_path), ground)
    create_area(code=files.code(1), name="抢先", level="grid", parent=ground, geometry=files.cell(7))
    office.post(f"/console/import/{job.pk}/apply/")
    imports.run_waiting()
    job.refresh_from_db()
    assert job.stage == "checked"
    assert not Area.objects.filter(code=files.code(0)).exists()
    page = office.get(f"/console/import/{job.pk}/report/").content.decode()
    assert job.message in page


@pytest.mark.parametrize(
    ("bounds", "kilometres", "share", "words"),
    [
        ((0.1, 0.1, 0.2, 0.2), 12_000.0, 0.0, "in the sea off Africa: surely wrong"),
        ((112.0, 37.0, 112.1, 37.1), 0.0, 0.97, "here, over your areas"),
        ((112.1, 37.0, 112.2, 37.1), 0.0, 0.0, "here, beside your areas"),
        ((112.2, 37.2, 112.3, 37.3), 14.2, 0.0, "14.2 km to the north-east of your areas"),
        ((112.0, 30.0, 112.1, 30.1), 767.0, 0.0, "767 km to the south of your areas"),
    ],
)
def test_where_data_would_lie_is_said_in_words_of_somebody_who_knows_the_place(
    bounds: tuple[float, ...], kilometres: float, share: float, words: str
):
    candidate = {"bounds": bounds, "distance_km": kilometres, "share": share, "where": "?"}
    with override("en"):
        assert where(candidate, (112.0, 37.0, 112.1, 37.1)) == words


def test_the_first_page_costs_the_same_for_two_and_for_eight_imports(
    office: Client, town: Town, ground: Area, tmp_path: Path
):
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert office.get("/console/import/").status_code == 200
        return len(captured)

    for number in range(2):
        applied(
            town,
            files.geojson(
                tmp_path / f"{number}.geojson",
                [files.cell(number)],
                [{"code": f"Q{number}", "name": f"格{number}"}],
            ),
            ground,
        )
    few = queries()
    for number in range(2, 8):
        applied(
            town,
            files.geojson(
                tmp_path / f"{number}.geojson",
                [files.cell(number)],
                [{"code": f"Q{number}", "name": f"格{number}"}],
            ),
            ground,
        )
    assert queries() == few <= 15
