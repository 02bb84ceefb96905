"""The pages with figures, the files made from them, and the report on paper, on the cases of the table."""

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pymupdf
import pyogrio
import pytest
import time_machine
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation
from openpyxl import load_workbook

from grid import stamp
from grid.models import Responsibility, User
from maps.indicators.actions import jobs
from maps.indicators.actions.follow import follow
from maps.indicators.models import FigureJob
from maps.indicators.periods import Period
from maps.indicators.reading import Question
from maps.indicators.report import write_report
from maps.indicators.report.drawings import SEQUENCE
from tests import services
from tests.factories import Town
from tests.maps.figures_table import SUMS, Living, lines, lived_through
from tests.workflows.desk_helpers import page, signed_in
from tests.workflows.office import local
from workflows.models import Exclusion, Request

pytestmark = pytest.mark.django_db

#: November's figures as they were known at the end of November: those of the table.
NOVEMBER = {"period": "2026-11", "known": "2026-11-30"}
HOSTILE = "=cmd|'/C calc'!A0"


@pytest.fixture(scope="module")
def lived(django_db_setup, django_db_blocker, tmp_path_factory):
    """The table, lived once for all tests of this file; what a test writes on top of it is taken back."""
    with django_db_blocker.unblock(), lived_through(tmp_path_factory.mktemp("media")) as lived:
        yield lived


@pytest.fixture
def town(lived) -> Iterator[Town]:
    """The town on 20 December."""
    with time_machine.travel(local("2026-12-20 09:00"), tick=False):
        yield lived[0]


@pytest.fixture
def cases(lived) -> dict[int, Request]:
    return lived[1]


@pytest.fixture
def desk(town: Town) -> Client:
    return signed_in(town.supervisor)


def key_figures(html: str) -> dict[str, tuple[str, str]]:
    """Indicator → its value and the n beside it, as the page shows them."""
    found = {}
    for block in re.findall(r'<li class="kpi".*?</li>', html, re.S):
        name = re.search(r'data-indicator="(\w+)"', block)
        value, n = (re.search(rf'class="kpi-{what}">([^<]*)<', block) for what in ("value", "n"))
        assert name
        assert value
        found[name[1]] = (value[1], n[1] if n else "")
    return found


def listed(html: str) -> set[str]:
    return set(re.findall(r'data-number="(\w+)"', html))


# --- pages -------------------------------------------------------------------------------------------
def test_a_supervisor_sees_each_figure_with_its_n_and_the_period_before(desk: Client):
    html = page(desk, "figures", **NOVEMBER)
    shown = key_figures(html)
    assert shown["handled"] == ("80.0%", "16/20")
    assert shown["handled_in_time"] == ("60.0%", "12/20")
    assert shown["overdue"] == ("15.0%", "3/20")
    assert shown["satisfied"] == ("71.4%", "5/7")
    assert shown["composite"] == ("81.5", "n=20")
    assert shown["points"] == ("14", "n=4")
    assert shown["filed"] == ("25", "")
    # Case 23 was filed in October, and nothing was due there yet.
    assert re.search(r'data-indicator="filed".*?上期：1 ', html, re.S)
    assert "路灯不亮" not in html
    assert "何居民" not in html


def test_behind_every_number_are_its_cases_and_nobody_s_words(desk: Client, cases: dict[int, Request]):
    overdue = page(desk, "figure_cases", indicator="overdue", **NOVEMBER)
    assert listed(overdue) == {cases[number].number for number in (7, 25, 26)}
    rest = page(desk, "figure_cases", indicator="satisfied", part="rest", **NOVEMBER)
    assert listed(rest) == {cases[number].number for number in (2, 21)}
    for html in (overdue, rest):
        assert "路灯不亮" not in html
        assert "何居民" not in html
    page(desk, "figure_cases", indicator="nonsense", **NOVEMBER, status=404)


def test_a_table_s_row_leads_into_the_area_and_to_its_cases(desk: Client, town: Town, cases):
    html = page(desk, "figures", **NOVEMBER)
    first, second = (community.code for community in town.communities)
    assert html.count(f'<tr data-code="{first}">') == html.count(f'<tr data-code="{second}">') == 1
    inside = page(desk, "figures", area=first, **NOVEMBER)
    assert {grid.code for grid in town.grids[:4]} <= set(re.findall(r'<tr data-code="(\w+)">', inside))
    mine = {cases[line.number].number for line in lines() if 1 <= line.grid <= 4 and line.counts["overdue"]}
    assert listed(page(desk, "figure_cases", indicator="overdue", area=first, **NOVEMBER)) == mine


