"""Carrying out a roster: everything in the file, or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from .. import stamp
from ..errors import Refused
from ..models import Member, Responsibility, User
from ..policies import may_administer
from ..rosters.planning import ADD, CHANGE, END, NewPerson, Plan, plan
from ..rosters.reading import Row
from .duty import change_end, end_posts, put_on_duty
from .people import enrol_member
from .rights import require


class Changed(Refused):
    """What would happen now is not what was agreed to; ``plan`` is what would."""

    def __init__(self, message: str, plan: Plan) -> None:
        super().__init__(message)
        self.plan = plan


@dataclass(frozen=True)
class Applied:
    """``passwords``: the first ones of new accounts, as (member, password); kept nowhere else."""

    plan: Plan
    passwords: list[tuple[Member, str]]


@transaction.atomic
def apply_roster(
    *, rows: Sequence[Row], actor: User, add_people: bool, end_missing: bool, agreed: str
) -> Applied:
    """Write what a roster says. ``agreed`` is the mark of the plan that the person saw.

    Raises :class:`Refused` while a row is wrong, :class:`Changed` when others changed something meanwhile.
    """
    require(actor, may_administer)
    # First of all: until this is over nobody else changes who is responsible.
    stamp.bump()
    made = plan(rows, actor, add_people=add_people, end_missing=end_missing)
    if made.counts["wrong"]:
        raise Changed(
            _("Some rows are wrong. Nothing was changed; correct them and check the file again."), made
        )
    if made.mark != agreed:
        raise Changed(
            _("Others changed something meanwhile. Nothing was done: this is the new comparison."), made
        )
    people, passwords = _enrol(made.people, actor)
    for line in made.of(END):
        end_posts(Responsibility.objects.filter(pk=line.post.pk), at=None, actor=actor)  # type: ignore[union-attr]
    for line in made.of(CHANGE):
        assert line.post is not None
        change_end(responsibility=line.post, until=line.until, actor=actor)
    for line in made.of(ADD):
        member = line.member or people[line.new]  # type: ignore[index]
        assert line.area is not None
        assert line.role is not None
        put_on_duty(
            member=member, area=line.area, role=line.role, since=line.since, until=line.until, actor=actor
        )
    return Applied(made, passwords)


def _enrol(new: list[NewPerson], actor: User) -> tuple[dict[NewPerson, Member], list[tuple[Member, str]]]:
    people, passwords = {}, []
    for person in new:
        enrolled = enrol_member(name=person.name, phone=person.phone, username=person.username, actor=actor)
        people[person] = enrolled.member
        if enrolled.password:
            passwords.append((enrolled.member, enrolled.password))
    return people, passwords
