"""The import wizard in a real browser, with files as surveyors leave them, and as attackers do."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, expect

from tests import services
from tests.e2e.clerk import FOREIGNER, GROUND, GROUND_CODE, TIDY, Clerk, fits, listening
from tests.e2e.people import DESK, Person, says
from tests.e2e.test_accessibility import LOOKS, violations
from tests.grid import files

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def product(
    databases, tmp_path_factory: pytest.TempPathFactory, translations: None
) -> Iterator[services.Product]:
    """One product for all of these tests: each leaves the areas as it found them."""
    data_dir = tmp_path_factory.mktemp("wizard")
    environment = services.product_environment(databases.fresh("sqlite", data_dir), data_dir)
    services.python(GROUND + FOREIGNER, environment)
    running = services.Product(environment, data_dir)
    yield running.start()
    running.stop()


@pytest.fixture
def areas(product: services.Product) -> Iterator[Callable[[], dict[str, tuple]]]:
    """Areas in force by code: name, outline, bounds; read past the product. Nothing of a test may stay."""

    def read() -> dict[str, tuple]:
        with sqlite3.connect(f"file:{product.data_dir / 'linli.sqlite3'}?mode=ro", uri=True) as connection:
            rows = connection.execute(
                "SELECT code, name, hex(geometry), west, south, east, north, path, level_id FROM grid_area"
                " WHERE valid_to IS NULL"
            )
            return {code: rest for code, *rest in rows}

    before = read()
    yield read
    left = read()
    if left != before:  # a test that failed half-way must not spoil the next one
        services.python(TIDY, product.environment)
    assert left == before


@pytest.fixture
def clerk(product: services.Product, browser: Browser) -> Iterator[Clerk]:
    """The street's administrator, on a desk; no page may break the policy, open a dialog, or fail."""
    person = Clerk.sits_down(browser, product.url, viewport=DESK)
    wrong: list[str] = []

    def hears(message: ConsoleMessage) -> None:
        # A refused form is answered with 422, which browsers report as an error.
        if message.type == "error" and "422" not in message.text and "409" not in message.text:
            wrong.append(message.text)

    person.page.on("console", hears)
    person.page.on("pageerror", lambda error: wrong.append(str(error)))
    person.page.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
    person.signs_in_by_password("administrator")
    yield person
    person.leaves()
    assert wrong == []


# --- Right results ---------------------------------------------------------------------------------


def test_a_gbk_shapefile_shows_its_names_asks_where_it_lies_and_can_be_undone(
    clerk: Clerk, areas: Callable, tmp_path: Path
) -> None:
    before = areas()
    page = clerk.opens(files.gbk_shapefile(tmp_path))

    # What can be read is chosen already; the other readings are there to compare.
    encodings = page.locator(".option", has=page.locator("input[name=encoding]"))
    expect(encodings.filter(has=page.locator(":checked"))).to_contain_text("东直门街道")
    expect(
        encodings.filter(has_text="ISO-8859-1").or_(encodings.filter(has_text=says("Western letters")))
    ).not_to_contain_text("东直门街道")
    # Nothing in the file says where it lies, but its borders meet known ones; the reason is given.
    expect(page.locator("#read-form")).to_contain_text(says("It fits the areas that are already known."))
    wgs84 = page.locator(".option", has=page.locator("input[value='EPSG:4326']"))
    expect(wgs84.locator("input")).to_be_checked()
    expect(wgs84).to_contain_text(says("here, over your areas"))
    expect(wgs84.locator("svg.sketch")).to_be_visible()
    clerk.presses(says("On to the columns"))

    # Columns are guessed, with what the first rows say.
    expect(page.locator("#id_code_field option:checked")).to_contain_text(files.code(0))
    expect(page.locator("#id_name_field option:checked")).to_contain_text("东直门街道")
    expect(page.locator("#id_households_field option:checked")).to_contain_text("300")
    clerk.checks()
    assert clerk.counts() == {"new": 3, "changed": 0, "retired": 0, "unchanged": 0}
    assert areas() == before
    clerk.imports()

    written = {code: row for code, row in areas().items() if code not in before}
    assert {code: row[0] for code, row in written.items()} == {
        files.code(n): files.NAMES[n] for n in range(3)
    }
    west, south, *_ = files.cell(0).bounds
    assert written[files.code(0)][2] == pytest.approx(west, abs=1e-6)
    assert written[files.code(0)][3] == pytest.approx(south, abs=1e-6)
    clerk.undoes()
    history = page.locator(".history tbody tr").first
    expect(history).to_contain_text("杨管理")
    expect(history).to_contain_text("网格GBK.zip")
    expect(history.locator(".state")).to_be_visible()