def test_every_number_of_the_chart_stands_in_a_table(desk: Client):
    html = page(desk, "figures", **NOVEMBER)
    for chart in re.findall(r'data-chart="\w+" data-table="([\w-]+)"', html):
        assert f'id="{chart}"' in html
    table = html[html.index('id="days-table"') :]
    days = re.findall(r'<td class="number">(\d+)</td>', table[: table.index("</table>")])
    assert sum(map(int, days[::2])) == SUMS["filed"]
    assert sum(map(int, days[1::2])) == SUMS["done"]


@pytest.mark.parametrize(
    "asked",
    [
        {"period": "2026-13"},
        {"period": "other", "first": "2026-11-09"},
        {"period": "other", "first": "2026-11-09", "last": "2026-11-02"},
        {"period": "2026-11", "area": "000"},
    ],
)
def test_what_makes_no_sense_is_answered_with_what_to_do(desk: Client, asked: dict[str, str]):
    assert 'role="alert"' in page(desk, "figures", **asked, status=400)


def test_a_period_without_any_case_says_so(desk: Client):
    assert "empty-state" in page(desk, "figures", period="2025-01")


def test_nobody_else_gets_in(town: Town, cases):
    for user in (town.resident, town.member1, town.shift_leader):
        client = signed_in(user)
        page(client, "figures", status=403)
        page(client, "figure_cases", indicator="overdue", **NOVEMBER, status=404)
    assert Client().get(reverse("figures")).status_code == 302
    page(signed_in(town.resident), "figures_mine", status=403)


def test_a_supervisor_of_one_community_sees_nothing_of_the_other(town: Town, cases):
    town.assign(town.stranger, "supervisor", town.communities[1])
    client = signed_in(town.stranger)
    html = page(client, "figures", **NOVEMBER)
    assert key_figures(html)["filed"][0] == str(sum(1 for x in lines() if x.grid > 4 and x.counts["filed"]))
    page(client, "figures", area=town.communities[0].code, **NOVEMBER, status=400)
    page(client, "figure_cases", indicator="filed", area=town.street.code, **NOVEMBER, status=404)
    theirs = {cases[line.number].number for line in lines() if line.grid > 4 and line.counts["overdue"]}
    assert listed(page(client, "figure_cases", indicator="overdue", **NOVEMBER)) == theirs


def test_members_see_their_own_figures_points_and_cases(town: Town, cases):
    client = signed_in(town.member1)
    shown = key_figures(page(client, "figures_mine", **NOVEMBER))
    assert shown["points"] == ("10", "n=3")
    own = {cases[x.number].number for x in lines() if x.member == "member1" and x.counts["handled_in_time"]}
    html = page(client, "figure_cases", own="1", indicator="handled_in_time", **NOVEMBER)
    assert listed(html) == own


def test_the_page_costs_the_same_for_few_areas_as_for_many(desk: Client, town: Town):
    def queries(area: str) -> int:
        page(desk, "figures", area=area, **NOVEMBER)
        with CaptureQueriesContext(connection) as captured:
            page(desk, "figures", area=area, **NOVEMBER)
        return len(captured)

    four, three = (queries(community.code) for community in town.communities)
    assert four == three <= 25


# --- what does not count -----------------------------------------------------------------------------
def test_a_superior_takes_a_case_out_of_the_figures_with_a_reason(desk: Client, town: Town, cases):
    case = cases[7]
    url = reverse("figure_exclude", args=[case.number])
    assert desk.post(url, {"exclude": "1", "reason": " "}).status_code == 409
    back = f"{reverse('figures')}?period=2026-11"
    assert desk.post(url, {"exclude": "1", "reason": "产权属国网", "back": back}).url == back
    assert desk.post(url, {"exclude": "1", "reason": "再次"}).status_code == 409
    # From now on; not in what was known before.
    assert key_figures(page(desk, "figures", period="2026-11"))["excluded"] == ("2", "")
    assert key_figures(page(desk, "figures", **NOVEMBER))["excluded"] == ("1", "")
    assert "产权属国网" in page(desk, "figure_cases", indicator="excluded", period="2026-11")
    assert desk.post(url, {"include": "1", "reason": "已移交"}).status_code == 302
    assert key_figures(page(desk, "figures", period="2026-11"))["excluded"] == ("1", "")
    excluded = Exclusion.objects.get(request=case)
    assert (excluded.by, excluded.ended_by) == (town.supervisor, town.supervisor)


def test_nobody_takes_their_own_case_out_nor_somebody_who_is_no_superior(town: Town, cases):
    url = reverse("figure_exclude", args=[cases[7].number])
    for user in (town.member2, town.resident, town.checker):
        assert signed_in(user).post(url, {"exclude": "1", "reason": "忙"}).status_code in (404, 409)
    town.assign(town.member2, "supervisor", town.street)
    assert signed_in(town.member2).post(url, {"exclude": "1", "reason": "忙"}).status_code == 404
    assert not Exclusion.objects.filter(request=cases[7]).exists()
    # Whoever had it may read why it does not count.
    assert "产权属国网" in page(signed_in(town.member5), "figure_exclude", cases[18].number)


