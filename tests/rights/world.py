"""A town with two streets, and a case in the second one full of words that nobody else may read.

Street A is the small town of :mod:`tests.factories`. Street B, far from it, has a grid with a member, its own
supervisor and administrator, and two residents: one who filed a case, and a neighbour of theirs.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import shapely
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models.fields.files import ImageFieldFile
from django.utils import timezone
from viewflow.workflow.models import Task

from grid import stamp
from grid.actions import presence
from grid.models import Area, ImportJob, Resident, Responsibility, User
from maps.indicators.actions.jobs import start_file
from maps.indicators.models import FigureJob
from maps.indicators.periods import Period
from maps.indicators.reading import Question
from maps.models import Finding, Foresight
from tests.factories import SINCE, MemberFactory, Town, UserFactory, photo
from tests.factories import _area as area_of
from tests.workflows.desk_helpers import open_task
from workflows.actions.requests import file_request
from workflows.actions.supervision import supervise_case
from workflows.models import (
    Attachment,
    Category,
    Request,
    Supervision,
    WebhookDelivery,
    WorkflowDefinition,
    WorkflowJob,
)

#: Inside grid B1. Four decimals of a degree are some ten metres: an exact point is told by them.
LON, LAT = 112.7123457, 37.9123457
#: What a reader of street B, and nobody else, may find.
SECRETS = {
    "words": "秘密诉求之原话",
    "contact": "秘而不宣之人",
    "contact phone": "13977770001",
    "address": "秘密巷七号",
    "resident": "秘姓居民",
    "member's phone": "13977770002",
    "order": "秘密督办之语",
    "imported file": "秘密导入之文件",
    "file": "秘密指标之文件",
    "longitude": "112.7123",
    "latitude": "37.9123",
}


@dataclass
class World:
    """Handles on street B; ``town`` is street A. ``people`` are the users of both by username."""

    town: Town
    street: Area
    grid: Area
    case: Request
    task: Task
    photo: Attachment
    order: Supervision
    delivery: WebhookDelivery
    import_job: ImportJob
    workflow_job: WorkflowJob
    figure_job: FigureJob
    finding: Finding
    people: dict[str, User]
    secrets: dict[str, bytes] = field(default_factory=dict)

    def leaks(self, url: str, content: bytes) -> list[str]:
        """Names of the secrets in what an address answered; not those that were asked for by name."""
        asked, text = unquote(url), readable(content)
        return [name for name, secret in self.secrets.items() if secret in text and not _is_in(secret, asked)]


def _is_in(secret: bytes, url: str) -> bool:
    return secret in url.encode()


def readable(content: bytes) -> bytes:
    """What can be read of a file as it is sent: compressed parts are taken apart."""
    if content.startswith(b"PK"):
        with zipfile.ZipFile(BytesIO(content)) as archive:
            return b"\n".join(archive.read(name) for name in archive.namelist())
    if content.startswith(b"\x1f\x8b"):
        return readable(zlib.decompress(content, 31))
    if content.startswith(b"%PDF"):
        return content + b"".join(map(_inflated, re.findall(rb"stream\r?\n(.*?)endstream", content, re.S)))
    if b"\\u" in content:  # JSON that is kept to ASCII
        return content + content.decode("utf-8", "replace").encode().decode("unicode_escape").encode(
            "utf-8", "surrogatepass"
        )
    return content


def _inflated(stream: bytes) -> bytes:
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return stream


@transaction.atomic
def _street_b() -> tuple[Area, Area, Area]:
    stamp.bump()
    box = shapely.box(112.71, 37.91, 112.716, 37.915)
    street = Area.objects.add_root(area_of("149901002", "乙街道", "Street B", "street", box))
    community = Area.objects.add_child(street, area_of("149901002001", "乙社区", "B", "community", box))
    grid = Area.objects.add_child(community, area_of("149901002001001", "乙网格", "B1", "grid", box))
    return street, community, grid


def build_world(town: Town) -> World:
    """Write street B beside the small town."""
    street, _, grid = _street_b()
    people = dict(town.people)

    def person(username: str, name: str, **more: Any) -> User:
        user = people[username] = UserFactory(username=username, name=name, **more)
        return user

    for username, role, area in (
        ("supervisor_b", "supervisor", street),
        ("administrator_b", "administrator", street),
        ("member_b", "grid_member", grid),
    ):
        phone = "+86" + SECRETS["member's phone"] if username == "member_b" else None
        member = MemberFactory(user=person(username, username, phone=phone))
        with transaction.atomic():
            stamp.bump()
            Responsibility.objects.create(member=member, area=area, role_id=role, since=SINCE)
    Resident.objects.create(user=person("resident_b", SECRETS["resident"]), area=grid)
    Resident.objects.create(user=person("neighbour_b", "乙邻居"), area=grid)
    case = file_request(
        reporter=people["resident_b"],
        text=SECRETS["words"],
        category=Category.objects.filter(conditions__is_default=True).first(),
        lon=LON,
        lat=LAT,
        address=SECRETS["address"],
        contact_name=SECRETS["contact"],
        contact_phone=SECRETS["contact phone"],
        photos=[photo(size=(640, 480), colour="#7a1f3d")],
    )
    assert case.area == grid
    order = supervise_case(request_id=case.pk, actor=people["supervisor_b"], level=2, text=SECRETS["order"])
    delivery = WebhookDelivery.objects.create(
        hook="x", request=case, definition="standard", block="b", title="t", state="failed",
        created_at=timezone.now(),
    )  # fmt: skip
    boss = people["administrator_b"]
    import_job = ImportJob.objects.create(
        by=boss, parent=street, file=SECRETS["imported file"], stored="x", stage="checked"
    )
    workflow_job = WorkflowJob.objects.create(
        by=boss, kind="replay", stage="at_work", definition=WorkflowDefinition.objects.earliest("pk"),
        message=case.number,
    )  # fmt: skip
    day = timezone.localdate()
    question = Question(boss, Period(day, day), area=street)
    figure_job = start_file(question=question, kind="csv", actor=boss)
    figure_job.stage = "done"
    figure_job.file = default_storage.save("figures/b.csv", ContentFile(SECRETS["file"].encode()))
    figure_job.save()
    finding = Finding.objects.create(
        foresight=Foresight.objects.create(day=timezone.localdate(), finished_at=timezone.now()),
        kind="sudden", area=grid, area_path=grid.path, days=7, n=12, usual=3.0, weeks=8, p=0.001,
    )  # fmt: skip
    # Due soon whatever the calendar says: the layer of deadlines looks a week ahead.
    Request.objects.filter(pk=case.pk).update(
        border_review=True, area_today=grid, path_today=grid.path, due_at=timezone.now() + timedelta(days=2)
    )
    presence._noted.clear()
    presence.note_on_line([people["member_b"].pk])
    shown = case.attachments.get()
    world = World(
        town,
        street,
        grid,
        case,
        open_task(case),
        shown,
        order,
        delivery,
        import_job,
        workflow_job,
        figure_job,
        finding,
        people,
    )
    world.secrets = {name: words.encode() for name, words in SECRETS.items()} | {
        "number": case.number.encode(),
        "photo": _part_of(shown.image),
        "small photo": _part_of(shown.thumbnail),
    }
    return world


def _part_of(image: ImageFieldFile) -> bytes:
    """A piece of a photo that no other one has: what comes after what every JPEG begins with."""
    return Path(image.path).read_bytes()[-80:]
