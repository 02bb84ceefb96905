"""Which column of a file is what: as the person says, else recognised by its name and what is in it."""

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from django.utils.translation import gettext as _

from ..errors import Refused
from ..models import Area
from .sandbox import Contents
from .wishes import NONE, Wishes

#: Fields commonly used for each thing, most telling first; compared without case.
FIELDS = {
    "code": (
        "code", "area_code", "grid_code", "gridcode", "网格编码", "网格代码", "区域编码", "编码", "代码",
        "wgbm", "wgdm", "qhdm", "bm", "dm", "adcode", "geoid",
    ),
    "name": (
        "name", "名称", "网格名称", "区域名称", "社区名称", "wgmc", "mc", "xzqmc", "area_name", "grid_name",
        "name_zh", "neighborhood", "neighbourhood", "label",
    ),
    "name_en": ("name_en", "英文名称", "英文名", "ywmc", "english_name"),
    "level": ("level", "level_code", "区域级别", "层级", "级别", "区域类型", "qyjb"),
    "parent": (
        "parent", "parent_code", "上级编码", "上级代码", "上级区域", "所属社区编码", "所属社区", "上级",
        "sjbm", "sjdm", "pcode",
    ),
    "households": ("households", "户数", "总户数", "常住户数", "hs", "zhs"),
}  # fmt: skip
#: Fields that number the rows of a file and mean nothing outside of it.
KEY_FIELDS = ("id", "fid", "objectid", "gid", "ogc_fid")
CODE_LENGTH, NAME_LENGTH = (Area._meta.get_field(name).max_length or 0 for name in ("code", "name"))


@dataclass(frozen=True)
class Columns:
    """The texts of each row, by what they are; a column the file does not have is empty texts.

    ``fields`` says which field each came from, ``notes`` says it in words.
    """

    code: list[str]
    name: list[str]
    name_en: list[str]
    level: list[str]
    parent: list[str]
    households: list[str]
    fields: dict[str, str]
    notes: list[str]


def columns(contents: Contents, wishes: Wishes, *, file: str) -> Columns:
    """The columns as wished or recognised. Raises :class:`Refused` for a field the file does not have."""
    fields = recognise(contents, wishes)
    notes: list[str] = []
    codes = _codes(contents, fields["code"], notes, file)
    names = _names(contents, fields["name"], notes, codes)
    rest = {
        name: [text(value) for value in contents.columns[fields[name]]]
        if fields[name]
        else [""] * len(contents)
        for name in ("name_en", "level", "parent", "households")
    }
    return Columns(code=codes, name=names, fields=fields, notes=notes, **rest)


def recognise(contents: Contents, wishes: Wishes) -> dict[str, str]:
    """For each thing the field that holds it, empty where there is none."""
    found = {}
    for thing, candidates in FIELDS.items():
        wished = getattr(wishes, f"{thing}_field")
        if wished == NONE:
            found[thing] = ""
        else:
            found[thing] = _wished(contents, wished) or _known(contents, candidates)
    if not found["name"] and wishes.name_field != NONE:
        found["name"] = _telling(contents, besides=found["code"])
    return found


def _codes(contents: Contents, field: str, notes: list[str], file: str) -> list[str]:
    if field:
        notes.append(_("Codes come from the field “%(field)s”.") % {"field": field})
        return [text(value) for value in contents.columns[field]]
    key = next((name for name in _present(contents, KEY_FIELDS) if _is_key(contents, name)), None)
    stem = re.sub(r"\W+", "-", PurePath(file).name.split(".")[0]).strip("-")[: CODE_LENGTH - 8] or "area"
    width = max(3, len(str(len(contents))))
    numbers = (
        [text(value) for value in contents.columns[key]]
        if key
        else [str(number) for number in range(1, len(contents) + 1)]
    )
    codes = [f"{stem}-{number.zfill(width)}" for number in numbers]
    source = _("the field “%(field)s”") % {"field": key} if key else _("the row number")
    notes.append(
        _("No field holds a code: codes were made of the file's name and %(source)s (%(first)s … %(last)s).")
        % {"source": source, "first": codes[0], "last": codes[-1]}
    )
    return codes


def _names(contents: Contents, field: str, notes: list[str], codes: list[str]) -> list[str]:
    if field:
        notes.append(_("Names come from the field “%(field)s”.") % {"field": field})
        # A row without a name is called by its code: somebody has to be able to speak of it.
        values = [text(value) for value in contents.columns[field]]
        return [value or code for value, code in zip(values, codes, strict=True)]
    notes.append(_("No field holds a name: each area is called by its code."))
    return list(codes)


def _wished(contents: Contents, wished: str) -> str:
    if wished and wished not in contents.columns:
        raise Refused(
            _("There is no field “%(field)s”. The file has: %(fields)s.")
            % {"field": wished, "fields": ", ".join(contents.fields) or "–"}
        )
    return wished


def _present(contents: Contents, candidates: tuple[str, ...]) -> list[str]:
    """The file's own spelling of those candidates that it has."""
    own = {name.lower(): name for name in reversed(contents.fields)}
    return [own[candidate] for candidate in candidates if candidate in own]


def _known(contents: Contents, candidates: tuple[str, ...]) -> str:
    """The first candidate that is there and not blank."""
    filled = (
        name
        for name in _present(contents, candidates)
        if any(text(value) for value in contents.columns[name])
    )
    return next(filled, "")


def _is_key(contents: Contents, name: str) -> bool:
    values = [text(value) for value in contents.columns[name]]
    return all(0 < len(value) <= 7 for value in values) and len(set(values)) == len(values)


def _telling(contents: Contents, *, besides: str) -> str:
    """A field that can serve as name: words, in every row, no two the same."""

    def tells(name: str) -> bool:
        values = [text(value) for value in contents.columns[name]]
        words = all(value and not re.fullmatch(r"[\d.,\s:+-]*", value) for value in values)
        return words and len(set(values)) == len(values)

    return next((name for name in contents.fields if name != besides and tells(name)), "")


def text(value: Any) -> str:
    """A value as people would write it: no .0 behind whole numbers, no space around, one in between."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else " ".join(str(value).split())
