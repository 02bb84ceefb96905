"""The tags every page may use."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django import forms
from django.core.paginator import Paginator
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import translation

from ui import icons, when

NOON = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai


def render(source: str, **context) -> str:
    return Template(source).render(Context(context)).strip()


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def test_an_icon_is_drawn_inline_and_silent() -> None:
    drawn = render('{% icon "map-pin" %}')
    assert drawn.startswith("<svg")
    assert 'aria-hidden="true"' in drawn
    assert "<path d=" in drawn


def test_an_icon_nobody_knows_is_a_dot_and_not_an_error() -> None:
    assert render('{% icon "no-such-thing" %}') == icons.svg("point")


def test_every_state_has_a_shape_and_the_words_given() -> None:
    badge = render('{% state_badge "closed" label %}', label="<b>Closed</b>")
    assert "<svg" in badge
    assert "&lt;b&gt;Closed&lt;/b&gt;" in badge


@pytest.mark.parametrize(
    ("light", "word"), [("green", "On time"), ("yellow", "Due soon"), ("red", "Overdue")]
)
def test_every_light_has_a_shape_of_its_own_and_a_word(light: str, word: str) -> None:
    badge = render("{% light_badge light %}", light=light)
    assert word in badge
    others = {"green", "yellow", "red"} - {light}
    shape = badge[badge.index("<path") : badge.index("</svg>")]
    assert all(shape not in render("{% light_badge other %}", other=other) for other in others)


def test_a_case_without_a_limit_has_no_light() -> None:
    assert render('{% light_badge "none" %}') == ""


@time_machine.travel(NOON, tick=False)
def test_a_light_says_how_much_time_is_left_or_over() -> None:
    assert "2 hours left" in render('{% light_badge "green" due %}', due=NOON + timedelta(hours=2))
    assert "1 day 1 hour over" in render('{% light_badge "red" due %}', due=NOON - timedelta(hours=25))


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=5), "5 minutes ago"),
        (timedelta(minutes=61), "1 hour ago"),
        (timedelta(hours=12), "today 00:00"),
        (timedelta(hours=13), "yesterday 23:00"),
        (timedelta(days=8), "2 March"),
        (timedelta(days=400), "3 February 2025"),
        (-timedelta(hours=3), "in 3 hours"),
    ],
)
def test_times_are_told_as_people_tell_them(before: timedelta, said: str) -> None:
    assert when.relative(NOON - before, NOON) == said


def test_the_exact_time_is_never_far() -> None:
    with time_machine.travel(NOON, tick=False):
        shown = render("{% ago then %}", then=NOON - timedelta(minutes=5))
    assert 'datetime="2026-03-10T03:55:00+00:00"' in shown
    assert 'title="10 March 2026, 11:55"' in shown


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (30, "less than a minute"),
        (60, "1 minute"),
        (3660, "1 hour 1 minute"),
        (90_000, "1 day 1 hour"),
        (8 * 86_400 + 3600, "8 days"),
    ],
)
def test_spans_are_told_in_their_two_largest_units(seconds: int, said: str) -> None:
    assert render("{{ seconds|duration }}", seconds=seconds) == said


def test_a_face_without_a_photo_is_the_last_character_of_a_chinese_name() -> None:
    assert ">芳<" in render('{% avatar "王芳" %}')
    assert ">MJ<" in render('{% avatar "Mary Jane Watson" %}')
    assert ">?<" in render('{% avatar "" %}')


class Sample(forms.Form):
    name = forms.CharField(label="Name", help_text="As on the door")
    agree = forms.BooleanField(label="Agree", required=False)
    colour = forms.ChoiceField(choices=[("r", "Red"), ("g", "Green")], widget=forms.RadioSelect)


def test_a_field_ties_label_hint_and_error_to_its_control() -> None:
    shown = render("{% field form.name %}", form=Sample({"name": ""}))
    assert '<label class="form-label" for="id_name">' in shown
    assert 'aria-describedby="id_name_hint id_name_error"' in shown
    assert 'aria-invalid="true"' in shown
    assert 'id="id_name_error"' in shown


def test_what_a_person_typed_comes_back_as_text() -> None:
    shown = render("{% field form.name %}", form=Sample({"name": '"><script>alert(1)</script>'}))
    assert "<script>" not in shown


def test_choices_are_a_group_with_a_legend() -> None:
    shown = render("{% field form.colour %}", form=Sample())
    assert "<legend" in shown
    assert shown.count('type="radio"') == 2


def test_the_pages_of_a_list_keep_what_was_asked_for() -> None:
    request = RequestFactory().get("/", {"show": "open & done", "page": "2"})
    pages = Paginator(range(50), 10)
    shown = Template("{% paginator page %}").render(Context({"request": request, "page": pages.page(2)}))
    assert 'href="?show=open+%26+done&amp;page=1"' in shown
    assert 'href="?show=open+%26+done&amp;page=3"' in shown


def test_one_page_needs_no_links_to_others() -> None:
    request = RequestFactory().get("/")
    page = Paginator(range(5), 10).page(1)
    assert Template("{% paginator page %}").render(Context({"request": request, "page": page})).strip() == ""
