"""The dictionaries of categories, and what words suggest."""

import json
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from grid.errors import Refused
from tests.workflows.desk_helpers import filed
from workflows.actions.dictionary import load_dictionary, read_dictionary
from workflows.management.commands.load_categories import OWN
from workflows.models import Category, Clock, FilingCondition
from workflows.models.dictionary import Dictionary
from workflows.suggest import READ, suggest

SMALL = {
    "dictionary": "resident",
    "categories": [
        {
            "code": "x",
            "name": "甲",
            "conditions": [
                {"text": "一", "limit": 2, "clock": "urgent_hours"},
                {"text": "二", "limit": 5, "clock": "work_days"},
            ],
            "children": [{"code": "x-1", "name": "乙"}],
        }
    ],
}


def small(**changes) -> dict:
    return {**SMALL, "categories": [{**SMALL["categories"][0], **changes}]}


def conditions(code: str) -> dict[str, tuple[Decimal, str, bool]]:
    found = FilingCondition.objects.filter(category__code=code)
    return {condition.text: (condition.limit, condition.clock, condition.is_default) for condition in found}


@pytest.fixture
def own(db) -> None:
    call_command("load_categories", verbosity=0)


# --- our own ------------------------------------------------------------------------------------------------
def test_our_own_dictionary_has_two_trees_that_map(own):
    assert Category.objects.filter(dictionary=Dictionary.STANDARD).count() == 13
    top = Category.objects.filter(dictionary=Dictionary.RESIDENT, depth=1)
    expected = [
        "物业",
        "环境卫生",
        "噪音",
        "停车",
        "邻里纠纷",
        "养老帮扶",
        "证明办理",
        "设施维修",
        "咨询建议",
        "微心愿",
    ]
    assert set(expected) <= {category.name for category in top}
    mapped = Category.objects.filter(dictionary=Dictionary.RESIDENT).exclude(maps_to=None)
    assert mapped.exists()
    assert all(category.maps_to.dictionary == Dictionary.STANDARD for category in mapped)


def test_every_category_of_ours_can_be_filed_under_in_both_languages(own):
    for category in Category.objects.filter(dictionary=Dictionary.RESIDENT):
        assert category.name_en, category.code
        defaults = category.conditions.filter(is_default=True)
        assert defaults.count() == 1, category.code
        for condition in category.conditions.all():
            assert condition.text_en, condition.text
            assert condition.clock in Clock.values


def test_limits_hang_on_the_condition_not_on_the_category(own):
    assert conditions("repairs-manhole") == {
        "井盖缺失": (2, "urgent_hours", True),
        "井盖破损": (4, "urgent_hours", False),
        "井周路面沉陷": (5, "work_days", False),
    }


def test_all_four_clocks_are_in_use(own):
    assert set(FilingCondition.objects.values_list("clock", flat=True)) == set(Clock.values)


# --- loading ------------------------------------------------------------------------------------------------
def test_loading_again_changes_nothing(own):
    before = list(Category.objects.values()), list(FilingCondition.objects.values())
    call_command("load_categories", verbosity=0)
    assert (list(Category.objects.values()), list(FilingCondition.objects.values())) == before
    for file in OWN:
        loaded = load_dictionary(read_dictionary(json.loads(file.read_text(encoding="utf-8"))))
        assert (loaded.added, loaded.changed) == (0, 0)


@pytest.mark.django_db
def test_changes_in_the_file_come_through_and_others_stay():
    load_dictionary(read_dictionary(SMALL))
    Category.objects.add_root({"code": "local", "name": "本地"})
    changed = small(
        name="甲甲",
        conditions=[
            {"text": "二", "limit": 3, "clock": "work_hours"},
            {"text": "三", "limit": "0.5", "clock": "calendar_days"},
        ],
        children=[{"code": "x-1", "name": "乙"}, {"code": "x-2", "name": "丙"}],
    )
    loaded = load_dictionary(read_dictionary(changed))
    assert (loaded.added, loaded.changed) == (1, 1)
    assert Category.objects.get(code="x").name == "甲甲"
    assert conditions("x") == {
        "二": (3, "work_hours", True),
        "三": (Decimal("0.5"), "calendar_days", False),
    }
    assert Category.objects.filter(code="local").exists()
    assert [child.code for child in Category.objects.get_children(Category.objects.get(code="x"))] == [
        "x-1",
        "x-2",
    ]