def test_where_a_file_lies_is_asked_and_never_assumed_when_it_is_not_certain(
    clerk: Clerk, areas: Callable, tmp_path: Path
) -> None:
    page = clerk.opens(files.somewhere_inside(tmp_path))
    expect(page.locator("#read-form .note-warning")).to_be_visible()
    expect(page.locator("input[name=crs]:checked")).to_have_count(0)
    clerk.presses(says("On to the columns"))
    expect(page.locator("[role=alert]")).to_contain_text(
        says("Choose where the grids lie: we cannot tell for certain.")
    )
    options = page.locator(".option", has=page.locator("input[name=crs]"))
    expect(options.first).to_contain_text(says("here, over your areas"))
    amap = options.filter(has=page.locator("input[value='GCJ-02']"))
    expect(amap).to_contain_text(re.compile(r"西方向 [4-7]\d0 米"))
    amap.locator("input").check()
    clerk.presses(says("On to the columns"))
    clerk.checks()
    clerk.imports()
    # GCJ-02 is several hundred metres off to the east: the areas have moved back by as much.
    west = files.cell(2).bounds[0]
    assert 0.003 < west - areas()[files.code(0)][2] < 0.009
    clerk.undoes()


def test_a_zip_with_a_folder_inside_is_read_where_it_says(
    clerk: Clerk, areas: Callable, tmp_path: Path
) -> None:
    page = clerk.reads(files.zip_with_a_folder(tmp_path))
    page.go_back()
    expect(page.locator("input[value='EPSG:4490']")).to_be_checked()
    page.go_forward()
    clerk.checks()
    assert clerk.counts()["new"] == 3
    clerk.imports()
    assert areas()[files.code(1)][0] == files.NAMES[1]
    clerk.undoes()


def test_of_two_layers_of_a_kml_the_one_with_the_grids_is_chosen(
    clerk: Clerk, areas: Callable, tmp_path: Path
) -> None:
    page = clerk.opens(files.kml_with_two_layers(tmp_path))
    layers = page.locator(".option", has=page.locator("input[name=layer]"))
    expect(layers).to_have_count(2)
    expect(layers.filter(has_text="楼栋")).to_contain_text(says("%(n)s row", n=2))
    layers.filter(has_text="楼栋").locator("input").check()
    expect(page.locator(".wizard-file").or_(page.locator("#read-form"))).to_have_count(2)
    expect(page.locator("input[name=layer][value='楼栋']")).to_be_checked()
    page.locator("input[name=layer][value='网格']").check()
    expect(page.locator("input[name=layer][value='网格']")).to_be_checked()
    page.locator("input[name=crs][value='EPSG:4326']").check()
    clerk.presses(says("On to the columns"))
    expect(page.locator("#id_name_field option:checked")).to_contain_text("东直门街道")
    clerk.checks()
    assert clerk.counts()["new"] == 3
    clerk.imports()
    assert set(areas()) >= {files.code(n) for n in range(3)}
    assert files.code(4) not in areas()
    clerk.undoes()


@pytest.mark.parametrize("maker", [files.geojson_in_cgcs2000, files.projected_without_a_word])
def test_coordinates_of_a_chinese_system_end_up_where_they_belong(
    clerk: Clerk, areas: Callable, tmp_path: Path, maker: Callable[[Path], Path]
) -> None:
    page = clerk.opens(maker(tmp_path))
    here = page.locator(".option", has=page.locator("input[name=crs]")).filter(
        has_text=says("here, over your areas")
    )
    expect(here.first).to_contain_text("EPSG:4490" if maker is files.geojson_in_cgcs2000 else files.PROJECTED)
    here.first.locator("input").check()
    clerk.presses(says("On to the columns"))
    clerk.checks()
    clerk.imports()
    for number in range(3):
        bounds = areas()[files.code(number)][2:6]
        assert bounds == pytest.approx(list(files.cell(number).bounds), abs=1e-6)
    clerk.undoes()


