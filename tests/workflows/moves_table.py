"""How a row of the table of moves is played: a small town, seven kinds of step, and what is left afterwards.

Everybody has a letter: F files the first step; A has the step in question, or A, B and C have a seat each; G
has the branch beside it; K the step after it; D and E are colleagues on duty elsewhere. A script is what they
do, an hour apart; every step has a limit of four hours, after which it goes to E.

What is left is written ``A@step 3h``: who has which step open, and how long its limit still runs. An event is
written ``task.transferred>D``: its kind, and who is notified of it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone
from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from grid.errors import Refused
from grid.models import User
from tests.factories import Town
from tests.workflows.flowing import approval, begin, events, parallel, publish, sequence, tasks, told
from workflows.actions.delegation import answer_task, ask_for_help, delegate_task
from workflows.actions.handover import hand_over
from workflows.actions.signers import add_signer, remove_signer
from workflows.actions.taking_back import take_back_task
from workflows.actions.tasks import claim_task, decide_task, return_task, transfer_task, unclaim_task
from workflows.actions.timers import fire_timers
from workflows.engine.describe import step_of
from workflows.engine.move import OPEN
from workflows.models import Opinion, Request

START = datetime(2027, 3, 1, 1, tzinfo=UTC)
LETTERS = {
    "F": "leader1", "A": "member1", "B": "member2", "C": "member3", "D": "member4", "E": "member5",
    "G": "supervisor", "K": "checker", "P": "member6", "Q": "member6b",
}  # fmt: skip
YES = {"code": "yes", "name": "同意", "agrees": True}
REFUSED = {"type": "end", "id": "refused", "name": "不批准", "state": "rejected"}
NO = {"code": "no", "name": "不同意"}
MOVES = ["transfer", "return", "delegate", "sign_before", "sign_after", "remove_signer", "co_handle"]
LATE = {"after": {"limit": 4, "clock": "urgent_hours"}, "action": "escalate", "to": [{"people": ["member5"]}]}


def _step(block: str, *people: str, **more: Any) -> dict[str, Any]:
    refusal = NO | {"ends": REFUSED | {"id": f"refused_{block}"}}
    whom = [{"people": [LETTERS[letter] for letter in people]}]
    given = {"outcomes": [YES, refusal], "moves": MOVES, "deadlines": [LATE]}
    return approval(block, whom, **given | more)


def _sub_process(block: dict[str, Any]) -> dict[str, Any]:
    return {"type": "subprocess", "id": "sub", "name": "子流程", "definition": "inner", "body": block}


#: Kind of step → the blocks between the first step and the one after.
CONTEXTS: dict[str, dict[str, Any]] = {
    "sequence": _step("step", "A"),
    "parallel": parallel("both", _step("step", "A"), _step("beside", "G")),
    "all": _step("step", "A", "B", "C", mode="all"),
    "in turn": _step("step", "A", "B", "C", mode="in_turn"),
    "any": _step("step", "A", "B", "C", mode="any"),
    "vote": _step("step", "A", "B", "C", mode="vote", vote={"percent": 60}),
    "sub-process": _sub_process(sequence(_step("step", "A"))),
    "pool": _step("step") | {"who": [{"role": "grid_member"}]},
}


class Play:
    """One case of one context on which a script is played."""

    def __init__(self, town: Town, clock: Any) -> None:
        self.town, self.clock = town, clock
        self.hours = 0

    def begin(self, context: str) -> None:
        self.clock.move_to(START, tick=False)
        self.case: Request = begin(self.town, grid=6 if context == "pool" else 1, key=key_of(context))
        self._decide("F", "yes")

    def play(self, script: str) -> None:
        """``A agrees; A takes back`` and so on; the events are those of the last sentence."""
        for sentence in script.split(";"):
            actor, verb, *rest = sentence.split()
            self.hours += 1
            self.clock.move_to(START + timedelta(hours=self.hours), tick=False)
            self.before, self.refused = len(events(self.case)), ""
            try:
                getattr(self, f"_{verb.replace('-', '_')}")(actor, *rest)
            except Refused as refusal:
                self.refused = str(refusal)

    # --- what they do --------------------------------------------------------------------------
    def user(self, letter: str) -> User:
        user: User = getattr(self.town, LETTERS[letter])
        return user

    def task(self, letter: str) -> int:
        """The open task this person has, or could claim."""
        found = [task for task in tasks(self.case) if task.status in OPEN]
        user = self.user(letter)
        own = [task for task in found if task.owner == user] or [task for task in found if not task.owner]
        return int((own or found)[0].pk)

    def _decide(self, letter: str, outcome: str) -> None:
        decide_task(task_id=self.task(letter), actor=self.user(letter), outcome=outcome)

    def _agrees(self, letter: str) -> None:
        self._decide(letter, "yes")

    def _refuses(self, letter: str) -> None:
        self._decide(letter, "no")

    def _given(self, letter: str, to: str) -> dict[str, Any]:
        return {
            "task_id": self.task(letter), "actor": self.user(letter), "to": self.user(to), "reason": "说明",
        }  # fmt: skip

    def _transfers(self, letter: str, to: str) -> None:
        transfer_task(**self._given(letter, to))

    def _delegates(self, letter: str, to: str) -> None:
        delegate_task(**self._given(letter, to))

    def _calls(self, letter: str, to: str) -> None:
        ask_for_help(**self._given(letter, to))

    def _answers(self, letter: str) -> None:
        answer_task(task_id=self.task(letter), actor=self.user(letter), opinion="看过了")

    def _signs_before(self, letter: str, to: str) -> None:
        add_signer(**self._given(letter, to), place="before")

    def _signs_after(self, letter: str, to: str) -> None:
        add_signer(**self._given(letter, to), place="after")

    def _removes(self, letter: str, signer: str) -> None:
        remove_signer(
            task_id=self.task(letter), actor=self.user(letter), signer=self.user(signer), reason="说明"
        )

    def _takes_back(self, letter: str) -> None:
        last = Opinion.objects.filter(request=self.case, actor=self.user(letter)).latest("pk")
        take_back_task(task_id=last.task_id, actor=self.user(letter))

    def _returns(self, letter: str, block: str, resume: str = "onward") -> None:
        wanted = next(task for task in tasks(self.case) if _plain(step_of(task).block_id) == block)
        return_task(
            task_id=self.task(letter), actor=self.user(letter), to_block=step_of(wanted).block_id,
            reason="说明", resume="straight_back" if resume == "straight" else "onward",
        )  # fmt: skip

    def _claims(self, letter: str) -> None:
        claim_task(task_id=self.task(letter), actor=self.user(letter))

    def _unclaims(self, letter: str) -> None:
        unclaim_task(task_id=self.task(letter), actor=self.user(letter))

    def _leaves(self, letter: str, to: str = "") -> None:
        """Their tasks are handed over: to one person, or to whoever the step finds."""
        hand_over(
            member=self.user(letter).member, to=self.user(to).member if to else None,
            actor=self.town.administrator, reason="离职", end_duties=False,
        )  # fmt: skip

    def _waits(self, _letter: str) -> None:
        """Four hours more pass, and the sweep runs."""
        self.hours += 4
        self.clock.move_to(START + timedelta(hours=self.hours), tick=False)
        fire_timers()

    # --- what is left --------------------------------------------------------------------------
    def left(self) -> str:
        found = [self._shown(task) for task in tasks(self.case) if task.status in OPEN]
        self.case.refresh_from_db()
        return ", ".join(found) or f"({self.case.state})"

    def _shown(self, task: Task) -> str:
        name = LETTER_OF.get(task.owner.username, task.owner.username) if task.owner else "pool"
        limits = Task.objects.filter(previous=task, flow_task_type="TIMER", status=STATUS.SCHEDULED)
        runs = [f" {(limit.scheduled - timezone.now()).total_seconds() / 3600:g}h" for limit in limits]
        return f"{name}@{_plain(step_of(task).block_id)}{''.join(runs)}"

    def said(self) -> str:
        """The events of the last sentence, or that it was refused."""
        if self.refused:
            return "refused"
        return ", ".join(
            event.kind + (f">{''.join(sorted(self._letters(told(event))))}" if told(event) else "")
            for event in events(self.case)[self.before :]
        )

    def _letters(self, users: set[User]) -> list[str]:
        return [LETTER_OF.get(user.username, user.username) for user in users]

    def tidy(self) -> list[str]:
        """What must never be: timers armed for nobody, joins that wait although nothing is open."""
        wrong = []
        open_ids = {task.pk for task in tasks(self.case) if task.status in OPEN}
        everything = Task.objects.filter(process=self.case.process_id)
        for timer in everything.filter(flow_task_type="TIMER", status=STATUS.SCHEDULED):
            if not open_ids & set(timer.previous.values_list("pk", flat=True)):
                wrong.append(f"{timer.flow_task.name} is armed for nobody")
        if not open_ids and everything.filter(flow_task_type="JOIN", status=STATUS.STARTED).exists():
            wrong.append("a join waits for nothing")
        return wrong


LETTER_OF = {username: letter for letter, username in LETTERS.items()}


def _plain(block: str) -> str:
    if block.endswith("__help"):
        return "help"
    return block.split("_IN_")[0]


def key_of(context: str) -> str:
    return context.replace(" ", "-")


def publish_kind(context: str) -> None:
    """The definition with a step of this kind in the middle."""
    publish(_step("first", "F"), CONTEXTS[context], _step("after", "K"), key=key_of(context))
