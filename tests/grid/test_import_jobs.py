"""The life of an import: uploaded, read, checked, applied, undone; interrupted, overtaken, put away."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from grid import locator
from grid.actions import history, imports
from grid.actions.areas import create_area, retire_area, update_area
from grid.actions.duty import end_responsibility
from grid.errors import NotAllowed, Refused
from grid.importing import files as import_files
from grid.models import Area, AreaEdit, AreaVersion, ImportJob, Responsibility, User
from realtime.models import Event
from tests import services
from tests.factories import Town
from tests.grid import files
from tests.grid.importing import apply, begin, bring, check, state, uploaded

pytestmark = pytest.mark.django_db


@pytest.fixture
def ground(town: Town) -> Area:
    """The community that the files' areas fill."""
    return create_area(
        code="149901001003", name="新社区", level="community", parent=town.street, geometry=files.GROUND
    )


def folder(job: ImportJob) -> Path:
    return import_files.folder_of(job)


# --- The usual way ---------------------------------------------------------------------------------


def test_from_upload_to_the_map(tmp_path: Path, town: Town, ground: Area):
    before = state()
    job = begin(files.gbk_shapefile(tmp_path), town)
    assert job.stage == "read"
    assert job.contents["sample"][0]["名称"] == files.NAMES[0]
    assert job.contents["columns"] == {
        "code": "编码", "name": "名称", "name_en": "", "level": "", "parent": "", "households": "户数",
    }  # fmt: skip
    job = check(job, parent=ground.code)
    assert (job.stage, job.report["counts"]["added"]) == ("checked", 3)
    assert state() == before
    job = apply(job)
    assert job.stage == "applied"
    assert job.message == "新增 3 个区域，更新 0 个，停用 0 个，未变 0 个。"
    assert job.edit.kind == AreaEdit.Kind.IMPORT
    assert (job.edit.by, job.edit.file, job.edit.path) == (town.administrator, "网格GBK.zip", ground.path)
    inside = files.cell(0).centroid
    assert locator.locate(inside.x, inside.y).code == files.code(0)
    assert Area.objects.get(code=files.code(0)).households == 300
    assert Area.objects.find_problems() == ([], [], [], [], [])
    assert AreaVersion.objects.filter(edit=job.edit).count() == 3
    event = Event.objects.get(kind="areas.imported")
    assert (event.actor, event.area_path, event.payload["added"]) == (town.administrator, ground.path, 3)


def test_a_file_that_is_none_leaves_no_job_and_no_file(tmp_path: Path, town: Town):
    for make in (files.empty, files.zip_bomb):
        with pytest.raises(Refused):
            begin(make(tmp_path), town)
    assert not ImportJob.objects.exists()
    assert list(import_files.root().iterdir()) == []


def test_a_name_with_folders_stays_a_name(tmp_path: Path, town: Town):
    file = files.plain(tmp_path)
    upload = SimpleUploadedFile("x.geojson", file.read_bytes())
    upload._name = "../../../etc/网格.geojson"
    job = imports.start_import(file=upload, actor=town.administrator, parent=town.street)
    assert job.file == "网格.geojson"
    assert import_files.upload_of(job).parent.parent == import_files.root()


def test_another_layer_and_encoding_may_be_looked_into(tmp_path: Path, town: Town):
    job = begin(files.kml_with_two_layers(tmp_path), town)
    imports.inspect_job(job=job, actor=job.by, wishes={"layer": "楼栋"})
    assert (job.contents["layer"], job.contents["rows"]) == ("楼栋", 2)
    with pytest.raises(Refused, match="网格, 楼栋"):
        imports.inspect_job(job=job, actor=job.by, wishes={"layer": "nichts"})
    job.refresh_from_db()
    assert job.contents["layer"] == "楼栋"


def test_errors_keep_it_from_being_applied(tmp_path: Path, town: Town, ground: Area):
    before = state()
    job = check(begin(files.duplicate_codes(tmp_path), town), parent=ground.code)
    assert (job.stage, job.report["can_apply"]) == ("checked", False)
    with pytest.raises(Refused):
        imports.apply_job(job=job, actor=job.by)
    assert state() == before


