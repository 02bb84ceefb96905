"""The page on which an administrator hands over everything a member has open."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from grid import staffing
from grid.errors import NotAllowed, Refused
from grid.models import Member
from grid.policies import visible_members
from workflows.actions.handover import hand_over, open_tasks_of, preview_hand_over

from .access import administrator_required
from .parse import whole_number

#: Rows of the preview that are shown; the sums above it are of all.
MOST = 100


@dataclass(frozen=True)
class Wish:
    """What the form says: to whom (None: whoever else is on duty), why, and what ends with it."""

    to: Member | None
    reason: str
    end_duties: bool
    leaves: bool

    @classmethod
    def read(cls, request: HttpRequest, member: Member) -> "Wish":
        to, ends = None, request.POST.get("ends", "nothing")
        if request.POST.get("to", ""):
            pk = whole_number(request.POST["to"])
            to = staffing.possible_stand_ins(member).filter(pk=pk).select_related("user").first()
            if to is None:
                raise Refused(_("Choose the person who is to take over."))
        return cls(to, request.POST.get("reason", ""), ends in ("duties", "service"), ends == "service")


@administrator_required
@require_http_methods(["GET", "HEAD", "POST"])
def member_hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    """``do=preview`` shows who would get what; ``do=hand_over`` does it."""
    members = visible_members(request.user).filter(user__is_active=True)
    member = get_object_or_404(members.select_related("user", "branch").distinct(), pk=pk)
    refused, preview, status = "", None, 200
    if request.method == "POST":
        try:
            wish = Wish.read(request, member)
            if request.POST.get("do") == "hand_over":
                return _carry_out(request, member, wish)
            preview = preview_hand_over(
                member=member,
                to=wish.to,
                actor=request.user,
                reason=wish.reason,
                end_duties=wish.end_duties,
            )
        except Refused as error:
            refused, status = str(error), 403 if isinstance(error, NotAllowed) else 409
    chosen = whole_number(request.POST.get("to", ""))
    context = {
        "member": member,
        "open_tasks": open_tasks_of(member),
        "posts": staffing.posts_of(member),
        "choices": staffing.stand_in_choices(member, words=request.GET.get("q", "").strip(), chosen=chosen),
        "words": request.GET.get("q", ""),
        "chosen": chosen,
        "typed": request.POST,
        "ends": request.POST.get("ends", "service"),
        "preview": preview,
        "shown": preview.tasks[:MOST] if preview else [],
        "refused": refused,
    }
    return render(request, "console/hand_over.html", context, status=status)


def _carry_out(request: HttpRequest, member: Member, wish: Wish) -> HttpResponse:
    handed = hand_over(
        member=member,
        to=wish.to,
        actor=request.user,
        reason=wish.reason,
        end_duties=wish.end_duties,
        leaves=wish.leaves,
    )
    count = len(handed.tasks)
    said = ngettext("%(count)d task was handed over.", "%(count)d tasks were handed over.", count)
    messages.success(request, said % {"count": count})
    return redirect(
        "console_members" if wish.leaves else "member_detail", *(() if wish.leaves else [member.pk])
    )
