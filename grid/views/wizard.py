"""The import wizard of the console: a file, how it reads, what is what, the report on a map, done.

A job (``ImportJob``) keeps what was chosen, so people may go back and forth, leave, and come back.
"""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ..actions import imports
from ..errors import Refused
from ..models import Area, ImportJob, Level
from ..past_imports import past_imports
from ..policies import (
    administered_areas,
    may_administer_everything,
    own_imports,
    visible_import_edits,
)
from .console import administrators_only
from .import_forms import MOST_PARENTS, ColumnsForm, ReadForm, UploadForm, initial_of
from .import_map import map_of
from .import_places import DRAWN, candidates
from .import_report import Report, did
from .import_words import (
    FORMATS,
    encoding_choices,
    file_words,
    layer_choices,
    stage_words,
    steps,
)

Stage = ImportJob.Stage
#: Stages in which what was chosen may still change, and those in which work is being done.
OPEN = (Stage.UPLOADED, Stage.READ, Stage.CHECKED, Stage.FAILED)
AT_WORK = (Stage.CHECKING, Stage.APPLYING)
HISTORY_SHOWN = 30
TABLES = ("CSV", "XLSX")

form_page = require_http_methods(["GET", "HEAD", "POST"])


# --- 1: the file -----------------------------------------------------------------------------------
@form_page
@administrators_only
def start(request: HttpRequest) -> HttpResponse:
    """Choose a file; what was begun before, and former imports."""
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if form.is_bound and form.is_valid():
        try:
            job = imports.start_import(
                file=form.cleaned_data["file"], actor=request.user, parent=_outermost(request.user)
            )
        except Refused as refused:
            form.add_error("file", str(refused))
        else:
            return redirect("import_job", job.pk)
    begun = own_imports(request.user).filter(stage__in=[*OPEN, *AT_WORK])
    past = past_imports(visible_import_edits(request.user), most=HISTORY_SHOWN)
    context = {
        "form": form,
        "formats": FORMATS,
        "accept": ",".join(ending for one in FORMATS for ending in one.endings),
        "most": imports.MAX_BYTES,
        "megabytes": imports.MAX_BYTES // 1024**2,
        "steps": steps(None, 1),
        "unfinished": [
            {"job": job, "words": stage_words(job), "may_be_dropped": job.stage in OPEN} for job in begun
        ],
        "history": [{"past": each, "did": _did(each)} for each in past],
    }
    return render(request, "grid/import/start.html", context, status=422 if form.errors else 200)


def _outermost(user: Any) -> Area | None:
    """What everything must lie in: the area the person administers; none where that is everything."""
    if may_administer_everything(user):
        return None
    return administered_areas(user).order_by("depth", "path").first()


