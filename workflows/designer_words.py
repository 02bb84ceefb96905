"""What the designer's script is given as JSON: the draft, what may be chosen, and every word it shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from grid.models import DutyRole, Level, Member, User
from grid.policies import visible_branches, visible_members

from .condition_words import CODES
from .engine.facts import FACTS
from .models import Category, State, WorkflowDefinition, WorkflowDraft, WorkflowVersion


def config(draft: WorkflowDraft, user: User) -> dict[str, Any]:
    """For ``static/designer/page.js``. The user's number keeps unsent work of two people apart."""
    url = {name: reverse(f"workflow_{name}", args=[draft.key]) for name in ("draft", "findings")}
    return {
        "user": user.pk,
        "key": draft.key,
        "english": (get_language() or "").startswith("en"),
        "revision": draft.revision,
        "at": draft.saved_at.isoformat(),
        "body": draft.body,
        "urls": url | {"people": reverse("workflow_people")},
        "options": _options(draft, user),
        "fresh": fresh(),
        "words": _cards() | _conditions() | _panel() | _changes() | _messages(),
    }


# --- What may be chosen ------------------------------------------------------------------------------
def _options(draft: WorkflowDraft, user: User) -> dict[str, Any]:
    published = WorkflowVersion.Status.PUBLISHED
    definitions = WorkflowDefinition.objects.filter(versions__status=published).exclude(key=draft.key)
    levels = [[level.code, str(level)] for level in Level.objects.all() if not level.is_grid]
    return {
        "roles": [[role.code, str(role)] for role in DutyRole.objects.all()],
        "levels": [["grid", _("The case's own grid, else upwards")], *levels],
        "branches": [[branch.code, str(branch)] for branch in visible_branches(user)],
        "people": dict(_named_people(draft.body)),
        "persons": _persons(),
        "states": [[code, str(name)] for code, name in State.choices],
        "marks": _marks(),
        "definitions": [[one.key, str(one)] for one in definitions.order_by("pk")],
        "hooks": [[name, name] for name in settings.LINLI_WEBHOOKS],
        "facts": list(_facts()),
    }


def _persons() -> list[list[str]]:
    return [
        ["reporter", _("whoever reported it")],
        ["filer", _("whoever filed it")],
        ["handler", _("whoever has the case in hand")],
        ["previous", _("whoever decided the step before")],
    ]


def _marks() -> list[list[str]]:
    return [
        ["registered", _("Mark: registered")],
        ["handled", _("Mark: handled")],
        ["closed", _("Mark: closed")],
    ]


def _facts() -> Iterator[dict[str, Any]]:
    categories = [[one.code, f"{'　' * (one.depth - 1)}{one}"] for one in Category.objects.order_by("path")]
    for name, fact in FACTS.items():
        choices = [[code, str(label)] for code, label in CODES.get(name, {}).items()]
        yield {
            "name": name,
            "label": str(fact.label),
            "called": fact.name,
            "kind": fact.kind,
            "choices": categories if name == "category" else choices or None,
        }


def people(user: User) -> QuerySet[Member]:
    """Whom an administrator may name in a workflow: the members they look after."""
    return visible_members(user)


def person(member: Any) -> list[str]:
    """(user name, name, what they serve as). The member comes from ``grid.queries.search_members``."""
    posts = [f"{post.area.name} {post.role}" for post in member.posts[:2]]
    return [member.user.username, str(member), _(", ").join(posts)]


def _named_people(body: Any) -> Iterable[tuple[str, str]]:
    """User name and name of everybody the drawing names."""
    names: set[str] = set()
    todo = [body]
    while todo:
        value = todo.pop()
        if isinstance(value, dict):
            if isinstance(named := value.get("people"), list):
                names.update(name for name in named if isinstance(name, str))
            todo += value.values()
        elif isinstance(value, list):
            todo += value
    return ((user.username, str(user)) for user in User.objects.filter(username__in=names))


# --- What new things begin as ---------------------------------------------------------------------------
#: What new parts are called: data, which people of both languages read, so in both.
_NAMES = {
    "approval": ("办理", "Step"),
    "condition": ("条件判断", "Condition"),
    "inclusive": ("多选判断", "Every case that holds"),
    "parallel": ("同时进行", "At the same time"),
    "cc": ("抄送", "Copy"),
    "notify": ("通知", "Notice"),
    "whistle": ("吹哨报到", "Whistle"),
    "timer": ("等待", "Wait"),
    "subprocess": ("子流程", "Sub-process"),
    "webhook": ("通知其他系统", "Tell another system"),
    "end": ("结束", "End"),
    "agree": ("同意", "Agree"),
    "refuse": ("不同意", "Refuse"),
    "outcome": ("新结果", "New outcome"),
    "field": ("新填写项", "New field"),
    "choice": ("选项", "Choice"),
}


