"""What a roster would change: compared row by row with what holds. Reads only."""

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from .. import days, phones
from ..errors import Refused
from ..models import Area, DutyRole, Member, Responsibility, User
from ..policies import ADMINISTRATOR, administered_areas, visible_members
from .reading import Row
from .writing import held_in

ADD, CHANGE, END, SAME, WRONG = "add", "change", "end", "same", "wrong"
_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[T ].*)?")


@dataclass(frozen=True)
class NewPerson:
    """Somebody who would be added: E.164 phone and user name, of which one may be empty."""

    name: str
    phone: str
    username: str


@dataclass
class Line:
    """What becomes of one row. ``number`` is 0 for what is not in the file. ``words`` say it to a person."""

    number: int
    what: str
    words: str
    area: Area | None = None
    role: DutyRole | None = None
    member: Member | None = None
    new: NewPerson | None = None
    post: Responsibility | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_wrong(self) -> bool:
        return self.what == WRONG


@dataclass
class Plan:
    lines: list[Line] = field(default_factory=list)

    def of(self, what: str) -> list[Line]:
        return [line for line in self.lines if line.what == what]

    @property
    def counts(self) -> Counter[str]:
        return Counter(line.what for line in self.lines)

    @property
    def people(self) -> list[NewPerson]:
        """New people, each once."""
        return list(dict.fromkeys(line.new for line in self.lines if line.new is not None))

    @property
    def mark(self) -> str:
        """Digest of what was shown to the person who agrees; compared before it is carried out."""
        shown = [[line.number, line.what, line.words] for line in self.lines]
        return hashlib.sha256(json.dumps(shown, ensure_ascii=False).encode()).hexdigest()


class _Wrong(Exception):
    """A row that cannot be used; the argument says why and what to do."""


def plan(rows: Sequence[Row], user: User, *, add_people: bool, end_missing: bool) -> Plan:
    """Compare a roster with what holds in the user's areas. As many queries for any number of rows.

    ``add_people``: whoever is not known becomes a member; ``end_missing``: who is not in the file goes.
    """
    book = _Book(rows, user, add_people=add_people)
    lines = [book.line(row) for row in rows]
    if end_missing:
        lines += book.missing()
    return Plan(lines)


class _Book:
    """Everything the rows are compared with, read at once."""

    def __init__(self, rows: Sequence[Row], user: User, *, add_people: bool) -> None:
        mine = administered_areas(user)
        self.user, self.add_people, self.now = user, add_people, timezone.now()
        self.areas = {area.code: area for area in mine.filter(code__in=_values(rows, "area_code"))}
        self.roles = {
            name.casefold(): role
            for role in DutyRole.objects.all()
            for name in (role.pk, role.name, role.name_en)
            if name
        }
        self.users = _Users(rows)
        self.members = {
            member.user_id: member
            for member in visible_members(user)
            .filter(user__in=self.users.ids())
            .select_related("user")
            .distinct()
        }
        self.all_members = set(
            Member.objects.filter(user__in=self.users.ids()).values_list("user_id", flat=True)
        )
        self.held: dict[tuple[int, str, int], list[Responsibility]] = defaultdict(list)
        self.posts = list(held_in(mine))
        for post in self.posts:
            self.held[post.area_id, post.role_id, post.member.user_id].append(post)
        self.seen: dict[tuple, list[tuple[int, datetime, datetime | None]]] = defaultdict(list)
        self.kept: set[int] = set()

    def line(self, row: Row) -> Line:
        try:
            return self._line(row)
        except (_Wrong, Refused) as wrong:
            return Line(row.number, WRONG, str(wrong))

    def missing(self) -> list[Line]:
        """What holds and is not in the file would end now; nobody locks themself out by leaving a row out."""
        return [
            Line(
                0, END, _said(post.member, post.role, post.area), post.area, post.role, post.member, post=post
            )
            for post in self.posts
            if post.pk not in self.kept
            and not (post.member.user_id == self.user.pk and post.role_id == ADMINISTRATOR)
        ]

    def _line(self, row: Row) -> Line:
        area, role = self._area(row), self._role(row)
        since_day, last_day = _day(row["since"]), _day(row["until"])
        member, new = self._person(row)
        who = str(member) if member else (new.name if new else "")
        existing = self.held.get((area.pk, role.pk, member.user_id), []) if member else []
        post = next((one for one in existing if self._is(one, since_day)), None)
        until = days.after(last_day) if last_day else None
        if until is not None and until <= self.now:
            raise _Wrong(_("The last day is over. The past is not changed here: leave the row out."))
        since = post.since if post else self._begin(since_day)
        if until is not None and until <= since:
            raise _Wrong(_("The last day lies before the first one."))
        self._once(row.number, (area.pk, role.pk, new or (member and member.user_id)), since, until)
        words = _said(who, role, area)
        if post is not None:
            self.kept.add(post.pk)
            # What is typed is a day; an end at another hour of that day is the same.
            if days.last_day(post.until) == last_day:
                return Line(row.number, SAME, words, area, role, member, post=post)
            words += " · " + (
                _("until %(day)s") % {"day": _shown(last_day)} if last_day else _("without end")
            )
            return Line(row.number, CHANGE, words, area, role, member, post=post, until=until)
        for other in existing:
            if (other.until is None or other.until > since) and (until is None or other.since < until):
                raise _Wrong(
                    _("%(who)s holds already, since %(from)s. Give that day as the first one, or end it.")
                    % {"who": words, "from": _shown(timezone.localdate(other.since))}
                )
        if since > self.now:
            words += " · " + _("from %(day)s") % {"day": _shown(timezone.localdate(since))}
        return Line(row.number, ADD, words, area, role, member, new, since=since, until=until)

    def _is(self, post: Responsibility, since_day: date | None) -> bool:
        if since_day is None:
            return post.since <= self.now
        return timezone.localdate(post.since) == since_day

    def _begin(self, day: date | None) -> datetime:
        return self.now if day in (None, timezone.localdate()) else days.midnight(day)

    def _once(self, number: int, key: tuple, since: datetime, until: datetime | None) -> None:
        for other, begin, end in self.seen[key]:
            if (end is None or end > since) and (until is None or begin < until):
                raise _Wrong(
                    _("Row %(row)s says the same for the same time. Keep one of the two.") % {"row": other}
                )
        self.seen[key].append((number, since, until))

    def _area(self, row: Row) -> Area:
        code = row["area_code"]
        if not code:
            raise _Wrong(_("The area code is missing."))
        if code not in self.areas:
            raise _Wrong(_("You look after no area with the code %(code)s. Check the code.") % {"code": code})
        return self.areas[code]

    def _role(self, row: Row) -> DutyRole:
        role = self.roles.get(row["role"].casefold())
        if role is None:
            names = "、".join(dict.fromkeys(str(one) for one in self.roles.values()))
            raise _Wrong(
                _("There is no role “%(role)s”. There are: %(names)s.")
                % {"role": row["role"], "names": names}
            )
        return role

    def _person(self, row: Row) -> tuple[Member | None, NewPerson | None]:
        name, username = row["name"], row["username"]
        if not name:
            raise _Wrong(_("The name is missing."))
        phone = phones.normalise(row["phone"]) if row["phone"] else ""
        user = self.users.find(name, username, phone)
        if user is not None and (user.name or user.username) != name:
            raise _Wrong(_("This phone number or user name belongs to somebody of another name. Check it."))
        if user is not None and not user.is_active:
            raise _Wrong(_("%(member)s no longer serves. Choose somebody else.") % {"member": name})
        if user is not None and user.pk in self.members:
            return self.members[user.pk], None
        if user is not None and user.pk in self.all_members:
            raise _Wrong(
                _("%(name)s is looked after by another administrator. Ask them, or ask the one above.")
                % {"name": name}
            )
        if not self.add_people:
            raise _Wrong(
                _("%(name)s is not a member. Check name and phone, or allow that new people are added.")
                % {"name": name}
            )
        if not phone and not username:
            raise _Wrong(_("%(name)s is new: give a phone number or a user name.") % {"name": name})
        return None, NewPerson(name, phone, username)


