"""Who may see and change what. Takes a user, never a request, so sockets and background work use it too.

A person's rights follow from the responsibilities they hold: a role held for an area holds for its subtree.
A superuser (made at the command line) is an administrator of everything.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db.models import Q, QuerySet
from django.utils import timezone

from . import duty
from .models import Area, AreaEdit, AreaQuerySet, Branch, ImportJob, Member, Responsibility, Screen
from .screens import Viewer

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from .models import User

ADMINISTRATOR = "administrator"
SUPERVISOR = "supervisor"
#: The path every materialised path begins with.
EVERYWHERE = ""


def scope(user: "User | AnonymousUser | Viewer", *roles: str) -> list[str]:
    """Materialised paths of the areas for which the user holds any of these roles (no role named: any role).

    Sorted, without paths that lie under another one of the list. The empty path means everywhere. Whoever
    stands before a screen on a wall watches like a supervisor and holds nothing.
    """
    if isinstance(user, Viewer):
        return [user.path] if SUPERVISOR in roles else []
    if user.is_superuser and user.is_active and (not roles or ADMINISTRATOR in roles):
        return [EVERYWHERE]
    held = duty.roles_of(user)
    paths = sorted({path for role in roles or held for path in held.get(role, ())})
    outermost: list[str] = []
    for path in paths:
        if not outermost or not path.startswith(outermost[-1]):
            outermost.append(path)
    return outermost


def covers(paths: list[str], path: str) -> bool:
    """Whether an area lies in one of these subtrees."""
    return any(path.startswith(root) for root in paths)


def is_member(user: "User | AnonymousUser") -> bool:
    """Whether the user is one who serves, on duty or not. One query, remembered by the user object."""
    return user.is_authenticated and hasattr(user, "member")


def may_watch(user: "User | AnonymousUser | Viewer", area: Area | None = None) -> bool:
    """Supervisors and administrators watch the live map; with an area: whether theirs includes it."""
    paths = scope(user, SUPERVISOR, ADMINISTRATOR)
    return bool(paths) if area is None else covers(paths, area.path)


def may_administer(user: "User | AnonymousUser", area: Area | None = None) -> bool:
    """Administrators change areas and people; with an area: whether theirs includes it."""
    paths = scope(user, ADMINISTRATOR)
    return bool(paths) if area is None else covers(paths, area.path)


def may_administer_everything(user: "User | AnonymousUser") -> bool:
    """Whether the user may change what lies under no single area: roots, levels, categories, workflows."""
    paths = scope(user, ADMINISTRATOR)
    roots = Area.objects.in_force().filter(depth=1).values_list("path", flat=True)
    return paths == [EVERYWHERE] or (bool(paths) and all(covers(paths, root) for root in roots))


def visible_areas(user: "User | AnonymousUser") -> AreaQuerySet:
    """Areas in force within the subtrees for which the user holds any role; none for residents."""
    return Area.objects.in_force().within(scope(user))


def administered_areas(user: "User | AnonymousUser") -> AreaQuerySet:
    """Areas in force that the user may change."""
    return Area.objects.in_force().within(scope(user, ADMINISTRATOR))


def own_imports(user: "User | AnonymousUser") -> QuerySet[ImportJob]:
    """Imports the user has begun, into areas that are still theirs to change: nobody else's files."""
    if not user.is_authenticated or not may_administer(user):
        return ImportJob.objects.none()
    mine = ImportJob.objects.filter(by=user).select_related("parent", "edit")
    if may_administer_everything(user):
        return mine
    return mine.filter(parent__in=Area.objects.within(scope(user, ADMINISTRATOR)).values("pk"))


def visible_import_edits(user: "User | AnonymousUser") -> QuerySet[AreaEdit]:
    """Files that were imported within the user's areas, by whomever."""
    # Without a file it is the beginning of the history: what was there before there was one.
    imports = AreaEdit.objects.filter(kind=AreaEdit.Kind.IMPORT).exclude(file="")
    inside = Q(pk__in=[])
    for path in scope(user, ADMINISTRATOR):
        inside |= Q(path__startswith=path)
    return imports.filter(inside)