def test_broken_rings_are_mended_and_shown_by_row_and_on_the_map(
    clerk: Clerk, areas: Callable, tmp_path: Path
) -> None:
    page = clerk.reads(files.broken_rings(tmp_path), crs="EPSG:4326")
    clerk.checks()
    page.locator("[data-what=repaired] > summary").click()
    mended = page.locator("[data-what=repaired] .finding")
    expect(mended).to_have_count(2)
    assert [row.get_attribute("data-row") for row in mended.all()] == ["2", "3"]
    clerk.imports()
    clerk.undoes()


def test_overlaps_and_gaps_are_numbered_and_a_click_goes_there(
    clerk: Clerk, areas: Callable, tmp_path: Path
) -> None:
    page = clerk.reads(files.overlaps_and_gaps(tmp_path), crs="EPSG:4326")
    clerk.checks()
    overlap = page.locator("[data-what=overlap] .finding").first
    gaps = page.locator("[data-what=gap] .finding")
    expect(overlap).to_contain_text("平方米")
    assert overlap.get_attribute("data-row") == "1"
    # The slit between rows 2 and 3 is 5 m by three quarters of 333 m.
    slit = gaps.filter(has_text=re.compile(r"1,2\d\d"))
    expect(slit).to_have_count(1)

    number = slit.locator(".finding-number").inner_text()
    scale = page.locator(".leaflet-control-scale-line").first
    far = scale.inner_text()
    slit.locator("[data-show]").click()
    expect(slit).to_have_class(re.compile("is-chosen"))
    expect(page.locator(".problem-icon.is-chosen")).to_have_text(number)
    expect(page.locator(".problem-icon.is-chosen")).to_be_in_viewport()
    expect(scale).not_to_have_text(far)
    # And the other way round, from the sign on the map to the row.
    page.locator(
        ".problem-icon", has_text=re.compile(f"^{overlap.locator('.finding-number').inner_text()}$")
    ).dispatch_event("click")
    expect(overlap).to_have_class(re.compile("is-chosen"))
    expect(overlap).to_be_in_viewport()

    # Those who overlook ten metres are told of neither.
    clerk.page.get_by_role("link", name=says("Back"), exact=True).click()
    page.locator("#id_tolerance").fill("10")
    clerk.checks()
    expect(page.locator("[data-what=overlap]")).to_have_count(0)
    expect(gaps.filter(has_text=re.compile(r"1,2\d\d"))).to_have_count(0)


def test_unusable_rows_are_named_and_may_be_left_out(clerk: Clerk, areas: Callable, tmp_path: Path) -> None:
    page = clerk.reads(files.unusable_rows(tmp_path), crs="EPSG:4326")
    clerk.checks()
    rows = {row.get_attribute("data-row") for row in page.locator(".findings-error .finding").all()}
    assert rows == {"2", "3", "4"}
    expect(page.locator(".wizard-apply")).to_have_count(0)
    clerk.presses(says("Leave out the rows that cannot be used"))
    expect(page.locator(".findings-error")).to_have_count(0)
    assert clerk.counts()["new"] == 1
    clerk.imports()
    assert files.code(0) in areas()
    clerk.undoes()


def test_duplicate_codes_forbid_the_import_and_say_which_rows(
    clerk: Clerk, areas: Callable, tmp_path: Path
) -> None:
    page = clerk.reads(files.duplicate_codes(tmp_path), crs="EPSG:4326")
    clerk.checks()
    rows = page.locator("[data-what=duplicate] .finding")
    assert {row.get_attribute("data-row") for row in rows.all()} == {"1", "3"}
    expect(page.locator("[data-what=duplicate]")).to_contain_text(
        says("Each area needs a code of its own. Correct the codes in the file and choose it again.")
    )
    expect(page.locator(".wizard-apply")).to_have_count(0)
    expect(page.get_by_role("link", name=says("Choose the corrected file"))).to_be_visible()
    # Not even somebody who leaves the page out gets them in.
    token = page.locator("meta[name=csrf-token]").get_attribute("content")
    answer = page.request.post(
        page.url.replace("/report/", "/apply/"), headers={"X-CSRFToken": token, "Referer": page.url}
    )
    assert answer.status == 409