def fresh() -> dict[str, Any]:
    """What a new block, outcome, field … begins as; ids and codes are the script's to give."""
    nothing = {"type": "sequence", "blocks": []}
    role = {"role": DutyRole.objects.values_list("pk", flat=True).first() or ""}
    day = {"limit": 1, "clock": "work_days"}
    agree = {"code": "agree", **_named("agree"), "style": "primary", "agrees": True}
    case = {"when": "", "body": nothing}
    blocks: dict[str, dict[str, Any]] = {
        "approval": {"who": [role], "outcomes": [agree]},
        "condition": {"cases": [case], "otherwise": nothing},
        "inclusive": {"cases": [case, case], "otherwise": nothing},
        "parallel": {"branches": [nothing, nothing]},
        "cc": {"who": [role]},
        "notify": {"who": [{"person": "reporter"}], "text": ""},
        "whistle": {"departments": [role], "respond": {"limit": 2, "clock": "urgent_hours"}},
        "timer": {"after": day},
        "subprocess": {"definition": ""},
        "webhook": {"hook": next(iter(settings.LINLI_WEBHOOKS), "")},
        "end": {"state": "closed"},
    }
    return {
        **{kind: {"type": kind, **_named(kind), **rest} for kind, rest in blocks.items()},
        "milestone": {"type": "milestone", "mark": "handled"},
        "case": case,
        "nothing": nothing,
        "who": role,
        "role": role["role"],
        "branch": "",
        "people": [],
        "person": "previous",
        "field": "",
        "doer_of": "",
        "returns_to": "",
        "ends": {**_named("end"), "state": "closed"},
        "vote": {"percent": 60},
        "percent": 60,
        "count": 2,
        "limit": day,
        "agree": agree,
        "outcome": _named("outcome"),
        "refusal": {**_named("refuse"), "style": "danger", "needs_opinion": True},
        "form_field": {**_named("field"), "type": "text"},
        "choice": _named("choice"),
        "deadline": {"after": {"limit": 2, "clock": "work_days"}, "action": "remind"},
    }


def _named(kind: str) -> dict[str, str]:
    name, name_en = _NAMES[kind]
    return {"name": name, "name_en": name_en}


# --- Words -----------------------------------------------------------------------------------------------
def _cards() -> dict[str, str]:
    """The lines on the cards."""
    return {
        "comma": pgettext("between names", ", "),
        "start": _("Somebody files a case"),
        "over": _("The way ends here"),
        "no_fields": _("Nothing to fill in beyond the usual form"),
        "filing_form": _("Filing form"),
        "at_level": _(" (%(level)s)"),
        "doer_of": _("whoever did “%(step)s”"),
        "from_field": _("whoever is chosen in “%(field)s”"),
        "or_else": _(", else "),
        "nobody_yet": _("Nobody is named yet"),
        "gone": _("(deleted)"),
        "mode_all": _("Everybody must agree"),
        "mode_in_turn": _("Everybody must agree, one after the other"),
        "mode_any": _("Whoever decides first decides"),
        "votes": _("Enough when %(n)s agree"),
        "share": _("Enough when %(n)s %% agree"),
        "no_outcome": _("There is nothing to choose yet"),
        "outcome_back": _("%(name)s (back to “%(step)s”)"),
        "outcome_ends": _("%(name)s (ends the case)"),
        "remind": _("Reminded after %(after)s"),
        "reminded_again": _("Reminded after %(after)s, then every %(every)s"),
        "escalate": _("Passed up after %(after)s: %(who)s"),
        "outcome": _("After %(after)s by itself: “%(outcome)s”"),
        "urgent_hours": _("%(n)s urgent h"),
        "work_hours": _("%(n)s working h"),
        "work_days": _("%(n)s working d"),
        "calendar_days": _("%(n)s calendar d"),
        "no_text": _("There is no text yet"),
        "respond": _("To report in within %(after)s"),
        "waits": _("Waits %(after)s"),
        "none_chosen": _("Nothing is chosen yet"),
        "state_is": _("The case is now: %(state)s"),
        "add": _("Add"),
        "add_here": _("Add a step here"),
        "add_first": _("Add a step before the first one"),
        "add_after": _("Add a step after “%(name)s”"),
        "add_case": _("Add a case"),
        "add_branch": pgettext("block", "Add a branch"),
    }


