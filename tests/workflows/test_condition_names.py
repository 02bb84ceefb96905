"""Conditions in people's own words: Chinese names, units, dates, values by name; and as rows of a form."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workflows.flowing import approval, condition, definition
from workflows.condition_rows import Group, Row, Rows, as_json, from_json, rows_of, text_of
from workflows.condition_words import in_words
from workflows.conditions import (
    MAX_LENGTH,
    BadCondition,
    Both,
    Compare,
    Constant,
    Either,
    Field,
    Not,
    OneOf,
    Truth,
    holds,
    parse,
    type_errors,
    written,
)
from workflows.engine.facts import FACTS
from workflows.engine.lint import check
from workflows.engine.schema import Definition
from workflows.engine.vocabulary import names_of
from workflows.outline import titles_of

FIELDS = [
    {"code": "amount", "name": "金额", "name_en": "Amount asked for", "type": "number", "unit": "元"},
    {"code": "size", "name": "面积", "type": "number", "unit": "平方米"},
    {"code": "total", "name": "合计（含税）", "type": "number"},
    {"code": "day", "name": "申请日期", "type": "date"},
    {"code": "urgently", "name": "是否加急", "type": "bool"},
    {
        "code": "kind",
        "name": "类型",
        "type": "choice",
        "choices": [{"code": "big", "name": "大额"}, {"code": "small", "name": "小额"}],
    },
    {"code": "one", "name": "备注", "type": "text"},
    {"code": "two", "name": "备注", "type": "text"},
]
STEP = approval("check", name="核查", outcomes=[
    {"code": "pass", "name": "核查通过"}, {"code": "rework", "name": "返工"},
])  # fmt: skip
BODY = definition(STEP) | {"fields": FIELDS}
NAMES = names_of(Definition.model_validate(BODY))
CASE = {
    "urgent": True,
    "fields": {
        "amount": 6000,
        "size": 80,
        "total": "12.5",
        "day": "2026-05-31",
        "urgently": False,
        "kind": "big",
    },
    "check": {"outcome": "pass"},
}


@pytest.mark.parametrize(
    ("text", "canonical", "true"),
    [
        ("金额 > 5000", "fields.amount > 5000", True),
        ("amount > 5000", "fields.amount > 5000", True),
        ("Amount asked for > 5000", "fields.amount > 5000", True),
        ("金额>5000元且紧急=是", "fields.amount > 5000 and urgent = true", True),
        ("金额 ＞ 0.5万元 或 紧急 = 否", "fields.amount > 5000.0 or urgent = false", True),
        ("（金额≥6000 并且 面积≤80平方米）", "fields.amount >= 6000 and fields.size <= 80", True),
        ("非紧急", "not urgent", False),
        ("是否加急", "fields.urgently", False),
        ("非是否加急", "not fields.urgently", True),
        ("是否加急=是或金额大于1亿元", "fields.urgently = true or fields.amount > 100000000", False),
        ("合计（含税） = 12.5", "fields.total = 12.5", False),
        ("申请日期 >= 2026-05-01", 'fields.day >= "2026-05-01"', True),
        ("申请日期 < 2026年5月31日", 'fields.day < "2026-05-31"', False),
        ("类型 = “大额”", 'fields.kind = "big"', True),
        ("类型属于（“小额”、“大额”）", 'fields.kind in ("small", "big")', True),
        ('类型 不属于 ("小额")', 'not fields.kind in ("small")', True),
        ('核查.结果 = "返工"', 'check.outcome = "rework"', False),
        ("类别 = 空", "category = null", True),
        ("金额 in [5000..6000]", "fields.amount in [5000..6000]", True),
        ("金额 in [合计（含税）..7000]", "fields.amount in [fields.total..7000]", False),
        ("not (urgent and (a or b)) or c", "not (urgent and (a or b)) or c", True),
    ],
)
def test_conditions_are_read_as_people_write_them_and_kept_in_one_form(text, canonical, true):
    read = parse(text, NAMES)
    assert written(read) == canonical
    assert holds(read, CASE) is true
    # What is shown to people reads as the same again.
    assert written(parse(written(read, NAMES), NAMES)) == canonical


def test_what_is_shown_has_the_names_people_know():
    read = parse('fields.amount > 5000 and check.outcome = "pass" and fields.kind = "big"', NAMES)
    assert written(
        read, NAMES
    ) == 'Amount asked for > 5000 and 核查.结果 = "核查通过" and 类型 = "大额"'.replace(
        "Amount asked for", "金额"
    )


def test_every_fact_is_known_by_its_chinese_name():
    for code, fact in FACTS.items():
        assert written(parse(f"{fact.name} = 空", NAMES)) == f"{code} = null"


def test_a_name_of_two_fields_is_the_name_of_neither():
    assert "fields.one" not in NAMES.fields.values() or "备注" not in NAMES.fields
    body = definition(approval("handle", handler=True), condition("x", '备注 = "无"', approval("y")))
    findings = check(body | {"fields": FIELDS})
    assert [str(finding) for finding in findings if "备注" in finding.message]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("金额 > 是", "金额"),
        ('金额 = "5000"', "金额"),
        ("金额 > 50平方米", "平方米"),
        ("申请日期 > 5", "申请日期"),
        ('申请日期 > "明天"', "2026-05-31"),
        ("类型", "类型"),
        ("金额 > 面积", "面积"),
    ],
)
def test_comparisons_of_different_kinds_are_found_with_the_names_people_know(text, words):
    (message,) = type_errors(parse(text, NAMES), NAMES.kinds, NAMES)
    assert words in message


def test_a_definition_with_chinese_conditions_is_checked_before_it_is_published():
    sound = condition("x", "金额 > 5000元 且 紧急 = 是", approval("y"))
    wrong = condition("x", "金额 > 5000平方米", approval("y"))
    for block, expected in ((sound, []), (wrong, ["x"])):
        findings = check(definition(approval("handle", handler=True), block) | {"fields": FIELDS})
        assert [finding.block for finding in findings if finding.is_error] == expected


def test_a_condition_says_its_fields_by_name_in_words():
    titles = {"fields.amount": "金额"}
    assert in_words("金额 in [1..5]", titles, NAMES).count("金额") == 1
    assert "fields" not in in_words("amount > 3元", titles, NAMES)


def test_a_condition_says_choices_and_decisions_by_the_names_people_know():
    grave = {"code": "choice_2", "name": "重大"}
    field = {"code": "level", "name": "等级", "type": "choice", "choices": [grave]}
    asked = Definition.model_validate(definition(approval("handle")) | {"fields": [field]})
    said = in_words('fields.level = "choice_2" or handle.outcome = "done"', titles_of(asked))
    assert "“重大”" in said
    assert "“完成”" in said
    assert "choice_2" not in said


# --- whatever is sent --------------------------------------------------------------------------------
WORDS = "金额 紧急 是否加急 核查.结果 且 或 非 属于 不属于 是 否 空 大于 元 平方米 万 5000 1 2026-05-01 a.b"
SIGNS = ["“大额”", "（", "）", "，", ">", "=", " ", "[", "..", "]", "-", '"x"']
PIECES = st.sampled_from([*WORDS.split(), *SIGNS])


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=20).map("".join)))
def test_every_text_with_names_is_a_condition_or_refused_and_reads_back(text):
    try:
        read = parse(text, NAMES)
    except BadCondition:
        return
    assert holds(read, CASE) in (True, False)
    assert holds(read, {}) in (True, False)
    assert holds(read, {"fields": [], "check": 3, "urgent": object(), "category": float("nan")}) in (
        True,
        False,
    )
    type_errors(read, NAMES.kinds, NAMES)
    assert written(parse(written(read))) == written(read)
    assert written(parse(written(read, NAMES), NAMES)) == written(read)


values = st.one_of(
    st.sampled_from([Constant(True), Constant(False), Constant(None)]),
    st.decimals(-(10**6), 10**6, allow_nan=False, places=2).map(Constant),
    st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=8).map(Constant),
    st.sampled_from([Field("fields.size"), Field("urgent")]),
)
field_names = st.sampled_from(["urgent", "fields.amount", "check.outcome", "b"])
comparisons = st.one_of(
    st.builds(
        Compare, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), st.builds(Field, field_names), values
    ),
    st.builds(OneOf, st.builds(Field, field_names), st.lists(values, min_size=1, max_size=3).map(tuple)),
    st.builds(Truth, st.builds(Field, field_names)),
)
conditions = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(Both, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Either, st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(conditions)
def test_a_written_condition_reads_as_itself(tree):
    if len(written(tree)) <= MAX_LENGTH:
        assert parse(written(tree)) == tree


# --- rows --------------------------------------------------------------------------------------------
AMOUNT = Row("fields.amount", ">", (Constant(Decimal(5000)),))
URGENT = Row("urgent", "=", (Constant(True),))
KIND = Row("fields.kind", "in", (Constant("big"), Constant("small")), negated=True)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("金额 > 5000元", Rows("and", (AMOUNT,))),
        ("金额 > 5000 且 紧急", Rows("and", (AMOUNT, URGENT))),
        ("金额 > 5000 或 紧急 = 是", Rows("or", (AMOUNT, URGENT))),
        (
            "紧急 且 (金额 > 5000 或 类型 不属于 (“大额”, “小额”))",
            Rows("and", (URGENT, Group("or", (AMOUNT, KIND)))),
        ),
        ("not (金额 > 5000 and 紧急)", Rows("and", (Group("and", (AMOUNT, URGENT), negated=True),))),
        (
            "金额 in [1..5] and 面积 > total",
            Rows(
                "and",
                (
                    Row("fields.amount", "between", (Constant(Decimal(1)), Constant(Decimal(5)))),
                    Row("fields.size", ">", (Field("fields.total"),)),
                ),
            ),
        ),
    ],
)
def test_a_text_becomes_rows_and_back(text, rows):
    assert rows_of(text, NAMES) == rows
    assert rows_of(text_of(rows)) == rows
    assert rows_of(text_of(rows, NAMES), NAMES) == rows
    assert from_json(as_json(rows)) == rows


@pytest.mark.parametrize(
    "text",
    [
        "a or (b and (c or d))",
        "not not a",
        "5 < amount",
        "not (not (a or b))",
        "a and not (b or not (c and d))",
    ],
)
def test_what_rows_cannot_say_stays_text(text):
    assert rows_of(text, NAMES) is None


@settings(max_examples=300, deadline=None)
@given(conditions)
def test_rows_say_exactly_what_the_text_says(tree):
    text = written(tree)
    if len(text) > 1000 or (rows := rows_of(text)) is None:
        return
    again = from_json(as_json(rows))
    assert again == rows
    assert rows_of(text_of(rows)) == rows
    for case in ({}, CASE, {"urgent": False, "b": True, "fields": {"amount": 3}}):
        assert holds(parse(text_of(rows)), case) is holds(tree, case)


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"join": "and", "items": []},
        {"join": "xor", "items": [{"field": "a", "operator": "=", "values": [{"bool": True}]}]},
        {"join": "and", "items": [{"field": "a = 1", "operator": "=", "values": [{"bool": True}]}]},
        {"join": "and", "items": [{"field": "a", "operator": "between", "values": [{"number": "1"}]}]},
        {"join": "and", "items": [{"field": "a", "operator": "=", "values": [{"number": "1e999999999"}]}]},
        {"join": "and", "items": [{"field": "a", "operator": "=", "values": [{"text": "\u202e"}]}]},
        {"join": "and", "items": [{"field": 5, "operator": "=", "values": [{"text": "a"}]}]},
        {"join": "and", "items": [{"join": "or", "rows": [], "negated": False}]},
        {"join": "and", "items": [7]},
    ],
)
def test_rows_that_are_none_are_refused(data):
    with pytest.raises(BadCondition):
        from_json(data)
