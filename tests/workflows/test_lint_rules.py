"""What the lint says of each kind of block, and that what it offers to mend is mended."""

from __future__ import annotations

import copy

import pytest
from django.utils.translation import override

from tests.workflows.flowing import DONE, END, approval, condition, definition, parallel, sequence
from tests.workflows.test_engine_lint import BACK, HANDLE, HOUR, KNOWN, MISTAKES, NO
from workflows.engine.lint import Known, apply_fix, check

AGREE = {"code": "agree", "name": "同意", "agrees": True, "style": "primary"}
REFUSE = {"code": "refuse", "name": "不同意", "style": "danger"}
BOTH = [AGREE, REFUSE]
DAYS = {"limit": 3, "clock": "work_days"}
AMOUNT = {"code": "amount", "name": "金额", "type": "number"}
SIGNER = {"code": "signer", "name": "审批人", "type": "person"}
HOW = {"code": "how", "name": "方式", "type": "choice", "choices": [{"code": "one", "name": "一"}]}
HEAD = {"type": "person", "code": "head", "name": "负责人"}


def published(*blocks, key="inner", **more):
    return definition(*blocks, key=key) | more


WITH_FIELD = published(condition("ask", "fields.amount > 5", approval("sign", "checker")))
INNER = Known(
    roles=KNOWN.roles,
    levels=KNOWN.levels,
    holders=dict.fromkeys(KNOWN.roles, 2) | {"supervisor": 0},
    branches={"B1": 4, "B2": 0},
    people={"anna": True, "bert": False},
    hooks={"hotline"},
    definitions={
        "inner": published(approval("sign", "checker")),
        "drawn": None,
        "asks": WITH_FIELD,
        "around": published(
            {
                "type": "subprocess", "id": "again", "name": "再来", "definition": "trial",
                "body": sequence(approval("x", "checker")),
            },
            key="around",
        ),
    },
)  # fmt: skip


def findings(*blocks, fields=(), end=True):
    return check(definition(*blocks, end=end) | {"fields": list(fields)}, INNER)


def vote(**more):
    return approval("x", "checker", handler=True, mode="vote", outcomes=BOTH, **more)


def whistle(**more):
    return {
        "type": "whistle", "id": "x", "name": "吹哨", "departments": [{"role": "checker"}], "respond": HOUR
    } | more  # fmt: skip


def sub(key):
    return {"type": "subprocess", "id": "x", "name": "报销", "definition": key}


def inclusive(*cases, otherwise=True):
    body = {
        "type": "inclusive", "id": "x",
        "cases": [{"when": when, "body": block} for when, block in cases],
    }  # fmt: skip
    return body | ({"otherwise": sequence()} if otherwise else {})


def notify(who):
    return {"type": "notify", "id": "x", "name": "通知", "who": who, "text": "请注意"}


def deadline(**more):
    return {"after": HOUR, **more}


