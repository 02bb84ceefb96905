"""The roster as a workbook: out and in again; every doubtful row named; everything or nothing."""

import io
import zipfile
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import chain, repeat

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from grid.actions.duty import appoint_stand_in, assign_responsibility, end_responsibility
from grid.models import Member, Responsibility, User
from realtime.models import Event
from tests.factories import MemberFactory, Town, UserFactory

HEAD = ["区域编码", "区域", "岗位", "姓名", "用户名", "手机号", "开始日期", "最后一天", "代理人"]


@pytest.fixture
def admin(client: Client, town: Town) -> Client:
    client.force_login(town.administrator)
    return client


def exported(client: Client) -> list[list[str]]:
    answer = client.get(reverse("roster_export"))
    assert answer.status_code == 200
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    return [[cell or "" for cell in row] for row in sheet.iter_rows(values_only=True)]


def workbook(rows: list[list], head: list[str] = HEAD) -> SimpleUploadedFile:
    book = openpyxl.Workbook()
    for row in [head, *rows]:
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return SimpleUploadedFile("花名册.xlsx", stream.getvalue())


def row(town: Town, grid: int, name: str, *, role: str = "网格员", **more: object) -> list:
    values = {"username": "", "phone": "", "since": "", "until": ""} | more
    return [town.grids[grid - 1].code, "", role, name, *values.values(), ""]


def check(client: Client, file: SimpleUploadedFile, **wishes: str):
    return client.post(reverse("console_roster"), {"file": file} | wishes)


def agree(client: Client, checked):
    return client.post(reverse("console_roster"), {"checked": checked.context["checked"]})


def lines(answer, what: str) -> list[tuple[int, str]]:
    return [(line.number, line.words) for line in answer.context["plan"].of(what)]


# --- Out ---------------------------------------------------------------------------------------------


def test_what_is_exported_comes_back_unchanged(admin: Client, town: Town):
    now = timezone.now()
    appoint_stand_in(
        member=town.member1.member,
        stand_in=town.member2.member,
        since=now,
        until=datetime(2039, 12, 31, 16, tzinfo=UTC),
    )
    rows = exported(admin)
    assert rows[0] == HEAD
    first = next(one for one in rows if one[3] == "赵网格")
    assert first == [
        town.grids[0].code, "第1网格", "网格员", "赵网格", "member1", "138 0000 0001", "2020-01-01", "",
        "钱网格 (2039-12-31)",
    ]  # fmt: skip
    answer = check(admin, workbook(rows[1:]))
    assert answer.context["plan"].counts == {"same": len(rows) - 1}
    assert "checked" not in answer.context
    assert "不用修改" in answer.content.decode()


def test_an_administrator_exports_their_own_areas_only(town: Town):
    user = MemberFactory(user=UserFactory(username="local", name="小杨")).user
    town.assign(user, "administrator", town.communities[0])
    client = Client()
    client.force_login(user)
    names = {one[3] for one in exported(client)[1:]}
    assert names == {"赵网格", "钱网格", "孙网格", "李网格", "王书记", "小杨"}
    client.force_login(town.supervisor)
    assert client.get(reverse("roster_export")).status_code == 403
    assert client.get(reverse("console_roster")).status_code == 403


def test_no_cell_is_ever_a_formula(admin: Client, town: Town):
    for name in ("=HYPERLINK(1)", "+1", "-1", "@SUM(A1)"):
        User.objects.filter(pk=town.member1.pk).update(name=name)
        answer = admin.get(reverse("roster_export"))
        xml = zipfile.ZipFile(io.BytesIO(answer.content)).read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in xml
        rows = exported(admin)
        assert f"'{name}" in {one[3] for one in rows}
        # And it comes back as what it was.
        assert set(check(admin, workbook(rows[1:])).context["plan"].counts) == {"same"}


# --- In ----------------------------------------------------------------------------------------------


def test_new_changed_and_unchanged_rows_are_told_apart_and_written_together(
    admin: Client, town: Town, time_machine
):
    time_machine.move_to("2026-11-20 12:00:00+08:00", tick=False)
    file = workbook(
        [
            row(town, 1, "赵网格"),
            row(town, 2, "钱网格", until="2026-12-31"),
            row(town, 7, "赵网格", phone="138 0000 0001", since="2026-12-01"),
        ]
    )
    before = Responsibility.objects.count()
    answer = check(admin, file)
    assert answer.status_code == 200
    assert [len(lines(answer, what)) for what in ("same", "change", "add", "wrong")] == [1, 1, 1, 0]
    assert Responsibility.objects.count() == before
    done = agree(admin, answer)
    assert "已修改 2 项任职" in done.content.decode()
    changed = Responsibility.objects.get(area=town.grids[1], role="grid_member")
    assert changed.until == datetime(2026, 12, 31, 16, tzinfo=UTC)
    added = Responsibility.objects.get(area=town.grids[6], role="grid_member")
    assert (added.member.user, added.since) == (town.member1, datetime(2026, 11, 30, 16, tzinfo=UTC))
    assert Event.objects.filter(kind="responsibility.assigned", actor=town.administrator).count() == 1
    assert Event.objects.filter(kind="responsibility.ended").count() == 1