# --- files -------------------------------------------------------------------------------------------
def made(client: Client, kind: str, **asked: str) -> tuple[FigureJob, bytes]:
    """A file as it is asked for on the page, made by the worker, and downloaded."""
    answer = client.post(reverse("figure_file_start"), {"format": kind, **NOVEMBER, **asked})
    job = FigureJob.objects.latest("created_at")
    assert answer.url == reverse("figure_file", args=[job.pk])
    waiting = client.get(answer.url).content.decode()
    assert f"/ws/figures/{job.pk}/" in waiting
    assert jobs.run_waiting() == 1
    job.refresh_from_db()
    assert job.stage == "done", job.message
    assert json.loads(client.get(reverse("figure_file_progress", args=[job.pk])).content)["is_done"]
    assert reverse("figure_file_download", args=[job.pk]) in client.get(answer.url).content.decode()
    download = client.get(reverse("figure_file_download", args=[job.pk]))
    assert download["Cache-Control"] == "private, no-store"
    return job, b"".join(download.streaming_content)


def hostile(town: Town) -> None:
    """The first grid has a name that a spreadsheet would take for a formula."""
    town.grids[0].__class__.objects.filter(pk=town.grids[0].pk).update(name=HOSTILE)


def test_a_workbook_has_the_figures_and_texts_stay_texts(desk: Client, town: Town):
    hostile(town)
    _job, content = made(desk, "xlsx")
    book = load_workbook(io.BytesIO(content))
    total, areas, *_others = book.worksheets
    row = dict(zip([cell.value for cell in total[1]], [cell.value for cell in total[2]], strict=True))
    assert (row["上报数"], row["按期处置率 %"], row["按期处置率：件数"], row["按期处置率：总数"]) == (
        25,
        60,
        12,
        20,
    )
    cells = [cell for line in areas.iter_rows() for cell in line if cell.value == HOSTILE]
    assert [(cell.data_type, cell.quotePrefix) for cell in cells] == [("s", True)]
    assert areas.max_row == 1 + 1 + len(town.communities) + len(town.grids)


def test_a_csv_has_the_figures_and_no_formula(desk: Client, town: Town):
    hostile(town)
    _job, content = made(desk, "csv")
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert [row[1] for row in rows if HOSTILE in "".join(row)] == [f"'{HOSTILE}"]
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "@"))]


def test_a_geopackage_has_the_areas_with_their_figures(desk: Client, town: Town, tmp_path: Path):
    _job, content = made(desk, "gpkg")
    (tmp_path / "figures.gpkg").write_bytes(content)
    table = pyogrio.read_dataframe(tmp_path / "figures.gpkg", layer="figures").set_index("code")
    assert len(table) == 1 + len(town.communities) + len(town.grids)
    street = table.loc[town.street.code]
    assert (street["handled"], street["handled_of"], street["points"]) == (0.8, 20, 14)
    assert table.geometry.notna().all()
    assert table.crs == "EPSG:4326"


def test_files_are_for_whoever_asked_while_they_watch_it_and_expire(desk: Client, town: Town, settings):
    job, _content = made(desk, "csv")
    url = reverse("figure_file_download", args=[job.pk])
    assert signed_in(town.administrator).get(url).status_code == 404
    assert signed_in(town.member1).get(url).status_code == 403
    post = Responsibility.objects.get(role="supervisor", member__user=town.supervisor)
    town.assign(town.supervisor, "supervisor", town.communities[0])
    Responsibility.objects.filter(pk=post.pk).update(until=timezone.now() - timedelta(hours=1))
    stamp.bump()
    assert signed_in(User.objects.get(pk=town.supervisor.pk)).get(url).status_code == 404
    assert default_storage.exists(job.file)
    with time_machine.travel(
        timezone.now() + timedelta(days=settings.LINLI_FIGURES_KEEP_DAYS + 1), tick=False
    ):
        assert jobs.remove_old_files() == 1
    assert not default_storage.exists(job.file)


def test_a_file_is_not_made_for_somebody_who_does_not_watch_it_any_more(desk: Client, town: Town):
    desk.post(reverse("figure_file_start"), {"format": "csv", **NOVEMBER})
    Responsibility.objects.filter(role="supervisor", member__user=town.supervisor).update(
        until=timezone.now() - timedelta(hours=1)
    )
    stamp.bump()
    assert jobs.run_waiting() == 1
    job = FigureJob.objects.latest("created_at")
    assert (job.stage, job.file) == ("failed", "")
    assert job.message