#: blocks, at which block, words of the message, whether it stops publication.
NEW = {
    "countersign without agreement": (
        [approval("x", "checker", handler=True, mode="all", outcomes=[DONE, REFUSE])],
        "counts as agreement",
        True,
    ),
    "countersign without refusal": (
        [approval("x", "checker", handler=True, mode="in_turn", outcomes=[AGREE])],
        "nobody can refuse",
        True,
    ),
    "a vote without a number": ([vote()], "how many", True),
    "a number without a vote": (
        [approval("x", "checker", handler=True, mode="all", outcomes=BOTH, vote={"count": 2})],
        "only goes with a vote",
        True,
    ),
    "more votes than people": ([vote(vote={"count": 3})], "at most 2", False),
    "more votes than named people": (
        [approval("x", [{"people": ["anna"]}], handler=True, mode="vote", outcomes=BOTH, vote={"count": 2})],
        "at most 1",
        False,
    ),
    "a vote that is refused and sent back at once": (
        [
            HANDLE,
            approval(
                "x",
                "checker",
                mode="vote",
                vote={"count": 9},
                outcomes=[AGREE, {**REFUSE, "returns_to": "handle"}],
            ),
        ],
        "at most 2",
        True,
    ),
    "hearing everybody at a pool": (
        [approval("x", "checker", handler=True, refusal="waits")],
        "countersign",
        False,
    ),
    "passing over sends back": (
        [HANDLE, approval("x", "checker", nobody="skip", outcomes=[BACK, DONE])],
        "circles",
        True,
    ),
    "nothing but sending back": (
        [HANDLE, approval("x", "checker", outcomes=[BACK])],
        "never go on",
        True,
    ),
    "two buttons with one name": (
        [approval("x", "checker", handler=True, outcomes=[DONE, {**DONE, "code": "too"}])],
        "two buttons",
        False,
    ),
    "return at the first step": ([approval("x", handler=True, moves=["return"])], "no step comes", False),
    "nobody to remove": (
        [approval("x", handler=True, moves=["remove_signer"])],
        "never one",
        False,
    ),
    "a role nobody holds": ([HANDLE, approval("x", "supervisor")], "nobody holds", False),
    "no such branch": ([HANDLE, approval("x", [{"branch": "B9"}])], "B9", True),
    "a branch without members": ([HANDLE, approval("x", [{"branch": "B2"}])], "no members", False),
    "nobody of that name": ([HANDLE, approval("x", [{"people": ["zoe", "anna"]}])], "zoe", True),
    "one of several ways names nobody": (
        [HANDLE, approval("x", [{"people": ["zoe"]}, {"role": "checker"}])],
        "zoe",
        True,
    ),
    "somebody who has left": ([HANDLE, approval("x", [{"people": ["bert", "anna"]}])], "left", False),
    "the previous at the first step": (
        [approval("x", [{"person": "previous"}], handler=True)],
        "nobody has decided",
        True,
    ),
    "a field that is not for people": (
        [approval("a", fields=[AMOUNT], handler=True), approval("x", [{"field": "amount"}])],
        "not a field for people",
        True,
    ),
    "a notice to nobody known": ([HANDLE, notify([{"role": "wizard"}])], "wizard", True),
    "a whistle to no department": ([HANDLE, whistle(departments=[{"role": "wizard"}])], "wizard", True),
    "a whistle that asks more time than there is": (
        [HANDLE, whistle(respond=DAYS, finish={"limit": 1, "clock": "work_days"})],
        "must be done within",
        True,
    ),
    "a state there is none of in a whistle": ([HANDLE, whistle(state="limbo")], "limbo", True),
    "an unknown system": (
        [HANDLE, {"type": "webhook", "id": "x", "name": "推送", "hook": "moon"}],
        "hotline",
        True,
    ),
    "no such workflow": ([HANDLE, sub("nothing")], "nothing", True),
    "a workflow that is not published": ([HANDLE, sub("drawn")], "has not been published", True),
    "a workflow inside itself": ([HANDLE, sub("trial")], "inside itself", True),
    "a workflow inside itself through another": ([HANDLE, sub("around")], "inside itself", True),
    "a sub-process that asks what nobody fills in": ([HANDLE, sub("asks")], "fields.amount", True),
    "inclusive without otherwise": (
        [HANDLE, inclusive(("urgent", approval("y")), otherwise=False)],
        "otherwise",
        False,
    ),
    "inclusive with an unknown question": ([HANDLE, inclusive(("weather", approval("y")))], "weather", True),
    "inclusive that ends under the others": (
        [HANDLE, inclusive(("urgent", {**END, "id": "early"}), ("located", approval("y")))],
        "ends the case",
        False,
    ),
    "the same case twice": (
        [
            HANDLE,
            {
                "type": "condition",
                "id": "x",
                "otherwise": sequence(),
                "cases": [
                    {"when": "urgent = true", "body": approval("y")},
                    {"when": "(urgent = true)", "body": approval("z")},
                ],
            },
        ],
        "can never be taken",
        True,
    ),
    "a case nobody has set": ([HANDLE, condition("x", " ", approval("y"))], "no condition yet", True),
    "a choice there is none of": (
        [
            approval(
                "a",
                handler=True,
                fields=[HOW],
            ),
            condition("x", 'fields.how = "two"', approval("y")),
        ],
        "no choice",
        True,
    ),
    "access to a field there is none of": (
        [approval("x", handler=True, access={"amount": "edit"})],
        "no field",
        True,
    ),
    "access to a later field": (
        [approval("x", handler=True, access={"amount": "edit"}), approval("y", fields=[AMOUNT])],
        "no field",
        True,
    ),
    "access to an own field": (
        [approval("x", handler=True, fields=[AMOUNT], access={"amount": "hidden"})],
        "own field",
        True,
    ),
    "asked again": (
        [approval("a", handler=True, fields=[AMOUNT]), approval("x", fields=[AMOUNT])],
        "before",
        False,
    ),
    "asked again as something else": (
        [approval("a", handler=True, fields=[AMOUNT]), approval("x", fields=[{**AMOUNT, "type": "text"}])],
        "before",
        True,
    ),
    "two fields with one name": (
        [approval("a", handler=True, fields=[AMOUNT]), approval("x", fields=[{**AMOUNT, "code": "sum"}])],
        "called “金额”",
        False,
    ),
    "a role of what is no person": (
        [approval("x", handler=True, fields=[{**AMOUNT, "role": "checker"}])],
        "not for people",
        True,
    ),
    "repeating a decision": (
        [
            approval(
                "x",
                handler=True,
                deadlines=[deadline(action="outcome", outcome="done", every=HOUR)],
            )
        ],
        "repeated",
        True,
    ),
    "a decision to somebody": (
        [
            approval(
                "x",
                handler=True,
                deadlines=[deadline(action="outcome", outcome="done", to=[{"role": "checker"}])],
            )
        ],
        "does not escalate",
        False,
    ),
    "a reminder that decides": (
        [approval("x", handler=True, deadlines=[deadline(action="remind", outcome="done")])],
        "does not decide",
        False,
    ),
    "a reminder when all is over": (
        [
            approval(
                "x",
                handler=True,
                deadlines=[
                    deadline(action="outcome", outcome="done"),
                    {"after": {**HOUR, "limit": 2}, "action": "remind"},
                ],
            )
        ],
        "too late",
        False,
    ),
    "two steps with one name": (
        [approval("a", handler=True, name="审核"), approval("x", name="审核")],
        "as well",
        False,
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _english():
    with override("en"):
        yield


@pytest.mark.parametrize("mistake", NEW)
def test_a_mistake_is_found_at_its_block_and_weighed(mistake):
    blocks, words, is_error = NEW[mistake]
    found = findings(*blocks)
    assert [finding.block for finding in found if finding.is_error == is_error] == ["x"], found
    (finding,) = [finding for finding in found if words.lower() in finding.message.lower()]
    assert (finding.block, finding.is_error) == ("x", is_error)


FORMS = {
    "an outcome in the filing form": ([{**AMOUNT, "outcomes": ["done"]}], "nothing is decided", True),
    "two codes": ([AMOUNT, {**AMOUNT, "name": "数额"}], "two fields", True),
    "two names": ([AMOUNT, {**AMOUNT, "code": "sum"}], "two fields", False),
    "no choices": ([{**AMOUNT, "type": "choice"}], "choose", True),
}


@pytest.mark.parametrize("mistake", FORMS)
def test_the_filing_form_is_checked_as_well(mistake):
    fields, words, is_error = FORMS[mistake]
    (finding,) = findings(HANDLE, fields=fields)
    assert (finding.block, finding.is_error) == ("", is_error)
    assert words in finding.message.lower()


SOUND = {
    "the initiator chooses": ([approval("x", [{"field": "head"}], handler=True)], [HEAD]),
    "what was filed decides": (
        [HANDLE, condition("x", "fields.amount > 5000", approval("y"))],
        [AMOUNT],
    ),
    "every way to vote": ([vote(vote={"percent": 60}), approval("y", [{"person": "previous"}])], []),
    "as many votes as people": ([vote(vote={"count": 2})], []),
    "the people of a field, however many": (
        [
            approval(
                "x",
                [{"field": "heads"}],
                handler=True,
                mode="vote",
                vote={"count": 7},
                outcomes=BOTH,
            )
        ],
        [{**HEAD, "type": "people", "code": "heads"}],
    ),
    "a sub-process with its field": ([HANDLE, sub("asks")], [AMOUNT]),
    "the previous after a sub-process": (
        [HANDLE, sub("inner"), approval("y", [{"person": "previous"}])],
        [],
    ),
    "one code on two ways that exclude each other": (
        [HANDLE, condition("x", "urgent", approval("y", fields=[AMOUNT]), approval("z", fields=[AMOUNT]))],
        [],
    ),
    "a whistle": ([HANDLE, whistle(finish=DAYS, escalate_to=[{"role": "checker"}])], []),
    "a known system": ([HANDLE, {"type": "webhook", "id": "x", "name": "推送", "hook": "hotline"}], []),
    "the same case twice where all are taken": (
        [HANDLE, inclusive(("urgent", approval("y")), ("urgent", approval("z")))],
        [],
    ),
    "a repeated reminder": (
        [approval("x", handler=True, deadlines=[deadline(action="remind", every=HOUR)])],
        [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", SOUND)
def test_what_is_sound_has_no_findings(what):
    blocks, fields = SOUND[what]
    assert findings(*blocks, fields=fields) == []


def test_a_finding_inside_a_sub_process_names_the_step_there():
    (finding,) = findings(HANDLE, sub("asks"))
    assert finding.title == "报销"
    assert "Inside" in finding.message


def test_a_sub_process_that_terminates_is_an_end():
    inner = published(approval("sign", "checker"), {**END, "id": "out", "terminate": True})
    inner["body"]["blocks"].pop()
    body = definition(HANDLE, sub("inner"), end=False)
    known = Known(definitions={"inner": inner})
    assert check(body, known) == []
    plain = Known(definitions={"inner": published(approval("sign", "checker"))})
    (finding,) = check(body, plain)
    assert "end" in finding.message


def test_what_a_draft_says_a_sub_process_holds_does_not_count():
    smuggled = sub("inner") | {"body": approval("x", "wizard")}
    assert findings(HANDLE, smuggled) == []


def test_names_are_said_as_people_see_them():
    blocks, _words, _is_error = NEW["a vote without a number"]
    (finding,) = findings(*blocks)
    assert finding.title == "步骤x"


def test_more_at_the_same_time_than_can_run_is_found_before_it_is_published():
    block = approval("y", "checker")
    for depth in range(5):
        block = parallel(f"p{depth}", block, approval(f"z{depth}", "checker"))
    (finding,) = findings(HANDLE, block)
    assert "nested" in finding.message


# --- fixes -----------------------------------------------------------------------------------------------
MENDED = {
    **{name: (mistake[0], KNOWN) for name, mistake in MISTAKES.items()},
    **{name: (mistake[0], INNER) for name, mistake in NEW.items()},
    "a move there is none of": ([approval("x", handler=True, moves=["transfer", "fly"])], KNOWN),
    "an attribute there is none of": ([approval("x", handler=True, colour="red")], KNOWN),
    "a block of no kind": ([HANDLE, {"type": "script", "id": "x"}], KNOWN),
    "a lone step": ([approval("x")], KNOWN),
}  # fmt: skip
#: Mistakes that only a person can mend: what was meant cannot be known.
FOR_PEOPLE = {
    "unknown role", "unknown role in a copy", "unknown role of a field", "unknown level",
    "unknown fact", "unknown form field", "outcome of a later step", "unknown outcome in a condition",
    "two fields with one code", "nothing to choose from",
    "a person nobody was asked for", "the doer of a later step", "the handler before there is one",
    "a condition that cannot be read", "a comparison of different kinds",
    "passing over sends back", "nothing but sending back", "two buttons with one name",
    "a role nobody holds", "no such branch",
    "a branch without members", "the previous at the first step", "a field that is not for people",
    "a notice to nobody known", "a whistle to no department", "an unknown system", "no such workflow",
    "a workflow that is not published", "a workflow inside itself",
    "a workflow inside itself through another",
    "a sub-process that asks what nobody fills in", "inclusive with an unknown question",
    "inclusive that ends under the others", "a choice there is none of", "a case nobody has set",
    "two fields with one name",
}  # fmt: skip


@pytest.mark.parametrize("mistake", MENDED)
def test_what_is_offered_mends_it(mistake):
    blocks, known = MENDED[mistake]
    body = definition(*blocks)
    before = copy.deepcopy(body)
    fixed = 0
    for finding in check(body, known):
        if finding.fix is None:
            continue
        fixed += 1
        assert finding.fix.words
        mended = check(apply_fix(body, finding.fix), known)
        assert (finding.block, finding.message) not in {(one.block, one.message) for one in mended}
    assert body == before, "what is handed in stays as it is"
    assert bool(fixed) != (mistake in FOR_PEOPLE), "offered nothing, or offered something after all"


def test_a_missing_end_is_added_also_where_there_is_no_sequence():
    body = definition(HANDLE, end=False) | {"body": HANDLE}
    (finding,) = check(body, KNOWN)
    mended = apply_fix(body, finding.fix)
    assert check(mended, KNOWN) == []
    assert [block["type"] for block in mended["body"]["blocks"]] == ["approval", "end"]


def test_mending_one_by_one_ends_without_findings():
    blocks = [
        approval("x", handler=True, moves=["return"], state="limbo"),
        approval("x", "checker", mode="vote", outcomes=[DONE]),
        parallel("p", approval("y"), sequence()),
        {
            "type": "condition", "id": "c",
            "cases": [{"when": "urgent", "body": approval("z", outcomes=[DONE, NO])}],
        },
        {**END, "id": "early"},
        approval("late"),
    ]  # fmt: skip
    body, steps = definition(*blocks, end=False), 0
    while found := check(body, KNOWN):
        fix = next(finding.fix for finding in found if finding.fix)
        body, steps = apply_fix(body, fix), steps + 1
        assert steps < 20
    assert steps >= 6


def test_a_fix_for_another_body_is_refused():
    body = definition(approval("x", handler=True, state="limbo"))
    (finding,) = check(body, KNOWN)
    with pytest.raises(LookupError):
        apply_fix(definition(HANDLE), finding.fix)
