"""What the desk's lists show: tabs over a person's tasks and cases, narrowed by words, category and light."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from viewflow.workflow.models import Task

from grid.duty import principals_of
from grid.models import User
from grid.queries import full_names
from workflows import clocks, queries
from workflows.engine.describe import step_of, title_of
from workflows.models import Attachment, CarbonCopy, Category, Request

from .choices import inside_area_named
from .forms import resident_categories
from .parse import whole_number

PAGE_SIZE = 30
TABS = {
    "todo": _("To do"),
    "claim": _("To claim"),
    "returned": _("Came back"),
    "progress": _("Under way"),
    "copies": _("Copies"),
    "done": _("Done"),
}
#: Tabs in which a person who stands in for others may look at one of them only.
FOR_OTHERS = ("todo", "claim", "returned")
LIGHTS = {"red": _("Late"), "yellow": _("Nearly due"), "green": _("In time")}
#: From a row of each list to its case.
_CASE = {"progress": "", "copies": "request__"}


@dataclass(frozen=True)
class Filters:
    """What a person asked the list for. Anything unknown counts as not asked."""

    tab: str = "todo"
    words: str = ""
    category: int | None = None
    light: str = ""
    #: The user whose tasks: the person's own, or a principal's.
    whom: int | None = None
    page: str = "1"

    @classmethod
    def parse(cls, data: Mapping[str, str]) -> "Filters":
        return cls(
            tab=data.get("tab", "") if data.get("tab") in TABS else "todo",
            words=data.get("q", "").strip()[:100],
            category=whole_number(data.get("category", "")),
            light=data.get("light", "") if data.get("light") in LIGHTS else "",
            whom=whole_number(data.get("whom", "")),
            page=data.get("page", "1"),
        )

    @property
    def narrowed(self) -> bool:
        return bool(self.words or self.category or self.light or self.whom)

    def query(self, **changes: str) -> str:
        """These filters as a query string, some of them changed; empty values are left out."""
        values = {
            "tab": self.tab,
            "q": self.words,
            "category": str(self.category or ""),
            "light": self.light,
            "whom": str(self.whom or ""),
            "page": self.page if self.page != "1" else "",
        } | changes
        return urlencode({name: value for name, value in values.items() if value})


@dataclass(frozen=True)
class Row:
    """One line of a list: a task, or a case without one."""

    request: Request
    title: str
    url: str
    light: str
    # The grid's name after its community's; empty when the case is not placed yet.
    place: str
    task: Task | None = None
    copy: CarbonCopy | None = None
    # Seconds since the step came here.
    waited: float = 0
    # The colleague for whom one would act; empty for one's own tasks.
    for_whom: str = ""
    # Who has the case now, where that is not the person looking.
    holders: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"task-{self.task.pk}" if self.task else f"case-{self.request.pk}"

    @property
    def thumb(self) -> Attachment | None:
        """The first photo, if there is one; from the prefetch."""
        return next(iter(self.request.attachments.all()), None)


def narrow(rows: QuerySet[Any], filters: Filters) -> QuerySet[Any]:
    """The rows whose case has the words in its number, text or place, this category, this light."""
    case = _CASE.get(filters.tab, "process__request__")
    if filters.words:
        rows = rows.filter(
            Q(**{f"{case}number__icontains": filters.words})
            | Q(**{f"{case}text__icontains": filters.words})
            | Q(**{f"{case}address__icontains": filters.words})
            # A community's name finds the cases of its grids.
            | inside_area_named(filters.words, f"{case}area_path")
        )
    if filters.category:
        rows = rows.filter(**{f"{case}category_id": filters.category})
    if filters.light and filters.tab not in ("done", "copies"):
        now = timezone.now()
        late, near = Q(**{f"{case}due_at__lt": now}), Q(**{f"{case}yellow_at__lte": now})
        limited = Q(**{f"{case}due_at__isnull": False})
        rows = rows.filter(
            limited, {"red": late, "yellow": near & ~late, "green": ~near & ~late}[filters.light]
        )
    return rows


class Inbox:
    """A person's lists. Each property costs the same few queries, however many rows there are."""

    def __init__(self, user: User, filters: Filters) -> None:
        self.user = user
        self.filters = filters

    def list_of(self, tab: str) -> QuerySet[Any]:
        """Everything of a list: tasks, cases (``progress``) or copies (``copies``)."""
        whom = self.filters.whom
        match tab:
            case "claim":
                return queries.to_claim(self.user, whom)
            case "returned":
                return queries.came_back(self.user, whom)
            case "progress":
                return queries.in_progress(self.user)
            case "copies":
                return queries.copies(self.user)
            case "done":
                return queries.done_by(self.user)
        return queries.inbox(self.user, whom)

    @cached_property
    def tabs(self) -> list[tuple[str, str, int]]:
        """(code, title, number) of each tab; of copies those not read. The filters do not change them."""
        user = self.user
        todo, returned = queries.inbox_counts(user)
        counts = {
            "todo": todo,
            "claim": queries.to_claim(user).count(),
            "returned": returned,
            "progress": queries.in_progress(user).count(),
            "copies": queries.copies(user).filter(read_at=None).count(),
            "done": queries.done_by(user).count(),
        }
        return [(code, str(title), counts[code]) for code, title in TABS.items()]

    @cached_property
    def page(self) -> Page:
        photos = f"{_CASE.get(self.filters.tab, 'process__request__')}attachments"
        rows = narrow(self.list_of(self.filters.tab), self.filters).prefetch_related(photos)
        paginator = Paginator(rows, PAGE_SIZE)
        if not self.filters.narrowed and self.filters.tab != "copies":
            # Counted already, for its tab.
            paginator.count = next(count for code, _title, count in self.tabs if code == self.filters.tab)
        return paginator.get_page(self.filters.page)

    @cached_property
    def rows(self) -> list[Row]:
        found = list(self.page.object_list)
        if self.filters.tab == "progress":
            return self._cases(found)
        if self.filters.tab == "copies":
            return self._copies(found)
        now, places = timezone.now(), _places(task.process.request for task in found)
        return [self._task(task, now, places) for task in found]

    @cached_property
    def categories(self) -> list[Category]:
        """Categories to choose from in the filter, in the order of the tree."""
        return list(resident_categories())

    @cached_property
    def principals(self) -> list[User]:
        """Those the person stands in for now, by name. No query for who stands in for nobody."""
        ids = principals_of(self.user)
        return list(User.objects.filter(pk__in=ids).order_by("name", "username")) if ids else []

    @property
    def batchable(self) -> bool:
        """Whether several tasks of this list can be decided together."""
        return self.filters.tab in FOR_OTHERS

    def _task(self, task: Task, now: datetime, places: Mapping[str, str]) -> Row:
        request = task.process.request
        return Row(
            request=request,
            title=step_of(task).title,
            url=reverse("desk_task", args=[task.pk]),
            light=_light(request, now),
            place=_place(request, places),
            task=task,
            waited=(now - task.created).total_seconds(),
            for_whom=self._for_whom(task),
        )

    def _cases(self, cases: list[Request]) -> list[Row]:
        now, places = timezone.now(), _places(cases)
        holders = queries.holders_of(cases)
        return [
            Row(
                request=case,
                title=str(case.get_state_display()),
                url=reverse("case_detail", args=[case.number]),
                light=_light(case, now),
                place=_place(case, places),
                holders=tuple(holders[case.pk].names),
            )
            for case in cases
        ]

    def _copies(self, copies: list[CarbonCopy]) -> list[Row]:
        now, places = timezone.now(), _places(copy.request for copy in copies)
        return [
            Row(
                request=copy.request,
                title=_title_of(copy) or str(_("Copy")),
                url=reverse("case_detail", args=[copy.request.number]),
                light=_light(copy.request, now),
                place=_place(copy.request, places),
                copy=copy,
            )
            for copy in copies
        ]

    def _for_whom(self, task: Task) -> str:
        if task.owner_id is None or task.owner_id == self.user.pk or self.filters.tab == "done":
            return ""
        return str(task.owner)


def _places(cases: Iterable[Request]) -> dict[str, str]:
    return full_names(case.area for case in cases if case.area)


def _place(case: Request, places: Mapping[str, str]) -> str:
    return places.get(case.area.path, "") if case.area else ""


def _light(case: Request, now: datetime) -> str:
    return clocks.light(now, case.yellow_at, case.due_at, case.closed_at)


def _title_of(copy: CarbonCopy) -> str:
    process = copy.request.process
    return title_of(process.flow_class, copy.block) if process is not None else ""
