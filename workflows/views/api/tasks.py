"""Tasks for programs: a person's lists, one task's sheet, the moves."""

from collections.abc import Callable
from typing import Any, Literal

from django.http import Http404, HttpRequest
from ninja import Query, Router
from viewflow.workflow.models import Task

from workflows.actions import delegation, signers, taking_back
from workflows.actions import tasks as actions
from workflows.engine.describe import describe, step_of
from workflows.policies import OPEN_TASK

from ..inbox import Filters, Inbox, Row
from ..task import task_of
from ..together import may_take_back
from . import shapes

router = Router(tags=["tasks"])
List = Literal["todo", "claim", "returned", "done"]


@router.get("", response=shapes.PageOut, url_name="tasks")
def tasks(request: HttpRequest, list: List = "todo", q: str = "", page: int = Query(1, ge=1)) -> Any:
    """A list of the desk, thirty at a time, the most urgent first; ``q`` as in its search."""
    inbox = Inbox(request.user, Filters(tab=list, words=q[:100], page=str(page)))
    return {
        "total": inbox.page.paginator.count,
        "page": inbox.page.number,
        "pages": inbox.page.paginator.num_pages,
        "tasks": [_row(row) for row in inbox.rows],
    }


def _row(row: Row) -> dict[str, Any]:
    task, case = row.task, row.request
    assert task is not None
    return {
        "id": task.pk,
        "title": row.title,
        "case": case.number,
        "category": case.category.code if case.category else "",
        "text": case.text,
        "area": case.area.code if case.area else "",
        "state": case.state,
        "light": row.light,
        "due_at": case.due_at,
        "waiting_since": task.created,
        "for_whom": row.for_whom,
    }


@router.get("/{task_id}", response=shapes.SheetOut, url_name="task")
def task(request: HttpRequest, task_id: int) -> Any:
    """One task: how it can be decided, and which moves are open to the person."""
    found = _task(request, task_id)
    sheet = describe(found)
    return {
        "id": found.pk,
        "case": found.process.request.number,
        "title": sheet.title,
        "block": sheet.block_id,
        "open": found.status in OPEN_TASK,
        "outcomes": sheet.outcomes,
        "fields": sheet.fields,
        "moves": sorted(sheet.moves | ({"take_back"} if may_take_back(request.user, found) else set())),
        "return_targets": sheet.return_targets,
    }


def _task(request: HttpRequest, task_id: int) -> Task:
    """A task this person may open, whose page is not the resident's three questions."""
    found = task_of(request.user, task_id)
    if step_of(found).form == "rating":
        raise Http404
    return found


def _move(name: str, sent: type[shapes.Given], act: Callable[..., Any]) -> None:
    """Offer a move of the task's page under ``/{task_id}/<name>``."""

    def move(request: HttpRequest, task_id: int, given: Any) -> Any:
        case = _task(request, task_id).process.request
        act(task_id=task_id, actor=request.user, **shapes.values_of(given))
        return shapes.done(case)

    move.__annotations__["given"] = sent
    move.__doc__ = (act.__doc__ or "").partition("\n")[0]
    path, code = f"/{{task_id}}/{name}", f"task_{name.replace('-', '_')}"
    router.post(path, response=shapes.DoneOut, url_name=code, operation_id=code)(move)


_move("decide", shapes.Decision, actions.decide_task)
_move("claim", shapes.Nothing, actions.claim_task)
_move("unclaim", shapes.Nothing, actions.unclaim_task)
_move("transfer", shapes.ToSomebody, actions.transfer_task)
_move("return", shapes.Return, actions.return_task)
_move("delegate", shapes.ToSomebody, delegation.delegate_task)
_move("answer", shapes.Answer, delegation.answer_task)
_move("co_handle", shapes.Help, delegation.ask_for_help)
_move("sign_before", shapes.SignerBefore, signers.add_signer)
_move("sign_after", shapes.SignerAfter, signers.add_signer)
_move("remove_signer", shapes.SignerOut, signers.remove_signer)
_move("take_back", shapes.Nothing, taking_back.take_back_task)