def test_nobody_goes_on_with_the_import_of_somebody_else(tmp_path: Path, town: Town, ground: Area):
    job = check(begin(files.plain(tmp_path), town), parent=ground.code)
    other = User.objects.create_superuser("other", "o@example.org", "x")
    for person in (other, town.supervisor, town.resident):
        with pytest.raises(NotAllowed):
            imports.apply_job(job=job, actor=person)
        with pytest.raises(NotAllowed):
            imports.drop_import(job=job, actor=person)
    with pytest.raises(NotAllowed):
        imports.start_import(file=uploaded(files.plain(tmp_path)), actor=town.supervisor, parent=town.street)
    with pytest.raises(NotAllowed):
        imports.start_import(file=uploaded(files.plain(tmp_path)), actor=town.supervisor)


def test_an_import_that_is_put_away_leaves_nothing(tmp_path: Path, town: Town):
    job = begin(files.plain(tmp_path), town)
    imports.drop_import(job=job, actor=job.by)
    assert not ImportJob.objects.exists()
    assert list(import_files.root().iterdir()) == []


def test_known_areas_keep_their_duties_and_missing_ones_end_with_theirs(tmp_path: Path, town: Town):
    moved = [files.cell(0), files.cell(1)]
    rows = [{"code": grid.code, "name": f"新{grid.name}"} for grid in town.grids[:2]]
    posts = list(Responsibility.objects.filter(area=town.grids[0]).values_list("pk", "until"))
    job = bring(
        files.geojson(tmp_path / "a.geojson", moved, rows),
        town,
        parent=town.communities[0],
        retire_missing=True,
    )
    assert job.stage == "applied", job.message
    assert [Area.objects.get(pk=grid.pk).name for grid in town.grids[:2]] == ["新第1网格", "新第2网格"]
    assert list(Responsibility.objects.filter(area=town.grids[0]).values_list("pk", "until")) == posts
    for grid in town.grids[2:4]:
        grid.refresh_from_db()
        assert grid.valid_to == timezone.localdate()
        assert not Responsibility.objects.in_force().filter(area=grid).exists()
    assert locator.locate(*town.point_in(3)).code != town.grids[2].code


# --- Progress --------------------------------------------------------------------------------------


def test_progress_is_told_in_order_and_never_goes_back(tmp_path: Path, town: Town, ground: Area, monkeypatch):
    said: list[tuple[str, int]] = []
    tell = import_files.tell
    monkeypatch.setattr(
        import_files,
        "tell",
        lambda job, share, words: (said.append((job.stage, share)), tell(job, share, words)),
    )
    monkeypatch.setattr(imports, "ROWS_AT_ONCE", 0)
    job = bring(files.many(tmp_path, 200), town, parent=ground)
    assert job.stage == "applied"
    for stage in ("checking", "applying"):
        shares = [share for where, share in said if where == stage]
        assert shares == sorted(shares)
        assert len(set(shares)) >= 5
        assert shares[0] == 0
    assert imports.state_of(job) == {
        "stage": "applied", "progress": 100, "words": job.message, "is_done": True,
    }  # fmt: skip


def test_whoever_waits_is_told_where_it_stands(tmp_path: Path, town: Town, ground: Area):
    job = check(begin(files.plain(tmp_path), town), parent=ground.code)
    imports.apply_job(job=job, actor=job.by)
    waiting = imports.state_of(job)
    assert (waiting["stage"], waiting["progress"], waiting["is_done"]) == ("applying", 0, False)
    assert waiting["words"]
    with pytest.raises(Refused, match="正在处理"):
        imports.check_job(job=job, actor=job.by)
    with pytest.raises(Refused):
        imports.drop_import(job=job, actor=job.by)


# --- What may go wrong -----------------------------------------------------------------------------


def test_areas_that_changed_since_the_check_are_checked_again(tmp_path: Path, town: Town, ground: Area):
    job = check(begin(files.plain(tmp_path), town), parent=ground.code)
    create_area(code=files.code(1), name="抢先", level="grid", parent=ground, geometry=files.cell(1))
    before = state()
    job = apply(job)
    assert job.stage == "checked"
    assert "有变动" in job.message
    assert job.report["counts"]["changed"] == 1
    assert state() == before
    assert apply(job).stage == "applied"


def test_a_change_elsewhere_does_not_hinder(tmp_path: Path, town: Town, ground: Area):
    job = check(begin(files.plain(tmp_path), town), parent=ground.code)
    update_area(area=town.grids[0], changes={"name": "改名"})
    assert apply(job).stage == "applied"


