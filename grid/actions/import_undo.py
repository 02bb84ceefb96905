"""Taking an import back: another save, which leaves every area as it was before."""

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from realtime.events import AreasImportUndone, ResponsibilityAssigned
from realtime.log import Audience, Said, Subject, emit, emit_all

from .. import stamp
from ..errors import Refused
from ..models import Area, AreaEdit, AreaVersion, ImportJob, Responsibility, User
from . import history
from .duty import end_posts
from .import_writing import BATCH, COLUMNS, end_areas, require_paths, save_all, set_last_day

#: Saves named in a refusal.
NAMED = 5


@transaction.atomic
def undo_import(*, edit: AreaEdit, actor: User | None = None) -> AreaEdit:
    """Undo an import: what it added ends, what it changed is as before, what it ended is back with its posts.

    Returns the new save. Raises :class:`Refused` if that is no import, was undone before, or a later save
    touched one of its areas; :class:`NotAllowed` outside of what the actor administers.
    """
    require_paths(actor, [edit.path])
    stamp.bump()
    edit = AreaEdit.objects.select_for_update().get(pk=edit.pk)
    _may_be_undone(edit)
    added, changed, retired = _touched(edit)
    _nothing_depends(edit, added)
    undoing = history.begin_edit(
        kind=AreaEdit.Kind.UNDO, actor=actor, path=edit.path, file=edit.file, undoes=edit
    )
    _end(added, undoing, actor)
    _change_back(changed, edit)
    _bring_back(retired, edit)
    history.record(edit=undoing, areas=[*added, *changed, *retired])
    _posts_again(retired, edit, actor)
    history.finish_edit(edit=undoing)
    ImportJob.objects.filter(edit=edit).update(stage=ImportJob.Stage.UNDONE)
    root = Area.objects.filter(path=edit.path).first() if edit.path else None
    emit(
        AreasImportUndone(
            file=edit.file, ended=len(added), changed_back=len(changed), brought_back=len(retired)
        ),
        subject=Subject("area_import", root.pk if root else 0),
        actor=actor,
        audience=Audience(area_path=edit.path),
    )
    return undoing


def _may_be_undone(edit: AreaEdit) -> None:
    if edit.kind != AreaEdit.Kind.IMPORT:
        raise Refused(_("This was not an import. Only imports can be undone here."))
    done = edit.undone_by.order_by("pk").first()
    if done is not None:
        raise Refused(_("This import was undone already, %(when)s.") % {"when": _when(done)})
    later = list(history.later_edits(edit).select_related("by")[: NAMED + 1])
    if not later:
        return
    named = "; ".join(
        f"{save.get_kind_display()}, {_when(save)}{f', {save.by}' if save.by else ''}"
        for save in later[:NAMED]
    )
    more = " …" if len(later) > NAMED else ""
    raise Refused(
        _(
            "Areas of this import were changed since: %(edits)s. Undo those first, or correct the areas"
            " on the map."
        )
        % {"edits": named + more}
    )


def _when(save: AreaEdit) -> str:
    return date_format(timezone.localtime(save.at), "SHORT_DATETIME_FORMAT")


def _touched(edit: AreaEdit) -> tuple[list[Area], list[Area], list[Area]]:
    """Areas the edit added, changed and ended."""
    began = set(AreaVersion.objects.filter(edit=edit).order_by().values_list("area", flat=True))
    ended = set(AreaVersion.objects.filter(ended_by=edit).order_by().values_list("area", flat=True))
    return _areas(began - ended), _areas(began & ended), _areas(ended - began)


def _areas(ids: Iterable[int]) -> list[Area]:
    """Locked, parents before their children."""
    wanted, found = sorted(ids), []
    for start in range(0, len(wanted), BATCH):
        found += Area.objects.select_for_update(no_key=True).filter(pk__in=wanted[start : start + BATCH])
    return sorted(found, key=lambda area: area.path)


def _nothing_depends(edit: AreaEdit, added: list[Area]) -> None:
    """An area that was added may have got areas of its own since."""
    by_path = {area.path: area for area in added if area.numchild}
    if not by_path:
        return
    ids = {area.pk for area in added}
    inside = Area.objects.filter(path__startswith=edit.path, valid_to=None).defer("geometry")
    for child in inside.iterator():
        area = by_path.get(child.path[: -Area.steplen])
        if area is not None and child.pk not in ids:
            raise Refused(
                _("%(area)s, which came with this import, has got %(child)s since. End that first.")
                % {"area": area, "child": child}
            )


def _end(added: list[Area], undoing: AreaEdit, actor: User | None) -> None:
    end_areas(added, timezone.localdate(undoing.at))
    for start in range(0, len(added), BATCH):
        ids = [area.pk for area in added[start : start + BATCH]]
        end_posts(Responsibility.objects.filter(area__in=ids), at=undoing.at, actor=actor)


def _change_back(changed: list[Area], edit: AreaEdit) -> None:
    """What held until the edit holds again."""
    by_id = {area.pk: area for area in changed}
    for version in AreaVersion.objects.filter(ended_by=edit).order_by("since", "pk").iterator():
        area = by_id.get(version.area_id)
        if area is not None:  # of several that it ended, the latest one is what held
            for column in COLUMNS:
                setattr(area, column, getattr(version, column))
    save_all(changed)


def _bring_back(retired: list[Area], edit: AreaEdit) -> None:
    codes = [area.code for area in retired]
    taken: list[str] = []
    for start in range(0, len(codes), BATCH):
        again = Area.objects.filter(code__in=codes[start : start + BATCH], valid_to=None)
        taken += again.values_list("code", flat=True)
    if taken:
        raise Refused(
            _("The code %(code)s has been given to another area since. End that first.") % {"code": taken[0]}
        )
    set_last_day(retired, None)


def _posts_again(retired: list[Area], edit: AreaEdit, actor: User | None) -> None:
    """Posts that the import ended, at its instant, go on from now."""
    for start in range(0, len(retired), BATCH):
        ids = [area.pk for area in retired[start : start + BATCH]]
        ended = Responsibility.objects.filter(area__in=ids, until=edit.at, member__user__is_active=True)
        posts = list(ended.select_related("member__user", "area"))
        now = timezone.now()
        Responsibility.objects.bulk_create(
            Responsibility(member=post.member, area=post.area, role_id=post.role_id, since=now)
            for post in posts
        )
        emit_all(
            Said(
                ResponsibilityAssigned(member=str(post.member), area=post.area.code, role=post.role_id),
                subject=Subject("area", post.area_id),
                actor=actor,
                audience=Audience(area_path=post.area.path, user_ids=[post.member.user_id]),
            )
            for post in posts
        )