class _Users:
    """Accounts that the rows may mean: by user name, by phone, or by a name that only one member has."""

    def __init__(self, rows: Sequence[Row]) -> None:
        numbers = set()
        for text in _values(rows, "phone"):
            try:
                numbers.add(phones.normalise(text))
            except Refused:
                continue  # said of the row itself
        meant = Q(username__in=_values(rows, "username")) | Q(phone__in=numbers)
        known = list(User.objects.filter(meant | Q(name__in=_values(rows, "name"), member__isnull=False)))
        self.by_username = {user.username.casefold(): user for user in known}
        self.by_phone = {user.phone: user for user in known if user.phone}
        self.by_name: dict[str, list[User]] = defaultdict(list)
        self.known = known
        for user in known:
            if user.is_active:
                self.by_name[user.name or user.username].append(user)

    def ids(self) -> list[int]:
        return [user.pk for user in self.known]

    def find(self, name: str, username: str, phone: str) -> User | None:
        if username or phone:
            by_username = self.by_username.get(username.casefold()) if username else None
            by_phone = self.by_phone.get(phone) if phone else None
            if by_username and by_phone and by_username != by_phone:
                raise _Wrong(_("User name and phone belong to two different people. Correct one of them."))
            return by_username or by_phone
        same = self.by_name.get(name, [])
        if len(same) > 1:
            raise _Wrong(
                _("Several people are called %(name)s. Give the phone number or the user name.")
                % {"name": name}
            )
        return same[0] if same else None


def _values(rows: Iterable[Row], column: str) -> set[str]:
    return {row[column] for row in rows if row[column]}


def _said(who: object, role: DutyRole, area: Area) -> str:
    return f"{area} · {role} · {who}"


def _shown(day: date) -> str:
    return date_format(day, "DATE_FORMAT")


def _day(text: str) -> date | None:
    """A local day as people write it; None for an empty cell."""
    if not text:
        return None
    try:
        year, month, day = map(int, _DAY.fullmatch(text).groups())  # type: ignore[union-attr]
        found = date(year, month, day)
    except (AttributeError, ValueError):
        found = date.min
    if not 1990 <= found.year <= 2200:
        raise _Wrong(_("“%(text)s” is not a day. Write it as 2026-03-01.") % {"text": text[:20]})
    return found
