"""The administrators' view of how cases are sorted and what happens to them."""

from collections import Counter
from dataclasses import dataclass, field

from django.db.models import Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from grid.models import DutyRole
from workflows.engine import schema
from workflows.models import Category, WorkflowBinding, WorkflowDefinition, WorkflowDraft, WorkflowVersion
from workflows.models.dictionary import Dictionary
from workflows.outline import Line, outline
from workflows.policies import visible_drafts
from workflows.versions import running_on

from .access import administrator_required
from .publishing import publishing_of


@dataclass
class Branch:
    """A category and the ones under it."""

    category: Category
    children: list["Branch"] = field(default_factory=list)


def _tree(categories: list[Category]) -> list[Branch]:
    """Categories in tree order as nested branches; one whose parent is not among them becomes a root."""
    roots: list[Branch] = []
    open_branches: list[Branch] = []
    for category in categories:
        while open_branches and not category.path.startswith(open_branches[-1].category.path):
            open_branches.pop()
        branch = Branch(category)
        (open_branches[-1].children if open_branches else roots).append(branch)
        open_branches.append(branch)
    return roots


@administrator_required
@require_GET
def console_categories(request: HttpRequest) -> HttpResponse:
    """Both dictionaries with their filing conditions and limits, searchable by word or code."""
    dictionary = request.GET.get("dictionary", "")
    dictionary = dictionary if dictionary in Dictionary.values else Dictionary.RESIDENT.value
    words = request.GET.get("q", "").strip()[:60]
    categories = Category.objects.filter(dictionary=dictionary).order_by("path")
    if words:
        categories = categories.filter(
            Q(name__icontains=words)
            | Q(name_en__icontains=words)
            | Q(code__icontains=words)
            | Q(conditions__text__icontains=words)
            | Q(conditions__text_en__icontains=words)
        ).distinct()
    everywhere = WorkflowBinding.objects.filter(area=None, since__lte=timezone.localdate())
    bound = Prefetch("bindings", everywhere.select_related("definition").order_by("-since"))
    rows = list(categories.select_related("maps_to").prefetch_related("conditions", bound))
    context = {
        "tree": _tree(rows),
        "count": len(rows),
        "dictionary": dictionary,
        "dictionaries": Dictionary.choices,
        "words": words,
    }
    return render(request, "console/categories.html", context)


@dataclass
class Row:
    """A workflow: the version in force read aloud, and what is being drawn."""

    key: str
    name: str
    definition: WorkflowDefinition | None = None
    current: WorkflowVersion | None = None
    lines: list[Line] = field(default_factory=list)
    draft: WorkflowDraft | None = None
    #: Open cases on any of its versions.
    running: int = 0

    @property
    def is_overtaken(self) -> bool:
        """Whether another version has come into force since the draft was begun."""
        return bool(self.draft and self.draft.based_on_id and self.current) and (
            self.draft.based_on_id != self.current.pk
        )


def _row(definition: WorkflowDefinition, roles: dict[str, str], running: int) -> Row:
    current = next(iter(definition.versions.all()), None)
    lines = outline(schema.Definition.model_validate(current.body), roles) if current else []
    return Row(definition.key, str(definition), definition, current, lines, running=running)


def _running() -> Counter[int]:
    """Definition id → open cases on any of its versions. Two queries; no bodies are read."""
    versions = {version.pk: version for version in WorkflowVersion.objects.only("definition_id")}
    counts: Counter[int] = Counter()
    for pk, n in running_on(versions.values()).items():
        counts[versions[pk].definition_id] += n
    return counts


@administrator_required
@require_GET
def console_workflows(request: HttpRequest) -> HttpResponse:
    """Every workflow: what happens in it step by step, its versions, its draft, and the cases on it."""
    roles = {role.code: str(role) for role in DutyRole.objects.all()}
    in_force = WorkflowVersion.objects.filter(status=WorkflowVersion.Status.PUBLISHED)
    definitions = WorkflowDefinition.objects.prefetch_related(Prefetch("versions", in_force)).order_by("pk")
    running = _running()
    rows = {one.key: _row(one, roles, running[one.pk]) for one in definitions}
    for draft in visible_drafts(request.user).select_related("saved_by").order_by("-saved_at"):
        rows.setdefault(draft.key, Row(draft.key, str(draft))).draft = draft
    # What is being worked on comes first.
    shown = sorted(rows.values(), key=lambda row: row.draft is None)
    return render(request, "console/workflows.html", {"rows": shown} | publishing_of(request))
