"""A case's life through the ordinary actions, for tests that begin where it is closed."""

from collections.abc import Sequence

from django.core.files import File

from tests.factories import Town
from tests.workflows.desk_helpers import filed, open_task
from workflows.actions.tasks import decide_task
from workflows.models import Request


def handled(town: Town, case: Request, opinion: str = "已更换灯泡", photos: Sequence[File] = ()) -> Request:
    """The member on duty has done it."""
    task = open_task(case)
    decide_task(task_id=task.pk, actor=task.owner, outcome="done", opinion=opinion, photos=photos)
    case.refresh_from_db()
    return case


def closed(town: Town, case: Request | None = None, **more) -> Request:
    """Handled, checked, closed; the resident has been asked how it went."""
    case = handled(town, case or filed(town, **more))
    decide_task(task_id=open_task(case).pk, actor=town.checker, outcome="pass")
    decide_task(task_id=open_task(case).pk, actor=town.shift_leader, outcome="close")
    case.refresh_from_db()
    return case