def test_an_interrupted_import_says_so_and_may_be_tried_again(tmp_path: Path, town: Town, ground: Area):
    """The process that worked on it is gone: its lock is free, but it had begun."""
    job = check(begin(files.plain(tmp_path), town), parent=ground.code)
    imports.apply_job(job=job, actor=job.by)
    import_files.tell(job, 60, "正在写入")
    before = state()
    imports.run_waiting()
    job.refresh_from_db()
    assert job.stage == "failed"
    assert "中断" in job.message
    assert state() == before
    assert apply(job).stage == "applied"


def test_a_job_somebody_works_on_is_left_to_them(tmp_path: Path, town: Town, ground: Area):
    job = check(begin(files.plain(tmp_path), town), parent=ground.code)
    imports.apply_job(job=job, actor=job.by)
    with import_files.locked(folder(job) / "lock") as free:
        assert free
        assert import_files.is_at_work(job)
        assert imports.run_waiting() == 0
    job.refresh_from_db()
    assert job.stage == "applying"
    assert imports.run_waiting() == 1


def test_a_failure_on_the_way_leaves_everything_as_it_was(tmp_path, town: Town, ground: Area, monkeypatch):
    def burst(**_: object) -> None:
        raise RuntimeError("disk full")

    job = check(begin(files.plain(tmp_path), town), parent=ground.code)
    before, events = state(), Event.objects.count()
    monkeypatch.setattr(history, "finish_edit", burst)
    job = apply(job)
    assert job.stage == "failed"
    assert "disk full" not in job.message
    assert (state(), Event.objects.count()) == (before, events)
    assert job.edit is None


def test_rights_are_asked_again_when_it_is_applied(tmp_path: Path, town: Town, ground: Area):
    job = check(begin(files.plain(tmp_path), town), parent=ground.code)
    imports.apply_job(job=job, actor=job.by)
    for post in Responsibility.objects.in_force().filter(member__user=town.administrator):
        end_responsibility(responsibility=post)
    before = state()
    imports.run_waiting()
    job.refresh_from_db()
    assert job.stage == "failed"
    assert state() == before


def test_uploads_go_away_after_some_days_and_the_job_says_so(tmp_path: Path, town: Town, ground: Area):
    job = check(begin(files.plain(tmp_path), town), parent=ground.code)
    assert imports.remove_old_uploads() == 0
    with time_machine.travel(timezone.now() + timedelta(days=imports.KEEP_DAYS, minutes=1), tick=False):
        assert imports.remove_old_uploads() == 1
        with pytest.raises(Refused, match="7 天"):
            imports.apply_job(job=job, actor=job.by)
    assert ImportJob.objects.filter(pk=job.pk).exists()


# --- Taking it back --------------------------------------------------------------------------------


def test_undoing_puts_everything_back(tmp_path: Path, town: Town):
    """One area added, one changed, one ended with its posts: afterwards all is as before."""
    before, posts = state(), _posts()
    rows = [{"code": town.grids[0].code, "name": "改名"}, {"code": "NEW", "name": "新"}]
    file = files.geojson(tmp_path / "a.geojson", [files.cell(0), files.cell(1)], rows)
    job = bring(file, town, parent=town.communities[0], retire_missing=True)
    assert job.stage == "applied", job.message
    assert state() != before
    undoing = imports.undo_import(edit=job.edit, actor=town.administrator)
    job.refresh_from_db()
    assert job.stage == "undone"
    assert (undoing.kind, undoing.undoes) == (AreaEdit.Kind.UNDO, job.edit)
    after = [row for row in state() if row[1] != "NEW"]
    # The area that was added stays as a row, out of force: its parent has a child more.
    assert [(*row[:6], *row[7:]) for row in after] == [(*row[:6], *row[7:]) for row in before]
    assert Area.objects.get(code="NEW").valid_to == timezone.localdate()
    assert _posts() == posts
    assert locator.locate(*town.point_in(1)).code == town.grids[0].code
    open_ones = AreaVersion.objects.filter(until=None).values_list("area__code", flat=True)
    assert set(open_ones) >= {grid.code for grid in town.grids[:4]}
    assert "NEW" not in open_ones


def _posts() -> set[tuple[int, int, str]]:
    return set(Responsibility.objects.in_force().values_list("member_id", "area_id", "role_id"))


def test_an_import_is_undone_once(tmp_path: Path, town: Town, ground: Area):
    job = bring(files.plain(tmp_path), town, parent=ground)
    undoing = imports.undo_import(edit=job.edit, actor=town.administrator)
    with pytest.raises(Refused, match="已于"):
        imports.undo_import(edit=job.edit, actor=town.administrator)
    with pytest.raises(Refused, match="不是一次导入"):
        imports.undo_import(edit=undoing, actor=town.administrator)