def test_every_wrong_row_is_named_and_nothing_is_offered(admin: Client, town: Town):
    MemberFactory(user=UserFactory(username="twin", name="钱网格"))
    answer = check(
        admin,
        workbook(
            [
                ["000", "", "网格员", "赵网格", "", "", "", "", ""],
                row(town, 1, "赵网格", role="皇帝"),
                row(town, 1, "没有这人"),
                row(town, 1, "钱网格"),
                row(town, 1, "赵网格", phone="12"),
                row(town, 1, "孙网格", phone="138 0000 0001"),
                row(town, 7, "赵网格", since="2026-02-30"),
                row(town, 7, "赵网格", since="2090-05-01", until="2090-04-01"),
                row(town, 1, "赵网格", until="2021-01-01"),
                row(town, 1, "赵网格", since="2021-05-05"),
                ["", "", "网格员", "赵网格", "", "", "", "", ""],
                row(town, 1, ""),
                row(town, 2, "孙网格"),
                row(town, 2, "孙网格"),
                row(town, 1, "赵网格", username="member2", phone="138 0000 0001"),
            ]
        ),
    )
    wrong = dict(lines(answer, "wrong"))
    assert list(wrong) == [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 16]
    for number, words in {
        2: "000", 3: "皇帝", 4: "还没有登记", 5: "几个人都叫", 6: "12", 7: "另一个人", 8: "2026-02-30",
        9: "早于", 10: "已经过去", 11: "已经任职", 12: "缺少区域编码", 13: "缺少姓名", 15: "第 14 行",
        16: "不是同一个人",
    }.items():  # fmt: skip
        assert words in wrong[number], (number, wrong[number])
    assert "checked" not in answer.context
    assert "没有做任何修改" in answer.content.decode()


def test_new_people_are_added_only_when_allowed_and_get_a_password_once(admin: Client, town: Town):
    rows = [
        row(town, 7, "新网格", phone="139-1234-5678"),
        row(town, 6, "新网格", phone="139 1234 5678"),
        row(town, 7, "何居民", username="resident"),
    ]
    assert len(lines(check(admin, workbook(rows)), "wrong")) == 3
    answer = check(admin, workbook(rows), add_people="1")
    assert len(answer.context["people"]) == 2
    done = agree(admin, answer)
    (made,) = User.objects.filter(phone="+8613912345678")
    assert Responsibility.objects.filter(member=made.member).count() == 2
    ((member, password),) = done.context["passwords"]
    assert (member.user, password in done.content.decode()) == (made, True)
    assert Client().login(username=made.username, password=password)
    resident = Member.objects.get(user=town.resident)
    assert resident.responsibilities.count() == 1  # had an account: no new password


def test_with_a_complete_file_what_is_not_in_it_ends(admin: Client, town: Town):
    rows = [one for one in exported(admin)[1:] if one[3] not in ("周网格", "杨管理")]
    answer = check(admin, workbook(rows), end_missing="1")
    assert [words for _number, words in lines(answer, "end")] == ["第5网格 · 网格员 · 周网格"]
    agree(admin, answer)
    assert not Responsibility.objects.in_force().filter(member=town.member5.member).exists()
    assert Responsibility.objects.in_force().filter(area=town.grids[0]).exists()
    # Nobody locks themself out.
    assert Responsibility.objects.in_force().filter(member=town.administrator.member).exists()


def test_what_changed_meanwhile_is_shown_anew_and_nothing_is_written(admin: Client, town: Town):
    answer = check(admin, workbook([row(town, 7, "赵网格"), row(town, 1, "赵网格", until="2090-01-01")]))
    end_responsibility(responsibility=Responsibility.objects.get(area=town.grids[0], role="grid_member"))
    again = agree(admin, answer)
    assert again.status_code == 409
    assert "别人改过" in again.context["refused"]
    assert not Responsibility.objects.filter(area=town.grids[6]).exists()


def test_one_row_that_fails_while_it_is_written_takes_all_back(admin: Client, town: Town):
    answer = check(
        admin, workbook([row(town, 7, "甲", phone="139 1234 5678"), row(town, 7, "赵网格")]), add_people="1"
    )
    UserFactory(username="other", name="乙", phone="+8613912345678")
    again = agree(admin, answer)
    assert again.status_code == 409
    assert not Responsibility.objects.filter(area=town.grids[6]).exists()
    assert not Member.objects.filter(user__name="甲").exists()