def test_a_name_with_a_script_in_it_is_text_everywhere(clerk: Clerk, areas: Callable, tmp_path: Path) -> None:
    script = "<script>window.hurt=1;alert(1)</script>"
    page = clerk.reads(files.hostile_name(tmp_path, script), crs="EPSG:4326")
    expect(page.locator(".sample")).to_contain_text(script)
    expect(page.locator("#id_name_field option:checked")).to_contain_text("<script>")
    clerk.checks()
    page.get_by_text(says("What is added")).click()
    expect(page.locator(".listed").first).to_contain_text(script)
    box = page.locator(".fate-line-new").first.bounding_box()
    assert box is not None
    for path in page.locator(".fate-line-new").all():
        path.dispatch_event("mouseover")
    expect(page.locator(".leaflet-tooltip").first).to_be_attached()
    clerk.imports()
    clerk.goes(f"/console/areas/?q={files.code(0)}")
    clerk.sees(script)
    assert page.evaluate("window.hurt") is None
    clerk.goes("/console/import/")
    page.locator(".history a.btn").first.click()
    clerk.presses(says("Undo this import"))
    expect(page.locator("#messages .note-success")).to_be_visible()


# --- Files that are refused ------------------------------------------------------------------------


def refused(clerk: Clerk, file: Path) -> str:
    """What the first page says about a file; no job may be left of it."""
    page = clerk.opens(file)
    expect(page.locator("#file-error")).to_be_visible()
    expect(page.locator("#id_file")).to_be_visible()
    expect(page.locator(".jobs", has_text=file.name)).to_have_count(0)
    return page.locator("#file-error").inner_text()


def test_an_empty_file_is_refused_with_what_to_do(clerk: Clerk, areas: Callable, tmp_path: Path) -> None:
    assert "空" in refused(clerk, files.empty(tmp_path))


def test_a_file_that_is_too_big_is_not_even_sent(clerk: Clerk, areas: Callable, tmp_path: Path) -> None:
    page = clerk.goes("/console/import/")
    form = page.locator("#upload")
    assert int(form.get_attribute("data-most") or 0) == 512 * 1024**2
    form.evaluate("form => (form.dataset.most = 100)")
    page.locator("#id_file").set_input_files(files.plain(tmp_path))
    assert "512" in page.locator("#id_file").evaluate("input => input.validationMessage")
    clerk.presses(says("Read the file"))
    expect(page.locator("#upload")).to_be_visible()
    form.evaluate("form => (form.dataset.most = 100000)")
    page.locator("#id_file").set_input_files(files.geojson_in_cgcs2000(tmp_path))
    clerk.presses(says("Read the file"))
    expect(page.locator("#read-form")).to_be_visible()


def test_a_small_zip_that_unpacks_to_much_is_not_unpacked(
    clerk: Clerk, areas: Callable, tmp_path: Path, product: services.Product
) -> None:
    file = files.zip_bomb(tmp_path)
    assert file.stat().st_size < 200 * 1024
    before = set((product.data_dir / "imports").glob("*"))
    assert "bomb.zip" in refused(clerk, file)
    assert set((product.data_dir / "imports").glob("*")) == before


@pytest.fixture
def bait() -> Iterator[tuple[str, list[str]]]:
    with listening() as found:
        yield found


def test_a_virtual_file_reads_no_system_file_and_calls_no_server(
    clerk: Clerk, areas: Callable, tmp_path: Path, bait: tuple[str, list[str]]
) -> None:
    address, asked = bait
    secret = tmp_path / "secret.csv"
    secret.write_text("name,code\n机密文件,S1\n", encoding="utf-8")
    for source in (str(secret), "/etc/passwd", address, f"/vsicurl/{address}"):
        message = refused(clerk, files.virtual_file(tmp_path, source))
        assert "VRT" in message
        assert "机密" not in clerk.page.content()
        assert "root:" not in clerk.page.content()
    assert asked == []
    # The bait works: whoever is asked to, finds it.
    clerk.page.request.get(address)
    assert asked == ["/bait.geojson"]


# --- Back and forth --------------------------------------------------------------------------------


