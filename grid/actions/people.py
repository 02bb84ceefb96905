"""People: residents who sign up, members who serve, and the branches they belong to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _

from realtime.events import MemberAdded, MemberChanged, MemberLeft
from realtime.log import Audience, Subject, emit

from .. import phones, stamp
from ..errors import NotAllowed, Refused
from ..models import Area, Branch, Member, Resident, Responsibility, StandIn, User
from ..policies import (
    may_add_members,
    may_administer,
    may_administer_branch,
    may_administer_member,
    may_change_branch,
    visible_branches,
)
from ..portraits import portrait
from .duty import end_posts
from .rights import require

CHANGEABLE = {"branch", "is_party_member", "pledge", "public_phone"}
#: What of the person's account an administrator may change.
OF_ACCOUNT = {"name", "phone"}
#: Letters and digits of a first password that are not mistaken for one another on paper.
LEGIBLE = "abcdefghjkmnpqrstuvwxyz23456789"


@transaction.atomic
def create_user(
    *, username: str, password: str, name: str = "", phone: str = "", email: str = "", verified: bool = False
) -> User:
    """An account. The phone number is stored as E.164; ``verified`` says that phone and mail were checked.

    Raises :class:`Refused` when the name, phone or mail is taken, or the password is too weak.
    """
    number = phones.normalise(phone) if phone else None
    email = email.strip().lower()
    if User.objects.filter(username__iexact=username).exists():
        raise Refused(_("This user name is taken. Choose another one."))
    if number and User.objects.filter(phone=number).exists():
        raise Refused(_("This phone number is taken. Sign in with it, or use another one."))
    if email and User.objects.filter(email__iexact=email).exists():
        raise Refused(_("This mail address is taken. Sign in with it, or use another one."))
    user = User(
        username=username, name=name, phone=number, phone_verified=verified and bool(number), email=email
    )
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Refused(" ".join(error.messages)) from error
    user.set_password(password)
    user.save()
    if email:
        EmailAddress.objects.create(user=user, email=email, primary=True, verified=verified)
    return user


@transaction.atomic
def register_resident(*, user: User, area: Area | None = None) -> Resident:
    """Note where a person lives, as far as they wish to tell; saying it again changes it."""
    resident, _created = Resident.objects.update_or_create(user=user, defaults={"area": area})
    return resident


@transaction.atomic
def add_member(
    *,
    user: User,
    branch: Branch | None = None,
    is_party_member: bool = True,
    pledge: str = "",
    public_phone: str = "",
    photo: IO[bytes] | None = None,
    actor: User | None = None,
) -> Member:
    """Make a person one who serves. Raises :class:`Refused` if they serve already."""
    require(actor, may_add_members)
    if Member.objects.filter(user=user).exists():
        raise Refused(_("%(name)s is a member already.") % {"name": user})
    member = Member(
        user=user,
        branch=branch,
        is_party_member=is_party_member,
        pledge=pledge,
        public_phone=public_phone,
    )
    if photo is not None:
        member.photo.save("portrait.jpg", portrait(photo), save=False)
    member.save()
    emit(
        MemberAdded(member=str(user)),
        subject=Subject("member", member.pk),
        actor=actor,
        audience=Audience(user_ids=[user.pk]),
    )
    return member


@dataclass(frozen=True)
class Enrolled:
    """A new member. ``password`` is the first one of an account made for them; None where they had one."""

    member: Member
    password: str | None


@transaction.atomic
def enrol_member(
    *,
    name: str,
    phone: str = "",
    username: str = "",
    branch: Branch | None = None,
    is_party_member: bool = True,
    pledge: str = "",
    public_phone: str = "",
    photo: IO[bytes] | None = None,
    actor: User | None = None,
) -> Enrolled:
    """Make somebody a member whom the office knows by name and phone: their account, or a new one.

    Raises :class:`Refused` when the phone or user name is taken by somebody of another name: nobody may be
    made out to be another person, nor learn from this whose number it is.
    """
    require(actor, may_add_members)
    name, username = name.strip(), username.strip()
    if not name:
        raise Refused(_("Give the name."))
    number = phones.normalise(phone) if phone else None
    if number is None and not username:
        raise Refused(_("Give a phone number or a user name: one of them is needed to sign in."))
    known = User.objects.filter(phone=number).first() if number else None
    if known is None and username:
        known = User.objects.filter(username__iexact=username).first()
    if known is not None and known.name != name:
        raise Refused(_("This phone number or user name belongs to somebody of another name. Check it."))
    password = None
    if known is None:
        password = "-".join(get_random_string(4, LEGIBLE) for _part in range(3))
        known = create_user(
            username=username or _free_username(number or ""), password=password, name=name, phone=phone
        )
    member = add_member(
        user=known,
        branch=branch,
        is_party_member=is_party_member,
        pledge=pledge,
        public_phone=public_phone,
        photo=photo,
        actor=actor,
    )
    return Enrolled(member, password)


def _free_username(number: str) -> str:
    """A user name for somebody who signs in by phone: nobody has to remember it."""
    while True:
        username = f"m{number[-4:]}{get_random_string(4, '23456789')}"
        if not User.objects.filter(username=username).exists():
            return username


@transaction.atomic
def update_member(
    *,
    member: Member,
    changes: Mapping[str, Any],
    photo: IO[bytes] | None = None,
    actor: User | None = None,
) -> Member:
    """Change name, phone, branch, pledge, published phone, party membership or photo; the same is no change.

    A new phone number counts as unverified. Raises :class:`Refused` when somebody else has it.
    """
    if unknown := set(changes) - CHANGEABLE - OF_ACCOUNT:
        raise ValueError(f"not changeable: {sorted(unknown)}")
    require(actor, may_administer_member, member)
    of_account = _change_account(member, {key: changes[key] for key in OF_ACCOUNT & set(changes)}, actor)
    member = Member.objects.select_for_update(of=("self",)).select_related("user").get(pk=member.pk)
    own = {key: changes[key] for key in CHANGEABLE & set(changes)}
    changed = sorted(field for field, value in own.items() if getattr(member, field) != value)
    for field in changed:
        setattr(member, field, own[field])
    if "branch" in changed and own["branch"] is not None and actor is not None:
        require(actor, lambda user: visible_branches(user).filter(pk=own["branch"].pk).exists())
    changed = sorted([*changed, *of_account])
    if photo is not None:
        member.photo.save("portrait.jpg", portrait(photo), save=False)
        changed.append("photo")
    if changed:
        member.save()
        emit(
            MemberChanged(member=str(member), fields=changed),
            subject=Subject("member", member.pk),
            actor=actor,
            audience=Audience(user_ids=[member.user_id]),
        )
    return member


def _change_account(member: Member, wanted: Mapping[str, Any], actor: User | None) -> list[str]:
    """Change a member's name and phone; what of it changed. The roster holds names: it is read anew."""
    if not wanted:
        return []
    user = User.objects.select_for_update().get(pk=member.user_id)
    values = dict(wanted)
    if "phone" in values:
        values["phone"] = phones.normalise(values["phone"]) if values["phone"] else None
    changed = [field for field, value in values.items() if getattr(user, field) != value]
    if not changed:
        return []
    if user.is_superuser and actor is not None and not actor.is_superuser:
        raise NotAllowed(_("Only the operator of this system may change this account."))
    if "name" in changed:
        if not values["name"].strip():
            raise Refused(_("Give the name."))
        stamp.bump()
        user.name = values["name"].strip()
    if "phone" in changed:
        if values["phone"] and User.objects.filter(phone=values["phone"]).exclude(pk=user.pk).exists():
            raise Refused(_("Somebody else has this phone number. Check the digits."))
        user.phone, user.phone_verified = values["phone"], False
    user.save(update_fields=["name", "phone", "phone_verified"])
    return changed


