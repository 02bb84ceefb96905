"""Leave: who stands in for a member, appointed by the member or by their administrator."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from .. import days, staffing
from ..actions.duty import appoint_stand_in, end_stand_in
from ..errors import NotAllowed, Refused
from ..models import Member, StandIn
from ..policies import is_member, may_appoint_stand_in
from .console import administrators_only
from .duties import day_of, number_of
from .people import detail_context, member_of


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def my_leave(request: HttpRequest) -> HttpResponse:
    """A member's own leave: when, and who stands in; and for whom they stand in themselves."""
    if not is_member(request.user):
        raise PermissionDenied
    member, refused = request.user.member, ""
    if request.method == "POST":
        try:
            _appoint(request, member)
            return redirect("my_leave")
        except Refused as error:
            refused = str(error)
    chosen = number_of(request.POST.get("stand_in", ""))
    context = {
        "member": member,
        "leaves": staffing.leaves_of(member),
        "stands_in": staffing.standing_in(member),
        "choices": staffing.stand_in_choices(member, words=request.GET.get("q", "").strip(), chosen=chosen),
        "words": request.GET.get("q", ""),
        "chosen": chosen,
        "typed": request.POST,
        "today": timezone.localdate(),
        "refused": refused,
    }
    return render(request, "grid/my_leave.html", context, status=409 if refused else 200)


@require_POST
@administrators_only
def member_leave(request: HttpRequest, pk: int) -> HttpResponse:
    """The administrator appoints a stand-in for somebody who cannot do it themself."""
    member = member_of(request, pk)
    try:
        _appoint(request, member)
    except Refused as error:
        context = detail_context(request, member) | {"refused": str(error)}
        status = 403 if isinstance(error, NotAllowed) else 409
        return render(request, "grid/member.html", context, status=status)
    return redirect("member_detail", member.pk)


def _appoint(request: HttpRequest, member: Member) -> None:
    pk = number_of(request.POST.get("stand_in", ""))
    stand_in = staffing.possible_stand_ins(member).filter(pk=pk).first()
    if stand_in is None:
        raise Refused(_("Choose who stands in."))
    since, last = day_of(request, "since"), day_of(request, "last_day")
    if since is None or last is None:
        raise Refused(_("Give the first and the last day of the leave."))
    if since < timezone.localdate():
        raise Refused(_("The leave cannot begin in the past. Choose today or a later day."))
    begin = timezone.now() if since == timezone.localdate() else days.midnight(since)
    appoint_stand_in(
        member=member, stand_in=stand_in, since=begin, until=days.after(last), actor=request.user
    )
    messages.success(request, _("Done. %(name)s stands in and has been told.") % {"name": stand_in})


@login_required
@require_POST
def leave_end(request: HttpRequest, pk: int) -> HttpResponse:
    """End a leave now, or take back one that has not begun."""
    leave = get_object_or_404(StandIn.objects.select_related("member__user"), pk=pk)
    if not may_appoint_stand_in(request.user, leave.member):
        raise PermissionDenied
    try:
        end_stand_in(stand_in=leave, actor=request.user)
        messages.success(request, _("The leave has ended."))
    except Refused as error:
        messages.error(request, str(error))
    own = leave.member.user_id == request.user.pk
    return redirect("my_leave") if own else redirect("member_detail", leave.member_id)


@login_required
@require_safe
def leave_people(request: HttpRequest, pk: int) -> HttpResponse:
    """``?q=``: colleagues who could stand in for a member, or (``?field=to``) take over: a fragment."""
    member = get_object_or_404(Member.objects.select_related("user"), pk=pk)
    if not may_appoint_stand_in(request.user, member):
        raise PermissionDenied
    choices = staffing.stand_in_choices(member, words=request.GET.get("q", "").strip())
    field = "to" if request.GET.get("field") == "to" else "stand_in"
    return render(request, "grid/_candidates.html", {"candidates": choices, "chosen": None, "field": field})
