"""Taking over cases from another system's file."""

import csv
import tomllib
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count, F, Q

from realtime.log import Subject, verify
from realtime.models import Event, Notification
from tests.factories import Town
from workflows.actions.history import import_history
from workflows.history import BadMapping, read_mapping, read_rows
from workflows.models import Request, Source, State
from workflows.policies import visible_requests
from workflows.timeline import timeline

BOSTON = Path(__file__).parents[2] / "docs" / "examples" / "boston311.toml"

MAPPING = """
system = "old"
time_zone = "Asia/Shanghai"
date_formats = ["%Y/%m/%d %H:%M", "iso"]
datum = "gcj02"
urgent = ["急"]

[columns]
id = "编号"
filed_at = "上报时间"
closed_at = "结案时间"
due_at = "截止时间"
limit = "时限"
state = "状态"
text = ["标题", "描述"]
closing_note = ["结果"]
category = "类别"
urgency = "紧急"
address = "地址"
lon = "经度"
lat = "纬度"
on_time = "按期"

[states]
"已结案" = "closed"
"处理中" = "handling"
"不予立案" = "rejected"

[categories]
"路灯" = "repairs-streetlight"
"井盖" = "repairs-manhole"

[limits]
"2小时" = { limit = 2, clock = "urgent_hours" }
"5工作日" = { limit = 5, clock = "work_days" }

[on_time]
yes = ["是"]
no = ["否"]
"""

GOOD = {
    "编号": "A1",
    "上报时间": "2026/05/13 10:00",
    "结案时间": "2026/05/14 09:30",
    "截止时间": "2026/05/14 10:00",
    "时限": "",
    "状态": "已结案",
    "标题": "路灯不亮",
    "描述": "三天了",
    "结果": "换了灯泡",
    "类别": "路灯",
    "紧急": "急",
    "地址": "和平里1号",
    "经度": "",
    "纬度": "",
    "按期": "是",
}


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture
def take_over(tmp_path, settings, capsys):
    """``take_over({...}, {...})``: import rows that differ from ``GOOD`` in these cells; what was printed."""
    settings.DATA_DIR = tmp_path / "data"
    mapping = tmp_path / "old.toml"
    mapping.write_text(MAPPING, encoding="utf-8")

    def run(*rows: dict[str, str], encoding: str = "utf-8") -> str:
        file = tmp_path / "old.csv"
        with file.open("w", encoding=encoding, newline="") as stream:
            writer = csv.DictWriter(stream, GOOD.keys())
            writer.writeheader()
            writer.writerows(GOOD | row for row in rows)
        call_command("import_requests", str(file), mapping=mapping)
        return capsys.readouterr().out

    return run


def rejects(tmp_path) -> list[dict[str, str]]:
    with (tmp_path / "data" / "imports" / "old.rejects.csv").open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.django_db
def test_a_row_becomes_a_case_with_the_file_s_times_and_state(town: Town, take_over):
    printed = take_over({})
    assert "1 rows read: 1 imported, 0 rejected, 0 already there" in printed
    case = Request.objects.get()
    assert (case.external_system, case.external_id, case.source) == ("old", "A1", Source.IMPORT)
    assert (case.state, case.urgency, case.address) == (State.CLOSED, "urgent", "和平里1号")
    assert case.text == "路灯不亮\n三天了"
    assert case.category is not None
    assert case.category.code == "repairs-streetlight"
    assert case.filed_at == shanghai("2026-05-13 10:00")
    assert case.closed_at == shanghai("2026-05-14 09:30")
    assert case.due_at == shanghai("2026-05-14 10:00")
    assert case.yellow_at == shanghai("2026-05-14 05:12")
    assert case.number.startswith("00000020260513")


@pytest.mark.django_db
def test_the_story_is_that_of_the_file_and_its_chain_holds(town: Town, take_over):
    take_over({})
    case = Request.objects.get()
    assert verify(Subject("request", case.pk)) == 2
    told = timeline(case, town.supervisor)
    assert [(entry.kind, entry.at) for entry in told] == [
        ("request.imported", shanghai("2026-05-13 10:00")),
        ("request.closed", shanghai("2026-05-14 09:30")),
    ]
    assert told[-1].text == "换了灯泡"
    assert not Notification.objects.exists()


@pytest.mark.django_db
def test_points_are_converted_and_placed_and_points_elsewhere_are_kept(town: Town, take_over):
    from grid.datums import from_wgs84

    lon, lat = town.point_in(2)
    there = from_wgs84(lon, lat, "gcj02")
    take_over(
        {"编号": "in", "经度": str(there[0]), "纬度": str(there[1])},
        {"编号": "far", "经度": "-71.06", "纬度": "42.36"},
        {"编号": "nowhere"},
    )
    inside = Request.objects.get(external_id="in")
    assert (inside.area, inside.placed) == (town.grids[1], "inside")
    assert (inside.lon, inside.lat) == pytest.approx((lon, lat), abs=1e-6)
    assert inside.number.startswith("14990120260513")
    far = Request.objects.get(external_id="far")
    assert (far.area, far.placed, far.lon, far.lat) == (None, "unplaced", -71.06, 42.36)
    # Whoever watches the whole town has them on the map, the member of a grid only those in it.
    assert visible_requests(town.supervisor).count() == 3
    assert list(visible_requests(town.member2)) == [inside]