def test_later_changes_of_its_areas_keep_it_from_being_undone(tmp_path: Path, town: Town, ground: Area):
    job = bring(files.plain(tmp_path), town, parent=ground)
    update_area(area=Area.objects.get(code=files.code(0)), changes={"name": "后改"}, actor=town.administrator)
    before = state()
    with pytest.raises(Refused, match=str(town.administrator)):
        imports.undo_import(edit=job.edit, actor=town.administrator)
    assert state() == before


def test_areas_that_came_into_its_areas_since_keep_it_from_being_undone(tmp_path, town: Town, ground: Area):
    job = bring(files.plain(tmp_path), town, parent=ground)
    child = create_area(
        code="B1", name="一号楼", level="building", parent=Area.objects.get(code=files.code(0))
    )
    with pytest.raises(Refused, match="一号楼"):
        imports.undo_import(edit=job.edit, actor=town.administrator)
    retire_area(area=child)
    imports.undo_import(edit=job.edit, actor=town.administrator)


def test_only_an_administrator_of_the_place_undoes(tmp_path: Path, town: Town, ground: Area):
    job = bring(files.plain(tmp_path), town, parent=ground)
    for person in (town.supervisor, town.member1, town.resident):
        with pytest.raises(NotAllowed):
            imports.undo_import(edit=job.edit, actor=person)


# --- Processes -------------------------------------------------------------------------------------

APPLY = """
from pathlib import Path
from django.core.files.uploadedfile import SimpleUploadedFile
from grid.actions import imports
from grid.models import Area, User
file = Path({file!r})
boss = User.objects.get(username="administrator")
street = Area.objects.get(depth=1)
job = imports.start_import(file=SimpleUploadedFile(file.name, file.read_bytes()), actor=boss, parent=street)
imports.check_job(job=job, actor=boss, wishes={{"crs": "EPSG:4326", "parent": street.code}})
{meet}
imports.apply_job(job=job, actor=boss)
{before}
while job.stage in imports.AT_WORK:
    imports.run_waiting()
    job.refresh_from_db()
print(job.pk, job.stage, job.message)
"""
#: Wait until two have checked what neither has applied yet.
MEET = """
import time
meeting = Path({meeting!r})
(meeting / str(job.pk)).touch()
while len(list(meeting.iterdir())) < 2:
    time.sleep(0.01)
"""
KILLED = """
from grid.actions import history
import os
def die(**_):
    os.kill(os.getpid(), 9)
history.finish_edit = die
"""
STATE = """
from grid.actions import imports
from grid.models import Area, AreaEdit, ImportJob
imports.run_waiting()
job = ImportJob.objects.get()
new = Area.objects.filter(code__startswith="14990100103")
print(new.count(), AreaEdit.objects.filter(file=job.file).count(), job.stage)
if job.stage == "failed":
    imports.apply_job(job=job, actor=job.by)
    imports.run_waiting()
    job.refresh_from_db()
    print(new.count(), job.stage)
"""


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_a_process_killed_while_applying_has_applied_nothing(kind: str, environment_of, tmp_path: Path):
    """Killed in the last moment before the end of the transaction; the next process finds out and says so."""
    environment = environment_of(kind)
    file = files.plain(tmp_path)
    code = APPLY.format(file=str(file), before=KILLED, meet="")
    with pytest.raises(Exception, match="9"):
        services.python(code, environment)
    lines = services.python(STATE, environment).splitlines()
    assert lines[0].split() == ["0", "0", "failed"]
    assert lines[1].split() == ["3", "applied"]


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_two_who_import_at_once_take_turns_and_nothing_is_doubled(kind: str, environment_of, tmp_path: Path):
    """Both bring the same areas: one adds them, the other is shown that they are there now."""
    environment = environment_of(kind)
    meeting = tmp_path / "meeting"
    meeting.mkdir()
    code = APPLY.format(file=str(files.plain(tmp_path)), before="", meet=MEET.format(meeting=str(meeting)))
    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(lambda _: services.python(code, environment), range(2)))
    counted = services.python(
        "from grid.models import Area, AreaEdit\n"
        "print(Area.objects.filter(code__startswith='14990100103').count(),"
        " AreaEdit.objects.exclude(file='').count(), Area.objects.find_problems())",
        environment,
    )
    assert counted.strip() == "3 1 ([], [], [], [], [])"
    assert sorted(answer.split()[1] for answer in answers)[0] == "applied"
