"""The page of one member, and the forms that add and change members."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from .. import phones, staffing
from ..actions.people import enrol_member, update_member
from ..duty import member_photo_url
from ..errors import Refused
from ..models import Member
from ..policies import may_administer_member, visible_branches, visible_members
from .console import administrators_only
from .duties import number_of
from .people_forms import MemberForm, NewMemberForm


def member_of(request: HttpRequest, pk: int) -> Member:
    return get_object_or_404(visible_members(request.user).select_related("user", "branch").distinct(), pk=pk)


@require_safe
@administrators_only
def member_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Who it is, what they are responsible for, when they are away and who stands in."""
    member = member_of(request, pk)
    return render(request, "grid/member.html", detail_context(request, member))


def detail_context(request: HttpRequest, member: Member) -> dict:
    posts = staffing.posts_of(member)
    leaves = staffing.leaves_of(member)
    chosen = number_of(request.POST.get("stand_in", ""))
    return {
        "member": member,
        "photo": member_photo_url(member),
        "phone": phones.shown(member.user.phone),
        "posts": posts,
        "leaves": leaves,
        "stands_in": staffing.standing_in(member),
        "mine": may_administer_member(request.user, member),
        "choices": staffing.stand_in_choices(member, words=request.GET.get("q", "").strip(), chosen=chosen),
        "words": request.GET.get("q", ""),
        "chosen": chosen,
        "typed": request.POST,
        "today": timezone.localdate(),
        "now": timezone.now(),
    }


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def member_new(request: HttpRequest) -> HttpResponse:
    """Add somebody who serves. A first password is shown once, on the page after."""
    branches = visible_branches(request.user)
    form = NewMemberForm(request.POST or None, request.FILES or None, branches=branches)
    if not form.is_bound:
        form.initial["is_party_member"] = True
    if request.method == "POST" and form.is_valid():
        try:
            enrolled = enrol_member(**form.cleaned_data, actor=request.user)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            if enrolled.password is None:
                messages.success(
                    request, _("%(name)s had an account and is a member now.") % {"name": enrolled.member}
                )
                return redirect("member_detail", enrolled.member.pk)
            # Not by a redirect: the password is kept nowhere.
            return render(request, "grid/member_added.html", {"enrolled": enrolled})
    context = {"form": form, "back": "console_members"}
    return render(request, "grid/member_form.html", context, status=200 if not form.errors else 409)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def member_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change name, phone, branch, photo, pledge and the published phone."""
    member = member_of(request, pk)
    branches = visible_branches(request.user)
    form = MemberForm.of(member, branches)
    if request.method == "POST":
        form = MemberForm(request.POST, request.FILES, branches=branches)
        if form.is_valid():
            changes = dict(form.cleaned_data)
            photo = changes.pop("photo")
            if member.branch is not None and not branches.filter(pk=member.branch_id).exists():
                # A branch that is not theirs to give is not theirs to take either.
                changes.pop("branch")
            try:
                update_member(member=member, changes=changes, photo=photo, actor=request.user)
            except Refused as refused:
                form.add_error(None, str(refused))
            else:
                messages.success(request, _("Saved."))
                return redirect("member_detail", member.pk)
    context = {"form": form, "member": member}
    return render(request, "grid/member_form.html", context, status=200 if not form.errors else 409)