def test_somebody_elses_check_or_a_forged_one_is_refused(admin: Client, town: Town, time_machine):
    answer = check(admin, workbook([row(town, 7, "赵网格")]))
    checked = answer.context["checked"]
    other = MemberFactory(user=UserFactory(username="other", name="另一个")).user
    town.assign(other, "administrator", town.street)
    theirs = Client()
    theirs.force_login(other)
    for client, value in ((theirs, checked), (admin, checked[:-3] + "xyz"), (admin, "junk")):
        assert client.post(reverse("console_roster"), {"checked": value}).status_code == 409
    assert not Responsibility.objects.filter(area=town.grids[6]).exists()


def test_a_row_of_another_administrators_area_is_wrong(town: Town):
    user = MemberFactory(user=UserFactory(username="local", name="小杨")).user
    town.assign(user, "administrator", town.communities[0])
    client = Client()
    client.force_login(user)
    answer = check(client, workbook([row(town, 5, "赵网格"), row(town, 1, "周网格")]), add_people="1")
    assert [number for number, _words in lines(answer, "wrong")] == [2, 3]
    assert "别的管理员" in dict(lines(answer, "wrong"))[3]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "不是能读取的 Excel"),
        (b"PK\x03\x04 broken", "不是能读取的 Excel"),
        (b"<html>", "不是能读取的 Excel"),
        (b"x" * (5 * 1024 * 1024 + 1), "超过 5 MB"),
    ],
)
def test_what_is_no_workbook_is_said_to_be_none(admin: Client, content: bytes, words: str):
    file = SimpleUploadedFile("x.xlsx", content or b" ")
    answer = check(admin, file)
    assert answer.status_code == 409
    assert words in answer.context["refused"]


def with_sheet(town: Town, parts: Iterable[bytes]) -> SimpleUploadedFile:
    """A workbook whose first sheet is this XML."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(workbook([row(town, 7, "赵网格")])) as source,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            with target.open(name, "w") as entry:
                for part in parts if name == "xl/worksheets/sheet1.xml" else [source.read(name)]:
                    entry.write(part)
    return SimpleUploadedFile("bomb.xlsx", stream.getvalue())


def test_a_bomb_and_entities_are_not_read(admin: Client, town: Town):
    """A small file that unpacks to 600 MB, and one whose XML multiplies itself."""
    start = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">'
    )
    cell = b'<c r="A1" t="inlineStr"><is><t>'
    bomb = chain([start, cell], repeat(b"A" * 1024**2, 600), [b"</t></is></c></row></sheetData></worksheet>"])
    entities = ['<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa">']
    entities += [f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)]
    nested = (
        "".join(entities).encode() + b"]>" + start + cell + b"&j;</t></is></c></row></sheetData></worksheet>"
    )
    for parts in (bomb, [nested]):
        answer = check(admin, with_sheet(town, parts))
        assert answer.status_code == 409
        assert "不是能读取的 Excel" in answer.context["refused"]


def test_a_file_without_the_columns_or_with_too_many_rows_says_so(admin: Client, town: Town):
    assert "区域编码" in check(admin, workbook([["x"]], head=["随便"])).context["refused"]
    assert "没有内容" in check(admin, workbook([])).context["refused"]
    many = [row(town, 1, "赵网格")] * 5001
    assert "5000" in check(admin, workbook(many)).context["refused"]


def test_dates_are_read_as_people_write_them(admin: Client, town: Town, time_machine):
    time_machine.move_to("2026-11-20 12:00:00+08:00", tick=False)
    forms = ["2026/12/1", "2026年12月1日", "2026.12.01", datetime(2026, 12, 1)]  # noqa: DTZ001
    for number, since in enumerate(forms, start=1):
        answer = check(admin, workbook([row(town, 7, "赵网格", since=since)]))
        ((_row, words),) = lines(answer, "add")
        assert "从 2026年12月1日 起" in words, number


def test_a_hostile_cell_shows_as_text(admin: Client, town: Town):
    nasty = "<img src=x onerror=alert(1)>{{ 7*7 }}"
    shown = check(admin, workbook([row(town, 1, nasty), row(town, 1, "赵网格", role=nasty)])).content.decode()
    assert "<img src=x" not in shown


def test_a_holder_who_comes_again_later_is_another_period(admin: Client, town: Town, time_machine):
    time_machine.move_to("2026-11-20 12:00:00+08:00", tick=False)
    assign_responsibility(
        member=town.member1.member, area=town.grids[6], role="grid_member",
        until=datetime(2026, 11, 30, 16, tzinfo=UTC),
    )  # fmt: skip
    file = workbook([row(town, 7, "赵网格", until="2026-11-30"), row(town, 7, "赵网格", since="2027-01-01")])
    answer = check(admin, file)
    assert [len(lines(answer, what)) for what in ("same", "add")] == [1, 1]
    agree(admin, answer)
    assert Responsibility.objects.filter(area=town.grids[6]).count() == 2
