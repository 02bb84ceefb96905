"""How several people on duty for one area divide the work."""

from django.db import transaction
from django.utils.translation import gettext as _

from realtime.events import SharingChanged
from realtime.log import Audience, Subject, emit

from ..errors import Refused
from ..models import Area, DutyRole, Sharing, User
from ..policies import may_administer
from .rights import require


@transaction.atomic
def share_work(*, area: Area, role: DutyRole, how: str | None, actor: User | None = None) -> None:
    """Set how work is dealt out among several people in a role, here and below; None: as the area above does.

    What is open now stays where it is. Raises :class:`Refused` for a rule there is none of.
    """
    require(actor, may_administer, area)
    if how is not None and how not in Sharing.How.values:
        raise Refused(_("Choose how the work is shared."))
    before = Sharing.objects.select_for_update().filter(area=area, role=role).first()
    if (before.how if before else None) == how:
        return
    if how is None:
        Sharing.objects.filter(area=area, role=role).delete()
    else:
        Sharing.objects.update_or_create(area=area, role=role, defaults={"how": how})
    emit(
        SharingChanged(area=area.code, role=role.code, how=how or ""),
        subject=Subject("area", area.pk),
        actor=actor,
        audience=Audience(area_path=area.path),
    )