def test_two_steps_back_keep_what_was_chosen_and_leaving_finds_it_again(
    clerk: Clerk, areas: Callable, tmp_path: Path
) -> None:
    page = clerk.reads(files.plain(tmp_path), crs="GCJ-02")
    page.locator("#id_name_field").select_option("code")
    page.locator("#id_tolerance").fill("2.5")
    page.get_by_label(says("Retire them: the file has everything there is")).check()
    clerk.checks()
    clerk.page.get_by_role("link", name=says("Back"), exact=True).click()
    expect(page.locator("#id_tolerance")).to_have_value("2.5")
    page.locator("#id_tolerance").fill("3.5")
    page.locator("button[name=back]").click()
    expect(page.locator("input[value='GCJ-02']")).to_be_checked()
    clerk.presses(says("On to the columns"))
    expect(page.locator("#id_tolerance")).to_have_value("3.5")
    expect(page.locator("#id_name_field")).to_have_value("code")
    expect(page.get_by_label(says("Retire them: the file has everything there is"))).to_be_checked()
    expect(page.locator("#id_parent")).to_have_value(f"={GROUND_CODE}")

    clerk.goes("/")
    clerk.goes("/console/import/")
    mine = page.locator(".jobs li", has_text="网格.geojson").first
    mine.get_by_role("link").click()
    expect(page.locator("#id_tolerance")).to_have_value("3.5")
    clerk.goes("/console/import/")
    jobs = page.locator(".jobs li").count()
    mine.get_by_role("button").click()
    expect(page.locator(".jobs li")).to_have_count(jobs - 1)


def test_nobody_else_sees_or_touches_the_job(
    clerk: Clerk, areas: Callable, tmp_path: Path, product: services.Product, browser: Browser
) -> None:
    page = clerk.reads(files.plain(tmp_path), crs="EPSG:4326")
    clerk.checks()
    job = page.url.split("/import/")[1].split("/")[0]
    clerk.imports()
    clerk.follows(page.get_by_role("link", name=says("Undo this import …")))
    undo = page.url
    foreigner = Clerk.sits_down(browser, product.url, viewport=DESK).signs_in_by_password("foreigner")
    there = foreigner.goes("/console/import/")
    expect(there.locator(".history")).to_have_count(0)
    expect(there.locator(".jobs")).to_have_count(0)
    token = there.locator("meta[name=csrf-token]").get_attribute("content")
    form = {"headers": {"X-CSRFToken": token, "Referer": product.url}}
    for step in ("", "file/", "columns/", "report/", "report/map/", "result/", "progress/"):
        assert there.request.get(f"/console/import/{job}/{step}").status == 404, step
    for step in ("file/", "columns/", "apply/", "drop/"):
        assert there.request.post(f"/console/import/{job}/{step}", **form).status == 404, step
    assert there.request.get(undo).status == 404
    assert there.request.post(undo, **form).status == 404
    # Their own street they may import into; ours is not among the choices, whatever they send.
    mine = foreigner.opens(files.plain(tmp_path))
    mine.locator("input[name=crs][value='EPSG:4326']").check()
    foreigner.presses(says("On to the columns"))
    expect(mine.locator("#columns-form")).to_be_visible()
    expect(mine.locator(f"#id_parent option[value='={GROUND_CODE}']")).to_have_count(0)
    foreigner.leaves()
    resident = Person.sits_down(browser, product.url).signs_in_by_password("resident")
    assert resident.page.request.get("/console/import/").status == 403
    resident.leaves()
    clerk.presses(says("Undo this import"))
    expect(page.locator("#messages .note-success")).to_be_visible()


# --- While it works --------------------------------------------------------------------------------


#: Keep what a page shows of the work's progress, also when it has gone on to another page.
WATCH_SHARES = """
() => {
  const share = document.querySelector("[data-share]");
  const box = document.querySelector("[data-progress]");
  sessionStorage.shares = "";
  new MutationObserver(() => {
    sessionStorage.shares += ` ${share.textContent}`;
    sessionStorage.told = box.dataset.told ?? "";
  }).observe(share, { childList: true, characterData: true, subtree: true });
}
"""


def latest_job(product: services.Product) -> Path:
    """The folder in which the product keeps the import that was begun last."""
    folders = [each for each in (product.data_dir / "imports").iterdir() if each.is_dir()]
    return max(folders, key=lambda folder: folder.stat().st_mtime_ns)