# --- the report --------------------------------------------------------------------------------------
def test_the_report_is_a_document_in_chinese_with_maps_in_it(desk: Client, town: Town, cases):
    job, content = made(desk, "pdf")
    document = pymupdf.open(stream=content)
    assert len(document) == job.report["pages"] >= 3
    words = [sheet.get_text() for sheet in document]
    for text in ("清河街道 · 工作月报", "2026年11月", "主要指标", "60.0%", "12/20", "81.5", "3件超期未处置"):
        assert text in words[0], text
    everything = "".join(words)
    for text in ("和平里社区", "新华社区", "合计", "等待最久", "指标说明", cases[7].number, "路灯"):
        assert text in everything, text
    for secret in ("路灯不亮", "何居民", "吕居民", "13800"):
        assert secret not in everything
    # Numbers of pages at the foot of each; one font, embedded, no larger than what is used of it.
    assert all(f"{number} / {len(document)}" in text for number, text in enumerate(words, start=1))
    assert len(content) < 400_000
    assert all(font[1] != "n/a" for sheet in document for font in sheet.get_fonts())


def test_the_report_s_maps_show_every_grid_in_the_colour_of_its_class(desk: Client, town: Town):
    _job, content = made(desk, "pdf")
    document = pymupdf.open(stream=content)
    (sheet,) = [sheet for sheet in document if "各网格按期处置率" in sheet.get_text()]
    fills = [shape["fill"] for shape in sheet.get_drawings() if shape["fill"] and len(shape["items"]) >= 4]
    coloured = [fill for fill in fills if any(close(fill, tint) for tint in SEQUENCE)]
    # Each of the two maps has seven grids, all with cases, and so many boxes in its legend.
    assert len(coloured) >= 2 * len(town.grids)
    pixels = sheet.get_pixmap(dpi=50)
    dark = tuple(round(255 * part) for part in SEQUENCE[-1])
    assert any(pixels.pixel(x, y) == dark for x in range(pixels.width) for y in range(pixels.height))


def close(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return all(abs(a - b) < 0.01 for a, b in zip(one, other, strict=True))


def test_the_same_report_is_the_same_to_the_byte_whatever_happens_later(town: Town, tmp_path: Path, cases):
    question = Question(
        town.supervisor, Period.parse("2026-11"), town.street, as_of=local("2026-12-01 00:00")
    )
    files = [tmp_path / "one.pdf", tmp_path / "two.pdf"]
    with translation.override("zh-hans"):
        write_report(question, files[0])
        Living(town)._file(next(iter(lines())))
        signed_in(town.supervisor).post(
            reverse("figure_exclude", args=[cases[7].number]), {"exclude": "1", "reason": "产权属国网"}
        )
        follow()
        write_report(question, files[1])
    assert files[0].read_bytes() == files[1].read_bytes()


# --- on PostgreSQL -----------------------------------------------------------------------------------
ON_POSTGRES = """
import json, threading
from django.db import connections, transaction
from maps.indicators import by_area
from maps.indicators.actions.follow import catch_up, follow
from maps.indicators.models import Followed
from maps.indicators.periods import Period
from maps.indicators.reading import Question, of_days, total
from django.utils import timezone
from tests.factories import Town
from tests.workflows.desk_helpers import filed
from workflows.actions.exclusions import exclude_case
town = Town.found()
period = Period.month(timezone.localdate())
first = filed(town, grid=1)
follow()
begun, go = threading.Event(), threading.Event()

def registered():
    return total(Question(town.supervisor, period, as_of=catch_up()))["registered_in_time"].of

def slow():
    with transaction.atomic():
        exclude_case(request_id=first.pk, actor=town.supervisor, reason="x")
        begun.set()
        go.wait()
    connections.close_all()

late = threading.Thread(target=slow)
late.start()
begun.wait()
filed(town, grid=2)
seen = [registered()]
gaps = bool(Followed.objects.get().gaps)
go.set()
late.join()
seen.append(registered())
follow()
left = Followed.objects.get().gaps
found = by_area(town.supervisor, period=period, areas=town.grids)
print(json.dumps({
    "seen": seen, "gaps": gaps, "left": left,
    "grids": [found[grid.pk]["filed"].count for grid in town.grids],
    "days": sum(day["filed"].count for day in of_days(Question(town.supervisor, period)).values()),
}))
"""


@pytest.mark.postgres
def test_what_commits_late_on_postgresql_is_counted_when_it_does(environment_of):
    """Its events have smaller numbers than those that were read before."""
    said = json.loads(services.python(ON_POSTGRES, environment_of("postgres")).splitlines()[-1])
    assert said["seen"] == [2, 1]
    assert said["gaps"] is True
    assert said["left"] == []
    assert said["grids"][:3] == [1, 1, 0]
    assert said["days"] == 2
