"""What the checks found in a file, as the report page says it. ``grid.importing.report`` wrote the JSON."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ..importing.report import ERROR, KINDS, NOTE, WARNING

#: Findings of a kind that are shown without being asked for.
SHOWN = 10
#: Names in a list of what is added, changed or retired.
LISTED = 200
#: Kinds of findings that go away when rows that cannot be used are left out.
SKIPPABLE = {"no_outline", "wrong_type", "text", "level", "parent", "skipped"}

#: What becomes of an area: the pattern on the map → (keys of the report's counts, words).
FATES: dict[str, tuple[tuple[str, ...], Promise]] = {
    "new": (("added",), gettext_lazy("are added")),
    "changed": (("changed",), gettext_lazy("change")),
    "retired": (("retired",), gettext_lazy("are retired")),
    "unchanged": (("unchanged", "missing"), gettext_lazy("stay as they are")),
}
LISTS: dict[str, tuple[str, Promise]] = {
    "added": ("plus", gettext_lazy("What is added")),
    "changed": ("pencil", gettext_lazy("What changes")),
    "retired": ("archive", gettext_lazy("What is retired")),
    "missing": ("file-off", gettext_lazy("Not in the file, left as they are")),
}
FIELDS: dict[str, Promise] = {
    "name": gettext_lazy("name"),
    "name_en": gettext_lazy("English name"),
    "households": gettext_lazy("households"),
    "geometry": gettext_lazy("border"),
    "parent": gettext_lazy("area above"),
    "level": gettext_lazy("level"),
}
LEVELS: dict[str, Promise] = {
    ERROR: gettext_lazy("forbids the import"),
    WARNING: gettext_lazy("look at it"),
    NOTE: gettext_lazy("for your information"),
}
#: What to do about each kind of finding.
ADVICE: dict[str, Promise] = {
    "duplicate": gettext_lazy(
        "Each area needs a code of its own. Correct the codes in the file and choose it again."
    ),
    "no_outline": gettext_lazy("Draw the outline in the file and choose it again, or leave these rows out."),
    "wrong_type": gettext_lazy(
        "A point or a line has no surface. Draw the outline in the file and choose it again, or leave these"
        " rows out."
    ),
    "text": gettext_lazy("Correct it in the file and choose it again, or leave these rows out."),
    "level": gettext_lazy("Go back and choose what the rows are, or correct the column in the file."),
    "parent": gettext_lazy("Go back and choose the area above, or correct the column in the file."),
    "elsewhere": gettext_lazy(
        "This code is used already in another place. Correct the code in the file, or go back and choose"
        " another area above."
    ),
    "retire": gettext_lazy("Go back and let the areas that are not in the file stay as they are."),
    "skipped": gettext_lazy("They are not imported. Put them right in the file if they are needed."),
    "outside": gettext_lazy(
        "Is it the right area above, and the right place on the map? If not, go back and choose another."
    ),
    "overlap": gettext_lazy(
        "A place in an overlap belongs to two areas; the one with the smaller code gets its cases. Correct"
        " the border in the file, or afterwards on the map."
    ),
    "gap": gettext_lazy(
        "A place in a gap belongs to nobody; somebody has to place its cases by hand. Correct the border in"
        " the file, or afterwards on the map."
    ),
    "repaired": gettext_lazy("We have mended them. Look at each on the map: does it run where it should?"),
}


@dataclass
class Group:
    """Findings of one kind. ``total`` may be more than the report holds."""

    what: str
    level: str
    title: str
    total: int
    findings: list[dict[str, Any]] = field(default_factory=list)

    @property
    def advice(self) -> str:
        return str(ADVICE.get(self.what, ""))

    @property
    def level_words(self) -> str:
        return str(LEVELS[self.level])

    @property
    def shown(self) -> list[dict[str, Any]]:
        return self.findings[:SHOWN]

    @property
    def hidden(self) -> list[dict[str, Any]]:
        return self.findings[SHOWN:]

    @property
    def more(self) -> int:
        return max(0, self.total - len(self.findings))


@dataclass
class Fate:
    """What becomes of how many areas."""

    code: str
    title: str
    count: int


@dataclass
class NameList:
    """Names of what is added, changed or retired."""

    icon: str
    title: str
    areas: list[dict[str, Any]]
    more: int


class Report:
    """The report of a job (``ImportJob.report``), ready to be shown."""

    def __init__(self, report: dict[str, Any]) -> None:
        self.report = report
        self.groups = grouped(report)

    def count(self, *keys: str) -> int:
        return sum(int(self.report["counts"].get(key, 0)) for key in keys)

    @property
    def fates(self) -> list[Fate]:
        return [Fate(code, str(title), self.count(*keys)) for code, (keys, title) in FATES.items()]

    @property
    def lists(self) -> Iterator[NameList]:
        for key, (icon, title) in LISTS.items():
            if areas := self.report.get(key):
                shown = [{**area, "changes": changes(area)} for area in areas[:LISTED]]
                yield NameList(icon, str(title), shown, self.count(key) - len(shown))

    @property
    def notes(self) -> list[str]:
        return list(self.report.get("notes", ()))

    @property
    def errors(self) -> int:
        return self.count("errors")

    @property
    def may_skip(self) -> bool:
        """Whether leaving rows out would help."""
        return any(group.level == ERROR and group.what in SKIPPABLE for group in self.groups)

    @property
    def is_idle(self) -> bool:
        return not self.report["can_apply"]

    @property
    def is_capped(self) -> bool:
        cap = self.report["cap"]
        return any(self.count(key) > cap for key in ("added", "changed", "retired"))

    @property
    def promise(self) -> str:
        """What the button does, in numbers."""
        return _("Import: %(done)s") % {"done": did(self.report["counts"])}


def did(counts: dict[str, int]) -> str:
    """ "adds 20, changes 3, retires 1, leaves 96 as they are"; what is none is left out."""
    parts = []
    if number := counts.get("added"):
        parts.append(ngettext("adds %(n)s", "adds %(n)s", number) % {"n": number})
    if number := counts.get("changed"):
        parts.append(ngettext("changes %(n)s", "changes %(n)s", number) % {"n": number})
    if number := counts.get("retired"):
        parts.append(ngettext("retires %(n)s", "retires %(n)s", number) % {"n": number})
    if number := counts.get("unchanged", 0) + counts.get("missing", 0):
        parts.append(ngettext("leaves %(n)s as it is", "leaves %(n)s as they are", number) % {"n": number})
    return _(", ").join(parts)


def changes(area: dict[str, Any]) -> str:
    """What changes of an area: "border, name (was 东城)"."""
    words = _(", ").join(str(FIELDS.get(name, name)) for name in area.get("fields", ()))
    return f"{words} ({_('was %(name)s') % {'name': area['was']}})" if area.get("was") else words


def grouped(report: dict[str, Any]) -> list[Group]:
    """The findings by kind, what forbids the import first; each has its number ``n``, from 1, on the page."""
    order = list(LEVELS)
    kinds = sorted(report.get("kinds", ()), key=lambda kind: order.index(kind["level"]))
    groups, n = [], 0
    for kind in kinds:
        title = str(KINDS.get(kind["what"], kind["title"]))
        group = Group(kind["what"], kind["level"], title, kind["count"])
        for finding in report["findings"]:
            if finding["what"] == kind["what"]:
                n += 1
                group.findings.append({**finding, "n": n})
        groups.append(group)
    return groups
