"""The difference between two versions, as people would say it."""

from __future__ import annotations

import copy
import json

import pytest
from django.utils.translation import override

from tests.workflows.flowing import DONE, approval, condition, definition, parallel, sequence
from workflows.differences import differences
from workflows.engine.schema import Definition
from workflows.management.commands.load_workflows import SHIPPED

ROLES = {"checker": "核查员", "grid_member": "网格员"}
AGREE = {"code": "agree", "name": "同意", "name_en": "Agree", "agrees": True}
NO = {"code": "no", "name": "不同意", "name_en": "Disagree"}
HANDLE = approval("handle", name="处置", name_en="Handle", handler=True)


def votes(**more):
    block = approval("sign", "checker", mode="vote", outcomes=[AGREE, NO], vote={"percent": 60})
    return block | {"name": "会签", "name_en": "Countersign"} | more


def told(before, after, language="en", fields=((), ())):
    """(kind, sentence) of all changes, in a language."""
    old, new = (
        Definition.model_validate(definition(*blocks) | {"fields": list(form)})
        for blocks, form in zip((before, after), fields, strict=True)
    )
    with override(language):
        return [(change.kind, str(change)) for change in differences(old, new, ROLES)]


def test_the_share_of_a_vote_in_both_languages(translations):
    before, after = [HANDLE, votes()], [HANDLE, votes(vote={"percent": 75})]
    assert told(before, after) == [("changed", "Countersign: Share that must agree: 60 % → 75 %")]
    assert told(before, after, "zh-hans") == [("changed", "会签: 同意比例：60 % → 75 %")]


def test_equal_versions_do_not_differ():
    for file in SHIPPED.glob("*.json"):
        body = Definition.model_validate(json.loads(file.read_text(encoding="utf-8")))
        assert differences(body, body, ROLES) == []


CHANGES = {
    "added": ([HANDLE], [HANDLE, votes()], "added", "Countersign: added, after “Handle”; Goes to: 核查员"),
    "removed": ([HANDLE, votes()], [HANDLE], "removed", "Countersign: taken away"),
    "moved": ([HANDLE, votes()], [votes(), HANDLE], "moved", "Countersign: moved, now at the beginning"),
    "moved into a branch": (
        [HANDLE, votes(), condition("q", "urgent", approval("x"))],
        [HANDLE, condition("q", "urgent", sequence(approval("x"), votes()))],
        "moved",
        "Countersign: moved, now after “步骤x”",
    ),
    "renamed": ([HANDLE], [HANDLE | {"name_en": "Do"}], "changed", "English name: “Handle” → “Do”"),
    "somebody else": (
        [HANDLE],
        [HANDLE | {"who": [{"role": "checker"}]}],
        "changed",
        "Goes to: 网格员 → 核查员",
    ),
    "an outcome more": (
        [approval("x", handler=True)],
        [approval("x", handler=True, outcomes=[DONE, NO | {"needs_opinion": True}])],
        "changed",
        "new: Choice “Disagree”: goes on, with an opinion",
    ),
    "an outcome that does something else": (
        [HANDLE, votes()],
        [HANDLE, votes(outcomes=[AGREE, NO | {"returns_to": "handle"}])],
        "changed",
        "Choice “Disagree”: goes on → back to “Handle”",
    ),
    "a deadline": (
        [HANDLE],
        [HANDLE | {"deadlines": [{"after": {"limit": 2, "clock": "work_days"}, "action": "remind"}]}],
        "changed",
        "new: Reminder: after 2 working days",
    ),
    "a condition": (
        [HANDLE, condition("q", "reopened > 2", approval("x"))],
        [HANDLE, condition("q", "reopened > 3", approval("x"))],
        "changed",
        "Case 1: times reopened is above 2 → times reopened is above 3",
    ),
    "a branch more": (
        [HANDLE, parallel("p", approval("a"), approval("b"))],
        [HANDLE, parallel("p", approval("a"), approval("b"), approval("c"))],
        "changed",
        "Branches: 2 → 3",
    ),
    "how many decide": (
        [HANDLE, votes(mode="all", vote=None)],
        [HANDLE, votes()],
        "changed",
        "Decided by: everybody, at the same time → a vote",
    ),
    "a field": (
        [HANDLE],
        [HANDLE | {"fields": [{"code": "sum", "name": "金额", "type": "number", "unit": "元"}]}],
        "changed",
        "new: Field “金额”: a number, in 元",
    ),
    "another kind": (
        [HANDLE, approval("x")],
        [HANDLE, {"type": "cc", "id": "x", "name": "步骤x", "who": [{"role": "grid_member"}]}],
        "changed",
        "is another kind of block now",
    ),
    "inside a sub-process": (
        [HANDLE, {"type": "subprocess", "id": "s", "name": "子", "definition": "i", "body": votes()}],
        [
            HANDLE,
            {
                "type": "subprocess",
                "id": "s",
                "name": "子",
                "definition": "i",
                "body": votes(vote={"percent": 75}),
            },
        ],
        "changed",
        "inside, “Countersign”: Share that must agree: 60 % → 75 %",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_is_said_at_its_block(what):
    before, after, kind, words = CHANGES[what]
    found = [sentence for found_kind, sentence in told(before, after) if found_kind == kind]
    assert any(words in sentence for sentence in found), told(before, after)


def test_the_filing_form_belongs_to_the_workflow_as_a_whole():
    field = {"code": "sum", "name": "金额", "type": "number"}
    assert told([HANDLE], [HANDLE], fields=((), (field,))) == [
        ("changed", "new: Filing form, Field “金额”: a number")
    ]


def test_only_what_was_moved_is_said_to_have_moved():
    steps = [approval(f"s{number}", handler=number == 1) for number in range(1, 7)]
    shuffled = [steps[5], *steps[:5]]
    assert [sentence.split(":")[0] for _kind, sentence in told(steps, shuffled)] == ["步骤s6"]


def test_a_new_case_before_the_others_is_not_taken_for_a_change_of_all():
    def asks(*whens):
        cases = [{"when": when, "body": approval(f"x{n}")} for n, when in enumerate(whens)]
        return {"type": "condition", "id": "q", "name": "问", "cases": cases, "otherwise": sequence()}

    (change,) = [
        sentence
        for _kind, sentence in told(
            [HANDLE, asks("urgent", "located")], [HANDLE, asks("ambiguous", "urgent", "located")]
        )
        if sentence.startswith("问")
    ]
    assert "New case: on the border" in change
    assert "→" not in change


def test_any_two_shipped_workflows_can_be_compared():
    bodies = [
        Definition.model_validate(json.loads(file.read_text(encoding="utf-8")))
        for file in sorted(SHIPPED.glob("*.json"))
    ]
    for before in bodies:
        for after in bodies:
            found = differences(before, after, ROLES)
            assert bool(found) == (before is not after)
            assert all(change.sentences and all(change.sentences) for change in found)
    assert copy.deepcopy(bodies) == bodies
