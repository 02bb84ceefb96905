"""What an installation begins with."""

import io

import pytest
from django.core.management import call_command

from grid import sms
from grid.models import DutyRole, Level

pytestmark = pytest.mark.django_db


def load() -> str:
    out = io.StringIO()
    call_command("load_roles", stdout=out)
    return out.getvalue()


def test_levels_and_roles_are_there_after_one_command_in_both_languages():
    assert load() == "5 levels and 10 roles added\n"
    assert list(Level.objects.values_list("code", flat=True)) == [
        "district", "street", "community", "grid", "building",
    ]  # fmt: skip
    assert Level.objects.get(is_grid=True).name == "网格"
    assert set(DutyRole.objects.filter(is_public=True).values_list("code", flat=True)) == {
        "grid_member", "grid_leader", "building_head",
    }  # fmt: skip
    assert not DutyRole.objects.filter(name_en="").exists()


def test_loading_again_adds_nothing_and_keeps_what_was_renamed():
    load()
    DutyRole.objects.filter(code="grid_member").update(name="社区干事", is_public=False)
    Level.objects.filter(code="building").delete()
    assert load() == "1 levels and 0 roles added\n"
    renamed = DutyRole.objects.get(code="grid_member")
    assert (renamed.name, renamed.is_public) == ("社区干事", False)


def test_a_text_message_goes_to_the_terminal_unless_a_provider_is_named(capsys):
    sms.send("+8613800000001", "您好")
    assert capsys.readouterr().out == "SMS to +8613800000001: 您好\n"