@require_safe
@administrators_only
def job(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Where this job stands: on to the step at which to continue."""
    found = _job(request, pk)
    if found.stage == Stage.READ:
        page = "import_columns" if found.wishes.get("crs") else "import_read"
    else:
        page = "import_report" if found.stage == Stage.CHECKED else "import_result"
    return redirect(page, found.pk)


@require_POST
@administrators_only
def drop(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Put away a job that was not applied, with its file."""
    imports.drop_import(job=_open_job(request, pk), actor=request.user)
    return redirect("import_start")


# --- 2: how it reads -------------------------------------------------------------------------------
@form_page
@administrators_only
def read(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Layer, encoding, coordinate system. Another layer or encoding has the file read anew first."""
    found = _open_job(request, pk)
    refused = ""
    form = ReadForm(request.POST) if request.method == "POST" else ReadForm(initial=_read_initial(found))
    if form.is_bound:
        look = {name: request.POST.get(name, "") for name in ("layer", "encoding", "wkt_field")}
        shown = {name: _read_initial(found)[name] for name in look}
        try:
            # A choice among readings, made on the page, asks for another look and never goes on.
            if look != shown or request.htmx:
                imports.inspect_job(job=found, wishes={**found.wishes, **look, "crs": ""}, actor=request.user)
                form = ReadForm(initial=_read_initial(found))
            elif form.is_valid():
                imports.keep_wishes(job=found, wishes={**found.wishes, **form.wishes}, actor=request.user)
                return redirect("import_columns", found.pk)
        except Refused as refusal:
            refused = str(refusal)
    contents = found.contents
    context = {
        **_frame(found, 2),
        "form": form,
        "refused": refused,
        "layers": layer_choices(contents),
        "encodings": encoding_choices(contents),
        "crs": contents["crs"],
        "candidates": candidates(contents["crs"], _outlines(request.user)),
        "tables": contents["all_fields"] if contents["format"] in TABLES else [],
    }
    page = "grid/import/_read_form.html" if request.htmx else "grid/import/read.html"
    return render(request, page, context, status=422 if form.errors and not request.htmx else 200)


def _read_initial(found: ImportJob) -> dict[str, str]:
    """What was chosen before, else what the file is certain of; nothing where it is not."""
    contents, wishes = found.contents, found.wishes
    crs = contents["crs"]
    known = {candidate["code"] for candidate in crs["candidates"]}
    chosen = wishes.get("crs") or (crs["code"] if crs["sure"] else "")
    return {
        "layer": contents["layer"] if len(contents["layers"]) > 1 else "",
        "encoding": contents["encoding"]["name"] if encoding_choices(contents) else "",
        "crs": chosen if not chosen or chosen in known else "other",
        "crs_other": chosen if chosen and chosen not in known else "",
        "wkt_field": contents["geometry_columns"].get("wkt", "") if contents["format"] in TABLES else "",
    }


def _outlines(user: Any) -> list[Any]:
    """Outlines of the grids the person looks after, as many as a small drawing can show."""
    grids = administered_areas(user).filter(level__is_grid=True).exclude(geometry=None)
    return list(grids.values_list("geometry", flat=True)[:DRAWN])


# --- 3: what is what -------------------------------------------------------------------------------
@form_page
@administrators_only
def columns(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Which column is what, what lies above, how strict. Going on checks it all."""
    found = _open_job(request, pk)
    if not found.wishes.get("crs"):
        return redirect("import_read", found.pk)
    if "skip_rows" in request.POST:
        return _check(request, found, {"skip_unusable": True})
    form = _columns_form(request, found)
    if form.is_bound and "back" in request.POST:
        if form.is_valid():
            imports.keep_wishes(job=found, wishes={**found.wishes, **form.wishes}, actor=request.user)
        return redirect("import_read", found.pk)
    refused = ""
    if form.is_bound and form.is_valid():
        try:
            return _check(request, found, form.wishes)
        except Refused as refusal:
            refused = str(refusal)
    context = {
        **_frame(found, 3),
        "form": form,
        "refused": refused,
        "sample": _sample(found.contents),
    }
    return render(request, "grid/import/columns.html", context, status=422 if form.errors or refused else 200)


def _check(request: HttpRequest, found: ImportJob, wishes: dict[str, Any]) -> HttpResponse:
    imports.check_job(job=found, wishes={**found.wishes, **wishes}, actor=request.user)
    return redirect("import_job", found.pk)


def _columns_form(request: HttpRequest, found: ImportJob) -> ColumnsForm:
    contents = found.contents
    levels = list(Level.objects.all())
    grid = next((level for level in levels if level.is_grid), levels[-1])
    parents = (
        administered_areas(request.user)
        .filter(level__order__lt=max(level.order for level in levels))
        .select_related("level")[:MOST_PARENTS]
    )
    return ColumnsForm(
        request.POST if request.method == "POST" else None,
        initial=initial_of(found.wishes, contents["columns"], level=grid.code),
        fields=contents["fields"],
        levels=levels,
        parents=parents,
        may_have_none_above=may_administer_everything(request.user),
    )


def _sample(contents: dict[str, Any]) -> dict[str, Any]:
    names = [field["name"] for field in contents["fields"]]
    rows = [["" if row.get(name) is None else row[name] for name in names] for row in contents["sample"]]
    return {"fields": names, "rows": rows}


# --- 4: what would happen --------------------------------------------------------------------------
@require_safe
@administrators_only
def report(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What the checks found, and what would be added, changed and retired."""
    found = _open_job(request, pk)
    if found.stage != Stage.CHECKED:
        return redirect("import_job", found.pk)
    # Areas may have changed while an import waited: then this is another report than the one agreed to.
    news = found.message if found.message != found.report["verdict"] else ""
    context = {**_frame(found, 4), "report": Report(found.report), "refused": news}
    return render(request, "grid/import/report.html", context)


@require_safe
@administrators_only
def map_data(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The report as GeoJSON, see :func:`grid.views.import_map.map_of`."""
    found = _open_job(request, pk)
    if found.stage != Stage.CHECKED:
        raise Http404
    response = JsonResponse(map_of(found.report, administered_areas(request.user)))
    response["Cache-Control"] = "private, no-store"
    return response


@require_POST
@administrators_only
def apply(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Begin to write; the next page shows how far it is."""
    found = _job(request, pk)
    try:
        imports.apply_job(job=found, actor=request.user)
    except Refused as refusal:
        found.refresh_from_db()
        if found.stage != Stage.CHECKED:
            return redirect("import_job", found.pk)
        context = {**_frame(found, 4), "report": Report(found.report), "refused": str(refusal)}
        return render(request, "grid/import/report.html", context, status=409)
    return redirect("import_result", found.pk)


# --- 5: under way, done ----------------------------------------------------------------------------
@require_safe
@administrators_only
def result(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How far it is; once it has ended, what it did."""
    found = _job(request, pk)
    if found.stage in (Stage.UPLOADED, Stage.READ, Stage.CHECKED):
        return redirect("import_job", found.pk)
    if found.stage in AT_WORK:
        title = _("Checking the file") if found.stage == Stage.CHECKING else _("Importing")
        step = 4 if found.stage == Stage.CHECKING else 5
        context = {**_frame(found, step), "title": title, "state": imports.state_of(found)}
        return render(request, "grid/import/progress.html", context)
    titles = {Stage.APPLIED: _("Imported"), Stage.UNDONE: _("Undone"), Stage.FAILED: _("Not imported")}
    past = past_imports(visible_import_edits(request.user).filter(pk=found.edit_id), most=1)
    context = {
        **_frame(found, 5),
        "title": titles[Stage(found.stage)],
        "did": did(found.report.get("counts", {})),
        "past": past[0] if past else None,
        "may_undo": bool(past) and not past[0].undone_at,
    }
    return render(request, "grid/import/result.html", context)


@require_safe
@administrators_only
def progress(request: HttpRequest, pk: UUID) -> JsonResponse:
    """For pages without a socket, see :func:`grid.actions.imports.state_of`."""
    state = imports.state_of(_job(request, pk))
    return JsonResponse(state, headers={"Cache-Control": "no-store"})


@form_page
@administrators_only
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a whole import back; asks first."""
    edit = get_object_or_404(visible_import_edits(request.user), pk=pk)
    refused = ""
    if request.method == "POST":
        try:
            imports.undo_import(edit=edit, actor=request.user)
        except Refused as refusal:
            refused = str(refusal)
        else:
            messages.success(
                request, _("Undone: everything is as it was before %(file)s.") % {"file": edit.file}
            )
            return redirect("import_start")
    (past,) = past_imports(visible_import_edits(request.user).filter(pk=edit.pk), most=1)
    context = {"past": past, "did": _did(past), "refused": refused, "steps": steps(None, 1)}
    return render(request, "grid/import/undo.html", context, status=409 if refused else 200)


def _did(past: Any) -> str:
    return did(past.counts) if past.counts else _("%(n)s areas") % {"n": past.touched}


# --- Whose job -------------------------------------------------------------------------------------
def _job(request: HttpRequest, pk: UUID) -> ImportJob:
    return get_object_or_404(own_imports(request.user), pk=pk)


def _open_job(request: HttpRequest, pk: UUID) -> ImportJob:
    """A job whose choices may still change; 404 once it is applied, so that no old page can touch it."""
    found = _job(request, pk)
    if found.stage not in OPEN or not found.contents:
        raise Http404
    return found


def _frame(found: ImportJob, step: int) -> dict[str, Any]:
    """What every page of a job shows around its own."""
    return {"job": found, "file_words": file_words(found), "steps": steps(found, step)}