@pytest.mark.django_db
def test_limits_of_the_file_run_on_our_clocks(town: Town, take_over):
    take_over(
        {"编号": "1", "截止时间": "", "时限": "2小时"},
        {"编号": "2", "截止时间": "", "时限": "5工作日"},
        {"编号": "3", "截止时间": "", "时限": ""},
    )
    due = {case.external_id: case.due_at for case in Request.objects.all()}
    assert due == {"1": shanghai("2026-05-13 12:00"), "2": shanghai("2026-05-20 10:00"), "3": None}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"编号": " "}, "编号 is empty"),
        ({"编号": "x" * 81}, "80 characters"),
        ({"上报时间": ""}, "上报时间 is empty"),
        ({"上报时间": "13.05.2026"}, "fits none of the date formats"),
        ({"上报时间": "2026/13/45 99:00"}, "fits none of the date formats"),
        ({"上报时间": "2199/01/01 00:00", "结案时间": "2199/01/02 00:00"}, "in the future"),
        ({"状态": "挂起"}, "[states] does not name"),
        ({"结案时间": ""}, "no time of closing"),
        ({"状态": "处理中"}, "has a time of closing"),
        ({"结案时间": "2026/05/12 10:00"}, "closed before it was filed"),
        ({"标题": "", "描述": " "}, "all empty"),
        ({"标题": "a" * 10_001}, "at most 10000"),
        ({"类别": "天气"}, "[categories] does not name"),
        ({"时限": "一会儿"}, "[limits] does not name"),
        ({"经度": "abc", "纬度": "1"}, "not a pair of numbers"),
        ({"经度": "112"}, "not a pair of numbers"),
        ({"经度": "37.8", "纬度": "112.5"}, "exchanged"),
        ({"经度": "nan", "纬度": "nan"}, "not on the globe"),
    ],
)
def test_a_row_in_error_goes_to_the_rejects_with_its_number_and_reason(
    town: Town, take_over, tmp_path, cells, reason
):
    printed = take_over({"编号": "good"}, {"编号": "bad"} | cells)
    assert "2 rows read: 1 imported, 1 rejected, 0 already there" in printed
    assert "old.rejects.csv" in printed
    (reject,) = rejects(tmp_path)
    assert reject["row"] == "3"
    assert reason in reject["reason"]
    assert {name: reject[name] for name in GOOD} == GOOD | {"编号": "bad"} | cells
    assert [case.external_id for case in Request.objects.all()] == ["good"]


@pytest.mark.django_db
def test_an_id_that_occurs_twice_in_the_file_is_imported_once(town: Town, take_over, tmp_path):
    take_over({}, {"标题": "另一个"})
    assert Request.objects.count() == 1
    assert "row 2 already" in rejects(tmp_path)[0]["reason"]


@pytest.mark.django_db
def test_running_it_twice_imports_nothing_twice(town: Town, take_over, tmp_path):
    take_over({"编号": "1"}, {"编号": "2"}, {"编号": "3", "状态": "?"})
    before = list(Request.objects.order_by("pk").values()), Event.objects.count()
    printed = take_over({"编号": "1"}, {"编号": "2"}, {"编号": "3", "状态": "?"}, {"编号": "4"})
    assert "4 rows read: 1 imported, 1 rejected, 2 already there" in printed
    assert list(Request.objects.exclude(external_id="4").order_by("pk").values()) == before[0]
    assert Event.objects.count() == before[1] + 2
    assert len(rejects(tmp_path)) == 1


@pytest.mark.django_db
def test_a_file_corrected_after_rejection_leaves_no_rejects_behind(town: Town, take_over, tmp_path):
    take_over({"编号": "1", "状态": "?"})
    take_over({"编号": "1"})
    assert not (tmp_path / "data" / "imports" / "old.rejects.csv").exists()


@pytest.mark.django_db
def test_punctuality_is_reckoned_and_set_beside_the_file_s_own_word(town: Town, take_over):
    late = {"结案时间": "2026/05/15 10:00"}
    printed = take_over(
        {"编号": "1"},
        {"编号": "2", **late, "按期": "否"},
        {"编号": "3", **late, "按期": "是"},
        {"编号": "4", "按期": ""},
        {"编号": "5", "状态": "处理中", "结案时间": "", "按期": "否"},
    )
    assert "2 of 4 (50.0%)" in printed
    assert "2 of 3 (66.7%)" in printed
    assert "2 rows agree, 1 differ (rows 4)" in printed


