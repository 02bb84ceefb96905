"""Putting people on duty and taking them off. Rows are kept: "who was responsible then" stays answerable."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from realtime.events import ResponsibilityAssigned, ResponsibilityEnded, StandInAppointed, StandInEnded
from realtime.log import Audience, Subject, emit

from .. import stamp
from ..errors import Refused
from ..models import Area, DutyRole, Member, Responsibility, StandIn, User
from ..policies import may_administer, may_appoint_stand_in
from .rights import require


@transaction.atomic
def assign_responsibility(
    *,
    member: Member,
    area: Area,
    role: DutyRole | str,
    since: datetime | None = None,
    until: datetime | None = None,
    actor: User | None = None,
) -> Responsibility:
    """Put a member on duty for an area in a role, from ``since`` (now) until before ``until`` (for good).

    Raises :class:`Refused` when the member holds this role there in part of that time already.
    """
    require(actor, may_administer, area)
    stamp.bump()
    role = DutyRole.objects.get(pk=role) if isinstance(role, str) else role
    return put_on_duty(member=member, area=area, role=role, since=since, until=until, actor=actor)


def put_on_duty(
    *,
    member: Member,
    area: Area,
    role: DutyRole,
    since: datetime | None,
    until: datetime | None,
    actor: User | None,
) -> Responsibility:
    """:func:`assign_responsibility` inside an action that has asked for the right and bumped the stamp."""
    since = since or timezone.now()
    _check_period(since, until)
    if not member.user.is_active:
        raise Refused(_("%(member)s no longer serves. Choose somebody else.") % {"member": member})
    held = _overlapping(Responsibility.objects.filter(member=member, area=area, role=role), since, until)
    if held.exists():
        raise Refused(
            _("%(member)s is %(role)s of %(area)s already.") % {"member": member, "role": role, "area": area}
        )
    post = Responsibility.objects.create(member=member, area=area, role=role, since=since, until=until)
    emit(
        ResponsibilityAssigned(member=str(member), area=area.code, role=role.code),
        subject=Subject("area", area.pk),
        actor=actor,
        audience=Audience(area_path=area.path, user_ids=[member.user_id]),
        notify=_others(actor, member),
    )
    return post


@transaction.atomic
def end_responsibility(
    *, responsibility: Responsibility, at: datetime | None = None, actor: User | None = None
) -> None:
    """Take a member off duty, now or at an instant to come. Raises :class:`Refused` if it ended before."""
    require(actor, may_administer, responsibility.area)
    stamp.bump()
    if not end_posts(Responsibility.objects.filter(pk=responsibility.pk), at=at, actor=actor):
        raise Refused(_("This responsibility has ended already."))


@transaction.atomic
def appoint_stand_in(
    *, member: Member, stand_in: Member, since: datetime, until: datetime, actor: User | None = None
) -> StandIn:
    """Let somebody act for a member from ``since`` until before ``until``.

    A member may appoint their own stand-in; an administrator may for the members they look after. Raises
    :class:`Refused` when the member has a stand-in in part of that time, or appoints themself.
    """
    require(actor, may_appoint_stand_in, member)
    stamp.bump()
    _check_period(since, until)
    if member == stand_in:
        raise Refused(_("Nobody can stand in for themself. Choose somebody else."))
    if not stand_in.user.is_active:
        raise Refused(_("%(member)s no longer serves. Choose somebody else.") % {"member": stand_in})
    taken = _overlapping(StandIn.objects.filter(member=member), since, until).first()
    if taken is not None:
        raise Refused(
            _("%(stand_in)s stands in for %(member)s at that time. End that first.")
            % {"stand_in": taken.stand_in, "member": member}
        )
    appointed = StandIn.objects.create(member=member, stand_in=stand_in, since=since, until=until)
    emit(
        StandInAppointed(member=str(member), stand_in=str(stand_in), since=since, until=until),
        subject=Subject("member", member.pk),
        actor=actor,
        audience=Audience(user_ids=[member.user_id, stand_in.user_id]),
        notify=_others(actor, member, stand_in),
    )
    return appointed


@transaction.atomic
def end_stand_in(*, stand_in: StandIn, actor: User | None = None) -> None:
    """End it now. Raises :class:`Refused` if it ended before; one that has not begun is taken back."""
    require(actor, may_appoint_stand_in, stand_in.member)
    stamp.bump()
    now = timezone.now()
    row = StandIn.objects.select_for_update().filter(pk=stand_in.pk, until__gt=now).first()
    if row is None:
        raise Refused(_("This stand-in has ended already."))
    if row.since >= now:
        row.delete()
    else:
        row.until = now
        row.save(update_fields=["until"])
    emit(
        StandInEnded(member=str(row.member), stand_in=str(row.stand_in)),
        subject=Subject("member", row.member_id),
        actor=actor,
        audience=Audience(user_ids=[row.member.user_id, row.stand_in.user_id]),
        notify=_others(actor, row.member, row.stand_in),
    )


def end_posts(posts: QuerySet[Responsibility], *, at: datetime | None, actor: User | None) -> int:
    """End those of these responsibilities that would go on after ``at`` (now when not given); their number.

    One that would only begin later never was: it is removed. Belongs inside an action that bumped the stamp.
    """
    at = at or timezone.now()
    rows = posts.filter(Q(until=None) | Q(until__gt=at)).select_for_update(of=("self",))
    ended = list(rows.select_related("member__user", "area"))
    for post in ended:
        if post.since >= at:
            post.delete()
        else:
            post.until = at
            post.save(update_fields=["until"])
        emit(
            ResponsibilityEnded(member=str(post.member), area=post.area.code, role=post.role_id),
            subject=Subject("area", post.area_id),
            actor=actor,
            audience=Audience(area_path=post.area.path, user_ids=[post.member.user_id]),
            notify=_others(actor, post.member),
        )
    return len(ended)


def change_end(*, responsibility: Responsibility, until: datetime | None, actor: User | None) -> None:
    """Let a responsibility end at another instant than was said, or (None) go on for good.

    Inside an action that has asked for the right and bumped the stamp. Raises :class:`Refused` when it is
    over, or when the same member holds the role there again in the time added.
    """
    post = (
        Responsibility.objects.select_for_update(of=("self",))
        .select_related("member__user", "area")
        .get(pk=responsibility.pk)
    )
    now = timezone.now()
    if (post.until is not None and post.until <= now) or (until is not None and until <= now):
        raise Refused(_("This responsibility has ended already."))
    _check_period(post.since, until)
    others = Responsibility.objects.filter(member=post.member, area=post.area, role=post.role_id)
    if _overlapping(others.exclude(pk=post.pk), post.since, until).exists():
        raise Refused(
            _("%(member)s holds this again in that time. End that first.") % {"member": post.member}
        )
    post.until = until
    post.save(update_fields=["until"])
    kind = ResponsibilityAssigned if until is None else ResponsibilityEnded
    emit(
        kind(member=str(post.member), area=post.area.code, role=post.role_id),
        subject=Subject("area", post.area_id),
        actor=actor,
        audience=Audience(area_path=post.area.path, user_ids=[post.member.user_id]),
        notify=_others(actor, post.member),
    )


def _check_period(since: datetime, until: datetime | None) -> None:
    if until is not None and until <= since:
        raise Refused(_("The end must be after the beginning."))


def _overlapping(periods: QuerySet, since: datetime, until: datetime | None) -> QuerySet:
    """Those that share at least an instant with the period."""
    later = periods.filter(Q(until=None) | Q(until__gt=since))
    return later if until is None else later.filter(since__lt=until)


def _others(actor: User | None, *members: Member) -> list[int]:
    """Whom to notify: not the one who did it, and nobody about what the system itself set up."""
    return [] if actor is None else [member.user_id for member in members if member.user_id != actor.pk]
