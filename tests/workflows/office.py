"""What the tests of moves about whole cases do again and again."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from tests.factories import Town
from tests.workflows.desk_helpers import filed
from workflows.actions.applications import ask_extension, ask_suspension, decide_application
from workflows.models import Application, Category, Request

SHANGHAI = ZoneInfo("Asia/Shanghai")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def manhole(town: Town, **more) -> Request:
    """Two urgent hours: yellow after 96 minutes."""
    return filed(town, category=Category.objects.get(code="repairs-manhole"), **more)


def lamp(town: Town, **more) -> Request:
    """Two working days."""
    return filed(town, category=Category.objects.get(code="repairs-streetlight"), **more)


def extended(town: Town, case: Request) -> Application:
    """More time, granted by both levels."""
    asked = ask_extension(request_id=case.pk, actor=town.member1, reason="等配件")
    for approver in (town.leader1, town.shift_leader):
        decide_application(application_id=asked.pk, actor=approver, agrees=True)
    asked.refresh_from_db()
    case.refresh_from_db()
    return asked


def suspended(town: Town, case: Request, days: int = 10) -> Application:
    """It stands still until the morning of the day so many days from now."""
    until = timezone.localdate() + timedelta(days=days)
    asked = ask_suspension(request_id=case.pk, actor=town.member1, reason="等冬天过去才能施工", until=until)
    decide_application(application_id=asked.pk, actor=town.shift_leader, agrees=True)
    asked.refresh_from_db()
    case.refresh_from_db()
    return asked
