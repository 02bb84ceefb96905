"""The whole roster as a workbook: out, and in again after a look at what would change."""

from typing import Any

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from ..actions.rosters import Applied, Changed, apply_roster
from ..errors import Refused
from ..policies import administered_areas
from ..rosters.planning import ADD, CHANGE, END, SAME, WRONG, Plan, plan
from ..rosters.reading import MAX_BYTES, Row, read
from ..rosters.writing import write
from .console import administrators_only

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SALT = "linli.roster"
#: A checked file may be carried out for this long.
SECONDS = 3600
#: Rows of one kind that the page shows; the sums are of all.
MOST = 200
TITLES = {
    WRONG: gettext_lazy("Wrong: correct these in the file"),
    ADD: gettext_lazy("New"),
    CHANGE: gettext_lazy("Another end"),
    END: gettext_lazy("Not in the file: ends now"),
    SAME: gettext_lazy("Stays as it is"),
}


@require_safe
@administrators_only
def roster_export(request: HttpRequest) -> HttpResponse:
    """Everything in the administrator's areas that holds or is to come, as .xlsx."""
    body = write(administered_areas(request.user))
    name = f"roster-{timezone.localdate().isoformat()}.xlsx"
    return HttpResponse(
        body, content_type=XLSX, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def roster(request: HttpRequest) -> HttpResponse:
    """Check a ``file``, then carry out what was shown (``checked``): in between nothing is kept."""
    context: dict[str, Any] = {"megabytes": MAX_BYTES // 1024 // 1024}
    status = 200
    if request.method == "POST":
        try:
            context |= _carry_out(request) if request.POST.get("checked") else _check(request)
        except Changed as changed:
            context |= {"refused": str(changed)} | _shown(changed.plan)
            status = 409
        except Refused as refused:
            context["refused"], status = str(refused), 409
    return render(request, "grid/roster.html", context, status=status)


def _check(request: HttpRequest) -> dict[str, Any]:
    file = request.FILES.get("file")
    if file is None:
        raise Refused(_("Choose the file first."))
    wishes = {"add_people": "add_people" in request.POST, "end_missing": "end_missing" in request.POST}
    rows = read(file, size=file.size)
    made = plan(rows, request.user, **wishes)
    context = _shown(made) | {"file": file.name}
    if not made.counts[WRONG] and made.counts[ADD] + made.counts[CHANGE] + made.counts[END]:
        packed = {
            "user": request.user.pk,
            "rows": [[row.number, row.cells] for row in rows],
            "wishes": wishes,
            "agreed": made.mark,
        }
        context["checked"] = signing.dumps(packed, salt=SALT, compress=True)
    return context


def _carry_out(request: HttpRequest) -> dict[str, Any]:
    try:
        packed = signing.loads(request.POST["checked"], salt=SALT, max_age=SECONDS)
    except signing.BadSignature as error:
        raise Refused(_("The check is more than an hour old. Check the file again.")) from error
    if packed["user"] != request.user.pk:
        raise Refused(_("Somebody else checked this file. Check it yourself."))
    applied: Applied = apply_roster(
        rows=[Row(number, cells) for number, cells in packed["rows"]],
        actor=request.user,
        agreed=packed["agreed"],
        **packed["wishes"],
    )
    counts = applied.plan.counts
    count = counts[ADD] + counts[CHANGE] + counts[END]
    said = ngettext(
        "%(count)d responsibility was changed.", "%(count)d responsibilities were changed.", count
    )
    messages.success(request, said % {"count": count})
    return {"done": True, "passwords": applied.passwords}


def _shown(made: Plan) -> dict[str, Any]:
    groups = [(what, TITLES[what], made.of(what)) for what in (WRONG, ADD, CHANGE, END, SAME)]
    return {
        "plan": made,
        "people": made.people,
        "groups": [
            {"what": what, "title": title, "count": len(lines), "lines": lines[:MOST]}
            for what, title, lines in groups
            if lines
        ],
    }