def visible_screens(user: "User | AnonymousUser") -> QuerySet[Screen]:
    """Screens that show an area which the user administers."""
    return Screen.objects.filter(area__in=Area.objects.within(scope(user, ADMINISTRATOR)).values("pk"))


def may_allow_screen(user: "User | AnonymousUser", area: Area) -> bool:
    """Administrators let a screen show what is theirs, as they make supervisors of it."""
    return may_administer(user, area)


def public_areas() -> AreaQuerySet:
    """Names and outlines of areas in force are public: residents choose from them."""
    return Area.objects.in_force()


def ever_public_areas() -> AreaQuerySet:
    """Areas of any time: what was public while it was in force stays so."""
    return Area.objects.all()


def public_members() -> QuerySet[Member]:
    """Those who serve at present: their names, photos and pledges are public."""
    return Member.objects.filter(user__is_active=True)


def visible_members(user: "User | AnonymousUser") -> QuerySet[Member]:
    """Members an administrator looks after: those who hold or held a post there, or belong to a branch there.

    A member without any post or branch is seen by every administrator: somebody has to give them one.
    """
    paths = scope(user, ADMINISTRATOR)
    if not paths:
        return Member.objects.none()
    if paths == [EVERYWHERE]:
        return Member.objects.all()
    here = Area.objects.within(paths).values("pk")
    posted = Responsibility.objects.filter(area__in=here).values("member_id")
    in_branch = Branch.objects.filter(areas__in=here).values("pk")
    nowhere = Member.objects.filter(responsibilities=None, branch=None).values("pk")
    everyone = Member.objects.all()
    return (
        everyone.filter(pk__in=posted)
        | everyone.filter(branch__in=in_branch)
        | everyone.filter(pk__in=nowhere)
    )


def may_administer_member(user: "User | AnonymousUser", member: Member) -> bool:
    """Administrators change the members they see, unless one is on duty outside their areas."""
    paths = scope(user, ADMINISTRATOR)
    posts = member.responsibilities.filter(Q(until=None) | Q(until__gt=timezone.now()))
    return visible_members(user).filter(pk=member.pk).exists() and all(
        covers(paths, path) for path in posts.values_list("area__path", flat=True)
    )


def may_add_members(user: "User | AnonymousUser") -> bool:
    """Every administrator may make a person a member; what for is decided by the post they are given."""
    return may_administer(user)


def may_appoint_stand_in(user: "User | AnonymousUser", member: Member) -> bool:
    """Members appoint their own stand-in before they leave; administrators for those they look after."""
    return user.pk == member.user_id or may_administer_member(user, member)


def visible_branches(user: "User | AnonymousUser") -> QuerySet[Branch]:
    """Branches on an administrator's areas, with those below them; all for who administers everything."""
    if may_administer_everything(user):
        return Branch.objects.order_by("path")
    here = Area.objects.within(scope(user, ADMINISTRATOR)).values("pk")
    condition = Q(pk__in=[])
    for path in Branch.objects.filter(areas__in=here).values_list("path", flat=True).distinct():
        condition |= Q(path__startswith=path)
    return Branch.objects.filter(condition).order_by("path")


def may_change_branch(user: "User | AnonymousUser", branch: Branch) -> bool:
    """Administrators change the branches that are built on their own areas only."""
    if may_administer_everything(user):
        return True
    paths = scope(user, ADMINISTRATOR)
    here = list(branch.areas.values_list("path", flat=True))
    below = visible_branches(user).filter(pk=branch.pk).exists()
    return below and all(covers(paths, path) for path in here)


def may_administer_branch(user: "User | AnonymousUser", parent: Branch | None, areas: Iterable[Area]) -> bool:
    """A branch under another one, on areas of the administrator's own; roots only by who administers all."""
    paths = scope(user, ADMINISTRATOR)
    if parent is None:
        return may_administer_everything(user)
    here = [*parent.areas.values_list("path", flat=True), *(area.path for area in areas)]
    return bool(here) and all(covers(paths, path) for path in here)