@transaction.atomic
def end_service(*, member: Member, actor: User | None = None) -> None:
    """A member leaves: all duties and stand-ins end now, and the account can no longer be used."""
    require(actor, may_administer_member, member)
    if actor is not None and actor.pk == member.user_id:
        raise NotAllowed(_("You cannot end your own service. Ask another administrator."))
    stamp.bump()
    end_posts(Responsibility.objects.filter(member=member), at=None, actor=actor)
    now = timezone.now()
    standing_in = StandIn.objects.filter(stand_in=member)
    standing_in.filter(since__gte=now).delete()
    standing_in.filter(until__gt=now).update(until=now)
    User.objects.filter(pk=member.user_id).update(is_active=False)
    emit(
        MemberLeft(member=str(member)),
        subject=Subject("member", member.pk),
        actor=actor,
        audience=Audience(user_ids=[member.user_id]),
    )


@transaction.atomic
def create_branch(
    *,
    code: str,
    name: str,
    name_en: str = "",
    parent: Branch | None = None,
    areas: Sequence[Area] = (),
    actor: User | None = None,
) -> Branch:
    """Add a party branch, built on these areas (支部建在网格上)."""
    require(actor, may_administer_branch, parent, areas)
    if Branch.objects.filter(code=code).exists():
        raise Refused(_("The code %(code)s is taken. Choose another one.") % {"code": code})
    branch = Branch(code=code, name=name, name_en=name_en)
    if parent is None:
        Branch.objects.add_root(instance=branch)
    else:
        Branch.objects.add_child(parent, instance=branch)
        parent.refresh_from_db(fields=["numchild"])
    branch.areas.set(areas)
    return branch


@transaction.atomic
def update_branch(
    *, branch: Branch, name: str, name_en: str = "", areas: Sequence[Area] = (), actor: User | None = None
) -> Branch:
    """Change a branch's name and the areas it is built on. An administrator links only areas of their own."""
    require(actor, may_change_branch, branch)
    for area in areas:
        require(actor, may_administer, area)
    if not name.strip():
        raise Refused(_("Give the name."))
    branch = Branch.objects.select_for_update().get(pk=branch.pk)
    branch.name, branch.name_en = name.strip(), name_en.strip()
    branch.save(update_fields=["name", "name_en"])
    branch.areas.set(areas)
    return branch