def _conditions() -> dict[str, str]:
    """Conditions in words, and the rows they are written in."""
    said = {
        "=": _("%(field)s is %(value)s"),
        "!=": _("%(field)s is not %(value)s"),
        "<": _("%(field)s is below %(value)s"),
        "<=": _("%(field)s is at most %(value)s"),
        ">": _("%(field)s is above %(value)s"),
        ">=": _("%(field)s is at least %(value)s"),
        "in": _("%(field)s is one of %(value)s"),
        "between": _("%(field)s is from %(low)s to %(high)s"),
        "known": _("%(field)s is given"),
        "unknown": _("%(field)s is not given"),
    }
    row = {
        "=": _("is"),
        "!=": _("is not"),
        "<": _("is below"),
        "<=": _("is at most"),
        ">": _("is above"),
        ">=": _("is at least"),
        "in": _("is one of"),
        "between": _("is between"),
        "known": _("is given"),
        "unknown": _("is not given"),
    }
    return {
        **{f"op_{op}_said": text for op, text in said.items()},
        **{f"op_{op}": text for op, text in row.items()},
        "if": _("If"),
        "or_if": _("Else if"),
        "whenever": _("Whenever"),
        "otherwise": _("Otherwise"),
        "branch": _("Branch %(n)s"),
        "no_condition": _("No condition yet: click here to set one"),
        "and": _(" and "),
        "or": _(" or "),
        "or_group": _("; or "),
        "and_group": _("; and "),
        "yes": _("yes"),
        "no": _("no"),
        "the_case": _("The case itself"),
        "decisions": _("Earlier decisions"),
        "decision_on": _("Decision on “%(step)s”"),
        "field": _("What is looked at"),
        "comparison": _("Comparison"),
        "value": _("Value"),
        "groups_join": _("How the groups belong together"),
        "join_or": _("One of the groups is enough"),
        "join_and": _("Every group must hold"),
        "group": _("Group %(n)s"),
        "first_row": _("Set a condition"),
        "more_and": _("And …"),
        "more_or": _("Or …"),
        "group_or": _("Or else: another group"),
        "group_and": _("And besides: another group"),
        "as_text": _("Write it as text"),
        "as_rows": _("Back to rows"),
        "only_text": _("This condition can only be shown as text. It works all the same."),
        "condition_text": _("The condition as text"),
    }


def _panel() -> dict[str, str]:
    return {
        "of": _("%(whole)s: %(part)s"),
        "choose": _("Please choose"),
        "unknown": _("%(code)s (not known here)"),
        "none_before": _("There is no earlier step."),
        "up": _("Move up"),
        "down": _("Move down"),
        "remove": _("Remove"),
        "take_out": _("Take out %(name)s"),
        "search_people": _("Search by name"),
        "no_connection": _("There is no connection, so nobody can be searched for just now."),
        "nobody_found": _("Nobody of this name serves here."),
        "no_earlier_fields": _("Nothing is filled in before this step."),
        "access_read": _("may read it"),
        "access_edit": _("may change it"),
        "access_hidden": _("does not see it"),
    }


def _changes() -> dict[str, str]:
    """What was done, for undo, for the note and for those who listen."""
    return {
        "did_add": _("Added: %(name)s"),
        "did_change": _("Changed: %(name)s"),
        "did_move": _("Moved: %(name)s"),
        "did_copy": _("Copied: %(name)s. Paste it at any +."),
        "did_paste": _("Pasted: %(name)s"),
        "did_delete": _("Deleted: %(name)s"),
        "did_branch": _("Added a branch: %(name)s"),
        "did_delete_branch": _("Deleted a branch of %(name)s with what was in it"),
        "did_resume": _("Work of %(time)s that was kept on this device is back."),
        "undone": _("Undone: %(what)s"),
        "redone": _("Done again: %(what)s"),
        "undo": _("Undo"),
        "paste": _("Paste “%(name)s”"),
        "last_branch": _("The last branch stays. Delete the whole block instead."),
        "choose_block": _("Choose a card first."),
        "no_further": _("It cannot go any further this way."),
    }


def _messages() -> dict[str, str]:
    return {
        "no_name": _("Without a name"),
        "whole": _("The workflow as a whole"),
        "error": _("%(n)s to mend"),
        "warning": _("%(n)s to look at"),
        "sound": _("Nothing to mend"),
        "not_mended": _("This could not be mended just now. The drawing is being checked once more."),
        "sound_long": _("Nothing to mend. The workflow can be tried and published."),
        "light_saved": _("Saved %(time)s"),
        "light_saving": _("Saving …"),
        "light_offline": _("Not saved: no connection. Kept on this device, sent when you are back online."),
        "light_lost": _("Not saved, and this device cannot keep it. Do not close the page; export it."),
        "light_refused": _("Not saved: %(message)s"),
        "light_overtaken": _("Not saved: somebody else has saved. Choose which one goes on."),
        "signed_out": _("you are signed out. Sign in again in another window; your work is kept here."),
        "they_saved": _("%(name)s saved at %(time)s. This is what they made of it."),
        "overtaken": _("%(name)s saved at %(time)s, while you were drawing."),
        "mine_again": _("My own drawing goes on"),
        "somebody": _("Somebody"),
    }