@pytest.mark.django_db
def test_what_was_written_before_a_batch_failed_stays_and_the_rest_comes_with_the_next_run(
    town: Town, tmp_path
):
    mapping, file = tmp_path / "old.toml", tmp_path / "old.csv"
    mapping.write_text(MAPPING, encoding="utf-8")
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, GOOD.keys())
        writer.writeheader()
        writer.writerows(GOOD | {"编号": str(n)} for n in range(5))
    told = read_mapping(mapping)

    def rows():
        return read_rows(file, told, now=datetime.now(UTC))

    next(import_history(rows(), told, batch_size=2))  # and then the process ends
    assert Request.objects.count() == 2
    *_, (tally, _rejects) = import_history(rows(), told, batch_size=2)
    assert (tally.read, tally.imported, tally.already_there) == (5, 3, 2)
    assert Event.objects.filter(subject_type="request").count() == 10


@pytest.mark.django_db
def test_the_wrong_encoding_is_named(town: Town, take_over):
    with pytest.raises(CommandError, match="gb18030"):
        take_over({}, encoding="gb18030")
    assert not Request.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('id = "编号"', 'id = "序号"', "no column 序号"),
        ('system = "old"', "", "system"),
        ('time_zone = "Asia/Shanghai"', 'time_zone = "Mars/Base"', "Mars/Base"),
        ('"已结案" = "closed"', '"已结案" = "finished"', "已结案"),
        ("[columns]", "[colums]", "colums"),
        ('"路灯" = "repairs-streetlight"', '"路灯" = "no-such"', "no-such"),
        ("[states]", "[states", "cannot be read"),
        ('"已结案" =', "已结案 =", "in quotes"),
    ],
)
def test_a_wrong_mapping_is_refused_before_anything_is_read(town: Town, tmp_path, old, new, reason):
    mapping, file = tmp_path / "old.toml", tmp_path / "old.csv"
    mapping.write_text(MAPPING.replace(old, new), encoding="utf-8")
    file.write_text(",".join(GOOD) + "\n", encoding="utf-8")
    with pytest.raises(CommandError, match=reason):
        call_command(
            "import_requests", str(file), mapping=mapping, rejects=tmp_path / "rejects.csv", verbosity=0
        )


def test_a_mapping_that_is_not_there_is_said_to_be_missing(tmp_path):
    with pytest.raises(BadMapping, match=r"nowhere\.toml"):
        read_mapping(tmp_path / "nowhere.toml")


# --- the real file --------------------------------------------------------------------------------------
@pytest.mark.realdata
@pytest.mark.django_db
def test_boston_every_row_is_accounted_for_with_the_file_s_states_and_times(
    town: Town, real_data, tmp_path, capsys
):
    file = real_data / "boston311_street_light_outages_2015.csv"
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = {row["CASE_ENQUIRY_ID"]: row for row in csv.DictReader(stream)}
    assert len(rows) == 7956

    call_command("import_requests", str(file), mapping=BOSTON, rejects=tmp_path / "rejects.csv")
    printed = capsys.readouterr().out
    assert "7,956 rows read: 7,956 imported, 0 rejected, 0 already there" in printed

    states = tomllib.loads(BOSTON.read_text(encoding="utf-8"))["states"]
    expected = {
        number: (
            states[row["CASE_STATUS"]],
            boston_time(row["OPEN_DT"]),
            boston_time(row["TARGET_DT"]),
            boston_time(row["CLOSED_DT"]),
            float(row["LONGITUDE"]),
            float(row["LATITUDE"]),
        )
        for number, row in rows.items()
    }
    columns = ("external_id", "state", "filed_at", "due_at", "closed_at", "lon", "lat")
    found = {case[0]: case[1:] for case in Request.objects.values_list(*columns)}
    assert found == expected

    # On time, reckoned from due and closed, against the file's own word where it gives one.
    with_due = [row for row in expected.values() if row[2] and row[3]]
    in_time = sum(row[3] <= row[2] for row in with_due)
    assert f"{in_time:,} of {len(with_due):,}" in printed
    closed = Request.objects.filter(closed_at__isnull=False, due_at__isnull=False)
    assert closed.aggregate(n=Count("pk", filter=Q(closed_at__lte=F("due_at"))))["n"] == in_time
    said = Counter(row["OnTime_Status"] for row in rows.values() if row["CLOSED_DT"] and row["TARGET_DT"])
    assert f"{said['ONTIME']:,} of {said['ONTIME'] + said['OVERDUE']:,}" in printed

    kinds = dict(Event.objects.filter(subject_type="request").values_list("kind").annotate(n=Count("pk")))
    assert kinds == {
        "request.imported": 7956,
        "request.closed": len([1 for row in expected.values() if row[3]]),
    }
    for case in Request.objects.order_by("pk")[::1500]:
        assert verify(Subject("request", case.pk)) in (1, 2)

    call_command("import_requests", str(file), mapping=BOSTON, rejects=tmp_path / "rejects.csv")
    assert "0 imported, 0 rejected, 7,956 already there" in capsys.readouterr().out
    assert (Request.objects.count(), Event.objects.filter(subject_type="request").count()) == (
        7956,
        sum(kinds.values()),
    )


def boston_time(text: str) -> datetime | None:
    if not text:
        return None
    local = datetime.strptime(text, "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=ZoneInfo("America/New_York"))
    return local.astimezone(UTC)