def test_a_condition_under_which_a_case_was_filed_is_kept(town):
    load_dictionary(read_dictionary(SMALL))
    case = filed(town, category=Category.objects.get(code="x"))
    load_dictionary(read_dictionary(small(conditions=[{"text": "新", "limit": 1, "clock": "work_days"}])))
    assert conditions("x") == {"一": (2, "urgent_hours", False), "新": (1, "work_days", True)}
    case.refresh_from_db()
    assert case.condition.text == "一"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "data",
    [
        {"dictionary": "resident"},
        {"dictionary": "other", "categories": []},
        [],
        small(code=""),
        small(code="../x"),
        small(name=""),
        small(color="red"),
        small(conditions=[{"text": "一", "limit": 0, "clock": "work_days"}]),
        small(conditions=[{"text": "一", "limit": 1, "clock": "lunar_days"}]),
        small(children=[{"code": "x", "name": "again"}]),
        small(maps_to="E99"),
    ],
)
def test_a_dictionary_with_a_mistake_is_refused_as_a_whole(data):
    with pytest.raises(Refused) as refused:
        load_dictionary(read_dictionary(data))
    assert str(refused.value)
    assert not Category.objects.exists()


@pytest.mark.django_db
def test_a_category_cannot_move_to_another_parent_or_tree():
    load_dictionary(read_dictionary(SMALL))
    with pytest.raises(Refused):
        load_dictionary(read_dictionary(small(code="y", children=[{"code": "x-1", "name": "乙"}])))
    with pytest.raises(Refused):
        load_dictionary(read_dictionary({**SMALL, "dictionary": "standard"}))
    assert set(Category.objects.values_list("code", flat=True)) == {"x", "x-1"}


@pytest.mark.django_db
def test_a_file_that_is_no_dictionary_is_named(tmp_path):
    file = tmp_path / "mine.json"
    for content in ("not json", "{}"):
        file.write_text(content)
        with pytest.raises(CommandError, match=r"mine\.json"):
            call_command("load_categories", str(file))
    with pytest.raises(CommandError, match=r"nowhere\.json"):
        call_command("load_categories", str(tmp_path / "nowhere.json"))


# --- what words suggest -------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def keywords() -> dict[str, dict[str, float]]:
    """Of our own dictionary, by code."""
    found = {}

    def collect(entries) -> None:
        for entry in entries:
            found[entry.code] = entry.keywords
            collect(entry.children)

    for file in OWN:
        collect(read_dictionary(json.loads(file.read_text(encoding="utf-8"))).categories)
    return found


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("小区门口的路灯三天不亮了", "repairs-streetlight"),
        ("马路中间井盖不见了，太危险", "repairs-manhole"),
        ("三号楼电梯坏了，有人被困", "repairs-lift"),
        ("楼上邻居半夜跺脚", "noise-neighbour"),
        ("工地夜间施工吵得睡不着", "noise-construction"),
        ("有车堵住消防通道", "parking-illegal"),
        ("电动车飞线充电", "parking-ebikes"),
        ("垃圾桶满了没人清运", "sanitation-rubbish"),
        ("下水道堵塞污水外溢", "repairs-sewer"),
        ("独居老人联系不上", "care-visit"),
        ("怎么办理居住证", "certificates-residence"),
        ("物业费太高了，乱收费", "property-fees"),
        ("遛狗不拴狗绳", "neighbours-pets"),
        ("家里没有暖气", "repairs-heating"),
        ("闻到煤气味，怀疑漏气", "repairs-gas"),
        ("The street light in front of our house is out", "repairs-streetlight"),
        ("A manhole cover is missing", "repairs-manhole"),
        ("There is a gas leak in the kitchen", "repairs-gas"),
        ("Somebody parked in the fire lane", "parking-illegal"),
    ],
)
def test_words_point_to_the_category_people_mean(keywords, text, code):
    assert suggest(text, keywords)[0].code == code


@pytest.mark.parametrize("text", ["", "你好", "   ", "1234", "hello world", "slighting enlightened"])
def test_words_that_say_nothing_suggest_nothing(keywords, text):
    assert suggest(text, keywords) == []


def test_the_best_comes_first_and_no_more_than_asked_for(keywords):
    found = suggest("电梯坏了，物业不管，垃圾也没人清", keywords, limit=2)
    assert len(found) == 2
    assert found[0].score >= found[1].score
    assert found[0].words


def test_a_word_within_a_longer_one_counts_once():
    assert suggest("路灯杆", {"a": {"路灯": 3, "路灯杆": 4}})[0].score == 4


def test_latin_words_match_from_their_beginning_only():
    words = {"a": {"light": 3}}
    assert suggest("Two LIGHTS are out", words)
    assert not suggest("a slight mistake", words)


def test_hostile_and_endless_texts_are_just_text(keywords):
    for text in ("(" * 5_000, ".*+?[]{}" * 1_000, "路" * 10_000, "<img onerror=alert(1)>"):
        assert suggest(text, keywords) == []
    assert suggest("x" * READ + "路灯", keywords) == []