@pytest.mark.parametrize("told", ["by the socket", "by asking"])
def test_progress_is_seen_while_many_areas_are_imported(
    clerk: Clerk, areas: Callable, tmp_path: Path, told: str, product: services.Product
) -> None:
    before = areas()
    if told == "by asking":
        clerk.page.route_web_socket(re.compile("/ws/import/"), lambda socket: socket.close())
    page = clerk.reads(files.many(tmp_path, 3_200), crs="EPSG:4326")
    page.locator("#id_parent").select_option(f"={GROUND_CODE}")
    bar = page.locator("[data-progress] progress")
    # So many are checked in the background. Work begins once the page is there to watch it.
    with services.alone(latest_job(product) / "lock"):
        clerk.presses(says("Show what would happen"))
        expect(bar).to_be_visible()
    expect(page.locator(".report .map-frame[data-ready]")).to_be_visible()
    assert clerk.counts()["new"] == 3_200
    with services.alone(product.data_dir / "imports" / "applying.lock"):
        page.locator(".wizard-apply button").click()
        expect(page.locator("[data-words]")).to_have_text(says("Waiting until another import is done"))
        page.evaluate(WATCH_SHARES)
        if told == "by the socket":
            expect(page.locator("[data-progress]")).to_have_attribute("data-told", "socket")
    clerk.sees(says("What now?"))
    shares = [int(share) for share in page.evaluate("sessionStorage.shares").split()]
    assert shares == sorted(shares)
    assert any(0 < share < 100 for share in shares)
    assert (page.evaluate("sessionStorage.told") == "socket") == (told == "by the socket")
    assert len(areas()) == len(before) + 3_200
    clerk.undoes()


# --- For everybody ---------------------------------------------------------------------------------


def test_the_whole_wizard_works_without_scripts(
    product: services.Product, browser: Browser, areas: Callable, tmp_path: Path
) -> None:
    clerk = Clerk.sits_down(browser, product.url, viewport=DESK, java_script_enabled=False)
    clerk.signs_in_by_password("administrator")
    page = clerk.goes("/console/import/")
    page.locator("#id_file").set_input_files(files.plain(tmp_path))
    clerk.presses(says("Read the file"))
    page.locator("input[name=crs][value='EPSG:4326']").check()
    clerk.presses(says("On to the columns"))
    page.locator("#id_parent").select_option(f"={GROUND_CODE}")
    clerk.presses(says("Show what would happen"))
    assert clerk.counts()["new"] == 3
    page.locator(".wizard-apply button").click()
    again = page.get_by_role("link", name=says("How far is it now?"))
    done = page.get_by_role("link", name=says("Undo this import …"))
    expect(again.or_(done)).to_be_visible()
    while again.count():
        clerk.follows(again)
    clerk.undoes()
    clerk.leaves()


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_on_the_steps(
    clerk: Clerk, product: services.Product, areas: Callable, tmp_path: Path, look: str
) -> None:
    clerk.context.add_cookies([{**cookie, "url": product.url} for cookie in LOOKS[look]])
    found: list[str] = []

    def looks_at(step: str) -> None:
        clerk.page.wait_for_load_state("networkidle")
        for width in (1440, 1024, 390):
            clerk.page.set_viewport_size({"width": width, "height": 900})
            assert fits(clerk.page), f"{step} is too wide at {width}"
        clerk.page.set_viewport_size(DESK)
        found.extend(f"{step}: {violation}" for violation in violations(clerk.page))

    page = clerk.opens(files.overlaps_and_gaps(tmp_path))
    expect(page.locator("#read-form")).to_be_visible()
    looks_at("file")
    page.locator("input[name=crs][value='EPSG:4326']").check()
    clerk.presses(says("On to the columns"))
    expect(page.locator("#columns-form")).to_be_visible()
    looks_at("columns")
    clerk.checks()
    looks_at("report")
    clerk.imports()
    looks_at("result")
    clerk.undoes()
    looks_at("start")
    assert found == [], "\n" + "\n".join(found)


# --- Real data -------------------------------------------------------------------------------------


@pytest.mark.realdata
def test_the_subdistricts_of_beijing_come_in_with_their_repairs_named(
    clerk: Clerk, areas: Callable, real_data: Path
) -> None:
    before = areas()
    page = clerk.opens(real_data / "beijing_subdistricts_utm50n.gpkg")
    expect(page.locator("#read-form")).to_be_visible()
    # It says UTM 50 N, which lies far from this town: the person has to say that it is meant so.
    expect(page.locator("input[name=crs]:checked")).to_have_count(0)
    page.locator("input[name=crs][value='EPSG:32650']").check()
    clerk.presses(says("On to the columns"))
    clerk.checks()
    page.locator("[data-what=repaired] > summary").click()
    expect(page.locator("[data-what=repaired] > .finding-list > .finding")).to_have_count(6)
    assert clerk.counts()["new"] == 111
    clerk.imports()
    written = {code: row for code, row in areas().items() if code not in before}
    assert len(written) == 111
    assert all(115.9 < row[2] < row[4] < 117 for row in written.values())
    clerk.undoes()
